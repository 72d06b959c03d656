//! The builder of a change: its program, and the settings of its runs.

mod program;
mod roots;
mod run;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use runner_contract::{Edits, FileHead, Job, LogLevel, Window};
use runner_pipeline::commit::conditions::Privileges;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::error::Result;
use runner_pipeline::memory::Space;
use runner_pipeline::run::Event;
use runner_pipeline::target::PatchFiles;
use runner_sandbox::{Confinement, Isolation, Limits};

pub use self::program::Begun;
use self::program::{Native, Plugin, Program};
use crate::plugin::PluginSource;
use crate::settings::{Events, Settings, no_events};

/// A change to files: a plugin with its parameters, or native code, and the
/// settings of its runs. One value may be applied to many files, and from
/// several threads at once.
///
/// Every setting has a default, which its documentation names. A value that
/// makes no sense is an error of [`Kind::Usage`](crate::Kind) when the change
/// is carried out. Settings that only concern plugins have no effect on native
/// code, and say so. A parameter is different: native code cannot obey it, so
/// [`Change::set`] on native code is an error of [`Kind::Usage`](crate::Kind),
/// too.
#[derive(Clone)]
pub struct Change {
    program: Program,
    settings: Settings,
    events: Events,
}

impl Change {
    /// A change that a plugin makes. The plugin is the name of a bundled one, a
    /// path, or bytes; see [`PluginSource`]. It is loaded when it is first
    /// needed, and kept for the next file.
    #[must_use]
    pub fn new(plugin: impl Into<PluginSource>) -> Self {
        Self::from(Program::Plugin(Box::new(Plugin::new(plugin.into()))), Limits::default().memory_bytes)
    }

    /// A change that a closure makes. `job` says how a file is cut into windows.
    /// The closure is called with each window. It adds edits in order, or
    /// returns an error message, which makes the run fail. Patches name `name`
    /// as their plugin.
    ///
    /// The closure must be a pure function, because it is called in parallel
    /// and in any order. It runs without a sandbox and without limits on time
    /// and memory. If it panics, the panic reaches the caller.
    #[must_use]
    pub fn native(
        name: &str,
        job: Job,
        transform: impl Fn(&Window<'_>, &mut Edits) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let transform = Arc::new(transform);
        Self::native_with(name, move |_| {
            let transform = Arc::clone(&transform);
            let answer = move |window: &Window<'_>, edits: &mut Edits| transform(window, edits);
            Ok((job.clone(), Box::new(answer)))
        })
    }

    /// A change that a type makes, which implements
    /// [`Transform`](crate::Transform). `begin` gets the first bytes of a file,
    /// and returns a job and a transform. It is called once for each worker,
    /// and must always return the same job for the same file.
    ///
    /// Otherwise it is like [`Change::native`].
    #[must_use]
    pub fn native_with(
        name: &str,
        begin: impl Fn(FileHead<'_>) -> Result<Begun> + Send + Sync + 'static,
    ) -> Self {
        Self::from(Program::Native(Native::new(name, begin)), 0)
    }

    fn from(program: Program, instance_bytes: u64) -> Self {
        Self { program, settings: Settings::new(instance_bytes), events: no_events() }
    }

    /// Sets a parameter of the plugin. [`Change::manifest`] lists the
    /// parameters. The values of secret ones are not stored in patches, except
    /// in edits that contain them.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.program.set(name, value);
        self
    }

    /// Sets the number of worker threads, at least 1. Fewer run if memory is
    /// short. By default there is one for each core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Sets the approximate size of a window in bytes, from 1 byte to 1 GiB. It
    /// does not change the result. By default it is 1 MiB.
    #[must_use]
    pub fn window(mut self, bytes: u64) -> Self {
        self.settings.window_bytes = bytes;
        self
    }

    /// Saves a patch at `path` before the file is written, so that
    /// [`Patch::undo`](crate::Patch::undo) can undo the change. There must be no
    /// file at `path` yet. Only [`Change::apply`] saves it. By default, no patch
    /// is saved.
    #[must_use]
    pub fn undo(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.undo = Some(path.into());
        self
    }

    /// Keeps a copy of the old file next to it, under its name with this
    /// suffix. Only [`Change::apply`] makes the copy. By default, none is kept.
    #[must_use]
    pub fn backup(mut self, suffix: impl Into<OsString>) -> Self {
        self.settings.backup = Some(suffix.into());
        self
    }

    /// Chooses how the file is written. By default, the cheapest safe strategy
    /// is used.
    #[must_use]
    pub fn strategy(mut self, choice: Choice) -> Self {
        self.settings.strategy = choice;
        self
    }

    /// Chooses how the written bytes are read back. By default, this is done at
    /// the deepest level that the filesystem supports.
    #[must_use]
    pub fn verify(mut self, choice: VerifyChoice) -> Self {
        self.settings.verify = choice;
        self
    }

    /// Accepts only a result with this BLAKE3 root, such as the
    /// [`Report::post_root`](crate::Report) of a dry run. Any other result is an
    /// error of [`Kind::Verification`](crate::Kind), and neither the file, a
    /// patch nor an output is written. By default, every result is accepted.
    #[must_use]
    pub fn expect(mut self, root: blake3::Hash) -> Self {
        self.settings.conditions.expect = Some(root);
        self
    }

    /// Also accepts a file that runs with privileges (set-user-id, set-group-id,
    /// capabilities), and lets the new content keep them. By default, such a
    /// file is refused.
    ///
    /// This has no effect on [`Change::plan`], which writes only a patch.
    /// [`Patch::keep_privileges`](crate::Patch::keep_privileges) decides when
    /// the patch is applied.
    #[must_use]
    pub fn keep_privileges(mut self) -> Self {
        self.settings.conditions.privileges = Privileges::Keep;
        self
    }

    /// Also accepts a file that looks like a patch. By default, such a file is
    /// refused: it may be a journal, or an undo file without which another file
    /// cannot be restored.
    #[must_use]
    pub fn allow_patch_file(mut self) -> Self {
        self.settings.patch_files = PatchFiles::Change;
        self
    }

    /// Limits the memory of a run, in bytes: all instances, windows and edits.
    /// Memory that native code allocates is not counted, and neither are the
    /// compiler, compiled code and mapped pages of the file. By default, the
    /// limit is half of the memory that is available when the run begins.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.settings.memory_bytes = Some(bytes);
        self
    }

