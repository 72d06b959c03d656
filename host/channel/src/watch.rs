//! Notices the worker's death.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;

use crate::error::Result;
use crate::parent::Shared;

/// A thread that waits for the worker's death and then ends all waits of the
/// channel. Dropping it ends the thread, and no death is noticed from then on.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(crate) fn start(worker: OwnedFd, shared: Arc<Shared>) -> Result<Self> {
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let stopped = Arc::clone(&stop);
        let watch = move || {
            if dies(&worker, &stopped) {
                shared.end();
            }
        };
        let thread = Builder::new().name("worker-watch".to_owned()).spawn(watch)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // A counter of 0 takes 1 more.
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits until the process dies or `stop` is signalled; whether it died. A
/// process that cannot be watched counts as dead: nothing may wait for it.
fn dies(process: &OwnedFd, stop: &OwnedFd) -> bool {
    loop {
        let mut both =
            [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        match poll(&mut both, None) {
            Err(Errno::INTR) => {}
            Err(_) => return true,
            Ok(_) if !both[0].revents().is_empty() => return true,
            Ok(_) if !both[1].revents().is_empty() => return false,
            Ok(_) => {}
        }
    }
}
