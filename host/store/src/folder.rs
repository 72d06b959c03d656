//! The folder of a user's store, which nobody else may enter.

use std::ffi::OsStr;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::storage::{Access, OsStorage, PrivateDirectory, Storage as _, wait_for_lock};
use runner_pipeline::user_state;
use rustix::fs::Dir;

use crate::digest::Digest;
use crate::index::{Index, Installed};
use crate::store::{EVIDENCE_SUFFIX, INCOMING, SUFFIX, Store};

/// The folder of the plugins.
const PLUGINS: &str = "plugins";
/// The file that is locked.
const LOCK: &str = "lock";
/// Root's folder, whatever the environment: `HOME` may be the caller's.
const ROOT_FOLDER: &str = "/var/lib/runner/data";
/// The length of a digest in the name of a file.
const DIGEST_BYTES: usize = 2 * blake3::OUT_LEN;

/// This user's folder: `$RUNNER_DATA_DIR`; otherwise `runner` in `$XDG_DATA_HOME`;
/// otherwise `/var/lib/runner/data` for root, and `~/.local/share/runner` for other
/// users.
///
/// # Errors
/// When none of these is an absolute path.
pub fn path() -> Result<PathBuf> {
    let home = Path::new(".local/share/runner");
    user_state::place(["RUNNER_DATA_DIR", "XDG_DATA_HOME"], Path::new(ROOT_FOLDER), home).ok_or_else(|| {
        Error::new(Kind::Usage, "there is no folder for the plugins of this user")
            .hint("set HOME, XDG_DATA_HOME or RUNNER_DATA_DIR to an absolute path")
    })
}

/// A folder that only this user can enter.
#[derive(Debug)]
pub struct Folder {
    whole: PrivateDirectory,
    plugins: PrivateDirectory,
}

/// The right to change a store. It ends with this value.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "its lock ends with it")] File);

