//! Both sides in one process: what needs no second one, and sleeping without
//! `futex_waitv`.

use std::thread;
use std::time::{Duration, Instant};

use crate::area::Written;
use crate::{Channel, Error, Shape, Slot, WorkerSlot, attach};

const SHAPE: Shape =
    Shape { slots: 2, block_bytes: 10, request_bytes: 100, reply_bytes: 100, note_bytes: 50 };
/// Less than the parent ever sleeps at a time, so that no sleep's end can hide
/// a lost wake-up.
const PROMPT: Duration = Duration::from_millis(900);
/// The worker ends after this kind.
const LAST: u32 = 1;

fn serve(mut slot: WorkerSlot) {
    loop {
        let request = slot.next().unwrap();
        let kind = request.kind();
        request.answer(kind, |_, _| 0).unwrap();
        if kind == LAST {
            return;
        }
    }
}

fn ask(slot: &mut Slot, kind: u32) {
    let start = Instant::now();
    slot.send(kind, 0).unwrap();
    assert_eq!(slot.receive(None, &mut Vec::new()).unwrap(), kind);
    assert!(start.elapsed() < PROMPT, "{:?}", start.elapsed());
}

#[test]
fn round_trips_without_waitv_lose_no_wakes() {
    let (channel, mut slots) = Channel::new(SHAPE).unwrap();
    channel.shared().sleep_plainly();
    thread::scope(|scope| {
        for slot in attach(channel.requests(), channel.replies(), SHAPE).unwrap() {
            scope.spawn(|| serve(slot));
        }
        for slot in &mut slots {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    ask(slot, 0);
                }
                ask(slot, LAST);
            });
        }
    });
}

#[test]
fn a_death_without_waitv_ends_the_wait_at_once() {
    for wait in 0..30 {
        let (channel, mut slots) = Channel::new(SHAPE).unwrap();
        channel.shared().sleep_plainly();
        thread::scope(|scope| {
            let dies = scope.spawn(|| {
                thread::sleep(Duration::from_micros(wait * 100));
                channel.shared().end();
                Instant::now()
            });
            // It may have died before.
            let end = slots[0].send(0, 0).and_then(|()| slots[0].receive(None, &mut Vec::new()));
            let ended = Instant::now();
            assert!(matches!(end, Err(Error::WorkerDied)), "{end:?}");
            assert!(ended.saturating_duration_since(dies.join().unwrap()) < PROMPT);
            assert!(matches!(slots[0].send(0, 0), Err(Error::WorkerDied)));
        });
    }
}

#[test]
fn a_deadline_without_waitv_is_kept() {
    let (channel, mut slots) = Channel::new(SHAPE).unwrap();
    channel.shared().sleep_plainly();
    slots[1].send(0, 0).unwrap();
    let start = Instant::now();
    let deadline = start + Duration::from_millis(1300);
    assert!(matches!(slots[1].receive(Some(deadline), &mut Vec::new()), Err(Error::Timeout)));
    assert!(Instant::now() >= deadline && start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_deadline_may_be_as_far_away_as_it_likes() {
    let (channel, mut slots) = Channel::new(SHAPE).unwrap();
    let mut far = Instant::now();
    for bit in (0..63).rev() {
        far = far.checked_add(Duration::from_secs(1 << bit)).unwrap_or(far);
    }
    thread::scope(|scope| {
        let mut workers = attach(channel.requests(), channel.replies(), SHAPE).unwrap();
        let worker = workers.remove(0);
        slots[0].send(LAST, 0).unwrap();
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            serve(worker);
        });
        assert_eq!(slots[0].receive(Some(far), &mut Vec::new()).unwrap(), LAST);
    });
}

#[test]
fn each_side_sees_the_number_of_the_other() {
    let (channel, slots) = Channel::new(SHAPE).unwrap();
    let workers = attach(channel.requests(), channel.replies(), SHAPE).unwrap();
    let (parent, worker) = (slots[0].tally(), workers[1].tally());
    parent.add(10);
    worker.add(5);
    parent.subtract(3);
    assert_eq!((parent.other(), worker.other()), (5, 7));
    assert_eq!(slots[1].tally().other(), 5);
}

