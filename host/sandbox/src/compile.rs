//! Bytes of a plugin to native code.
//!
//! Wrapping, checking and compiling work on hostile bytes outside of any
//! sandbox, cannot be interrupted, and have no bound of their own: a small
//! module can keep a compiler busy for hours. So it is done in a child
//! process that is killed when its time or its memory is used up. A fault of
//! the compiler ends the child, not this process.
//!
//! The child is no sandbox: what it answers is native code, and runs as this
//! user. It is believed because it is this very program, started by this
//! process, and answers through a pipe that nobody else holds.

use std::path::PathBuf;
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{census, child, componentize};

/// Where plugins are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In this process. Nothing bounds its time and memory, so this is for
    /// plugins that are known to compile.
    InProcess,
    /// In a child process.
    Child {
        /// The `runner` binary of this very build: what it answers is run.
        program: PathBuf,
        /// The child is killed when it takes longer than this.
        deadline: Duration,
    },
}

impl Compiler {
    /// What an honest plugin needs, many times over: one that ships a whole
    /// interpreter takes a processor about thirteen seconds.
    pub const DEADLINE: Duration = Duration::from_secs(120);

    /// In a child that runs this very program, even if its file was replaced
    /// meanwhile. The program must begin with
    /// [`compile_for_parent`](crate::compile_for_parent) where its first
    /// argument is [`COMPILE_COMMAND`](crate::COMPILE_COMMAND), before it
    /// prints anything.
    #[must_use]
    pub fn this_program(deadline: Duration) -> Self {
        Self::Child { program: "/proc/self/exe".into(), deadline }
    }

    /// The native code of a plugin, as [`component`] takes it.
    ///
    /// # Errors
    /// When it cannot be compiled; when the run is stopped, which only a child
    /// process heeds.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        name: &str,
        bytes: &[u8],
        cancel: Cancel<'_>,
    ) -> Result<Vec<u8>> {
        match self {
            Self::InProcess => native_code(engine, name, bytes),
            Self::Child { program, deadline } => child::compile(program, *deadline, name, bytes, cancel),
        }
    }
}

/// Wraps and compiles in this process.
pub(crate) fn native_code(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let component = componentize::component(name, bytes)?;
    // Again, now with what was wrapped around a core module.
    census::take(&component).and_then(|parts| parts.check()).map_err(|why| census::refused(name, why))?;
    engine.precompile_component(&component).map_err(|error| broken(name, &error))
}

/// Loads what [`Compiler::compile`] has returned.
pub(crate) fn component(engine: &Engine, name: &str, code: &[u8]) -> Result<Component> {
    // SAFETY: `deserialize` wants bytes that `precompile_component` made, and
    // `code` is what the compiler above returned: made in this process, or by
    // a child that runs the same executable. Nobody else can change it.
    // Wasmtime checks on top that version and settings are those of `engine`.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| broken(name, &error))
}

fn broken(name: &str, error: &wasmtime::Error) -> Error {
    Error::new(Kind::Plugin, format!("cannot compile `{name}`")).because(escape(&format!("{error:#}"), 1000))
}
