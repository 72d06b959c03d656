//! A worker that does what it can.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use runner_channel::{Error, Shape, Slot};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mprotect};
use rustix::thread::futex::{self, Flags};

use crate::process::{ECHO, IGNORE, KIDNAP, LIE, REWRITE, SCRIBBLE, Worker};
use crate::round_trips::Numbers;
use crate::{LATE, within};

const PAGE: usize = 4096;
const BYTES: usize = 8 << 10;
/// Where the length of the notes is.
const NOTED: usize = 1024;
/// Where the words on which parent and worker sleep are, in words of 32 bits.
const BELLS: [usize; 2] = [128 / 4, 192 / 4];
/// Exit code of a worker that moved a sleeper.
const MOVED: i32 = 41;

/// The worker's own view of the files.
pub(crate) struct Raw {
    pub(crate) requests: File,
    pub(crate) replies: File,
    shape: Shape,
    start: usize,
}

impl Raw {
    pub(crate) fn map(requests: &File, replies: &File, shape: Shape) -> Self {
        let bytes = usize::try_from(replies.metadata().unwrap().len()).unwrap();
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let start = unsafe { mmap(null_mut(), bytes, access, MapFlags::SHARED, replies, 0).unwrap() };
        let (requests, replies) = (requests.try_clone().unwrap(), replies.try_clone().unwrap());
        Self { requests, replies, shape, start: start as usize }
    }

    /// Where a reply's bytes are, after the page of heads and the notes.
    fn reply(&self) -> usize {
        PAGE + self.shape.note_bytes.next_multiple_of(PAGE)
    }

    fn slot(&self, number: usize) -> usize {
        self.start + number * (self.reply() + self.shape.reply_bytes.next_multiple_of(PAGE))
    }

    /// A slot's page of heads, its notes, and its bytes.
    fn words(&self, number: usize) -> &[AtomicU64] {
        let words = (self.reply() + self.shape.reply_bytes) / 8;
        // SAFETY: the mapping is as large, and never unmapped.
        unsafe { std::slice::from_raw_parts(self.slot(number) as *const AtomicU64, words) }
    }

    fn bell(&self, number: usize, bell: usize) -> &AtomicU32 {
        // SAFETY: as above.
        unsafe { &*((self.slot(number) + BELLS[bell] * 4) as *const AtomicU32) }
    }

