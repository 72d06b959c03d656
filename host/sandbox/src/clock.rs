//! Time of a call: its deadline, and whether the run was stopped meanwhile.
//!
//! A guest looks at the epoch in every loop, at every function's entry, in the
//! middle of long copies, and in what leads to the host (seen with Wasmtime 48:
//! a row of calls of the host, without a loop or a function, ends in time);
//! every few epochs it looks at this clock.

use std::fmt;
use std::time::{Duration, Instant};

use runner_pipeline::cancel::CancelToken;
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::State;
use crate::engine::ticks;

/// How often a running guest looks whether the run was stopped.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The clock of one instance.
pub(crate) struct Clock {
    /// When the call that is under way must have ended; `None`: no clock shows
    /// that.
    end: Option<Instant>,
    cancel: CancelToken,
}

/// The run was stopped in the middle of a call.
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

    /// Time up to the next look; an error when the call must end.
    fn look(&self) -> wasmtime::Result<Duration> {
        if self.cancel.get().check().is_err() {
            return Err(wasmtime::Error::new(Stopped));
        }
        let left = self.end.map_or(LOOK_EVERY, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() { Err(Trap::Interrupt.into()) } else { Ok(left.min(LOOK_EVERY)) }
    }
}

/// Has all that runs in the store look at its clock.
pub(crate) fn watch(store: &mut Store<State>) {
    store.epoch_deadline_callback(|store| {
        store.data().clock.look().map(|left| UpdateDeadline::Continue(ticks(left)))
    });
    store.call_hook(|mut store, hook| {
        store.data_mut().phases.pass(hook);
        Ok(())
    });
}

/// A call begins, which may take so long.
pub(crate) fn start(store: &mut Store<State>, deadline: Duration) {
    store.data_mut().clock.end = Instant::now().checked_add(deadline);
    store.set_epoch_deadline(ticks(deadline.min(LOOK_EVERY)));
}
