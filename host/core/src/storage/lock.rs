//! One run on one file: an advisory lock on the inode.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FlockOperation, flock};

/// Who may hold the lock at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Others that read.
    Shared,
    /// Nobody else: the holder writes.
    Exclusive,
}

/// Takes the whole-file lock without waiting. It is released when the descriptor is closed, by a crash
/// too.
///
/// # Errors
/// `WouldBlock` when another process holds it.
pub fn lock(file: impl AsFd, lock: Lock) -> io::Result<()> {
    let operation = match lock {
        Lock::Shared => FlockOperation::NonBlockingLockShared,
        Lock::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    match flock(file, operation) {
        // Some network filesystems have no locks: then there is nothing to
        // take. What a run creates beside the file still makes a second one
        // stop, if it comes late enough to see it.
        Err(rustix::io::Errno::NOLCK | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}