    /// A reply whose head is that of the request: sequence, kind, length.
    pub(crate) fn lie(&self, number: usize, head: &[u8]) {
        let head: Vec<u64> =
            head.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap())).collect();
        let words = self.words(number);
        for at in [2, 1, 0] {
            words[at].store(head[at], Ordering::Release);
        }
        self.ring(number);
    }

    fn ring(&self, number: usize) {
        let _ = futex::wake(self.bell(number, 0), Flags::empty(), 1);
    }

    /// Rewrites heads (the right sequence number, lengths that are mostly
    /// valid) and bytes of all slots, for ever.
    pub(crate) fn rewrite(&self) {
        let mut numbers = Numbers(9);
        loop {
            for number in 0..self.shape.slots {
                let words = self.words(number);
                words[1].store(numbers.next() >> 32, Ordering::Relaxed);
                let length = numbers.next() % (BYTES as u64 + 600);
                words[2].store(length, Ordering::Relaxed);
                words[0].store(1, Ordering::Release);
                let at = usize::try_from(length).unwrap() / 16;
                words[self.reply() / 8 + at].store(numbers.next(), Ordering::Relaxed);
                words[NOTED / 8].store(length, Ordering::Relaxed);
                // Mostly short texts.
                words[PAGE / 8 + at].store(numbers.next() & 0xff, Ordering::Relaxed);
                self.ring(number);
            }
        }
    }

    /// Writes anything anywhere, makes every call of futexes on the bells, and
    /// gives the memory back, for ever. With an empty request, the numbers of
    /// replies stay or become zeros.
    pub(crate) fn scribble(&self, number: usize, request: &[u8]) {
        let mut numbers = Numbers(number as u64 + 77);
        let own = AtomicU32::new(0);
        loop {
            let target = usize::try_from(numbers.next()).unwrap() % self.shape.slots;
            for word in &self.words(target)[1..PAGE / 8] {
                word.store(numbers.next(), Ordering::Relaxed);
            }
            let bell = self.bell(target, 0);
            bell.store(u32::from(numbers.next().is_multiple_of(2)), Ordering::Relaxed);
            match numbers.next() % 64 {
                0..8 => drop(futex::wake(bell, Flags::empty(), u32::MAX >> 1)),
                8..16 => drop(futex::requeue(bell, Flags::empty(), 0, 9, &own)),
                16..24 => drop(futex::requeue(bell, Flags::empty(), 0, 9, self.bell(target, 1))),
                24..28 => drop(futex::trylock_pi(bell, Flags::empty())),
                // SAFETY: the memory is accessed as atomics only.
                28 => drop(unsafe { madvise(self.slot(target) as *mut c_void, PAGE, Advice::LinuxRemove) }),
                29 if !request.is_empty() => self.words(target)[0].store(numbers.next(), Ordering::Relaxed),
                _ => {}
            }
        }
    }

    /// Moves the sleeping parent to a futex that nobody else knows, and dies.
    pub(crate) fn kidnap(&self, number: usize) {
        let bell = self.bell(number, 0);
        while bell.load(Ordering::Relaxed) != 1 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(50));
        let own = AtomicU32::new(0);
        let moved = futex::cmp_requeue(bell, Flags::empty(), 0, 1, &own, 1);
        std::process::exit(if moved == Ok(1) { MOVED } else { 1 });
    }

    /// Tries to write to the requests through memory.
    pub(crate) fn map_writable(&self) -> [(&'static str, Result<(), Errno>); 3] {
        let write = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: new mappings, at addresses that the kernel chooses; nothing
        // refers to their memory.
        unsafe {
            let map = |access| mmap(null_mut(), PAGE, access, MapFlags::SHARED, &self.requests, 0);
            let readable = map(ProtFlags::READ).unwrap();
            [
                ("map requests", map(write).map(drop)),
                ("protect requests", mprotect(readable, PAGE, MprotectFlags::READ | MprotectFlags::WRITE)),
                ("remove requests", madvise(readable, PAGE, Advice::LinuxRemove)),
            ]
        }
    }
}

fn echo_works() {
    let mut worker = Worker::start(1, BYTES);
    worker.slots[0].send(ECHO, BYTES).unwrap();
    let mut reply = Vec::new();
    assert_eq!(worker.slots[0].receive(within(LATE * 10), &mut reply).unwrap(), u32::MAX - ECHO);
}

#[test]
fn lies_in_the_head_are_malformed() {
    let too_long = BYTES as u64 + 1;
    let lies = [
        [2, 0, 0],
        [u64::MAX, 0, 0],
        [1, 0, too_long],
        [1, 0, u64::MAX],
        [1, 0, 1 << 63],
        [1, 0, (1 << 32) + 1],
        [1, 1 << 32, 0],
        [1, u64::MAX, 0],
        [u64::MAX, u64::MAX, u64::MAX],
    ];
    let mut worker = Worker::start(lies.len(), BYTES);
    for (slot, lie) in worker.slots.iter_mut().zip(lies) {
        let bytes: Vec<u8> = lie.iter().flat_map(|word| word.to_ne_bytes()).collect();
        slot.request_mut().unwrap()[..bytes.len()].copy_from_slice(&bytes);
        slot.send(LIE, bytes.len()).unwrap();
        let mut reply = vec![3; 4];
        let result = slot.receive(within(LATE * 10), &mut reply);
        assert!(matches!(result, Err(Error::Malformed(_))), "{lie:?}: {result:?}");
        assert_eq!(reply, [3; 4]);
        assert!(matches!(slot.send(ECHO, 0), Err(Error::Malformed(_))));
        assert!(matches!(slot.receive(None, &mut reply), Err(Error::Malformed(_))));
        assert!(matches!(slot.request_mut(), Err(Error::Malformed(_))));
    }
}

