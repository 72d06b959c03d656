//! Opens a target: resolves links, refuses what cannot be worked on, locks it,
//! pins its identity and maps it.

use std::path::{Path, PathBuf};

use crate::apply::rewrite::changed;
use crate::error::{Error, Kind, Result};
use crate::fs::{Access, FileType, Identity, OsFile, OsStorage, Stat, Storage, lock};
use crate::job::{FileHead, HEAD_BYTES};
use crate::journal::Names;
use crate::mapping::Mapping;
use crate::reach::Place;

/// What is to be done with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Only to read it.
    Read,
    /// To change it.
    Write,
}

/// A locked, open file.
pub struct Target {
    /// Its names; `names.target` is the file itself.
    pub names: Names,
    /// The locked descriptor.
    pub file: OsFile,
    /// What it was when it was opened.
    pub stat: Stat,
}

impl Target {
    /// Opens and locks a file; other runs cannot change it until this value
    /// is dropped.
    ///
    /// # Errors
    /// When it is not a regular file or block device, cannot be opened, or
    /// another run is at work on it.
    pub fn open(path: &Path, intent: Intent) -> Result<Self> {
        let storage = OsStorage;
        let resolved = std::fs::canonicalize(path).map_err(Error::at("open", path))?;
        check_type(path, &storage.stat_path(&resolved).map_err(Error::at("look at", path))?)?;
        let access = if intent == Intent::Write { Access::Write } else { Access::Read };
        let file = storage.open(&resolved, access).map_err(Error::at("open", path))?;
        let stat = storage.stat(&file).map_err(Error::at("look at", path))?;
        check_type(path, &stat)?;
        if intent == Intent::Write && stat.file_type == FileType::Regular && stat.mode & 0o222 == 0 {
            return Err(Error::new(Kind::Usage, format!("{} is read-only", path.display()))
                .hint(format!("`chmod u+w {}` allows changes", path.display())));
        }
        lock(&file, intent == Intent::Write).map_err(|e| {
            let busy = e.kind() == std::io::ErrorKind::WouldBlock;
            let error = Error::io("lock", path, e);
            if busy { error.hint("another run is at work on it") } else { error }
        })?;
        let target = Self { names: Names::new(&resolved, stat.file_type)?, file, stat };
        // Between open and lock another run may have put a new file there.
        let now = storage.stat_path(&resolved).map_err(Error::at("look at", path))?.identity;
        if !now.same_inode(&target.stat.identity) {
            return Err(changed(path));
        }
        Ok(target)
    }

    /// The file itself, links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.names.target
    }

    /// Size in bytes when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stat.identity.size
    }

    /// Maps the file.
    ///
    /// # Errors
    /// When the file has more content than it says, as those in `/proc` do;
    /// any I/O error.
    pub fn map(&self) -> Result<Mapping> {
        let path = self.path();
        if self.size() == 0
            && OsStorage.read_full_at(&self.file, &mut [0], 0).map_err(Error::at("read", path))? > 0
        {
            return Err(Error::new(
                Kind::Usage,
                format!("{} says that it is empty, and is not", path.display()),
            )
            .hint("`runner pipe` works on such files"));
        }
        Mapping::new(&self.file, self.size(), self.path())
    }

    /// The file as the stages see it that write.
    #[must_use]
    pub fn place(&self) -> Place<'_, OsStorage> {
        Place { storage: &OsStorage, names: &self.names, file: &self.file, stat: &self.stat }
    }

    /// What identified the file when it was opened.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.stat.identity
    }
}

/// What `begin` is shown of a mapped file.
#[must_use]
pub fn head(mapping: &Mapping) -> FileHead<'_> {
    let bytes = mapping.bytes();
    FileHead { size: Some(bytes.len() as u64), head: &bytes[..bytes.len().min(HEAD_BYTES)] }
}

/// The same name for a file beside it with a suffix.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn check_type(path: &Path, stat: &Stat) -> Result<()> {
    let refuse = |what: &str| {
        Err(Error::new(
            Kind::Usage,
            format!("{} is {what}; only files and block devices can be worked on", path.display()),
        ))
    };
    match stat.file_type {
        FileType::Regular | FileType::Block => Ok(()),
        FileType::Directory => refuse("a directory"),
        FileType::Other(what) => refuse(what),
    }
}
