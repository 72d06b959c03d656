//! The protocol under `loom`, which runs it in many orders of the threads'
//! steps, with the reorderings of memory that the language allows. A wake-up
//! that is lost is a deadlock there, which fails the test.
//!
//! `loom` has no futexes. A futex here is what the kernel makes of one: a lock,
//! under which the sleeper compares the words and goes to sleep, and the waker
//! wakes. No sleep ends without a wake.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::{ASLEEP, AWAKE, Bell, ring, wait};

const ALIVE: u32 = 0;
const DEAD: u32 = 1;

/// A thread that can sleep, on its bell and on the word of the worker's life.
struct Sleeper {
    bell: AtomicU32,
    life: AtomicU32,
    kernel: Mutex<()>,
    wakes: Condvar,
    /// The number of the last message for the thread.
    news: AtomicU64,
    /// What comes with the message.
    content: AtomicU64,
}

impl Sleeper {
    fn new() -> Self {
        Self {
            bell: AtomicU32::new(AWAKE),
            life: AtomicU32::new(ALIVE),
            kernel: Mutex::new(()),
            wakes: Condvar::new(),
            news: AtomicU64::new(0),
            content: AtomicU64::new(0),
        }
    }

    fn publish(&self, sequence: u64) {
        self.content.store(sequence * 10, Ordering::Relaxed);
        self.news.store(sequence, Ordering::Release);
    }

    fn tell(&self, sequence: u64) {
        self.publish(sequence);
        ring(self);
    }

    /// What `Life::end` does, first the part that the worker cannot undo.
    fn end(&self) {
        self.life.store(DEAD, Ordering::Release);
        self.wake();
    }

    fn latest(&self, seen: u64) -> Option<u64> {
        Some(self.news.load(Ordering::Acquire)).filter(|sequence| *sequence != seen)
    }

    /// What `Life::sleep` does.
    fn sleep(&self) -> Result<(), ()> {
        if self.life.load(Ordering::Acquire) != ALIVE {
            return Err(());
        }
        let kernel = self.kernel.lock().unwrap();
        if self.bell.load(Ordering::Relaxed) == ASLEEP && self.life.load(Ordering::Relaxed) == ALIVE {
            drop(self.wakes.wait(kernel).unwrap());
        }
        Ok(())
    }

    fn hear(&self, after: u64) -> Result<u64, ()> {
        let sequence = wait(self, || self.latest(after), || self.sleep())?;
        assert_eq!(self.content.load(Ordering::Relaxed), sequence * 10, "a message came without its content");
        Ok(sequence)
    }
}

impl Bell for Sleeper {
    fn swap(&self, value: u32) -> u32 {
        self.bell.swap(value, Ordering::AcqRel)
    }

    fn wake(&self) {
        let kernel = self.kernel.lock().unwrap();
        self.wakes.notify_all();
        drop(kernel);
    }
}

/// How often a thread may be interrupted in one run, where it could go on. All
/// orders would take hours.
const PREEMPTIONS: usize = 3;

/// Runs `model` in every order of its threads with up to [`PREEMPTIONS`].
fn all_orders(model: impl Fn(Arc<Sleeper>, Arc<Sleeper>) + Sync + Send + 'static) {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(PREEMPTIONS);
    orders.check(move || model(Arc::new(Sleeper::new()), Arc::new(Sleeper::new())));
}

#[test]
fn no_round_trip_hangs() {
    all_orders(|parent, worker| {
        let (asks, answers) = (Arc::clone(&worker), Arc::clone(&parent));
        let other = thread::spawn(move || {
            for round in 1..=2 {
                assert_eq!(asks.hear(round - 1), Ok(round));
                answers.tell(round);
            }
        });
        for round in 1..=2 {
            worker.tell(round);
            assert_eq!(parent.hear(round - 1), Ok(round));
        }
        other.join().unwrap();
    });
}

#[test]
fn a_death_ends_the_wait() {
    all_orders(|parent, _| {
        let watched = Arc::clone(&parent);
        let watcher = thread::spawn(move || watched.end());
        assert_eq!(parent.hear(0), Err(()));
        watcher.join().unwrap();
    });
}

#[test]
fn an_answer_counts_although_the_worker_dies_before_it_wakes() {
    all_orders(|parent, _| {
        let answers = Arc::clone(&parent);
        let worker = thread::spawn(move || {
            answers.publish(1);
            answers.swap(AWAKE);
            // Here it dies, and its watcher sees that.
            answers.end();
        });
        assert_eq!(parent.hear(0), Ok(1));
        worker.join().unwrap();
    });
}

#[test]
fn a_worker_that_writes_its_bell_cannot_delay_its_death() {
    all_orders(|parent, _| {
        let (rings, watched) = (Arc::clone(&parent), Arc::clone(&parent));
        let hostile = thread::spawn(move || {
            rings.swap(AWAKE);
            rings.swap(ASLEEP);
        });
        let watcher = thread::spawn(move || watched.end());
        assert_eq!(parent.hear(0), Err(()));
        hostile.join().unwrap();
        watcher.join().unwrap();
    });
}

/// The model finds what it is made to find.
#[test]
#[should_panic(expected = "deadlock")]
fn ringing_before_the_news_is_found() {
    all_orders(|parent, _| {
        let answers = Arc::clone(&parent);
        let worker = thread::spawn(move || {
            ring(&*answers);
            answers.publish(1);
        });
        assert_eq!(parent.hear(0), Ok(1));
        worker.join().unwrap();
    });
}

/// As above, with the sleeper's half.
#[test]
#[should_panic(expected = "deadlock")]
fn sleeping_without_another_look_is_found() {
    all_orders(|parent, _| {
        let answers = Arc::clone(&parent);
        let worker = thread::spawn(move || answers.tell(1));
        while parent.latest(0).is_none() {
            parent.swap(ASLEEP);
            parent.sleep().unwrap();
        }
        worker.join().unwrap();
    });
}
