//! A directory that only this user can access: for compiled code, keys, and the
//! journals of block devices.
//!
//! Its content decides what this process executes and writes, so it is trusted
//! only if no other user can have put it there: the directory belongs to the
//! user, is not a link, and is closed to all other users, and so is each file.
//! All operations are relative to the open directory, which stays the one that
//! was checked.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, linkat, mkdirat, openat, statat, unlinkat};

use super::{Directory, Entry, resolve};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;

/// Size of a key.
const KEY_BYTES: usize = 32;

/// A directory that only this user can access.
#[derive(Debug, Clone)]
pub struct PrivateDirectory(Arc<Directory>);

impl PrivateDirectory {
    /// Opens a directory, and creates it if it does not exist.
    ///
    /// # Errors
    /// The reason why it cannot be trusted or used.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        create(path)?;
        Self::open(path)
    }

    /// Opens an existing directory.
    ///
    /// # Errors
    /// The reason why it cannot be trusted or used.
    pub fn open(path: &Path) -> Result<Self> {
        let directory = open_directory(path)?;
        let refuse =
            |why: &str| Error::new(Kind::Refused, format!("{} cannot be trusted", path.shown())).because(why);
        let fd = directory.entry("x").directory_fd().map_err(Error::at("open", path))?;
        let stat = fstat(&fd).map_err(|e| Error::io("inspect", path, e.into()))?;
        if !is_own(&stat) {
            return Err(refuse("it belongs to another user"));
        }
        if stat.st_mode & 0o077 != 0 {
            return Err(refuse("other users may enter it")
                .hint(format!("`chmod 700 {}` keeps them out", path.word())));
        }
        Ok(Self(directory))
    }

    /// A name in the directory.
    ///
    /// # Panics
    /// When `name` is not a single name.
    #[must_use]
    pub fn entry(&self, name: impl AsRef<OsStr>) -> Entry {
        self.0.entry(name)
    }

    /// The open directory.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn open_fd(&self) -> io::Result<OwnedFd> {
        self.entry("x").directory_fd()
    }

    /// Opens a regular file that only this user can access. Returns its size in
    /// bytes, too; `None` if the file is anything else, or longer than `max`
    /// bytes.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    pub fn open_file(&self, name: &str, max: u64) -> io::Result<Option<(File, u64)>> {
        let entry = self.entry(name);
        let (directory, name) = entry.at();
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = openat(directory, name, flags, Mode::empty())?;
        let stat = fstat(&fd)?;
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        Ok((is_private_file(&stat) && size <= max).then(|| (File::from(fd), size)))
    }

    /// Opens a regular file that only this user can access, to read it and append to
    /// it, and creates it if there is none; `None` if it is anything else.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn open_to_append(&self, name: &str) -> io::Result<Option<File>> {
        let entry = self.entry(name);
        let (directory, name) = entry.at();
        let usual = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE;
        let flags = usual | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(is_private_file(&fstat(&fd)?).then(|| File::from(fd)))
    }

    /// Writes a file under a temporary name; `place` may append to it, and gives
    /// it its final name. A file that was not placed is removed.
    ///
    /// # Errors
    /// Any I/O error; any error of `place`.
    pub fn write_new(
        &self,
        bytes: &[u8],
        place: impl FnOnce(&File, &Entry) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let temporary = self.entry(format!("{:016x}{TEMPORARY_SUFFIX}", u64::from_le_bytes(random)));
        let (directory, name) = temporary.at();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?);
        let done = file.write_all(bytes).and_then(|()| place(&file, &temporary));
        if done.is_err() {
            // The file may already be placed or removed; the original error
            // counts.
            let _ = unlinkat(directory, name, AtFlags::empty());
        }
        done
    }

    /// The key with this name; `None` if the file with this name is not a valid
    /// key.
    ///
    /// # Errors
    /// `NotFound` if there is no key; any I/O error.
    pub fn key(&self, name: &str) -> io::Result<Option<[u8; KEY_BYTES]>> {
        let Some((mut file, _)) = self.open_file(name, KEY_BYTES as u64)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(KEY_BYTES);
        file.read_to_end(&mut bytes)?;
        Ok(bytes.try_into().ok())
    }

    /// The key with this name. It is created, durably, if there is none.
    ///
    /// # Errors
    /// As for [`PrivateDirectory::key`].
    pub fn key_or_new(&self, name: &str) -> io::Result<Option<[u8; KEY_BYTES]>> {
        match self.key(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let mut fresh = [0; KEY_BYTES];
        getrandom::fill(&mut fresh).map_err(io::Error::other)?;
        // A link fails if the file exists. So if two runs start at the same
        // time, one creates the key, and both read it, complete and durable.
        let linked = self.write_new(&fresh, |file, temporary| {
            file.sync_all()?;
            let (directory, from) = temporary.at();
            let linked = linkat(directory, from, directory, name, AtFlags::empty());
            unlinkat(directory, from, AtFlags::empty())?;
            Ok(linked?)
        });
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => {
                File::from(self.entry(name).directory_fd()?).sync_all()?;
                self.key(name)
            }
        }
    }
}

