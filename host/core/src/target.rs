//! Opens a target: resolves its path once, refuses unsupported files, locks it,
//! records its identity and maps it. Only this module opens a target's path.

pub mod interference;
pub mod interrupted;

use std::io;
use std::path::Path;

use runner_contract::FileHead;

use self::interference::{changed, grown, moved};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::is_patch;
use crate::sidecar::{Names, check_not_reserved, exists};
use crate::storage::mmap::Mapping;
use crate::storage::{Access, Entry, FileType, Identity, Lock, OpenFile, OsStorage, Stat, Storage, lock};
use crate::target::interrupted::check_mark;
use crate::user_state;

/// The intended use of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Only read it, whatever its content.
    Read,
    /// Read it to prepare a change; for patch files, see [`PatchFiles`].
    Scan(PatchFiles),
    /// Change it; for patch files, see [`PatchFiles`].
    Write(PatchFiles),
}

/// Whether a file that begins as a patch does may be changed. It may be the
/// only way to recover another file: a journal, an undo file, or a saved plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchFiles {
    /// The file may not be changed.
    Refuse,
    /// The file may be changed, because the user requested that explicitly.
    Change,
}

/// A file that a run works on: resolved once, open and locked.
pub struct Target<'s, S: Storage> {
    /// The filesystem of the file.
    pub storage: &'s S,
    /// The names of the target and its side files; `names.target` is the file itself.
    pub names: Names,
    /// The locked descriptor.
    pub file: S::File,
    /// The metadata when the file was opened.
    pub stat: Stat,
}

/// A target on the real filesystem.
pub type OsTarget = Target<'static, OsStorage>;

impl OsTarget {
    /// Opens and locks a file. Other runs cannot change it until this value is
    /// dropped.
    ///
    /// # Errors
    /// When it is not a regular file or block device, cannot be opened, or
    /// another run is using it; [`Kind::Refused`] if its path is not trusted,
    /// or it is one of our own files.
    pub fn open(path: &Path, intent: Intent) -> Result<Self> {
        let entry = Entry::resolve(path)?;
        let shown = entry.path();
        if intent != Intent::Read {
            check_not_reserved(&entry)?;
        }
        let storage = OsStorage;
        let found = storage.stat_entry(&entry).map_err(Error::at("open", shown))?;
        check_type(shown, &found)?;
        let writes = matches!(intent, Intent::Write(_));
        // Root could open it, but the owner has made it read-only.
        if writes && found.file_type == FileType::Regular && found.mode & 0o222 == 0 {
            let error = Error::new(Kind::Usage, format!("{} is read-only", shown.shown()));
            return Err(if entry.is_in_proc() {
                error.hint("the kernel makes its content; `runner pipe` works on such files")
            } else {
                error.hint(format!("`chmod u+w {}` allows changes", shown.word()))
            });
        }
        let file = if !writes {
            storage.open(&entry, Access::Read)
        } else if found.file_type == FileType::Block {
            storage.open_device(&entry)
        } else {
            storage.open(&entry, Access::Write)
        };
        let file = file.map_err(|error| unopened(shown, error))?;
        let stat = storage.stat(&file).map_err(Error::at("inspect", shown))?;
        check_type(shown, &stat)?;
        if let Intent::Scan(PatchFiles::Refuse) | Intent::Write(PatchFiles::Refuse) = intent {
            check_not_a_patch(OpenFile::new(&OsStorage, &file, shown))?;
        }
        lock(&file, if writes { Lock::Exclusive } else { Lock::Shared }).map_err(|e| {
            let busy = e.kind() == io::ErrorKind::WouldBlock;
            let error = Error::io("lock", shown, e);
            if busy { error.of_kind(Kind::ChangedByOthers).hint("another run is using it") } else { error }
        })?;
        // Between open and lock another run may have replaced the file.
        let now = storage.stat_entry(&entry).map_err(Error::at("inspect", shown))?.identity;
        if !now.same_inode(&stat.identity) {
            return Err(changed(shown));
        }
        let key = if writes { user_state::key().ok() } else { user_state::existing_key() };
        let names = Names::new(&entry, stat.file_type, key)?;
        check_mark(&names, OpenFile::new(&OsStorage, &file, shown))?;
        Ok(Self { storage: &OsStorage, names, file, stat })
    }
}