#[test]
fn a_reply_larger_than_its_area_is_not_sent() {
    let (channel, mut slots) = Channel::new(SHAPE).unwrap();
    let mut worker = attach(channel.requests(), channel.replies(), SHAPE).unwrap().remove(0);
    slots[0].send(0, 0).unwrap();
    let answered = worker.next().unwrap().answer(0, |_, area| area.len() + 1);
    assert!(matches!(answered, Err(Error::Io(_))), "{answered:?}");
    let end = slots[0].receive(Some(Instant::now()), &mut Vec::new());
    assert!(matches!(end, Err(Error::Timeout)), "{end:?}");
}

#[test]
fn shapes_are_checked_and_pass_as_text() {
    let text = SHAPE.to_string();
    assert_eq!((&*text, text.parse::<Shape>().unwrap()), ("2x10:100:100:50", SHAPE));
    for text in [
        "",
        "2",
        "2x1:1:1",
        "x0:1:1:1",
        "2x0:-1:1:1",
        "2x0:1:1:99999999999999999999",
        "2x0:1:1:1 ",
        "2x0:1:1:1:1",
    ] {
        assert!(text.parse::<Shape>().is_err(), "{text:?}");
    }
    let huge = usize::MAX / 2;
    for (slots, block_bytes, request_bytes, reply_bytes) in [
        (0, 1, 1, 1),
        (1, 1, usize::MAX, 1),
        (1, 1, 1, usize::MAX),
        (1, usize::MAX, 1, 1),
        (1, huge, huge, 1),
        (3, 1, huge, 1),
        (huge, 1, 1, 1),
        (1, 1, huge, 1),
    ] {
        let shape = Shape { slots, block_bytes, request_bytes, reply_bytes, note_bytes: 0 };
        assert!(Channel::new(shape).is_err());
    }
    let nothing = Shape { slots: 1, block_bytes: 0, request_bytes: 0, reply_bytes: 0, note_bytes: 0 };
    assert!(Channel::new(nothing).is_ok());
    assert!(Channel::new(Shape { note_bytes: usize::MAX, ..nothing }).is_err());
}

#[test]
fn notes_are_there_without_an_answer() {
    let (channel, mut slots) = Channel::new(SHAPE).unwrap();
    let mut workers = attach(channel.requests(), channel.replies(), SHAPE).unwrap();
    let notes: Vec<_> = workers.iter_mut().map(|worker| worker.take_notes().unwrap()).collect();
    assert!(workers[0].take_notes().is_none());
    let [mut first, mut second] = <[_; 2]>::try_from(notes).unwrap();
    slots[0].send(0, 0).unwrap();
    assert_eq!(slots[0].notes(), []);
    first.add(1, b"begins");
    second.add(2, b"");
    second.add(3, b"goes on");
    // Of the 50 bytes, each text takes five.
    first.add(4, &[b'x'; 35]);
    first.add(5, &[b'x'; 29]);
    let expected = [(1, b"begins".to_vec()), (5, vec![b'x'; 29])];
    assert_eq!(slots[0].notes(), expected);
    assert_eq!(slots[1].notes(), [(2, vec![]), (3, b"goes on".to_vec())]);
    first.add(6, b"");
    first.add(7, b"");
    assert_eq!(slots[0].notes().len(), 3);
    first.clear();
    assert_eq!(slots[0].notes(), []);
    assert_eq!(slots[1].notes().len(), 2);
}

/// The other side may write any length, and any bytes.
#[test]
fn notes_may_be_anything() {
    let (channel, slots) = Channel::new(SHAPE).unwrap();
    let layout = SHAPE.replies().unwrap();
    let (mut notes, _) = Written::map(channel.replies(), layout).unwrap().swap_remove(0);
    for (length, bytes, expected) in [
        (u64::MAX, &[][..], &[][..]),
        (51, &[], &[]),
        (50, &[1, 45, 0, 0, 0], &[(1, 45)]),
        (50, &[1, 46, 0, 0, 0], &[]),
        (50, &[1, 255, 255, 255, 255], &[]),
        (49, &[1, 45, 0, 0, 0], &[]),
        (9, &[1, 0, 0, 0, 0, 2, 0, 0, 0], &[(1, 0)]),
    ] {
        notes.bytes_mut().fill(0);
        notes.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        notes.noted().get().store(length, std::sync::atomic::Ordering::Release);
        let read: Vec<_> = slots[0].notes().iter().map(|(kind, text)| (*kind, text.len())).collect();
        assert_eq!(read, expected, "{length} {bytes:?}");
    }
}
