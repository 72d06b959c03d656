//! The BLAKE3 root of a file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use runner_pipeline::context::{RunContext, cores};
use runner_pipeline::error::Result;
use runner_pipeline::run::{Event, root_of};
use runner_pipeline::stack;

use crate::settings::{Events, check_threads, no_events, token};

/// The settings of a run that computes the root of a file. [`root()`] does it
/// with the defaults.
#[derive(Clone)]
pub struct Root {
    threads: usize,
    cancel: Option<Arc<AtomicBool>>,
    events: Events,
}

impl Root {
    /// A run with defaults for all settings.
    #[must_use]
    pub fn new() -> Self {
        Self { threads: cores(), cancel: None, events: no_events() }
    }

    /// Sets the number of threads, at least 1. By default there is one for each
    /// core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Stops the run with [`Kind::Interrupted`](crate::Kind) once `flag` is
    /// true. By default, nothing stops it.
    #[must_use]
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Calls `events` with each step of the run, on a thread of the run, which
    /// waits until it returns. By default, steps are not reported.
    #[must_use]
    pub fn progress(mut self, events: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events = Arc::new(events);
        self
    }

    /// The BLAKE3 root of a file: the hash that `b3sum` prints.
    ///
    /// # Errors
    /// - [`Kind::RecoveryNeeded`](crate::Kind) if an earlier run on the file did
    ///   not finish: the file may be partly changed.
    /// - [`Kind::ChangedByOthers`](crate::Kind) if another program changed the
    ///   file meanwhile, or a run is writing it.
    /// - [`Kind::Usage`](crate::Kind) for 0 threads, and for anything but a regular
    ///   file or a block device.
    /// - [`Kind::Io`](crate::Kind) for any other I/O error, such as a file that
    ///   does not exist.
    ///
    /// # Panics
    /// If the callback for [progress](Root::progress) panics.
    pub fn of(&self, path: impl AsRef<Path>) -> Result<blake3::Hash> {
        let (path, token) = (path.as_ref(), token(self.cancel.as_ref()));
        let context = RunContext { threads: check_threads(self.threads)?, cancel: token.get() };
        stack::on_own_thread(|| root_of(path, context, &mut |event| (self.events)(&event)))?
    }
}

impl Default for Root {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// The BLAKE3 root of a file, the hash that `b3sum` prints, with the defaults of
/// [`Root`].
///
/// # Errors
/// As for [`Root::of`].
pub fn root(path: impl AsRef<Path>) -> Result<blake3::Hash> {
    Root::new().of(path)
}