impl Folder {
    /// Opens the folder; `None` if nothing was ever installed.
    ///
    /// # Errors
    /// [`Kind::Refused`] if others may enter it; any I/O error.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let is_missing = |path: &Path| {
            std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        let plugins = path.join(PLUGINS);
        if is_missing(path) || is_missing(&plugins) {
            return Ok(None);
        }
        let (whole, plugins) = (PrivateDirectory::open(path)?, PrivateDirectory::open(&plugins)?);
        Ok(Some(Self { whole, plugins }))
    }

    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    /// [`Kind::Refused`] if others may enter it; any I/O error.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        let whole = PrivateDirectory::open_or_create(path)?;
        let plugins = PrivateDirectory::open_or_create(&path.join(PLUGINS))?;
        Ok(Self { whole, plugins })
    }

    /// The store in it. To change it, take a [`Turn`] first.
    #[must_use]
    pub fn store(&self) -> Store<'static, OsStorage> {
        Store::new(&OsStorage, &self.whole.entry(LOCK), &self.plugins.entry(INCOMING))
    }

    /// Waits until no other process changes the store. `tell` is called once, if
    /// there is something to wait for.
    ///
    /// # Errors
    /// If the run is stopped; any I/O error.
    pub fn turn(&self, cancel: Cancel<'_>, tell: impl FnOnce() -> Result<()>) -> Result<Turn> {
        let entry = self.whole.entry(LOCK);
        let file = match OsStorage.create(&entry) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => OsStorage.open(&entry, Access::Read),
            created => created,
        };
        let file = file.map_err(Error::at("open", entry.path()))?;
        wait_for_lock(&file, entry.path(), cancel, tell)?;
        Ok(Turn(file))
    }

    /// Removes files of plugins that the index does not name: of processes that
    /// were killed. A failure is ignored, because nothing depends on it.
    pub fn sweep(&self, index: &Index, _: &Turn) {
        let Ok(listed) = self.plugins.open_fd().and_then(|fd| Ok(Dir::new(fd)?)) else { return };
        let kept = |name: &[u8]| {
            let is = |digest: Digest, suffix| name == format!("{digest}{suffix}").as_bytes();
            let is_evidence = |digest| is(digest, EVIDENCE_SUFFIX);
            let named =
                |plugin: &Installed| is(plugin.blake3, SUFFIX) || plugin.evidence.is_some_and(is_evidence);
            index.plugins().iter().any(named)
        };
        for found in listed.flatten() {
            let name = found.file_name().to_bytes();
            let end = name.get(DIGEST_BYTES..).unwrap_or_default();
            let is_by_content = [SUFFIX, EVIDENCE_SUFFIX].iter().any(|suffix| end == suffix.as_bytes());
            let is_ours = name == INCOMING.as_bytes() || is_by_content;
            if is_ours && !kept(name) {
                let _ = OsStorage.remove(&self.plugins.entry(OsStr::from_bytes(name)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::rules::Outcome;
    use crate::store::New;
    use crate::testing::plugin;

    #[test]
    fn what_is_installed_is_there_and_what_is_left_over_is_swept() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        assert!(Folder::open(&path).unwrap().is_none());
        let folder = Folder::open_or_create(&path).unwrap();
        let turn = folder.turn(Cancel::NEVER, || Ok(())).unwrap();
        let new =
            New { plugin: plugin("a:x@1.0.0", b"x"), bytes: b"x".to_vec(), evidence: b"evidence".to_vec() };
        let store = folder.store();
        assert_eq!(store.install(std::slice::from_ref(&new), &[]).unwrap(), [Outcome::Installed]);
        let digest = "0".repeat(64);
        let left = [INCOMING.to_owned(), format!("{digest}.wasm"), format!("{digest}.intoto.jsonl")];
        for name in left.into_iter().chain(["other".to_owned()]) {
            std::fs::write(path.join(PLUGINS).join(name), "").unwrap();
        }
        folder.sweep(&store.index().unwrap(), &turn);
        let mut names: Vec<_> = std::fs::read_dir(path.join(PLUGINS))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let evidence = Digest::of(b"evidence");
        let mut expected =
            [format!("{}.wasm", new.plugin.blake3), format!("{evidence}.intoto.jsonl"), "other".to_owned()];
        expected.sort();
        assert_eq!(names, expected);
        let other = Folder::open(&path).unwrap().unwrap();
        assert_eq!(other.store().load(&new.plugin).unwrap(), b"x");
        let found = store.index().unwrap().plugins()[0].clone();
        assert_eq!(other.store().evidence(&found).unwrap(), b"evidence");
        std::fs::write(path.join(PLUGINS).join(format!("{evidence}.intoto.jsonl")), "Evidence").unwrap();
        assert_eq!(other.store().evidence(&found).unwrap_err().kind(), Kind::Verification);
        assert_eq!(other.store().evidence(&new.plugin).unwrap(), b"");
    }

    #[test]
    fn only_one_process_changes_it_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open_or_create(&scratch.path().join("data")).unwrap();
        let turn = folder.turn(Cancel::NEVER, || Ok(())).unwrap();
        let busy = || Err(Error::new(Kind::ChangedByOthers, "busy"));
        assert_eq!(folder.turn(Cancel::NEVER, busy).unwrap_err().kind(), Kind::ChangedByOthers);
        drop(turn);
        folder.turn(Cancel::NEVER, busy).unwrap();
    }

    #[test]
    fn what_others_may_have_written_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        let folder = Folder::open_or_create(&path).unwrap();
        let new = New { plugin: plugin("a:x@1.0.0", b"x"), bytes: b"x".to_vec(), evidence: Vec::new() };
        folder.store().install(std::slice::from_ref(&new), &[]).unwrap();
        let set =
            |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        let file = path.join(PLUGINS).join(format!("{}.wasm", new.plugin.blake3));
        set(&file, 0o620);
        assert_eq!(folder.store().load(&new.plugin).unwrap_err().kind(), Kind::Refused);
        set(&file, 0o600);
        set(&path.join("installed.toml"), 0o606);
        assert_eq!(folder.store().index().unwrap_err().kind(), Kind::Refused);
        for place in [path.clone(), path.join(PLUGINS)] {
            set(&place, 0o720);
            assert_eq!(Folder::open(&path).unwrap_err().kind(), Kind::Refused);
            assert_eq!(Folder::open_or_create(&path).unwrap_err().kind(), Kind::Refused);
            set(&place, 0o700);
        }
    }

    #[test]
    fn a_file_that_was_swapped_is_noticed() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open_or_create(&scratch.path().join("data")).unwrap();
        let new = New { plugin: plugin("a:x@1.0.0", b"x"), bytes: b"x".to_vec(), evidence: Vec::new() };
        let install = || folder.store().install(std::slice::from_ref(&new), &[]).unwrap();
        let load = || folder.store().load(&new.plugin).map_err(|error| error.kind());
        install();
        let file = scratch.path().join("data").join(PLUGINS).join(format!("{}.wasm", new.plugin.blake3));
        for content in ["", "y", "xx"] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(load(), Err(Kind::Verification), "{content}");
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(load(), Err(Kind::Verification));
        // A link is not followed, not even to the right content.
        std::fs::write(scratch.path().join("right"), "x").unwrap();
        std::os::unix::fs::symlink(scratch.path().join("right"), &file).unwrap();
        assert_eq!(load(), Err(Kind::Io));
        // And installing again mends it.
        assert_eq!(install(), [Outcome::Unchanged]);
        assert_eq!(load(), Ok(b"x".to_vec()));
    }
}
