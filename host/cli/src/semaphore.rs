//! A limit on how many threads do something at the same time.

use std::sync::{Condvar, Mutex};

use runner_pipeline::locks;

/// A counting semaphore.
pub(crate) struct Semaphore {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A permit of a [`Semaphore`], returned when it is dropped.
pub(crate) struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new() }
    }

    /// Waits for a free permit and takes it.
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
