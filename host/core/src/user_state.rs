//! The user's state directory: the key that authenticates the files that a run
//! leaves next to its target, and the journals of block devices.
//!
//! Any user who may write to a target's directory can create a file there that
//! looks like a journal. A journal made with this user's key was not created by
//! another user, nor for a different file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::PrivateDirectory;

/// The name of the key in the state directory.
const KEY_FILE: &str = "journal-key";
/// Root's state directory, whatever the environment.
const ROOT_DIRECTORY: &str = "/var/lib/runner";

/// The contexts of authentication, so that no value can be used for a different
/// purpose.
const JOURNAL: &str = "runner 2026-11-26 journal";
const CHECKPOINT: &str = "runner 2026-11-26 checkpoint";
const NAMES: &str = "runner 2026-11-26 names beside a target";
const ID: &str = "runner 2026-11-26 key id";

/// A secret key of one user on one machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; blake3::KEY_LEN]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// A key with these bytes, which must be secret and random.
    #[must_use]
    pub fn from_bytes(bytes: [u8; blake3::KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// Distinguishes keys without revealing their bytes.
    #[must_use]
    pub fn id(&self) -> [u8; 8] {
        let id = blake3::derive_key(ID, &self.0);
        [id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]]
    }

    /// Authenticates a journal by the check of its seal.
    #[must_use]
    pub fn of_journal(&self, seal: &blake3::Hash) -> blake3::Hash {
        self.keyed(JOURNAL, seal.as_bytes())
    }

    /// Authenticates a checkpoint by its bytes.
    #[must_use]
    pub fn of_checkpoint(&self, bytes: &[u8]) -> blake3::Hash {
        self.keyed(CHECKPOINT, bytes)
    }

    /// Distinguishes the names next to a target from other files' names: 16
    /// hexadecimal digits.
    #[must_use]
    pub fn tag(&self, target: &OsStr) -> String {
        self.keyed(NAMES, target.as_bytes()).to_hex()[..TAG_DIGITS].to_owned()
    }

    fn keyed(&self, what: &str, bytes: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&blake3::derive_key(what, &self.0), bytes)
    }
}

/// Number of hexadecimal digits in [`Key::tag`].
pub const TAG_DIGITS: usize = 16;

/// This user's state directory: `$RUNNER_STATE_DIR`; otherwise `runner` in
/// `$XDG_STATE_HOME`; otherwise `/var/lib/runner` for root, and
/// `~/.local/state/runner` for other users.
///
/// # Errors
/// When none of these is an absolute path.
pub fn directory() -> Result<PathBuf> {
    let home = Path::new(".local/state/runner");
    place(["RUNNER_STATE_DIR", "XDG_STATE_HOME"], Path::new(ROOT_DIRECTORY), home).ok_or_else(|| {
        Error::new(Kind::Usage, "there is no directory for the state of this user")
            .hint("set HOME, XDG_STATE_HOME or RUNNER_STATE_DIR to an absolute path")
    })
}

/// A directory of this user: that which the variable `own` names; otherwise
/// `runner` in the one that `xdg` names; otherwise `root` for root, and `home` in
/// `$HOME` for other users. A variable counts if it is an absolute path.
#[must_use]
pub fn place([own, xdg]: [&str; 2], root: &Path, home: &Path) -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    variable(own)
        .or_else(|| Some(variable(xdg)?.join("runner")))
        .or_else(|| rustix::process::geteuid().is_root().then(|| root.to_owned()))
        .or_else(|| Some(variable("HOME")?.join(home)))
}

/// The user's key. It is created, durably, if there is none.
///
/// # Errors
/// The reason why there can be no key.
pub fn key() -> Result<Key> {
    static KEY: OnceLock<Key> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key.clone());
    }
    let path = directory()?;
    let key = read(&PrivateDirectory::open_or_create(&path)?, &path)?;
    Ok(KEY.get_or_init(|| key).clone())
}

fn read(directory: &PrivateDirectory, path: &Path) -> Result<Key> {
    let key = directory.key_or_new(KEY_FILE).map_err(Error::at("read or create the key in", path))?;
    key.map(Key).ok_or_else(|| {
        let file = path.join(KEY_FILE);
        Error::new(Kind::Refused, format!("{} is not a key of this user", file.shown()))
            .hint("move it away; then a new key is created, and journals of the old key need `runner recover --trust-journal`")
    })
}

/// The user's key, if it exists.
#[must_use]
pub fn existing_key() -> Option<Key> {
    let directory = PrivateDirectory::open(&directory().ok()?).ok()?;
    directory.key(KEY_FILE).ok()?.map(Key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_and_each_key_has_its_own_values() {
        let (one, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let value = blake3::hash(b"x");
        let all = [
            one.of_journal(&value),
            one.of_checkpoint(value.as_bytes()),
            other.of_journal(&value),
            one.of_journal(&blake3::hash(b"y")),
        ];
        for (index, a) in all.iter().enumerate() {
            assert!(all[..index].iter().all(|b| a != b));
        }
        assert_ne!(one.id(), other.id());
        assert_ne!(one.tag(OsStr::new("a")), one.tag(OsStr::new("b")));
        assert_ne!(one.tag(OsStr::new("a")), other.tag(OsStr::new("a")));
        assert_eq!(one.tag(OsStr::new("a")).len(), TAG_DIGITS);
        assert_eq!(format!("{one:?}"), "Key(..)");
    }

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/state");
        let directory = PrivateDirectory::open_or_create(&path).unwrap();
        let key = read(&directory, &path).unwrap();
        assert!(read(&directory, &path).unwrap() == key);
        let file = path.join(KEY_FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            read(&directory, &path).unwrap_err().kind(),
            Kind::Refused,
            "other users may have read it"
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(PrivateDirectory::open_or_create(&path).unwrap_err().kind(), Kind::Refused);
    }
}