/// The suffix of files that [`PrivateDirectory::write_new`] has not placed yet;
/// it follows 16 hexadecimal digits.
pub const TEMPORARY_SUFFIX: &str = ".new";

/// Opens a directory that is not a link.
fn open_directory(path: &Path) -> Result<Arc<Directory>> {
    let Some(name) = path.file_name() else { return resolve::directory(path) };
    let entry = resolve::directory(path.parent().unwrap_or(Path::new("")))?.entry(name);
    let (directory, name) = entry.at();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = openat(directory, name, flags, Mode::empty()).map_err(|e| {
        let error = Error::io("open", path, e.into());
        let is_link = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_symlink());
        if is_link {
            error.hint("it is a symbolic link, which is not followed here: name the directory itself")
        } else {
            error
        }
    })?;
    Ok(Directory::new(fd, entry.path().to_owned()))
}

/// Creates a directory and its parents, durably.
fn create(path: &Path) -> Result<()> {
    if resolve::directory(path).is_ok() {
        return Ok(());
    }
    let Some(name) = path.file_name() else { return Ok(()) };
    let parent = path.parent().unwrap_or(Path::new(""));
    create(parent)?;
    let entry = resolve::directory(parent)?.entry(name);
    let (directory, name) = entry.at();
    match mkdirat(directory, name, Mode::RWXU) {
        Ok(()) => {
            let synced = entry.directory_fd().and_then(|fd| File::from(fd).sync_all());
            synced.map_err(Error::at("sync the directory of", path))
        }
        Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(e) => Err(Error::io("create", path, e.into())),
    }
}

/// Whether a file belongs to this user.
pub(crate) fn is_own(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}

/// Whether a file is a regular file of this user, with a single name, that no
/// other user can access.
pub fn is_private_file(stat: &Stat) -> bool {
    let regular = FileType::from_raw_mode(stat.st_mode).is_file();
    regular && is_own(stat) && stat.st_nlink == 1 && stat.st_mode & 0o077 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_followed_and_the_error_says_so() {
        let parent = tempfile::tempdir().unwrap();
        let (real, link) = (parent.path().join("real"), parent.path().join("link"));
        PrivateDirectory::open_or_create(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let error = PrivateDirectory::open_or_create(&link).unwrap_err();
        assert!(error.hints()[0].contains("symbolic link"), "{error:?} {:?}", error.hints());
        std::fs::write(parent.path().join("file"), "").unwrap();
        let error = PrivateDirectory::open(&parent.path().join("file")).unwrap_err();
        assert!(error.hints().is_empty(), "{:?}", error.hints());
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let parent = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::open_or_create(&parent.path().join("private")).unwrap();
        let place = |_: &File, temporary: &Entry| {
            let (from, name) = temporary.at();
            Ok(linkat(from, name, from, "file", AtFlags::empty())?)
        };
        directory.write_new(b"four", place).unwrap();
        // Its second name is from before it was placed.
        std::fs::read_dir(parent.path().join("private"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap() != "file")
            .for_each(|path| std::fs::remove_file(path).unwrap());
        let opened = |max| directory.open_file("file", max).unwrap().map(|(_, size)| size);
        assert_eq!([opened(3), opened(4), opened(5)], [None, Some(4), Some(4)]);
    }
}