#[test]
fn what_is_rewritten_while_it_is_read_is_used_as_it_was_checked() {
    let (mut answers, mut malformed) = (0, 0);
    for _ in 0..4 {
        let mut worker = Worker::start(64, BYTES);
        let (last, slots) = worker.slots.split_last_mut().unwrap();
        last.send(REWRITE, 0).unwrap();
        for slot in slots {
            slot.send(ECHO, BYTES).unwrap();
            let mut reply = Vec::new();
            match slot.receive(within(LATE * 10), &mut reply) {
                Ok(_) => {
                    assert!(noted_bytes(slot) <= BYTES);
                    assert!(reply.len() <= BYTES);
                    let copy = reply.clone();
                    thread::sleep(Duration::from_millis(1));
                    assert_eq!(reply, copy);
                    answers += 1;
                }
                Err(Error::Malformed(_)) => malformed += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(answers > 0 && malformed > 0, "{answers} answers, {malformed} malformed");
    echo_works();
}

/// Bytes of all texts that a worker has noted.
fn noted_bytes(slot: &Slot) -> usize {
    slot.notes().iter().map(|(_, text)| text.len()).sum()
}

/// Lets two threads of the worker scribble for seconds, while two slots ask.
/// Returns how many waits ended with a reply, as malformed, and at the deadline.
fn scribble(kind: u32, scribble_numbers: usize) -> [u32; 3] {
    let patience = Duration::from_millis(20);
    let mut ended = [0; 3];
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        let mut worker = Worker::start(4, BYTES);
        let (scribblers, victims) = worker.slots.split_at_mut(2);
        for slot in scribblers {
            slot.send(SCRIBBLE, scribble_numbers).unwrap();
        }
        let mut reply = Vec::new();
        for _ in 0..10 {
            for slot in &mut *victims {
                // Refused if the last one is still out, or the slot is broken.
                let _ = slot.send(kind, 0);
                let asked = Instant::now();
                match slot.receive(within(patience), &mut reply) {
                    Ok(_) => ended[0] += 1,
                    Err(Error::Malformed(_)) => ended[1] += 1,
                    Err(Error::Timeout) => ended[2] += 1,
                    Err(error) => panic!("{error}"),
                }
                assert!(asked.elapsed() < patience + LATE, "{:?}", asked.elapsed());
                assert!(noted_bytes(slot) <= BYTES);
            }
        }
        worker.child.kill().unwrap();
        let killed = Instant::now();
        for slot in &mut worker.slots {
            let end = slot.receive(None, &mut reply);
            assert!(!matches!(end, Err(Error::Timeout)));
        }
        assert!(killed.elapsed() < LATE);
        echo_works();
    }
    ended
}

#[test]
fn a_worker_that_scribbles_over_everything_delays_nothing() {
    let ended = scribble(ECHO, 1);
    assert!(ended[1] > 0, "{ended:?}");
}

#[test]
fn a_worker_that_scribbles_and_never_answers_delays_no_deadline() {
    let [replies, malformed, timeouts] = scribble(IGNORE, 0);
    assert_eq!((replies, malformed), (0, 0));
    assert!(timeouts > 0);
}

#[test]
fn a_sleeper_that_was_moved_to_another_futex_learns_of_the_death() {
    for _ in 0..5 {
        let mut worker = Worker::start(1, BYTES);
        worker.slots[0].send(KIDNAP, 0).unwrap();
        let start = Instant::now();
        let mut reply = Vec::new();
        let end = worker.slots[0].receive(within(LATE * 10), &mut reply);
        assert!(matches!(end, Err(Error::WorkerDied)), "{end:?}");
        assert!(start.elapsed() < LATE * 2, "{:?}", start.elapsed());
        assert_eq!(worker.child.wait().unwrap().code(), Some(MOVED), "the sleeper was not moved");
    }
}
