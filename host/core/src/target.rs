//! Opens a target: resolves its path, once, refuses what cannot be worked on,
//! locks it, pins its identity and maps it. Nothing else opens a path that
//! belongs to a target.

pub mod interference;
pub mod interrupted;

use std::io;
use std::path::Path;

use runner_contract::{FileHead, HEAD_BYTES};

use self::interference::{changed, grown};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::is_patch;
use crate::sidecar::{Names, check_not_reserved, exists};
use crate::storage::mmap::Mapping;
use crate::storage::{Access, Entry, FileType, Identity, Lock, OpenFile, OsStorage, Stat, Storage, lock};
use crate::target::interrupted::check_mark;
use crate::user_state;

/// What is to be done with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Only to read it, whatever it is.
    Read,
    /// To read it for a change; of a patch file, see [`PatchFiles`].
    Scan(PatchFiles),
    /// To change it, likewise.
    Write(PatchFiles),
}

/// Whether a file that begins as a patch does may be changed. It may be all
/// that can bring back another file: a journal, an undo file, a saved plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchFiles {
    /// No.
    Refuse,
    /// Yes: it was asked for in so many words.
    Change,
}

/// A file that is worked on: resolved once, open and locked.
pub struct Target<'s, S: Storage> {
    /// The filesystem it is on.
    pub storage: &'s S,
    /// Its names; `names.target` is the file itself.
    pub names: Names,
    /// The locked descriptor.
    pub file: S::File,
    /// What it was when it was opened.
    pub stat: Stat,
}

/// A target on the real filesystem.
pub type OsTarget = Target<'static, OsStorage>;

impl OsTarget {
    /// Opens and locks a file; other runs cannot change it until this value
    /// is dropped.
    ///
    /// # Errors
    /// When it is not a regular file or block device, cannot be opened, or
    /// another run is at work on it; [`Kind::Refused`] where its path is not
    /// to be trusted, or it is one of our own files.
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
        // Root could open it; its owner has said that it is not to be changed.
        if writes && found.file_type == FileType::Regular && found.mode & 0o222 == 0 {
            return Err(Error::new(Kind::Usage, format!("{} is read-only", shown.shown()))
                .hint(format!("`chmod u+w {}` allows changes", shown.word())));
        }
        let file = if !writes {
            storage.open(&entry, Access::Read)
        } else if found.file_type == FileType::Block {
            storage.open_device(&entry)
        } else {
            storage.open(&entry, Access::Write)
        };
        let file = file.map_err(|error| unopened(shown, error))?;
        let stat = storage.stat(&file).map_err(Error::at("look at", shown))?;
        check_type(shown, &stat)?;
        if let Intent::Scan(PatchFiles::Refuse) | Intent::Write(PatchFiles::Refuse) = intent {
            check_not_a_patch(OpenFile::new(&OsStorage, &file, shown))?;
        }
        lock(&file, if writes { Lock::Exclusive } else { Lock::Shared }).map_err(|e| {
            let busy = e.kind() == io::ErrorKind::WouldBlock;
            let error = Error::io("lock", shown, e);
            if busy {
                error.of_kind(Kind::ChangedByOthers).hint("another run is at work on it")
            } else {
                error
            }
        })?;
        // Between open and lock another run may have put a new file there.
        let now = storage.stat_entry(&entry).map_err(Error::at("look at", shown))?.identity;
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
    /// The file itself, links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.names.target.path()
    }

    /// Size in bytes when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stat.identity.size
    }

    /// What identified the file when it was opened.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.stat.identity
    }

    /// Its locked descriptor.
    #[must_use]
    pub fn open_file(&self) -> OpenFile<'_, S> {
        OpenFile::new(self.storage, &self.file, self.path())
    }

    /// Maps the file.
    ///
    /// # Errors
    /// When the file has more content than it says, as those in `/proc` do;
    /// any I/O error.
    pub fn map(&self) -> Result<Mapping> {
        let path = self.path();
        if self.size() == 0
            && self.storage.read_full_at(&self.file, &mut [0], 0).map_err(Error::at("read", path))? > 0
        {
            return Err(Error::new(
                Kind::Usage,
                format!("{} says that it is empty, and is not", path.shown()),
            )
            .hint("`runner pipe` works on such files"));
        }
        self.storage.map(&self.file, self.size(), self.path())
    }

    /// Makes sure that nobody has changed or replaced the file since it was
    /// opened, as far as its identity tells.
    ///
    /// # Errors
    /// When somebody has.
    pub fn check_unchanged(&self) -> Result<()> {
        match self.appended()? {
            0 => Ok(()),
            bytes => Err(grown(self.path(), bytes).hint("nothing was written")),
        }
    }

    /// How many bytes others have appended since the file was opened. Where it
    /// has grown, nothing tells whether other bytes of it were changed.
    ///
    /// # Errors
    /// When it was replaced, or has changed without growing.
    pub fn appended(&self) -> Result<u64> {
        let path = self.path();
        let open = self.storage.stat(&self.file).map_err(Error::at("look at", path))?.identity;
        let named = self.storage.stat_entry(&self.names.target).map_err(Error::at("look at", path))?.identity;
        let grown = open.size > self.identity().size;
        if named.same_inode(&open) && (grown || open == *self.identity()) {
            Ok(open.size - self.identity().size)
        } else {
            Err(changed(path))
        }
    }

    /// Bytes that stand in the open file from `size` on.
    pub(crate) fn behind(&self, size: u64) -> Result<u64> {
        Ok(self.open_file().size()?.saturating_sub(size))
    }
}

