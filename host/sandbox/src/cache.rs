//! Keeps compiled code between runs.
//!
//! Anybody who can write an entry can run native code as this user. So an entry
//! is trusted only if all of these conditions hold: the directory belongs to
//! the user, is not a link, and is closed to everybody else; the entry is a
//! regular file in it with the same owner; and its MAC over the name and all
//! bytes is correct under a random key that is stored in the directory. In any
//! doubt, the plugin is compiled again: a failure of the cache is never an
//! error of the run.
//!
//! An entry is native code, the facts about its plugin, and the MAC.
//!
//! The MAC detects files that were mixed up, truncated or corrupted, and
//! entries copied from elsewhere. It does not stop an attacker who can read the
//! key, but such an attacker already acts as the user.

#[cfg(test)]
mod tests;

use std::env;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{OsStorage, PrivateDirectory, Storage, TEMPORARY_SUFFIX, is_private_file};
use rustix::fs::{AtFlags, Dir, Stat, statat, unlinkat};
use wasmtime::Engine;

use crate::code::{Code, CodeFile};
use crate::componentize;
use crate::facts::Facts;

/// Size limit of all entries together. The oldest are removed first.
pub(crate) const TOTAL_BYTES: u64 = 1 << 30;
const KEY_FILE: &str = "key";
/// The form of entries. Those of other forms have different names.
const FORM: u32 = 2;
/// Bytes after the code: the facts, and the MAC.
const FOOTER_BYTES: usize = Facts::BYTES + blake3::OUT_LEN;
pub(crate) const ENTRY_SUFFIX: &str = ".code";
/// Number of hexadecimal digits before the suffix of an entry.
pub(crate) const ENTRY_DIGITS: usize = 2 * blake3::OUT_LEN;
/// Number of hexadecimal digits before the suffix of an incomplete entry.
const TEMPORARY_DIGITS: usize = 16;

/// The result of a search for a plugin's native code.
#[derive(Debug)]
pub(crate) enum Cached {
    /// The file, filled with authentic code and sealed.
    Found(Code),
    /// The file, still empty: there is no entry.
    Missing(CodeFile),
    /// The entry cannot be trusted. The file is spoilt, so it is gone.
    Bad,
}

/// A directory of compiled plugins.
#[derive(Debug)]
pub struct Cache {
    directory: PrivateDirectory,
    key: [u8; blake3::KEY_LEN],
}

impl Cache {
    /// The default directory: `$RUNNER_CACHE_DIR`, else `runner` in
    /// `$XDG_CACHE_HOME`, else `~/.cache/runner`. `None` if none of these is an
    /// absolute path.
    #[must_use]
    pub fn default_dir() -> Option<PathBuf> {
        let var = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        var("RUNNER_CACHE_DIR")
            .or_else(|| Some(var("XDG_CACHE_HOME")?.join("runner")))
            .or_else(|| Some(var("HOME")?.join(".cache/runner")))
    }

    /// Opens the cache in [`Cache::default_dir`]; `None` if there is no such
    /// directory.
    ///
    /// # Errors
    /// As for [`Cache::open`]. Callers continue without a cache, which only costs
    /// time.
    pub fn open_default() -> Result<Option<Self>> {
        Self::default_dir().map(|dir| Self::open(&dir)).transpose()
    }

    /// Opens the cache in `dir`, and creates the directory if necessary.
    ///
    /// # Errors
    /// If the directory cannot be trusted or used. Callers continue without a
    /// cache.
    pub fn open(dir: &Path) -> Result<Self> {
        let directory = PrivateDirectory::open_or_create(dir)?;
        let key = directory.key_or_new(KEY_FILE).map_err(Error::at("read or create the key in", dir))?;
        let key = key.ok_or_else(|| {
            Error::new(Kind::Io, format!("cannot use the code cache {}", dir.shown()))
                .because("its key file is damaged")
                .hint(format!(
                    "delete {}; the next run creates a new key, and compiles plugins again",
                    dir.join(KEY_FILE).shown()
                ))
        })?;
        Ok(Self { directory, key })
    }

