//! What most stages need to know about their run.

use std::num::NonZero;
use std::thread::available_parallelism;

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

/// The number of cores that this process may use, which is the default number
/// of threads. It is 1 if the system does not tell.
#[must_use]
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}
