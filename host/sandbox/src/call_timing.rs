//! Measures the parts of a call: the copy to the guest, the guest itself, and
//! the copy back. Only active while a [`profile`] is taken.
//!
//! For each window, the host enters the guest three times: to allocate memory
//! for the window, to call `transform`, and to free the answer. It copies the
//! window in before the second entry, and the answer out after it.

use std::time::{Duration, Instant};

use runner_pipeline::profile::{self, Stage};
use wasmtime::CallHook;

/// Until this many entries into the guest, the host copies the window in.
const ENTRIES_IN: u32 = 2;

/// The parts of the current call.
#[derive(Default)]
pub(crate) struct Phases {
    mark: Option<Instant>,
    entries: u32,
    copy_in: Duration,
    guest: Duration,
    copy_out: Duration,
}

impl Phases {
    /// Starts to measure a call.
    pub(crate) fn start(&mut self) {
        *self = Self { mark: profile::is_on().then(Instant::now), ..Self::default() };
    }

    /// Records that the guest is entered or left.
    pub(crate) fn pass(&mut self, hook: CallHook) {
        let Some(mark) = &mut self.mark else { return };
        let now = Instant::now();
        let passed = now - *mark;
        *mark = now;
        if hook.entering_host() {
            self.guest += passed;
        } else {
            self.host(passed);
        }
        self.entries += u32::from(matches!(hook, CallHook::CallingWasm));
    }

    fn host(&mut self, passed: Duration) {
        let copy = if self.entries < ENTRIES_IN { &mut self.copy_in } else { &mut self.copy_out };
        *copy += passed;
    }

    /// Adds the measured times to the profile.
    pub(crate) fn finish(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.host(mark.elapsed());
            profile::add(Stage::CopyIn, self.copy_in);
            profile::add(Stage::Guest, self.guest);
            profile::add(Stage::CopyOut, self.copy_out);
        }
    }
}
