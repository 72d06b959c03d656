//! What stands before the bytes of a message, and the words that wake.
//!
//! All of it is atomics, so both processes may access it at any time, and any
//! value is valid.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The head of the last message, request or reply. Memory begins as zeros; the
/// sequence numbers of requests begin at 1.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Head {
    sequence: AtomicU64,
    kind: AtomicU64,
    length: AtomicU64,
}

impl Head {
    /// Announces a message whose bytes are in place.
    pub(crate) fn publish(&self, sequence: u64, kind: u32, length: usize) {
        self.kind.store(kind.into(), Ordering::Relaxed);
        self.length.store(length as u64, Ordering::Relaxed);
        // After it, the other side may look at everything that came before.
        self.sequence.store(sequence, Ordering::Release);
    }

    /// The number of the last message. What belongs to it may be read after.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    /// Reads kind and length once, and checks the length against `limit`, the
    /// bytes of the area. Says what is wrong otherwise.
    pub(crate) fn read(&self, limit: usize) -> Result<(u32, usize), String> {
        let kind = self.kind.load(Ordering::Relaxed);
        let length = self.length.load(Ordering::Relaxed);
        let kind = u32::try_from(kind).map_err(|_| format!("kind {kind}"))?;
        match usize::try_from(length) {
            Ok(length) if length <= limit => Ok((kind, length)),
            _ => Err(format!("a length of {length} bytes, where {limit} fit")),
        }
    }
}

/// A word that one thread sleeps on; see `sleep.rs`. Each has a cache
/// line of its own.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Word(pub(crate) AtomicU32);

/// The words of a slot. They lie in the file of replies, because the worker
/// must say that it sleeps and that it has answered.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Bells {
    /// The parent sleeps on it.
    pub(crate) parent: Word,
    /// The worker sleeps on it.
    pub(crate) worker: Word,
}
