//! What the builders set, and the options of the pipeline that follow from it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use runner_pipeline::cancel::CancelToken;
use runner_pipeline::commit::conditions::Conditions;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::commit::{Backup, Keep};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::{Budget, MemoryContext, Space, Watch};
use runner_pipeline::patch::Roots;
use runner_pipeline::run::{COSTS, Event, Options};
use runner_pipeline::storage::Entry;
use runner_pipeline::target::PatchFiles;
use runner_sandbox::{Confinement, Limits, plan_memory};

/// The largest window, in bytes. A plugin addresses its memory with 32 bits, and
/// the last record of a window may end after this size.
const MAX_WINDOW_BYTES: u64 = 1 << 30;

/// What is called with the steps of a run.
pub(crate) type Events = Arc<dyn Fn(&Event) + Send + Sync>;

/// Events that nobody looks at.
pub(crate) fn no_events() -> Events {
    Arc::new(|_| {})
}

/// A request to stop, which the caller may make by a flag.
pub(crate) fn token(flag: Option<&Arc<AtomicBool>>) -> CancelToken {
    flag.cloned().map_or(CancelToken::NEVER, CancelToken::new)
}

/// Refuses to work on no thread at all.
pub(crate) fn check_threads(threads: usize) -> Result<usize> {
    if threads == 0 {
        return Err(Error::new(Kind::Usage, "a run needs at least one thread")
            .hint("call `threads` with 1 or more, or not at all: by default there is one for each core"));
    }
    Ok(threads)
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) threads: usize,
    pub(crate) window_bytes: u64,
    pub(crate) strategy: Choice,
    pub(crate) verify: VerifyChoice,
    pub(crate) undo: Option<PathBuf>,
    pub(crate) backup: Option<OsString>,
    pub(crate) conditions: Conditions,
    pub(crate) roots: Roots,
    pub(crate) patch_files: PatchFiles,
    pub(crate) space: Space,
    pub(crate) memory_bytes: Option<u64>,
    /// The limit of a plugin's instance, and 0 for native code, which has no
    /// limit.
    pub(crate) instance_bytes: u64,
    pub(crate) call_timeout: Duration,
    pub(crate) confinement: Confinement,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) cancel: Option<Arc<AtomicBool>>,
}

impl Settings {
    pub(crate) fn new(instance_bytes: u64) -> Self {
        let options = Options::default();
        Self {
            threads: options.threads,
            window_bytes: options.window_bytes,
            strategy: options.choice,
            verify: options.verify,
            undo: None,
            backup: None,
            conditions: options.conditions,
            roots: options.roots,
            patch_files: options.patch_files,
            space: options.memory.space,
            memory_bytes: None,
            instance_bytes,
            call_timeout: Limits::default().deadline,
            confinement: Limits::default().confinement,
            total_timeout: None,
            cancel: None,
        }
    }

    /// Calls `work` with what the pipeline and a plugin may use.
    pub(crate) fn with_options<T>(&self, work: impl FnOnce(&Options<'_>, Limits) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let keep = self.keep()?;
        if self.window_bytes == 0 || self.window_bytes > MAX_WINDOW_BYTES {
            let what = format!("a window cannot have {} bytes", self.window_bytes);
            return Err(Error::new(Kind::Usage, what)
                .hint(format!("call `window` with 1 to {MAX_WINDOW_BYTES} bytes")));
        }
        let plan = plan_memory(
            check_threads(self.threads)?,
            (1, self.window_bytes, self.instance_bytes),
            self.memory_bytes,
            COSTS,
        )?;
        let budget = Budget::new(&plan);
        let watch = Watch::new();
        let token = token(self.cancel.as_ref());
        let token = match self.total_timeout {
            Some(total) => token.within(started, total),
            None => token,
        };
        let limits = Limits {
            memory_bytes: self.instance_bytes,
            window_bytes: self.window_bytes,
            blocks: 1,
            lanes: plan.workers + 1,
            confinement: self.confinement,
            budget: budget.clone(),
            deadline: self.call_timeout,
            cancel: token.clone(),
            meter: None,
        };
        let options = Options {
            threads: plan.workers,
            window_bytes: self.window_bytes,
            choice: self.strategy,
            verify: self.verify,
            keep,
            conditions: self.conditions,
            roots: self.roots,
            patch_files: self.patch_files,
            memory: MemoryContext { budget: &budget, look: Some(&|| watch.look()), space: self.space },
            cancel: token.get(),
            ..Options::default()
        };
        work(&options, limits)
    }

    fn keep(&self) -> Result<Keep> {
        let suffix = self.backup.as_ref();
        if suffix.is_some_and(|suffix| suffix.is_empty() || suffix.as_encoded_bytes().contains(&b'/')) {
            return Err(Error::new(Kind::Usage, "the suffix of a backup is empty, or contains a slash").hint(
                "use a suffix such as `.bak`: the backup is next to the file, under its name with the suffix",
            ));
        }
        Ok(Keep {
            undo: self.undo.as_deref().map(Entry::resolve).transpose()?,
            backup: suffix.cloned().map(Backup::Suffix),
        })
    }
}
