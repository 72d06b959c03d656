//! Where plugins are compiled and run.
//!
//! Both are done in processes of their own, unless the caller decides
//! otherwise. Compiling processes hostile bytes, cannot be interrupted, and has
//! no limits of its own: a small module can keep a compiler busy for hours.
//! Running is bounded by the sandbox of WebAssembly, in which holes were found
//! before. Either process confines itself before it looks at what a plugin has
//! made, and is killed when it exceeds its time or memory.

use std::path::PathBuf;
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use wasmtime::Engine;

use crate::child::{self, COMPILE_COMMAND, CompileLimits, compile_for_parent};
use crate::code::{Code, CodeFile};
use crate::engine::Counting;
use crate::limits::Confinement;
use crate::native_code::{self, Source};
use crate::worker::{WORK_COMMAND, work_for_parent};

/// Where plugins are compiled and run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Isolation {
    /// In this process, with everything that it may do. Neither the time nor the
    /// memory of the compiler is limited, a call of the plugin may take for
    /// ever, and an error in the sandbox of WebAssembly gives a plugin whatever
    /// this process has. So this is for plugins that are trusted.
    InProcess,
    /// In confined processes: one that compiles, one that runs.
    Processes {
        /// A program of this same build that starts with [`worker_main`], such
        /// as `runner`.
        program: PathBuf,
        /// The compiler is killed if it takes longer than this.
        compile_deadline: Duration,
    },
}

/// What compiles a plugin, and what stops that.
pub(crate) struct Compiler<'a> {
    pub(crate) engine: &'a Engine,
    /// That of the engine.
    pub(crate) counting: Counting,
    pub(crate) cancel: Cancel<'a>,
}

/// Does the work of a helper process if this process is one, and never returns
/// then. In every other process it returns at once.
///
/// Call it at the very start of `main`, before the program reads its arguments,
/// prints or opens anything, or starts a thread: a helper confines itself.
pub fn worker_main() {
    let mut arguments = std::env::args_os().skip(1);
    let Some(command) = arguments.next() else { return };
    let arguments = || arguments.map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>();
    if command == WORK_COMMAND {
        work_for_parent(&arguments());
    }
    if command == COMPILE_COMMAND {
        let code = compile_for_parent(&arguments(), std::io::stdin(), std::io::stdout());
        std::process::exit(code.into());
    }
}

impl Isolation {
    /// Far more than an honest plugin needs: one that contains a whole
    /// interpreter takes about thirteen seconds of processor time.
    pub const COMPILE_DEADLINE: Duration = Duration::from_secs(120);

    /// In processes that run this very program, even if its file was replaced
    /// since. Its `main` must start with [`worker_main`].
    #[must_use]
    pub fn this_program(compile_deadline: Duration) -> Self {
        Self::Processes { program: "/proc/self/exe".into(), compile_deadline }
    }

    /// Refuses to start helpers in a helper: a program that does not start with
    /// [`worker_main`] would start itself without end.
    ///
    /// # Errors
    /// [`Kind::Refused`].
    pub(crate) fn check(&self) -> Result<()> {
        let first = std::env::args_os().nth(1);
        let is_helper = first.is_some_and(|first| first == WORK_COMMAND || first == COMPILE_COMMAND);
        if matches!(self, Self::InProcess) || !is_helper {
            return Ok(());
        }
        Err(Error::new(Kind::Refused, "this program was started to run a plugin, but does something else")
            .hint("its `main` must start with `worker_main()`"))
    }

    /// Compiles a plugin to native code for [`native_code::component`]. `file`
    /// must be empty.
    ///
    /// # Errors
    /// If the plugin cannot be compiled, or needs too much to start, or if the
    /// run is stopped, which only a child process notices.
    pub(crate) fn compile(
        &self,
        compiler: &Compiler<'_>,
        source: &Source<'_>,
        file: CodeFile,
        confinement: Confinement,
    ) -> Result<Code> {
        let Compiler { engine, counting, cancel } = *compiler;
        match self {
            Self::InProcess => {
                let (code, facts) = native_code::compile(engine, source)?;
                file.write(&code)?;
                file.seal(code.len() as u64, facts)
            }
            Self::Processes { program, compile_deadline } => {
                let limits = CompileLimits { deadline: *compile_deadline, confinement, counting, cancel };
                child::compile(program, source, file, &limits)
            }
        }
    }
}
