//! Where the time of a call goes: into the copy to the guest, the guest, or
//! the copy back. Only while there is a [`profile`].
//!
//! To answer for a window, the host enters the guest three times: to get
//! memory for the window, to ask, and to let the answer go. It copies the
//! window in before the second time, and the answer out after it.

use std::time::{Duration, Instant};

use runner_pipeline::profile::{self, Stage};
use wasmtime::CallHook;

/// Entries into the guest up to which the window is on its way in.
const ENTRIES_IN: u32 = 2;

/// The call that is under way.
#[derive(Default)]
pub(crate) struct Phases {
    mark: Option<Instant>,
    entries: u32,
    copy_in: Duration,
    guest: Duration,
    copy_out: Duration,
}

impl Phases {
    /// A call begins.
    pub(crate) fn start(&mut self) {
        *self = Self { mark: profile::is_on().then(Instant::now), ..Self::default() };
    }

    /// The guest is entered, or left.
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

    /// The answer is there.
    pub(crate) fn finish(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.host(mark.elapsed());
            profile::add(Stage::CopyIn, self.copy_in);
            profile::add(Stage::Guest, self.guest);
            profile::add(Stage::CopyOut, self.copy_out);
        }
    }
}
