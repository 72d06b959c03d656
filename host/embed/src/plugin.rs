//! Which plugin, and where it is compiled.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_sandbox::plugin::{Resolved, resolve};
use runner_sandbox::{COMPILE_COMMAND, Compiler, compile_for_parent};

/// The name in messages of a plugin that was given as bytes without a name.
const UNNAMED: &str = "plugin";

/// Where a plugin comes from.
///
/// A string means the same as on the command line: if it contains a slash or
/// ends in `.wasm`, it is the path of a file; otherwise it is the name of a
/// bundled plugin (`csv`, `newline`, `redact`, `replace`). A [`Path`] is always
/// a path. Bytes are those of a component or a core module.
#[derive(Debug, Clone)]
pub struct PluginSource(Source);

#[derive(Clone)]
enum Source {
    Named(String),
    File(PathBuf),
    Bytes { name: String, bytes: Cow<'static, [u8]> },
}

impl PluginSource {
    /// A plugin from the bytes of a component or a core module. `name` is its
    /// name in messages.
    #[must_use]
    pub fn bytes(name: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self(Source::Bytes { name: name.to_owned(), bytes: bytes.into() })
    }

    pub(crate) fn resolve(&self) -> Result<Resolved> {
        match &self.0 {
            Source::Named(name) => resolve(name),
            Source::File(path) => Resolved::file(path),
            Source::Bytes { name, bytes } => {
                Ok(Resolved { name: name.clone(), path: None, bytes: bytes.clone() })
            }
        }
    }

    /// Where the plugin is compiled, unless the caller has chosen. The bytes of
    /// a bundled plugin are known, so they may be compiled anywhere.
    pub(crate) fn default_compiler(&self, resolved: &Resolved) -> Result<Compiler> {
        if CHILD_COMPILER.load(Ordering::Acquire) {
            return Ok(Compiler::this_program(Compiler::DEADLINE));
        }
        if matches!(self.0, Source::Named(_)) && resolved.path.is_none() {
            return Ok(Compiler::InProcess);
        }
        let what = format!(
            "plugin `{}` was not compiled: in this process, the compiler has no limit of time or memory",
            shown(&resolved.name)
        );
        Err(Error::new(Kind::Refused, what)
            .hint("call `runner_embed::enable_child_compiler()` at the start of `main`: plugins are then compiled in a child process with limits")
            .hint("if you trust the plugin, call `Change::compiler(Compiler::InProcess)`: it is then compiled in this process without limits"))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.debug_tuple("Named").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            // A plugin may have 64 MiB, so its bytes are only counted.
            Self::Bytes { name, bytes } => {
                f.debug_struct("Bytes").field("name", name).field("len", &bytes.len()).finish()
            }
        }
    }
}

impl From<&str> for PluginSource {
    fn from(plugin: &str) -> Self {
        Self(Source::Named(plugin.to_owned()))
    }
}

impl From<String> for PluginSource {
    fn from(plugin: String) -> Self {
        Self(Source::Named(plugin))
    }
}

impl From<&Path> for PluginSource {
    fn from(path: &Path) -> Self {
        Self(Source::File(path.to_owned()))
    }
}

impl From<PathBuf> for PluginSource {
    fn from(path: PathBuf) -> Self {
        Self(Source::File(path))
    }
}

impl From<Vec<u8>> for PluginSource {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(UNNAMED, bytes)
    }
}

impl From<&'static [u8]> for PluginSource {
    fn from(bytes: &'static [u8]) -> Self {
        Self::bytes(UNNAMED, bytes)
    }
}

/// Whether `main` answers to [`COMPILE_COMMAND`].
static CHILD_COMPILER: AtomicBool = AtomicBool::new(false);

/// From now on, plugins are compiled in a child process. It has a memory limit,
/// and is killed if it takes longer than 120 seconds.
///
/// Call this at the very start of `main`, before the program reads its
/// arguments, prints anything or starts a thread. The child runs the same
/// program, and [`COMPILE_COMMAND`] is its first argument. There, this function
/// compiles the plugin from standard input, and ends the process. In every
/// other process it returns at once.
///
/// ```no_run
/// fn main() -> runner_embed::Result<()> {
///     runner_embed::enable_child_compiler();
///     runner_embed::Change::new("./plugin.wasm").apply("data.log")?;
///     Ok(())
/// }
/// ```
pub fn enable_child_compiler() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == COMPILE_COMMAND) {
        let args: Vec<_> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
        process::exit(compile_for_parent(&args, io::stdin(), io::stdout()).into());
    }
    CHILD_COMPILER.store(true, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_of_many_bytes_is_shown_by_its_name_and_length() {
        let source = PluginSource::bytes("mine", vec![7; 1 << 20]);
        assert_eq!(format!("{source:?}"), "PluginSource(Bytes { name: \"mine\", len: 1048576 })");
        let change = crate::Change::new(source);
        assert!(format!("{change:?}").len() < 200, "{change:?}");
    }
}
