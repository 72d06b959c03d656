//! Which plugin, and where it is compiled.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::stack;
use runner_sandbox::plugin::{Resolved, resolve};
use runner_sandbox::{COMPILE_COMMAND, Compiler, compile_for_parent};

/// What messages call a plugin that was given as bytes.
const UNNAMED: &str = "plugin";

/// Where a plugin comes from.
///
/// A string is what the command line takes: a bundled name (`csv`, `newline`,
/// `redact`, `replace`), or the path of a file where it holds a slash or ends
/// in `.wasm`. A [`Path`] is always a path. Bytes are a component or a core
/// module.
#[derive(Debug, Clone)]
pub struct PluginSource(Source);

#[derive(Debug, Clone)]
enum Source {
    Named(String),
    File(PathBuf),
    Bytes { name: String, bytes: Cow<'static, [u8]> },
}

impl PluginSource {
    /// Bytes of a component or core module. Messages call it `name`.
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

    /// Where it is compiled, unless the caller has chosen. The bytes of a
    /// bundled plugin are known, so they may be compiled anywhere.
    pub(crate) fn default_compiler(&self, resolved: &Resolved) -> Result<Compiler> {
        if CHILD_COMPILER.load(Ordering::Acquire) {
            return Ok(Compiler::this_program(Compiler::DEADLINE));
        }
        if matches!(self.0, Source::Named(_)) && resolved.path.is_none() {
            return Ok(Compiler::InProcess);
        }
        let what = format!("plugin `{}` is not compiled: nothing would bound the compiler", resolved.name);
        Err(Error::new(Kind::Refused, what)
            .hint("call `runner_embed::enable_child_compiler()` at the start of `main`")
            .hint("`Change::compiler(Compiler::InProcess)` compiles a plugin that you trust"))
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

/// Has plugins compiled in a child process, which is killed when it takes
/// longer than 120 seconds, and whose memory is bounded.
///
/// Call this at the very start of `main`, before the program reads its
/// arguments, prints anything or starts a thread. The child is this program
/// once more, with a first argument that is meant for this function: in the
/// child, it compiles the plugin from standard input and exits. In every other
/// process it returns at once.
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
        let compile = || compile_for_parent(&args, io::stdin().lock(), io::stdout().lock());
        // The stack of the first thread is as large as `ulimit -s` says.
        process::exit(stack::on_own_thread(compile).map_or(1, i32::from));
    }
    CHILD_COMPILER.store(true, Ordering::Release);
}
