//! Compiles a plugin to native code.
//!
//! Wrapping, checking and compiling process hostile bytes outside of any
//! sandbox, cannot be interrupted, and have no limits of their own: a small
//! module can keep a compiler busy for hours. So they run in a child process
//! that is killed when it exceeds its time or memory. A crash of the compiler
//! ends the child, not this process.
//!
//! The child returns native code that runs as this user. It is trusted because
//! it runs this same program, was started by this process, and answers in a
//! file that no other process holds.

use std::path::PathBuf;
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::Result;
use wasmtime::Engine;

use crate::child;
use crate::code::{Code, CodeFile};
use crate::native_code::{self, Source};

/// Where plugins are compiled.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Compiler {
    /// In this process. Time and memory are not limited, so this is for plugins
    /// that are known to compile.
    InProcess,
    /// In a child process.
    Child {
        /// A program of this same build that answers to
        /// [`COMPILE_COMMAND`](crate::COMPILE_COMMAND), such as `runner`. The
        /// code that it returns is run.
        program: PathBuf,
        /// The child is killed if it takes longer than this.
        deadline: Duration,
    },
}

impl Compiler {
    /// Far more than an honest plugin needs: one that contains a whole
    /// interpreter takes about thirteen seconds of processor time.
    pub const DEADLINE: Duration = Duration::from_secs(120);

    /// In a child that runs this very program, even if its file was replaced
    /// since. The program must start with
    /// [`compile_for_parent`](crate::compile_for_parent) if its first argument
    /// is [`COMPILE_COMMAND`](crate::COMPILE_COMMAND), before it prints
    /// anything.
    #[must_use]
    pub fn this_program(deadline: Duration) -> Self {
        Self::Child { program: "/proc/self/exe".into(), deadline }
    }

    /// Compiles a plugin to native code for [`native_code::component`]. `file`
    /// must be empty.
    ///
    /// # Errors
    /// If the plugin cannot be compiled, or needs too much to start, or if the
    /// run is stopped, which only a child process notices.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        source: &Source<'_>,
        file: CodeFile,
        cancel: Cancel<'_>,
    ) -> Result<Code> {
        match self {
            Self::InProcess => {
                let (code, facts) = native_code::compile(engine, source)?;
                file.write(&code)?;
                file.seal(code.len() as u64, facts)
            }
            Self::Child { program, deadline } => child::compile(program, *deadline, source, file, cancel),
        }
    }
}
