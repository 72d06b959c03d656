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
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::sealed::Sealed;
use crate::error::{Error, Kind, Result};

/// All entries together; the oldest go first.
const TOTAL_BYTES: u64 = 1 << 30;
const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = blake3::OUT_LEN;
const ENTRY_SUFFIX: &str = ".code";

/// A directory of compiled plugins.
#[derive(Debug)]
pub struct Cache {
    /// Everything is done relative to this, so it stays the directory that
    /// was checked.
    dir: OwnedFd,
    path: PathBuf,
    key: [u8; KEY_BYTES],
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

    /// Opens the cache in `dir`, which is made where it does not exist.
    ///
    /// # Errors
    /// Says why it cannot be trusted or used. Callers carry on without one.
    pub fn open(dir: &Path) -> Result<Self> {
        let refuse = |why: &str| {
            Error::new(Kind::Usage, format!("cannot use the code cache {}", dir.display())).because(why)
        };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(Error::at("create", dir))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(dir, flags, Mode::empty())
            .map_err(|error| Error::io("open", dir, error.into()))?;
        let stat = rustix::fs::fstat(&fd).map_err(|error| Error::io("stat", dir, error.into()))?;
        if !is_own(&stat) {
            return Err(refuse("it belongs to another user"));
        }
        if stat.st_mode & 0o077 != 0 {
            return Err(refuse("others may enter it").hint(format!("chmod 700 {}", dir.display())));
        }
        let key = key(&fd).map_err(Error::at("read or create the key in", dir))?;
        let key = key.ok_or_else(|| refuse("its key file is damaged").hint("delete the directory"))?;
        Ok(Self { dir: fd, path: dir.to_owned(), key })
    }

    /// The compiled form of the plugin with this digest, where there is one
    /// beyond doubt.
    pub(super) fn load(&self, engine: &Engine, plugin: &blake3::Hash) -> Option<Component> {
        let name = entry_name(engine, plugin);
        let (entry, size) = open_own(&self.dir, &name, TOTAL_BYTES).ok()??;
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
    pub(super) fn store(&self, engine: &Engine, plugin: &blake3::Hash, mut bytes: Vec<u8>) {
        let name = entry_name(engine, plugin);
        let mac = self.mac(&name, &bytes);
        bytes.extend_from_slice(mac.as_bytes());
        if write_new(&self.dir, &bytes, |temporary| {
            rustix::fs::renameat(&self.dir, temporary, &self.dir, &name)
        })
        .is_ok()
        {
            self.prune();
        }
    }

    fn mac(&self, name: &str, body: &[u8]) -> blake3::Hash {
        // Names have one length, so name and body cannot run into each other.
        blake3::Hasher::new_keyed(&self.key).update(name.as_bytes()).update(body).finalize()
    }

    /// Removes the oldest entries until the rest fit.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let stat = entry.metadata().ok()?;
                (entry.file_name() != KEY_FILE)
                    .then(|| Some((stat.modified().ok()?, stat.len(), entry.path())))?
            })
            .collect();
        files.sort_unstable();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in files {
            if total <= TOTAL_BYTES {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= bytes;
            }
        }
    }
}

/// Everything that decides what the compiled form is: the plugin, the engine
/// and its settings, and the way this release wraps core modules.
pub(super) fn entry_name(engine: &Engine, plugin: &blake3::Hash) -> String {
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

/// The directory's key, made on first use; `None` when it is not one.
fn key(dir: &OwnedFd) -> io::Result<Option<[u8; KEY_BYTES]>> {
    let max = KEY_BYTES as u64;
    let read = || read_own(dir, KEY_FILE, max).map(|bytes| bytes?.try_into().ok());
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let mut fresh = [0; KEY_BYTES];
    getrandom::fill(&mut fresh).map_err(io::Error::other)?;
    // A link fails where there is a file, so of two runs that start at once
    // one makes the key and both read it, whole.
    let linked = write_new(dir, &fresh, |temporary| {
        let linked = rustix::fs::linkat(dir, temporary, dir, KEY_FILE, AtFlags::empty());
        rustix::fs::unlinkat(dir, temporary, AtFlags::empty())?;
        linked
    });
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(),
    }
}

/// Writes a file under a new name and has `place` give it its own.
fn write_new(
    dir: &OwnedFd,
    bytes: &[u8],
    place: impl FnOnce(&str) -> rustix::io::Result<()>,
) -> io::Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let temporary = format!("{:016x}.new", u64::from_le_bytes(random));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(dir, &temporary, flags, Mode::RUSR | Mode::WUSR)?;
    // Not synced: a torn entry fails its MAC.
    let done = File::from(fd).write_all(bytes).and_then(|()| Ok(place(&temporary)?));
    if done.is_err() {
        // It may be placed or gone already; what is left is pruned in time.
        let _ = rustix::fs::unlinkat(dir, &temporary, AtFlags::empty());
    }
    done
}

/// The content of a file that [`open_own`] opens.
fn read_own(dir: &OwnedFd, name: &str, max: u64) -> io::Result<Option<Vec<u8>>> {
    let Some((file, size)) = open_own(dir, name, max)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(max).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A regular file of this user, and its size; `None` when it is anything else,
/// or longer than `max` bytes.
fn open_own(dir: &OwnedFd, name: &str, max: u64) -> io::Result<Option<(File, u64)>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&fd)?;
    let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    let regular = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
    if !regular || !is_own(&stat) || stat.st_mode & 0o077 != 0 || size > max {
        return Ok(None);
    }
    Ok(Some((File::from(fd), size)))
}

fn is_own(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}
