//! Notices the worker's death.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::Timespec;

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
    /// included. For a thread of its own. `worker` is a pidfd. Meanwhile `look`
    /// is called at these intervals, if there are any.
    pub fn until_death(self, worker: BorrowedFd<'_>, every: Option<Duration>, mut look: impl FnMut()) {
        let every = every.and_then(|every| Timespec::try_from(every).ok());
        loop {
            match poll(&mut [PollFd::from_borrowed_fd(worker, PollFlags::IN)], every.as_ref()) {
                Err(Errno::INTR) | Ok(0) => look(),
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
