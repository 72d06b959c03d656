//! Compiled code between runs.
//!
//! Whoever can write an entry can run native code as this user, so an entry
//! is believed only when all of this holds: the directory is the user's own,
//! not a link, and closed to everyone else; the entry is a regular file in it,
//! of the same owner; and a MAC over its name and all of its bytes fits, under
//! a random key that lives in the directory. Any doubt means that the plugin
//! is compiled again: no failure in here is ever an error of the run.
//!
//! What the MAC is for is files that were mixed up, cut short or rotted, and
//! entries copied in from elsewhere. It does not stop someone who can read
//! the key, but such a person already acts as the user.

use std::env;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{OsStorage, PrivateDirectory, Storage, TEMPORARY_SUFFIX, is_private_file};
use rustix::fs::{AtFlags, Dir, Stat, statat, unlinkat};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::sealed_memfd::Sealed;

/// All entries together; the oldest go first.
pub(crate) const TOTAL_BYTES: u64 = 1 << 30;
const KEY_FILE: &str = "key";
const MAC_BYTES: usize = blake3::OUT_LEN;
pub(crate) const ENTRY_SUFFIX: &str = ".code";
/// Hexadecimal digits before the suffix of an entry, and of one that is not
/// complete.
pub(crate) const ENTRY_DIGITS: usize = 2 * blake3::OUT_LEN;
const TEMPORARY_DIGITS: usize = 16;

/// A directory of compiled plugins.
#[derive(Debug)]
pub struct Cache {
    directory: PrivateDirectory,
    key: [u8; blake3::KEY_LEN],
}

impl Cache {
    /// Where compiled code is kept: `$RUNNER_CACHE_DIR`, else `runner` in
    /// `$XDG_CACHE_HOME`, else `~/.cache/runner`. `None` when there is no
    /// absolute path to be had.
    #[must_use]
    pub fn default_dir() -> Option<PathBuf> {
        let var = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        var("RUNNER_CACHE_DIR")
            .or_else(|| Some(var("XDG_CACHE_HOME")?.join("runner")))
            .or_else(|| Some(var("HOME")?.join(".cache/runner")))
    }

    /// Opens the cache in [`Cache::default_dir`], where that can be done: a
    /// cache that cannot be used only costs time.
    #[must_use]
    pub fn open_default() -> Option<Self> {
        Self::default_dir().and_then(|dir| Self::open(&dir).ok())
    }

    /// Opens the cache in `dir`, which is made where it does not exist.
    ///
    /// # Errors
    /// Says why it cannot be trusted or used. Callers carry on without one.
    pub fn open(dir: &Path) -> Result<Self> {
        let directory = PrivateDirectory::open_or_create(dir)?;
        let key = directory.key_or_new(KEY_FILE).map_err(Error::at("read or create the key in", dir))?;
        let key = key.ok_or_else(|| {
            Error::new(Kind::Io, format!("cannot use the code cache {}", dir.shown()))
                .because("its key file is damaged")
                .hint("delete the key file")
        })?;
        Ok(Self { directory, key })
    }

    /// The compiled form of the plugin with this digest, where there is one
    /// beyond doubt.
    pub(crate) fn load(&self, engine: &Engine, plugin: &blake3::Hash) -> Option<Component> {
        let name = entry_name(engine, plugin);
        let (entry, size) = self.directory.open_file(&name, TOTAL_BYTES).ok()??;
        let body_bytes = size.checked_sub(MAC_BYTES as u64)?;
        let mut stated = [0; MAC_BYTES];
        entry.read_exact_at(&mut stated, body_bytes).ok()?;
        let code = Sealed::copy(&entry, body_bytes).ok()?;
        let found = code.with_bytes(|bytes| self.mac(&name, bytes)).ok()?;
        // Compared in constant time, as `Hash` is.
        if found != stated {
            return None;
        }
        // SAFETY: `deserialize_file` wants a file that the compiler made, and
        // that nobody changes. The MAC is right under a key only this user can
        // read, so `store` wrote exactly these bytes under this name; and they
        // were sealed before they were looked at. The name holds the engine's
        // compatibility hash; wasmtime checks its own header on top.
        #[allow(unsafe_code)]
        let component = unsafe { Component::deserialize_file(engine, code.path()) };
        component.ok()
    }

    /// Keeps a compiled plugin. Failure is silent: it costs the next run a
    /// compilation.
    pub(crate) fn store(&self, engine: &Engine, plugin: &blake3::Hash, mut bytes: Vec<u8>) {
        let name = entry_name(engine, plugin);
        let mac = self.mac(&name, &bytes);
        bytes.extend_from_slice(mac.as_bytes());
        // Not synced: a torn entry fails its MAC.
        let placed = self
            .directory
            .write_new(&bytes, |_, temporary| OsStorage.rename(temporary, &self.directory.entry(&name)));
        if placed.is_ok() {
            self.prune();
        }
    }

    fn mac(&self, name: &str, body: &[u8]) -> blake3::Hash {
        // Names have one length, so name and body cannot run into each other.
        blake3::Hasher::new_keyed(&self.key).update(name.as_bytes()).update(body).finalize()
    }

    /// Removes the oldest entries until the rest fit. A file that this cache
    /// has not made is left alone, whatever directory it was given.
    fn prune(&self) {
        let Ok(fd) = self.directory.open_fd() else { return };
        let Ok(names) = Dir::read_from(&fd) else { return };
        let mut files: Vec<(i64, u64, _)> = names
            .filter_map(|name| {
                let name = name.ok()?.file_name().to_owned();
                let stat = statat(&fd, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
                let made_here = is_name_of_ours(name.to_str().ok()?) && is_private_file(&stat);
                made_here.then(|| (modified(&stat), u64::try_from(stat.st_size).unwrap_or(0), name))
            })
            .collect();
        files.sort_unstable();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, name) in files {
            if total <= TOTAL_BYTES {
                break;
            }
            if unlinkat(&fd, name, AtFlags::empty()).is_ok() {
                total -= bytes;
            }
        }
    }
}

fn modified(stat: &Stat) -> i64 {
    stat.st_mtime
}

/// Whether this cache gives such names to its files, the key apart.
fn is_name_of_ours(name: &str) -> bool {
    let digits = |suffix: &str, count: usize| {
        name.strip_suffix(suffix).is_some_and(|digits| {
            digits.len() == count && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    digits(ENTRY_SUFFIX, ENTRY_DIGITS) || digits(TEMPORARY_SUFFIX, TEMPORARY_DIGITS)
}

/// Everything that decides what the compiled form is: the plugin, the engine
/// and its settings, and the way this release wraps core modules.
pub(crate) fn entry_name(engine: &Engine, plugin: &blake3::Hash) -> String {
    let mut hasher = Blake3(blake3::Hasher::new());
    hasher.write(plugin.as_bytes());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    format!("{}{ENTRY_SUFFIX}", hasher.0.finalize().to_hex())
}

/// The standard library's hashers are neither stable nor wide enough for a
/// name on disk.
struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}
