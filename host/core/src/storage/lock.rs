//! One run on one file: an advisory lock on the inode.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FlockOperation, flock};

/// Takes the whole-file lock, exclusive for writers and shared for readers,
/// without waiting. It is released when the descriptor is closed, by a crash
/// too.
///
/// # Errors
/// `WouldBlock` when another process holds it.
pub fn lock(file: impl AsFd, exclusive: bool) -> io::Result<()> {
    let operation = if exclusive {
        FlockOperation::NonBlockingLockExclusive
    } else {
        FlockOperation::NonBlockingLockShared
    };
    match flock(file, operation) {
        // Some network filesystems have no locks: then there is nothing to
        // take. What a run creates beside the file still makes a second one
        // stop, if it comes late enough to see it.
        Err(rustix::io::Errno::NOLCK | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}