    /// Limits the memory of one instance of the plugin, in bytes. There is one
    /// instance for each worker. By default, the limit is 256 MiB.
    ///
    /// This has no effect on native code.
    #[must_use]
    pub fn instance_memory(mut self, bytes: u64) -> Self {
        if matches!(self.program, Program::Plugin(_)) {
            self.settings.instance_bytes = bytes;
        }
        self
    }

    /// Limits the size of a patch, in bytes. By default, the limit is 64 MiB plus
    /// 24 times the size of the file.
    #[must_use]
    pub fn patch_limit(mut self, bytes: u64) -> Self {
        self.settings.space = Space::bytes(bytes);
        self
    }

    /// Limits the time that the plugin may take for one block of the file (a
    /// window, or 1 MiB if that is larger), for starting and describing itself,
    /// and for beginning on a file. By default, the limit is ten seconds.
    ///
    /// This has no effect on native code, nor with [`Isolation::InProcess`]: what
    /// runs in this process is never interrupted.
    #[must_use]
    pub fn call_timeout(mut self, time: Duration) -> Self {
        self.settings.call_timeout = time;
        self
    }

    /// Limits the time that a run may take before it begins to write. A run that
    /// takes longer is an error of [`Kind::Interrupted`](crate::Kind). By
    /// default, there is no limit.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.settings.total_timeout = Some(time);
        self
    }

    /// Stops a run with [`Kind::Interrupted`](crate::Kind) once `flag` is true.
    /// The file is then untouched. After the commit point, the flag has no
    /// effect, and the run continues to its end. By default, nothing stops a
    /// run.
    #[must_use]
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.settings.cancel = Some(flag);
        self
    }

    /// Calls `events` with each step of a run, on a thread of the run, which
    /// waits until it returns. By default, steps are not reported.
    #[must_use]
    pub fn progress(mut self, events: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events = Arc::new(events);
        self
    }

    /// Calls `sink` with each message that the plugin logs, on the threads of
    /// the workers. Control characters in it are escaped, and the values of
    /// secret parameters are removed. An instance may log only a limited amount
    /// of text. By default, messages are dropped.
    ///
    /// This has no effect on native code, which has no log.
    #[must_use]
    pub fn log(mut self, sink: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.program.log_to(Arc::new(sink));
        self
    }

    /// Chooses where the plugin is compiled and run. By default, these are
    /// confined processes if [`worker_main`](crate::worker_main) was called.
    /// Otherwise the plugin is refused. [Trust in plugins](crate#trust-in-plugins) says what
    /// [`Isolation::InProcess`] risks.
    ///
    /// This has no effect on native code.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.program.run_in(isolation);
        self
    }

    /// Chooses what becomes of the plugin where the kernel cannot confine it
    /// fully. By default it runs in what there is.
    ///
    /// This has no effect on native code, nor on a plugin that runs in this
    /// process.
    #[must_use]
    pub fn confinement(mut self, confinement: Confinement) -> Self {
        self.settings.confinement = confinement;
        self
    }

    /// Chooses the directory in which compiled code is kept between runs. With
    /// `None`, it is not kept. By default, the directory is `$RUNNER_CACHE_DIR`,
    /// else `runner` in `$XDG_CACHE_HOME`, else `~/.cache/runner`; the command
    /// line uses the same. If the directory cannot be used, the plugin is
    /// compiled again by each process.
    ///
    /// This has no effect on native code.
    #[must_use]
    pub fn code_cache(mut self, directory: Option<PathBuf>) -> Self {
        self.program.cache_in(directory);
        self
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of parameters may be secret.
        f.debug_struct("Change").field("program", &self.program).finish_non_exhaustive()
    }
}
