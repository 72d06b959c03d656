//! The clock of a call: its deadline, and whether the run has been stopped.
//!
//! A guest checks the epoch in every loop, on entry to every function, during
//! long copies, and on calls to the host (seen with Wasmtime 48: a sequence of
//! calls to the host, without a loop or a function, ends in time). Every few
//! epochs it checks this clock.

use std::fmt;
use std::time::{Duration, Instant};

use runner_pipeline::cancel::CancelToken;
use wasmtime::Trap;

/// How often a running guest checks whether the run was stopped.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The clock of one instance.
pub(crate) struct Clock {
    /// When the current call must have ended; `None` if the deadline is beyond
    /// what a clock can represent.
    end: Option<Instant>,
    cancel: CancelToken,
}

/// The run was stopped during a call.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run was stopped")
    }
}

impl std::error::Error for Stopped {}

impl Clock {
    pub(crate) fn new(cancel: CancelToken) -> Self {
        Self { end: None, cancel }
    }

    /// Starts a call that may take until `deadline`.
    pub(crate) fn start(&mut self, deadline: Duration) {
        self.end = Instant::now().checked_add(deadline);
    }

    /// Time until the next check; an error if the call must end now.
    pub(crate) fn check(&self) -> wasmtime::Result<Duration> {
        if self.cancel.get().check().is_err() {
            return Err(wasmtime::Error::new(Stopped));
        }
        let left = self.end.map_or(CHECK_INTERVAL, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() { Err(Trap::Interrupt.into()) } else { Ok(left.min(CHECK_INTERVAL)) }
    }
}
