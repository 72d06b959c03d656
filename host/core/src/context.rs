//! What most stages need of the run they are part of.

use crate::cancel::Cancel;

/// How much a stage may do at once, and what stops it.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Set from outside to stop.
    pub cancel: Cancel<'a>,
}

impl<'a> RunContext<'a> {
    /// One that nothing stops.
    #[must_use]
    pub fn unstoppable(threads: usize) -> Self {
        Self { threads, cancel: Cancel::NEVER }
    }
}
