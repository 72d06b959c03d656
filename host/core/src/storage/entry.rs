//! Names in directories that are opened only once.
//!
//! A path that is resolved twice may lead to two places: any user who may write
//! to one of its directories decides. So a path is resolved once (see
//! [`Entry::resolve`]) and its directory stays open. All operations on the file
//! and its neighbours use that descriptor and a single name, and never follow a
//! symbolic link.

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
    /// `None` for a storage that has no descriptors.
    fd: Option<OwnedFd>,
    path: PathBuf,
}

impl Directory {
    pub(super) fn new(fd: OwnedFd, path: PathBuf) -> Arc<Self> {
        Arc::new(Self { fd: Some(fd), path })
    }

    /// The path when the directory was opened, for messages.
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

/// A name in a directory that was opened once. A file of that name need not
/// exist.
#[derive(Debug, Clone)]
pub struct Entry {
    directory: Arc<Directory>,
    path: PathBuf,
}

/// Write permission for the group and for others.
pub(super) const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Whether a file's owner is this user or root.
pub fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

impl Entry {
    /// A name whose directory the kernel resolves each time: for storages
    /// without descriptors, and for files that only this process knows.
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

    /// The name without the directory.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// The directory that contains the name.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// A different name in the same directory.
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

    /// The arguments for the `*at` system calls.
    pub(super) fn at(&self) -> (BorrowedFd<'_>, &Path) {
        match &self.directory.fd {
            Some(fd) => (fd.as_fd(), Path::new(self.name())),
            None => (CWD, &self.path),
        }
    }

    /// The numbers (major, minor) of the device that this node represents.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn device_number(&self) -> io::Result<(u32, u32)> {
        let (directory, name) = self.at();
        let device = rustix::fs::statat(directory, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?.st_rdev;
        Ok((rustix::fs::major(device), rustix::fs::minor(device)))
    }

    /// Whether a file of this name can be the one that this user means, and not
    /// one that another user put there. It must belong to this user, to root or
    /// to the owner of the directory, or no other user may write to the
    /// directory.
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

    /// Whether the name is in procfs. It may represent a file that a process
    /// has open, such as a pipe of the shell.
    pub(crate) fn is_in_proc(&self) -> bool {
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
