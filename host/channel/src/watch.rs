//! Notices the worker's death.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::shared::Shared;

/// Ends all waits of a channel when its worker dies. Without it, a death goes
/// unnoticed until the deadline.
#[derive(Debug)]
pub struct Watch(Arc<Shared>);

impl Watch {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Waits for the worker's death, and ends all waits then, those to come
    /// included. For a thread of its own. `worker` is a pidfd.
    pub fn until_death(self, worker: BorrowedFd<'_>) {
        loop {
            match poll(&mut [PollFd::from_borrowed_fd(worker, PollFlags::IN)], None) {
                Err(Errno::INTR) => {}
                // A process that cannot be watched counts as dead: nothing may
                // wait for it.
                Err(_) | Ok(_) => return self.died(),
            }
        }
    }

    /// Ends all waits at once: there is no worker.
    pub fn died(self) {
        self.0.end();
    }
}
