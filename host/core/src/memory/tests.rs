use super::*;
use proptest::prelude::*;

fn budget(pool_bytes: u64) -> Budget {
    Budget::new(&Plan {
        workers: 1,
        total_bytes: 1 << 20,
        pool_bytes,
        reply_bytes: 7,
        files: 1,
        file_bytes: 8 << 20,
    })
}

#[test]
fn what_is_used_up_is_denied_until_it_is_given_back() {
    let budget = budget(100);
    let (mut a, mut b) = (budget.lease(), budget.lease());
    a.grow(60).unwrap();
    assert_eq!(b.grow(41), Err(Denied { total_bytes: 1 << 20 }));
    b.grow(40).unwrap();
    a.shrink_to(50);
    b.grow(10).unwrap();
    assert_eq!(budget.leased_bytes(), 100);
    drop(a);
    b.join(budget.lease());
    assert_eq!(budget.leased_bytes(), 50);
    drop(b);
    assert_eq!((budget.leased_bytes(), budget.reply_bytes()), (0, 7));
    let error = crate::error::Error::from(budget.lease().grow(101).unwrap_err());
    assert!(is_denied(&error) && error.hints()[0].contains("--memory-total"));
    assert!(!is_denied(&crate::error::Error::new(crate::error::Kind::Usage, "x")));
}

#[test]
fn no_budget_denies_nothing() {
    let mut lease = Budget::UNLIMITED.lease();
    lease.grow(usize::MAX).unwrap();
    assert_eq!(Budget::UNLIMITED.leased_bytes(), 0);
}

/// An operation on one of three leases.
#[derive(Debug, Clone)]
enum Step {
    Grow(usize),
    Shrink(usize),
    Drop,
    Join(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..200).prop_map(Step::Grow),
        (0_usize..200).prop_map(Step::Shrink),
        Just(Step::Drop),
        (0_usize..3).prop_map(Step::Join),
    ]
}

proptest! {
    #[test]
    fn leases_add_up_and_never_to_more_than_the_pool(
        steps in prop::collection::vec((0_usize..3, step()), 0..60),
    ) {
        let budget = budget(300);
        let mut leases = [(); 3].map(|()| budget.lease());
        let mut model = [0_usize; 3];
        for (at, step) in steps {
            match step {
                Step::Grow(bytes) => {
                    let fits = model.iter().sum::<usize>() + bytes <= 300;
                    prop_assert_eq!(leases[at].grow(bytes).is_ok(), fits);
                    model[at] += if fits { bytes } else { 0 };
                }
                Step::Shrink(bytes) => {
                    leases[at].shrink_to(bytes);
                    model[at] = model[at].min(bytes);
                }
                Step::Drop => {
                    leases[at] = budget.lease();
                    model[at] = 0;
                }
                Step::Join(other) if other != at => {
                    let taken = std::mem::replace(&mut leases[other], budget.lease());
                    leases[at].join(taken);
                    model[at] += std::mem::take(&mut model[other]);
                }
                Step::Join(_) => {}
            }
            prop_assert_eq!(budget.leased_bytes(), model.iter().sum::<usize>() as u64);
        }
    }

    #[test]
    fn a_list_has_the_room_that_was_drawn_for_it(mores in prop::collection::vec(0_usize..40, 0..20)) {
        let budget = budget(1000);
        let (mut lease, mut list) = (budget.lease(), Vec::<u32>::new());
        for more in mores {
            let capacity = list.capacity();
            if lease.reserve(&mut list, more).is_ok() {
                prop_assert!(list.capacity() - list.len() >= more);
                list.resize(list.len() + more, 0);
            } else {
                prop_assert_eq!(list.capacity(), capacity);
                prop_assert!(4 * (list.len() + more) > 1000, "it would have fitted");
            }
            prop_assert_eq!(budget.leased_bytes(), 4 * list.capacity() as u64);
        }
    }
}

/// The numbers of two processes, as one of them sees them.
#[derive(Debug)]
struct Numbers {
    mine: Arc<AtomicU64>,
    other: Arc<AtomicU64>,
}

impl Peer for Numbers {
    fn lease(&self, bytes: u64) {
        self.mine.fetch_add(bytes, Ordering::SeqCst);
    }

    fn give_back(&self, bytes: u64) {
        self.mine.fetch_sub(bytes, Ordering::SeqCst);
    }

    fn leased_bytes(&self) -> u64 {
        self.other.load(Ordering::SeqCst)
    }
}

#[test]
fn two_processes_never_draw_more_than_there_is() {
    let (one, two) = (budget(100), budget(100));
    let mut early = one.lease();
    early.grow(30).unwrap();
    let (a, b) = (Arc::default(), Arc::default());
    one.share_with(Some(Arc::new(Numbers { mine: Arc::clone(&a), other: Arc::clone(&b) })));
    two.share_with(Some(Arc::new(Numbers { mine: Arc::clone(&b), other: Arc::clone(&a) })));
    // What was drawn before counts as well.
    assert!(two.lease().grow(71).is_err() && two.lease().grow(70).is_ok());
    let granted = AtomicU64::new(30);
    std::thread::scope(|scope| {
        for (budget, bytes) in [(&one, 41), (&two, 33), (&one, 20), (&two, 70)] {
            let granted = &granted;
            scope.spawn(move || {
                for _ in 0..20_000 {
                    let mut lease = budget.lease();
                    if lease.grow(bytes).is_ok() {
                        let all = granted.fetch_add(bytes as u64, Ordering::SeqCst) + bytes as u64;
                        assert!(all <= 100, "{all} of 100 are drawn");
                        granted.fetch_sub(bytes as u64, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    drop(early);
    assert_eq!((a.load(Ordering::SeqCst), b.load(Ordering::SeqCst)), (0, 0));
    // A process that lies can only make the other one refuse.
    b.store(u64::MAX, Ordering::SeqCst);
    assert!(one.lease().grow(1).is_err());
    one.share_with(None);
    assert!(one.lease().grow(100).is_ok());
}
