//! The builder: what is to be changed, and how.

mod program;
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
use runner_pipeline::run::{Begun, Event};
use runner_pipeline::target::PatchFiles;
use runner_sandbox::{Compiler, Limits};

use self::program::{Native, Plugin, Program};
use crate::plugin::PluginSource;
use crate::settings::Settings;

/// A change: a plugin with its parameters, or native code, and how it is
/// carried out. One value may be applied to many files, also from several
/// threads at once.
///
/// Every method of the builder has a default, which its documentation names.
/// A value that makes no sense is an error of [`Kind::Usage`](crate::Kind) when
/// the change is carried out.
#[derive(Clone)]
pub struct Change {
    program: Program,
    settings: Settings,
    events: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Change {
    /// What a plugin changes: a bundled name, a path, or bytes; see
    /// [`PluginSource`]. It is loaded when the change is first carried out,
    /// and kept for the next file.
    #[must_use]
    pub fn new(plugin: impl Into<PluginSource>) -> Self {
        Self::from(Program::Plugin(Box::new(Plugin::new(plugin.into()))), Limits::default().memory_bytes)
    }

    /// What a closure changes. `job` says how the file is cut into windows;
    /// for each of them the closure adds edits, in order, or says why it
    /// cannot. `name` stands in patches.
    ///
    /// The closure must be a pure function: windows are shown in parallel, in
    /// any order. It runs without a sandbox: no limit of time or memory binds
    /// it, and a panic of it reaches the caller.
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

    /// What a type changes that implements [`Transform`](crate::Transform).
    /// `begin` looks at the head of a file, and answers with a job and a
    /// transform; it is called for each worker, and must answer with the same
    /// job for the same file.
    #[must_use]
    pub fn native_with(
        name: &str,
        begin: impl Fn(FileHead<'_>) -> Result<Begun> + Send + Sync + 'static,
    ) -> Self {
        Self::from(Program::Native(Native::new(name, begin)), 0)
    }

    fn from(program: Program, instance_bytes: u64) -> Self {
        Self { program, settings: Settings::new(instance_bytes), events: Arc::new(|_| {}) }
    }

    /// Gives the plugin a parameter. The manifest says which there are. The
    /// values of secret parameters do not get into patches.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.program.set(name, value);
        self
    }

    /// Worker threads, at least 1; fewer run where memory is short. By default
    /// one for each core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// About how many bytes are shown in one call, up to 1 GiB. It does not
    /// change the result. By default 1 MiB.
    #[must_use]
    pub fn window(mut self, bytes: u64) -> Self {
        self.settings.window_bytes = bytes;
        self
    }

    /// Saves a patch at `path` that undoes the change, before the file is
    /// written; see [`Patch::undo`](crate::Patch::undo). There must be no such
    /// file. Only [`Change::apply`] heeds it. By default none is saved.
    #[must_use]
    pub fn undo(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.undo = Some(path.into());
        self
    }

    /// Keeps a copy of the old file beside it, under its name with this
    /// suffix. Only [`Change::apply`] heeds it. By default none is kept.
    #[must_use]
    pub fn backup(mut self, suffix: impl Into<OsString>) -> Self {
        self.settings.backup = Some(suffix.into());
        self
    }

    /// How the file is written. By default the cheapest safe way.
    #[must_use]
    pub fn strategy(mut self, choice: Choice) -> Self {
        self.settings.strategy = choice;
        self
    }

    /// How what was written is read back. By default as deep as the filesystem
    /// can do.
    #[must_use]
    pub fn verify(mut self, choice: VerifyChoice) -> Self {
        self.settings.verify = choice;
        self
    }

    /// Writes only if the BLAKE3 root of the result is this one, such as
    /// [`Report::post_root`](crate::Report) of a dry run; otherwise it is an
    /// error of [`Kind::Verification`](crate::Kind), and nothing is written.
    /// By default any result is.
    #[must_use]
    pub fn expect(mut self, root: blake3::Hash) -> Self {
        self.settings.conditions.expect = Some(root);
        self
    }

    /// Goes on with a file that runs with privileges (set-user-id,
    /// set-group-id, capabilities), and lets the new content have them. By
    /// default that is refused.
    #[must_use]
    pub fn keep_privileges(mut self) -> Self {
        self.settings.conditions.privileges = Privileges::Keep;
        self
    }

    /// Goes on with a file that begins as a patch does. It may be a journal,
    /// or all that can bring back another file, so by default that is refused.
    #[must_use]
    pub fn allow_patch_file(mut self) -> Self {
        self.settings.patch_files = PatchFiles::Change;
        self
    }

    /// The most memory that a run may have, in bytes: all instances, windows
    /// and edits. What native code allocates does not count, nor do the
    /// compiler, compiled code and mapped pages of the file. By default half
    /// of what the machine has left when the run begins.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.settings.memory_bytes = Some(bytes);
        self
    }

    /// The most memory that one instance of the plugin may have, in bytes;
    /// there is one for each worker. By default 256 MiB.
    #[must_use]
    pub fn instance_memory(mut self, bytes: u64) -> Self {
        if matches!(self.program, Program::Plugin(_)) {
            self.settings.instance_bytes = bytes;
        }
        self
    }

    /// The most space that a patch may take, in bytes. By default 64 MiB and
    /// 24 times the file.
    #[must_use]
    pub fn patch_limit(mut self, bytes: u64) -> Self {
        self.settings.space = Space::bytes(bytes);
        self
    }

    /// The longest that one call of the plugin may take. By default ten
    /// seconds. Native code is not interrupted.
    #[must_use]
    pub fn call_timeout(mut self, time: Duration) -> Self {
        self.settings.call_timeout = time;
        self
    }

    /// The longest that a run may take before it begins to write. By default
    /// there is no limit.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.settings.total_timeout = Some(time);
        self
    }

    /// A run stops with [`Kind::Interrupted`](crate::Kind) once `flag` is true,
    /// and the file is untouched. After the commit point the flag is not
    /// looked at any more: the run goes to its end.
    #[must_use]
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.settings.cancel = Some(flag);
        self
    }

    /// Called with each step of a run, on a thread of the run. It should
    /// return soon.
    #[must_use]
    pub fn progress(mut self, events: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events = Arc::new(events);
        self
    }

    /// Called with what the plugin logs, on the threads of the workers.
    /// Control characters are escaped, values of secret parameters are taken
    /// out, and there is a limit on how much an instance may log. By default
    /// it is dropped.
    #[must_use]
    pub fn log(mut self, sink: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.program.log_to(Arc::new(sink));
        self
    }

    /// Where the plugin is compiled. By default in a child process if
    /// [`enable_child_compiler`](crate::enable_child_compiler) was called;
    /// otherwise a bundled plugin is compiled in this process, and any other
    /// one is refused. [Trust](crate#trust-in-plugins) says what
    /// [`Compiler::InProcess`] leaves unbounded.
    #[must_use]
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.program.compile_with(compiler);
        self
    }

    /// Where compiled code is kept between runs; `None` keeps none. By default
    /// in `$RUNNER_CACHE_DIR`, else `runner` in `$XDG_CACHE_HOME`, else
    /// `~/.cache/runner`, which the command line shares. A directory that
    /// cannot be used only costs time.
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
