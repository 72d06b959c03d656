//! What most stages need to know about their run.

use crate::cancel::Cancel;

/// How many threads a stage may use, and what stops it.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Threads to use, at least 1.
    pub threads: usize,
    /// The request to stop, and the time limit.
    pub cancel: Cancel<'a>,
}

impl<'a> RunContext<'a> {
    /// A context that nothing stops.
    #[must_use]
    pub fn unstoppable(threads: usize) -> Self {
        Self { threads, cancel: Cancel::NEVER }
    }
}