    /// Fills `file`, which must be empty, with the native code of the plugin with
    /// this digest, if the cache has a trustworthy entry.
    pub(crate) fn load(&self, engine: &Engine, plugin: &blake3::Hash, file: CodeFile) -> Cached {
        let name = entry_name(engine, plugin);
        let Ok(Some((entry, size))) = self.directory.open_file(&name, TOTAL_BYTES) else {
            return Cached::Missing(file);
        };
        let Some(code_bytes) = size.checked_sub(FOOTER_BYTES as u64) else { return Cached::Missing(file) };
        self.fill(&name, &entry, code_bytes, file).map_or(Cached::Bad, Cached::Found)
    }

    /// Copies an entry to the file, seals it, and checks what was copied.
    fn fill(&self, name: &str, entry: &File, code_bytes: u64, file: CodeFile) -> Option<Code> {
        let mut footer = [0; FOOTER_BYTES];
        entry.read_exact_at(&mut footer, code_bytes).ok()?;
        let (facts, stated) = (*footer.first_chunk()?, *footer.last_chunk::<{ blake3::OUT_LEN }>()?);
        file.copy(entry, code_bytes).ok()?;
        let code = file.seal(code_bytes, Facts::from_bytes(facts)?).ok()?;
        let found = code.with_bytes(|bytes| self.mac(name, bytes, &facts)).ok()?;
        // `Hash` is compared in constant time.
        if found != stated {
            return None;
        }
        Some(code)
    }

    /// Stores a compiled plugin. A failure is ignored: it only means that the
    /// next run compiles the plugin again.
    pub(crate) fn store(&self, engine: &Engine, plugin: &blake3::Hash, code: &Code) {
        let name = entry_name(engine, plugin);
        let facts = code.facts().to_bytes();
        let placed = code.with_bytes(|bytes| {
            let mac = self.mac(&name, bytes, &facts);
            // Not synced: a torn entry fails its MAC.
            self.directory.write_new(bytes, |mut file, temporary| {
                file.write_all(&facts)?;
                file.write_all(mac.as_bytes())?;
                OsStorage.rename(temporary, &self.directory.entry(&name))
            })
        });
        if matches!(placed, Ok(Ok(()))) {
            self.prune();
        }
    }

    fn mac(&self, name: &str, code: &[u8], facts: &[u8; Facts::BYTES]) -> blake3::Hash {
        // All names have the same length, and so have all facts, so none of the
        // three can be confused.
        blake3::Hasher::new_keyed(&self.key).update(name.as_bytes()).update(code).update(facts).finalize()
    }

    /// Removes the oldest entries until the rest fit. Files that this cache has
    /// not created are left alone, whatever directory was configured.
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

/// Whether the name has the form of an entry, complete or not.
fn is_name_of_ours(name: &str) -> bool {
    let digits = |suffix: &str, count: usize| {
        name.strip_suffix(suffix).is_some_and(|digits| {
            digits.len() == count && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    digits(ENTRY_SUFFIX, ENTRY_DIGITS) || digits(TEMPORARY_SUFFIX, TEMPORARY_DIGITS)
}

/// The name covers everything that determines the entry: the plugin, the engine
/// and its settings, what core modules are wrapped in, the release, and the form.
pub(crate) fn entry_name(engine: &Engine, plugin: &blake3::Hash) -> String {
    let mut hasher = Blake3(blake3::Hasher::new());
    hasher.write(plugin.as_bytes());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    componentize::WRAPPING.hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    FORM.hash(&mut hasher);
    format!("{}{ENTRY_SUFFIX}", hasher.0.finalize().to_hex())
}

/// A hasher whose results are stable and wide enough for names on disk, unlike
/// those of the standard library.
struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}
