//! A bound on how many do something at a time.

use std::sync::{Condvar, Mutex};

use runner_pipeline::locks;

/// A counting semaphore.
pub(crate) struct Semaphore {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One of them, until it is dropped.
pub(crate) struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new() }
    }

    /// Waits until one is free.
    pub(crate) fn take(&self) -> Permit<'_> {
        let mut free = locks::lock(&self.free);
        while *free == 0 {
            free = locks::wait(&self.freed, free);
        }
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *locks::lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}
