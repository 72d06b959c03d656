//! The memory of replies, as whoever does not keep to the protocol sees it.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::{io, ptr, slice, thread};

use runner_channel::Shape;
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::thread::futex;

const PAGE_BYTES: usize = 4096;
/// Where the word lies on which the parent sleeps.
const BELL: usize = 128;

/// The file of replies, mapped a second time, for good.
pub(crate) struct Replies {
    start: *mut u8,
    stride: usize,
    /// Where the bytes of a reply lie, and how many there are.
    reply: (usize, usize),
}

// SAFETY: the memory belongs to no thread, and is accessed by atomics only.
unsafe impl Sync for Replies {}

impl Replies {
    pub(crate) fn map(shape: Shape) -> Self {
        // The notes come first.
        let reply = PAGE_BYTES + shape.note_bytes.next_multiple_of(PAGE_BYTES);
        let stride = reply + shape.reply_bytes.next_multiple_of(PAGE_BYTES);
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the address.
        let start =
            unsafe { mmap(ptr::null_mut(), shape.slots * stride, access, MapFlags::SHARED, io::stdout(), 0) };
        Self { start: start.unwrap().cast(), stride, reply: (reply, shape.reply_bytes) }
    }

    fn at(&self, lane: usize, offset: usize) -> *mut u8 {
        assert!(offset < self.stride);
        // SAFETY: the caller's lane exists, so this is in the mapping.
        unsafe { self.start.add(lane * self.stride + offset) }
    }

    fn word(&self, lane: usize, offset: usize) -> &AtomicU64 {
        // SAFETY: it is aligned and in the mapping, which is never undone.
        unsafe { &*self.at(lane, offset).cast::<AtomicU64>() }
    }

    /// Writes a head, and wakes the parent.
    pub(crate) fn publish(&self, lane: usize, sequence: u64, kind: u64, length: u64) {
        self.word(lane, 8).store(kind, Ordering::Relaxed);
        self.word(lane, 16).store(length, Ordering::Relaxed);
        self.word(lane, 0).store(sequence, Ordering::Release);
        // SAFETY: as for `word`.
        let bell = unsafe { &*self.at(lane, BELL).cast::<AtomicU32>() };
        bell.store(0, Ordering::Release);
        let _ = futex::wake(bell, futex::Flags::empty(), 1);
    }

    /// Writes one reply over the other, length and all, for ever.
    pub(crate) fn rewrite(&self, lane: usize, replies: [Vec<u8>; 2]) {
        let length = self.at(lane, 16) as usize;
        let (place, limit) = self.reply;
        let bytes = self.at(lane, place) as usize;
        thread::spawn(move || {
            // SAFETY: as for `word`, within the area of the lane's replies.
            let (length, bytes) = unsafe {
                (&*(length as *const AtomicU64), slice::from_raw_parts(bytes as *const AtomicU8, limit))
            };
            loop {
                for reply in &replies {
                    length.store(reply.len() as u64, Ordering::Relaxed);
                    for (byte, new) in bytes.iter().zip(reply) {
                        byte.store(*new, Ordering::Relaxed);
                    }
                }
            }
        });
    }
}
