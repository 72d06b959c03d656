//! The worker dies at every moment: no wait hangs, and none is late.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use runner_channel::{Error, Slot};

use crate::LATE;
use crate::process::{DIE_AFTER, DIE_BEFORE, DIE_DURING, ECHO, Worker};
use crate::round_trips::Numbers;

const BYTES: usize = 64 << 10;

fn assert_died(result: Result<u32, Error>) {
    assert!(matches!(result, Err(Error::WorkerDied)), "{result:?}");
}

/// Sends, and waits without a deadline.
fn ask(slot: &mut Slot, kind: u32, reply: &mut Vec<u8>) -> Result<u32, Error> {
    slot.send(kind, BYTES)?;
    slot.receive(None, reply)
}

#[test]
fn a_worker_dies_before_or_during_a_reply() {
    for kind in [DIE_BEFORE, DIE_DURING] {
        let mut worker = Worker::start(2, BYTES);
        let mut reply = Vec::new();
        ask(&mut worker.slots[0], ECHO, &mut reply).unwrap();
        let start = Instant::now();
        assert_died(ask(&mut worker.slots[0], kind, &mut reply));
        assert!(start.elapsed() < LATE, "{:?}", start.elapsed());
        // From then on, all slots say so at once.
        for slot in &mut worker.slots {
            assert_died(ask(slot, ECHO, &mut reply));
        }
        assert_died(worker.slots[0].receive(None, &mut reply));
    }
}

#[test]
fn a_reply_from_before_the_death_counts() {
    let mut worker = Worker::start(1, BYTES);
    let mut reply = Vec::new();
    worker.slots[0].send(DIE_AFTER, BYTES).unwrap();
    worker.child.wait().unwrap();
    let start = Instant::now();
    assert_eq!(worker.slots[0].receive(None, &mut reply).unwrap(), u32::MAX - DIE_AFTER);
    assert_eq!(reply.len(), BYTES);
    assert_died(ask(&mut worker.slots[0], ECHO, &mut reply));
    assert!(start.elapsed() < LATE, "{:?}", start.elapsed());
}

#[test]
fn a_worker_is_killed_at_any_moment() {
    let mut numbers = Numbers(4);
    for _ in 0..200 {
        let mut worker = Worker::start(2, BYTES);
        let running = Barrier::new(3);
        let (child, slots) = (&mut worker.child, &mut worker.slots);
        thread::scope(|scope| {
            let busy: Vec<_> = slots
                .iter_mut()
                .map(|slot| {
                    scope.spawn(|| {
                        let mut reply = Vec::new();
                        let mut last = ask(slot, ECHO, &mut reply);
                        running.wait();
                        while last.is_ok() {
                            last = ask(slot, ECHO, &mut reply);
                        }
                        (last, Instant::now())
                    })
                })
                .collect();
            running.wait();
            thread::sleep(Duration::from_micros(numbers.next() % 2000));
            child.kill().unwrap();
            let killed = Instant::now();
            for thread in busy {
                let (last, ended) = thread.join().unwrap();
                assert_died(last);
                assert!(ended.saturating_duration_since(killed) < LATE);
            }
        });
    }
}
