//! Requests and replies of every size, and deadlines.

use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use runner_channel::{Error, Slot};

use crate::process::{ECHO, ECHO_BLOCK, SLOW, SLOW_TIME, Worker};
use crate::{LATE, within};

const BYTES: usize = 300_001;
const PATIENCE: Duration = Duration::from_secs(60);

/// Numbers that look random, the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

fn round_trip(slot: &mut Slot, length: usize, seed: u64, reply: &mut Vec<u8>) {
    let area = slot.request_mut().unwrap();
    assert_eq!(area.len(), BYTES);
    assert_eq!(area.as_ptr().align_offset(4096), 0);
    let mut numbers = Numbers(seed | 1);
    area[..length].fill_with(|| numbers.next().to_le_bytes()[3]);
    slot.send(ECHO, length).unwrap();
    assert_eq!(slot.receive(within(PATIENCE), reply).unwrap(), u32::MAX - ECHO);
    assert_eq!(reply.len(), length);
    assert!(slot.request()[..length].iter().zip(&*reply).all(|(sent, got)| *sent == !got));
}

#[test]
fn a_block_is_lent_and_seen_by_the_worker() {
    let mut worker = Worker::start(2, BYTES);
    let mut reply = Vec::new();
    for (number, slot) in (1_u8..).zip(&mut worker.slots) {
        for round in 0..3 {
            let mut block = slot.take_block().unwrap();
            assert!(slot.take_block().is_none(), "it is lent");
            assert_eq!((block.bytes().len(), block.bytes().as_ptr().align_offset(4096)), (BYTES, 0));
            assert!(block.bytes().iter().all(|byte| round == 0 || *byte == number + round - 1), "it is kept");
            block.bytes_mut().fill(number + round);
            assert_eq!(slot.place_in_block(&block.bytes()[7..70]), Some(7..70));
            assert_eq!(slot.place_in_block(block.bytes()), Some(0..BYTES));
            assert_eq!(slot.place_in_block(&reply), None);
            assert_eq!(slot.place_in_block(slot.request()), None);
            slot.send(ECHO_BLOCK, 0).unwrap();
            assert_eq!(slot.receive(within(PATIENCE), &mut reply).unwrap(), ECHO_BLOCK);
            assert!(reply.len() == BYTES && reply.iter().all(|byte| !byte == number + round));
        }
    }
}

#[test]
fn messages_of_all_sizes_come_back_on_all_slots() {
    let mut worker = Worker::start(4, BYTES);
    thread::scope(|scope| {
        for (number, slot) in (1..).zip(&mut worker.slots) {
            scope.spawn(move || {
                let mut reply = Vec::new();
                for length in [0, 1, 7, 8, 9, 4095, 4096, 4097, BYTES - 1, BYTES, 0] {
                    round_trip(slot, length, number, &mut reply);
                }
                let mut numbers = Numbers(number);
                for round in 0..300 {
                    let length = numbers.below(BYTES + 1) >> (round % 16);
                    round_trip(slot, length, numbers.next(), &mut reply);
                }
            });
        }
    });
}

#[test]
fn a_deadline_is_kept_and_the_reply_can_still_be_waited_for() {
    let mut worker = Worker::start(1, BYTES);
    let slot = &mut worker.slots[0];
    let mut reply = vec![7; 3];
    round_trip(slot, 1, 1, &mut reply);
    slot.send(SLOW, 2).unwrap();
    let start = Instant::now();
    let early = Duration::from_millis(50);
    assert!(matches!(slot.receive(Some(start + early), &mut reply), Err(Error::Timeout)));
    assert!(start.elapsed() >= early && start.elapsed() < SLOW_TIME, "{:?}", start.elapsed());
    assert_eq!(reply.len(), 1, "an error leaves the bytes alone");
    // A point in time that has passed.
    assert!(matches!(slot.receive(Some(start), &mut reply), Err(Error::Timeout)));
    assert_eq!(slot.receive(None, &mut reply).unwrap(), u32::MAX - SLOW);
    assert_eq!(reply.len(), 2);
    assert!(start.elapsed() < SLOW_TIME + LATE);
    round_trip(slot, 3, 2, &mut reply);
}

#[test]
fn mistakes_of_the_caller_are_errors() {
    let mut worker = Worker::start(1, BYTES);
    let slot = &mut worker.slots[0];
    let mut reply = Vec::new();
    let is_misuse =
        |error: Error| matches!(error, Error::Io(error) if error.kind() == ErrorKind::InvalidInput);
    assert!(is_misuse(slot.receive(None, &mut reply).unwrap_err()));
    assert!(is_misuse(slot.send(ECHO, BYTES + 1).unwrap_err()));
    assert!(is_misuse(slot.send(ECHO, usize::MAX).unwrap_err()));
    slot.send(SLOW, 0).unwrap();
    assert!(is_misuse(slot.send(ECHO, 0).unwrap_err()));
    assert!(is_misuse(slot.request_mut().unwrap_err()));
    slot.receive(within(PATIENCE), &mut reply).unwrap();
    round_trip(slot, 5, 1, &mut reply);
}

/// A lost wake-up is a timeout here.
#[test]
fn two_hundred_thousand_empty_round_trips_lose_no_wake() {
    let mut worker = Worker::start(2, 0);
    thread::scope(|scope| {
        for slot in &mut worker.slots {
            scope.spawn(|| {
                let mut reply = Vec::new();
                for _ in 0..100_000 {
                    slot.send(ECHO, 0).unwrap();
                    slot.receive(within(PATIENCE), &mut reply).unwrap();
                }
            });
        }
    });
}