impl<S: Storage> Target<'_, S> {
    /// The path of the file, with links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.names.target.path()
    }

    /// The size in bytes when the file was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stat.identity.size
    }

    /// The identity of the file when it was opened.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.stat.identity
    }

    /// The locked descriptor.
    #[must_use]
    pub fn open_file(&self) -> OpenFile<'_, S> {
        OpenFile::new(self.storage, &self.file, self.path())
    }

    /// Maps the file.
    ///
    /// # Errors
    /// When the file has content although its size is 0, as in `/proc`; any I/O
    /// error.
    pub fn map(&self) -> Result<Mapping> {
        let path = self.path();
        if self.size() == 0
            && self.storage.read_full_at(&self.file, &mut [0], 0).map_err(Error::at("read", path))? > 0
        {
            return Err(Error::new(
                Kind::Usage,
                format!("{} reports a size of 0, but has content", path.shown()),
            )
            .hint("`runner pipe` works on such files"));
        }
        self.storage.map(&self.file, self.size(), self.path())
    }

    /// Checks that the file was neither changed nor replaced since it was
    /// opened, as far as its identity shows.
    ///
    /// # Errors
    /// When it was.
    pub fn check_unchanged(&self) -> Result<()> {
        match self.appended()? {
            0 => Ok(()),
            bytes => Err(grown(self.path(), bytes).hint("nothing was written")),
        }
    }

    /// The number of bytes that other processes have appended since the file
    /// was opened. If the file has grown, nothing shows whether other bytes
    /// were changed.
    ///
    /// # Errors
    /// When the file was replaced, or was changed without growing.
    pub fn appended(&self) -> Result<u64> {
        let path = self.path();
        let open = self.storage.stat(&self.file).map_err(Error::at("inspect", path))?.identity;
        let named = self.storage.stat_entry(&self.names.target).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => moved(path, error),
            _ => Error::io("inspect", path, error),
        })?;
        let named = named.identity;
        let grown = open.size > self.identity().size;
        if named.same_inode(&open) && (grown || open == *self.identity()) {
            Ok(open.size - self.identity().size)
        } else {
            Err(changed(path))
        }
    }

    /// The number of bytes in the open file from `size` on.
    pub(crate) fn bytes_from(&self, size: u64) -> Result<u64> {
        Ok(self.open_file().size()?.saturating_sub(size))
    }
}

impl<S: Storage> Target<'_, S> {
    /// The temporary name of a file that a run on this target creates
    /// elsewhere. A file with this name that was left by a killed run is
    /// removed.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it belongs to a different user; any I/O error.
    pub fn temporary(&self, entry: &Entry) -> Result<Entry> {
        let temporary = self.names.temporary(entry);
        if !exists(self.storage, &temporary)? {
            return Ok(temporary);
        }
        let path = temporary.path();
        let stat = self.storage.stat_entry(&temporary).map_err(Error::at("inspect", path))?;
        // A backup may already have the owner and the mode of the target.
        let owners = [rustix::process::geteuid().as_raw(), self.stat.owner];
        let why = if stat.file_type != FileType::Regular || stat.links != 1 {
            Some("it is not a regular file with a single name".to_owned())
        } else {
            let theirs = !owners.contains(&stat.owner);
            theirs.then(|| format!("it belongs to user {}", stat.owner))
        };
        if let Some(why) = why {
            return Err(Error::new(Kind::Refused, format!("{} is in the way: {why}", path.shown()))
                .hint("only its owner knows whether it is still needed; choose another name"));
        }
        let file = self.storage.open(&temporary, Access::Read).map_err(Error::at("open", path))?;
        if self.storage.is_locked(&file) {
            return Err(Error::new(Kind::Refused, format!("{} is in the way", path.shown()))
                .hint("another run is using it"));
        }
        self.storage.remove(&temporary).map_err(Error::at("remove", path))?;
        Ok(temporary)
    }
}

/// The part of a mapped file that `begin` receives: at most so many bytes.
#[must_use]
pub fn head(mapping: &Mapping, most: usize) -> FileHead<'_> {
    let bytes = mapping.bytes();
    FileHead::new(Some(bytes.len() as u64), &bytes[..bytes.len().min(most)])
}

/// Refuses a file that begins as a patch does.
///
/// # Errors
/// [`Kind::Refused`]; any I/O error.
pub(crate) fn check_not_a_patch<S: Storage>(file: OpenFile<'_, S>) -> Result<()> {
    let path = file.path;
    if !is_patch(file.storage, file.file).map_err(Error::at("read", path))? {
        return Ok(());
    }
    let shown = path.shown();
    Err(Error::new(Kind::Refused, format!("{shown} is a patch file, and is not changed or replaced"))
        .hint("it may be the only way to recover another file: the journal of an interrupted run, or an undo file")
        .hint("`runner show` shows its content; `--allow-patch-file` allows changes to it"))
}

fn unopened(path: &Path, error: io::Error) -> Error {
    let is_busy = error.kind() == io::ErrorKind::ResourceBusy;
    let error = Error::io("open", path, error);
    if is_busy {
        error.hint("the device is mounted, or part of another device that is in use; unmount it first")
    } else {
        error
    }
}

/// Refuses anything but a regular file or a block device.
///
/// # Errors
/// An error that names the type.
pub fn check_type(path: &Path, stat: &Stat) -> Result<()> {
    match stat.file_type {
        FileType::Regular | FileType::Block => Ok(()),
        other => Err(Error::new(
            Kind::Usage,
            format!("{} is {other}; only files and block devices can be worked on", path.shown()),
        )),
    }
}
