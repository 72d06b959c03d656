//! Finding plugins, and checking their parameters.

mod assign;
pub mod bundled;
mod configured;
mod grants;
pub mod params;
mod several;

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use rustix::fs::OFlags;

use crate::{Limits, MAX_PLUGIN_BYTES, Plugin, Sandbox, Sink};

pub use self::configured::Configured;
pub use self::grants::Grants;
pub use self::several::{MAX_PLUGINS, Several, names};

/// The bytes of a plugin, and its name in messages.
pub struct Resolved {
    /// The bundled name, or the file's stem.
    pub name: String,
    /// The file; `None` for a bundled plugin.
    pub path: Option<PathBuf>,
    /// The component or core module.
    pub bytes: Cow<'static, [u8]>,
}

impl Resolved {
    /// Reads a plugin's file.
    ///
    /// # Errors
    /// When it cannot be read, is not a regular file, or is longer than
    /// [`MAX_PLUGIN_BYTES`].
    pub fn file(path: &Path) -> Result<Self> {
        let bytes = read(path)?;
        let name = shown(path.file_stem().unwrap_or_default()).to_string();
        Ok(Self { name, path: Some(path.to_owned()), bytes: bytes.into() })
    }

    /// [`Sandbox::load`], with the path in the error.
    ///
    /// # Errors
    /// As for [`Sandbox::load`].
    pub fn load(&self, sandbox: &Sandbox, limits: Limits, log: Sink) -> Result<Plugin> {
        let loaded = sandbox.load(&self.name, &self.bytes, limits, log);
        loaded.map_err(|error| match &self.path {
            Some(path) => error.within(format!("cannot load the plugin {}", shown(path))),
            None => error,
        })
    }
}

/// Finds a plugin by the name of a bundled plugin or the path of a file. An
/// argument that contains a slash or ends in `.wasm` or `.wat` is a path, anything else a
/// name.
///
/// # Errors
/// If there is no such plugin, or the file cannot be read.
pub fn resolve(plugin: &str) -> Result<Resolved> {
    let path = Path::new(plugin);
    if !plugin.contains('/')
        && path.extension().is_none_or(|extension| extension != "wasm" && extension != "wat")
    {
        if let Some(found) = bundled::ALL.iter().find(|bundled| bundled.name == plugin) {
            return Ok(Resolved { name: plugin.to_owned(), path: None, bytes: found.bytes.into() });
        }
        let names: Vec<_> = bundled::ALL.iter().map(|bundled| bundled.name).collect();
        let plugin = shown(plugin);
        return Err(Error::new(Kind::Usage, format!("there is no bundled plugin `{plugin}`")).hint(format!(
            "the bundled plugins are {}; for a file, give a path such as ./{plugin}",
            names.join(", ")
        )));
    }
    Resolved::file(path)
}

/// Reads a regular file of at most [`MAX_PLUGIN_BYTES`].
fn read(path: &Path) -> Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    // With this flag, a FIFO without a writer is opened at once, and refused.
    options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    let file = options.open(path).map_err(Error::at("open plugin", path))?;
    let metadata = file.metadata().map_err(Error::at("open plugin", path))?;
    if !metadata.is_file() {
        return Err(Error::new(Kind::Usage, format!("plugin {} is not a file", shown(path))));
    }
    let too_large = |bytes| crate::too_large(&shown(path).to_string(), bytes);
    if metadata.len() > MAX_PLUGIN_BYTES {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::new();
    // The file may grow, or its size may be unknown.
    let read = file.take(MAX_PLUGIN_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(Error::at("read plugin", path))?;
    if bytes.len() as u64 > MAX_PLUGIN_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}
