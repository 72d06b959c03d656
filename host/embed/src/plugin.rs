//! Which plugin, and where it runs.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_sandbox::Isolation;
use runner_sandbox::plugin::{Resolved, resolve};

/// The name in messages of a plugin that was given as bytes without a name.
const UNNAMED: &str = "plugin";

/// Where a plugin comes from.
///
/// A string means the same as on the command line: if it contains a slash or
/// ends in `.wasm`, it is the path of a file; otherwise it is the name of a
/// bundled plugin (`bytes`, `csv`, `newline`, `redact`, `replace`). A [`Path`] is
/// always a path. Bytes are those of a component or a core module.
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
}

/// Where a plugin is compiled and run, unless the caller has chosen.
///
/// # Errors
/// [`Kind::Refused`] if there is no such place.
pub(crate) fn default_isolation(name: &str) -> Result<Isolation> {
    if IS_OWN_WORKER.load(Ordering::Acquire) {
        return Ok(Isolation::this_program(Isolation::COMPILE_DEADLINE));
    }
    let what = format!(
        "plugin `{}` was not run: in this process, nothing but the sandbox of WebAssembly would confine it",
        shown(name)
    );
    Err(Error::new(Kind::Refused, what)
            .hint("call `runner_embed::worker_main()` at the start of `main`: plugins are then compiled and run in confined processes")
            .hint("if you trust the plugin, call `Change::isolation(Isolation::InProcess)`: it is then compiled and run in this process"))
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

/// Whether `main` starts with [`worker_main`].
static IS_OWN_WORKER: AtomicBool = AtomicBool::new(false);

/// From now on, plugins are compiled and run in processes of their own, which
/// are confined. The compiler is killed if it takes longer than 120 seconds.
///
/// Call this at the very start of `main`, before the program reads its
/// arguments, prints or opens anything, or starts a thread. The processes run
/// the same program. There, this function does their work, and does not return.
/// In every other process it returns at once.
///
/// ```no_run
/// fn main() -> runner_embed::Result<()> {
///     runner_embed::worker_main();
///     runner_embed::Change::new("./plugin.wasm").apply("data.log")?;
///     Ok(())
/// }
/// ```
pub fn worker_main() {
    runner_sandbox::worker_main();
    IS_OWN_WORKER.store(true, Ordering::Release);
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
