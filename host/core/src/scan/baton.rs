//! The baton that is passed from block to block: what a block must know about
//! everything before it.

use std::sync::{Condvar, Mutex, MutexGuard};

use crate::engine::transform::Instance;
use crate::engine::window::Position;
use crate::locks;
use crate::profile::{self, Stage};

/// What a block must know about everything before it.
pub(super) struct Baton {
    /// The block that may take the baton.
    block: u64,
    pub(super) carry: u64,
    /// The only instance of a sequential plugin.
    pub(super) instance: Option<Instance>,
    pub(super) position: Position,
}

/// The baton, and the workers that wait for it.
pub(super) struct Relay {
    baton: Mutex<Baton>,
    passed: Condvar,
}

impl Relay {
    /// The baton waits for `block`, the first one of the scan.
    pub(super) fn new(block: u64, carry: u64, position: Position) -> Self {
        let baton = Baton { block, carry, instance: None, position };
        Self { baton: Mutex::new(baton), passed: Condvar::new() }
    }

    /// Waits until all blocks before this one have passed the baton. `None`
    /// when the scan is stopped.
    pub(super) fn take(&self, block: u64, is_stopped: impl Fn() -> bool) -> Option<MutexGuard<'_, Baton>> {
        let _span = profile::span(Stage::Wait);
        let mut baton = locks::lock(&self.baton);
        while baton.block != block {
            if is_stopped() {
                return None;
            }
            baton = locks::wait(&self.passed, baton);
        }
        Some(baton)
    }

    pub(super) fn pass(&self, mut baton: MutexGuard<'_, Baton>) {
        baton.block += 1;
        drop(baton);
        self.passed.notify_all();
    }

    /// Wakes all workers that wait, once the scan is stopped. The lock is taken
    /// after that, so that no worker begins to wait for a baton that never
    /// arrives.
    pub(super) fn wake(&self) {
        drop(locks::lock(&self.baton));
        self.passed.notify_all();
    }
}
