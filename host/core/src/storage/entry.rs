//! Names in directories that were opened once.
//!
//! A path that is looked up twice may lead to two places: whoever may write to
//! one of its directories decides. So a path is resolved once (see
//! [`Entry::resolve`]), its directory stays open, and everything that is done
//! to the file and to what stands beside it goes through that descriptor and a
//! single name, of which a symbolic link is never followed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::CWD;

use crate::escape::Raw as _;

/// A directory that was opened once.
#[derive(Debug)]
pub struct Directory {
    /// `None` for a storage without descriptors.
    fd: Option<OwnedFd>,
    path: PathBuf,
}

impl Directory {
    pub(super) fn new(fd: OwnedFd, path: PathBuf) -> Arc<Self> {
        Arc::new(Self { fd: Some(fd), path })
    }

    /// Its path when it was opened, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A name in this directory.
    ///
    /// # Panics
    /// When `name` is not a single name.
    #[must_use]
    pub fn entry(self: &Arc<Self>, name: impl AsRef<OsStr>) -> Entry {
        let path = self.path.join(name.as_ref());
        assert_eq!(path.file_name(), Some(name.as_ref()), "an entry has a single name");
        Entry { directory: Arc::clone(self), path }
    }
}

/// A name in a directory that was opened once. There may be no file of that
/// name.
#[derive(Debug, Clone)]
pub struct Entry {
    directory: Arc<Directory>,
    path: PathBuf,
}

/// The right to write, for the group and for others.
pub(super) const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Whether what belongs to a user is this user's own, or root's.
pub fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

impl Entry {
    /// A name whose directory the kernel looks up each time: for storages
    /// without descriptors, and for files that nobody else knows of.
    ///
    /// # Panics
    /// When the path has no file name.
    #[must_use]
    pub fn unpinned(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        assert!(path.file_name().is_some(), "{} has a name", path.shown());
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        Self { directory: Arc::new(Directory { fd: None, path: parent }), path }
    }

    /// The path when the directory was opened, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name alone.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// The directory that the name is in.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Another name in the same directory.
    #[must_use]
    pub fn sibling(&self, name: impl AsRef<OsStr>) -> Self {
        Self { directory: Arc::clone(&self.directory), path: self.path.with_file_name(name.as_ref()) }
    }

    /// The same name with a suffix, in the same directory.
    #[must_use]
    pub fn with_suffix(&self, suffix: impl AsRef<OsStr>) -> Self {
        let mut name: OsString = self.name().to_owned();
        name.push(suffix);
        self.sibling(name)
    }

    /// What the `*at` system calls want.
    pub(super) fn at(&self) -> (BorrowedFd<'_>, &Path) {
        match &self.directory.fd {
            Some(fd) => (fd.as_fd(), Path::new(self.name())),
            None => (CWD, &self.path),
        }
    }

    /// The numbers (major, minor) of the device that a node of this name stands
    /// for.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn device_number(&self) -> io::Result<(u32, u32)> {
        let (directory, name) = self.at();
        let device = rustix::fs::statat(directory, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?.st_rdev;
        Ok((rustix::fs::major(device), rustix::fs::minor(device)))
    }

    /// Whether a file of this name can be what this user means, and not what
    /// others have put there: it belongs to this user or to root, or to the
    /// owner of the directory, or nobody else may write to that.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn is_trusted(&self, owner: u32) -> io::Result<bool> {
        if is_trusted(owner) {
            return Ok(true);
        }
        let directory = rustix::fs::fstat(self.directory_fd()?)?;
        Ok(directory.st_uid == owner || directory.st_mode & WRITABLE_BY_OTHERS == 0)
    }

    /// Whether the name stands for a file that a process has open: a pipe of
    /// the shell's, say.
    pub(super) fn is_open_file(&self) -> bool {
        self.directory.fd.as_ref().is_some_and(super::resolve::is_proc)
    }

    /// The open directory.
    pub(super) fn directory_fd(&self) -> io::Result<OwnedFd> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (fd, path) = match &self.directory.fd {
            Some(fd) => (fd.as_fd(), Path::new(".")),
            None if self.directory.path.as_os_str().is_empty() => (CWD, Path::new(".")),
            None => (CWD, &*self.directory.path),
        };
        Ok(openat(fd, path, flags, Mode::empty())?)
    }
}
