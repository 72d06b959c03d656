//! Allows one run per file: an advisory lock on the inode.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// How often a lock is tried again that another process holds.
const TRY_EVERY: Duration = Duration::from_millis(50);

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
    taken(flock(file, operation))
}

/// Locks the whole file against all others, as [`lock`], for as long as one append
/// takes: it waits without an end while another process holds the lock.
///
/// # Errors
/// Any I/O error.
pub fn lock_briefly(file: impl AsFd) -> io::Result<()> {
    taken(flock(file, FlockOperation::LockExclusive))
}

/// Locks the whole file against all others, as [`lock`], and waits while another
/// process holds the lock. `tell` is called once, if there is something to wait
/// for. `path` is for the message.
///
/// # Errors
/// [`Kind::Interrupted`](crate::error::Kind::Interrupted) if the run is stopped;
/// any I/O error; any error of `tell`.
pub fn wait_for_lock(
    file: impl AsFd,
    path: &Path,
    cancel: Cancel<'_>,
    tell: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut tell = Some(tell);
    loop {
        match lock(&file, Lock::Exclusive) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            locked => return locked.map_err(Error::at("lock", path)),
        }
        tell.take().map_or(Ok(()), |tell| tell())?;
        cancel.check()?;
        std::thread::sleep(TRY_EVERY);
    }
}

fn taken(taken: rustix::io::Result<()>) -> io::Result<()> {
    match taken {
        // Some network filesystems have no locks; then none is taken. The files
        // that a run creates next to the target still stop a second run that
        // starts late enough to see them.
        Err(rustix::io::Errno::NOLCK | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}