impl<S: Storage> Target<'_, S> {
    /// What a file that a run on this target makes elsewhere is called until it
    /// is complete. One that was left by a run that was killed is removed.
    ///
    /// # Errors
    /// [`Kind::Refused`] where somebody else has made it; any I/O error.
    pub fn temporary(&self, entry: &Entry) -> Result<Entry> {
        let temporary = self.names.temporary(entry);
        if !exists(self.storage, &temporary)? {
            return Ok(temporary);
        }
        let path = temporary.path();
        let stat = self.storage.stat_entry(&temporary).map_err(Error::at("look at", path))?;
        // A backup may have the owner and the mode of the target already.
        let owners = [rustix::process::geteuid().as_raw(), self.stat.owner];
        let why = if stat.file_type != FileType::Regular || stat.links != 1 {
            Some("it is not a file with one name".to_owned())
        } else {
            let theirs = !owners.contains(&stat.owner);
            theirs.then(|| format!("it belongs to user {}", stat.owner))
        };
        if let Some(why) = why {
            return Err(Error::new(Kind::Refused, format!("{} is in the way: {why}", path.shown()))
                .hint("only its owner can say whether it is still needed; choose another name"));
        }
        let file = self.storage.open(&temporary, Access::Read).map_err(Error::at("open", path))?;
        if self.storage.is_locked(&file) {
            return Err(Error::new(Kind::Refused, format!("{} is in the way", path.shown()))
                .hint("another run is at work on it"));
        }
        self.storage.remove(&temporary).map_err(Error::at("remove", path))?;
        Ok(temporary)
    }
}

/// What `begin` is shown of a mapped file.
#[must_use]
pub fn head(mapping: &Mapping) -> FileHead<'_> {
    let bytes = mapping.bytes();
    FileHead { size: Some(bytes.len() as u64), head: &bytes[..bytes.len().min(HEAD_BYTES)] }
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
        .hint("it may be all that can bring back another file: the journal of an interrupted run, or an undo file")
        .hint("`runner show` shows what it holds; `--allow-patch-file` lets `apply` and `plan` work on it"))
}

fn unopened(path: &Path, error: io::Error) -> Error {
    let is_busy = error.kind() == io::ErrorKind::ResourceBusy;
    let error = Error::io("open", path, error);
    if is_busy {
        error.hint("the device is mounted, or part of something else that is in use; unmount it first")
    } else {
        error
    }
}

/// Refuses what is neither a file nor a block device.
///
/// # Errors
/// Says what it is.
pub fn check_type(path: &Path, stat: &Stat) -> Result<()> {
    let refuse = |what: &str| {
        Err(Error::new(
            Kind::Usage,
            format!("{} is {what}; only files and block devices can be worked on", path.shown()),
        ))
    };
    match stat.file_type {
        FileType::Regular | FileType::Block => Ok(()),
        FileType::Directory => refuse("a directory"),
        FileType::Other(what) => refuse(what),
    }
}
