//! Allows one run per file: an advisory lock on the inode.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FlockOperation, flock};

/// Which other locks are allowed at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Other shared locks: the holders read.
    Shared,
    /// No other lock: the holder writes.
    Exclusive,
}

/// Locks the whole file without waiting. The lock is released when the
/// descriptor is closed, also by a crash.
///
/// # Errors
/// `WouldBlock` when another process holds it.
pub fn lock(file: impl AsFd, lock: Lock) -> io::Result<()> {
    let operation = match lock {
        Lock::Shared => FlockOperation::NonBlockingLockShared,
        Lock::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    match flock(file, operation) {
        // Some network filesystems have no locks; then none is taken. The files
        // that a run creates next to the target still stop a second run that
        // starts late enough to see them.
        Err(rustix::io::Errno::NOLCK | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}
