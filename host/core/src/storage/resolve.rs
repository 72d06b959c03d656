//! Resolves a path, once, to an open directory and a name in it.
//!
//! Links are followed as by the kernel, except for links that another user may
//! have put there: a link is followed only if it belongs to this user or to
//! root, or is in a directory that only one of them may write to. This is
//! stricter than `fs.protected_symlinks`, and does not depend on it.

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, fstatfs, openat, readlinkat};
use rustix::io::Errno;

use super::entry::WRITABLE_BY_OTHERS;
use super::{Directory, Entry};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;

/// Maximum number of links to follow, as in the kernel.
const MAX_LINKS: usize = 40;
/// `f_type` of procfs (linux/magic.h), whose links lead to places that no path
/// leads to.
const PROC_SUPER_MAGIC: u32 = 0x9fa0;

impl Entry {
    /// Resolves a path, including its last name. A file of that name need not
    /// exist.
    ///
    /// # Errors
    /// [`Kind::Refused`] if a link is not trusted; any I/O error.
    pub fn resolve(path: &Path) -> Result<Self> {
        Walk::new(path)?.run()
    }
}

/// Opens a directory by its path.
///
/// # Errors
/// As for [`Entry::resolve`]; the source of the error is `NotFound` if the
/// directory does not exist.
pub(super) fn directory(path: &Path) -> Result<Arc<Directory>> {
    // The last component is never a file, so the whole path must be a
    // directory.
    Ok(Arc::clone(Walk::new(&path.join("."))?.run_to_directory()?.directory()))
}

struct Walk<'a> {
    /// The requested path, for messages.
    requested: &'a Path,
    directory: OwnedFd,
    /// Names that are still to be resolved, in reverse order.
    rest: Vec<Step>,
    links: usize,
}

enum Step {
    Root,
    Parent,
    Here,
    Name(OsString),
}

impl<'a> Walk<'a> {
    fn new(path: &'a Path) -> Result<Self> {
        let start = if path.is_absolute() { "/" } else { "." };
        let directory = open(CWD, OsStr::new(start), path)?;
        let mut walk = Self { requested: path, directory, rest: Vec::new(), links: 0 };
        walk.push(path);
        Ok(walk)
    }

    fn push(&mut self, path: &Path) {
        // A trailing slash requires a directory; `components` drops it.
        let bytes = path.as_os_str().as_bytes();
        if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
            self.rest.push(Step::Here);
        }
        self.rest.extend(path.components().rev().filter_map(|component| match component {
            Component::RootDir => Some(Step::Root),
            Component::ParentDir => Some(Step::Parent),
            Component::Normal(name) => Some(Step::Name(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        }));
    }

    fn run(mut self) -> Result<Entry> {
        while let Some(step) = self.rest.pop() {
            if let Some(name) = self.step(step)? {
                return Ok(self.end(&name));
            }
        }
        Err(Error::new(Kind::Usage, format!("{} is a directory", self.requested.shown()))
            .hint("name the files in it"))
    }

    fn run_to_directory(mut self) -> Result<Entry> {
        while let Some(step) = self.rest.pop() {
            self.step(step)?;
        }
        Ok(self.end(OsStr::new("x")))
    }

    fn end(self, name: &OsStr) -> Entry {
        let shown = shown(&self.directory, self.requested);
        Directory::new(self.directory, shown).entry(name)
    }

    /// Takes one step. Returns the name if it is the last one and not a link.
    fn step(&mut self, step: Step) -> Result<Option<OsString>> {
        match step {
            Step::Root => self.directory = open(CWD, OsStr::new("/"), self.requested)?,
            Step::Parent => self.directory = open(&self.directory, OsStr::new(".."), self.requested)?,
            Step::Here => {}
            Step::Name(name) => return self.name(name),
        }
        Ok(None)
    }

    fn name(&mut self, name: OsString) -> Result<Option<OsString>> {
        let last = self.rest.is_empty();
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = match openat(&self.directory, &name, flags, Mode::empty()) {
            Err(Errno::NOENT) if last => return Ok(Some(name)),
            Err(Errno::NOENT) => {
                let missing = shown(&self.directory, self.requested).join(name);
                return Err(self
                    .failed(Errno::NOENT)
                    .hint(format!("there is no directory {}", missing.shown())));
            }
            found => found.map_err(|e| self.failed(e))?,
        };
        let stat = fstat(&found).map_err(|e| self.failed(e))?;
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        if kind.is_symlink() {
            return self.link(&found, &stat, name);
        }
        if last {
            return Ok(Some(name));
        }
        if !kind.is_dir() {
            return Err(self.failed(Errno::NOTDIR));
        }
        self.directory = found;
        Ok(None)
    }

    fn link(&mut self, link: &OwnedFd, stat: &Stat, name: OsString) -> Result<Option<OsString>> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(self.failed(Errno::LOOP));
        }
        let directory = fstat(&self.directory).map_err(|e| self.failed(e))?;
        if !may_follow(rustix::process::geteuid().as_raw(), &directory, stat) {
            return Err(self.not_followed(&name, stat));
        }
        let text = readlinkat(link, "", Vec::new()).map_err(|e| self.failed(e))?;
        let text = PathBuf::from(OsString::from_vec(text.into_bytes()));
        if self.rest.is_empty()
            && !text.is_absolute()
            && is_proc(&self.directory)
            && text.as_os_str().as_bytes().contains(&b':')
        {
            // A pipe or a socket; its type is checked when it is opened.
            return Ok(Some(name));
        }
        self.push(&text);
        Ok(None)
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::io("open", self.requested, errno.into())
    }

    fn not_followed(&self, name: &OsStr, link: &Stat) -> Error {
        let path = shown(&self.directory, self.requested).join(name);
        let shown = path.shown();
        Error::new(
            Kind::Refused,
            format!("{shown} is a symbolic link of user {} and is not followed", link.st_uid),
        )
        .hint(format!("other users may write to its directory, and can point the link at any file; name the file itself (`readlink -f {}` prints it)", path.word()))
    }
}

/// Whether a directory is in procfs, whose links lead to open files.
pub(super) fn is_proc(directory: impl std::os::fd::AsFd) -> bool {
    // The type is a 32-bit number, whatever the width of the field.
    fstatfs(directory).is_ok_and(|stat| stat.f_type as u32 == PROC_SUPER_MAGIC)
}

/// Whether a link in a directory may be followed on behalf of this user.
fn may_follow(user: u32, directory: &Stat, link: &Stat) -> bool {
    let trusted = |owner: u32| owner == user || owner == 0;
    trusted(link.st_uid) || trusted(directory.st_uid) && directory.st_mode & WRITABLE_BY_OTHERS == 0
}

fn open(at: impl std::os::fd::AsFd, name: &OsStr, requested: &Path) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty()).map_err(|e| Error::io("open", requested, e.into()))
}

/// The path of an open directory, as far as the kernel knows it.
fn shown(directory: &OwnedFd, requested: &Path) -> PathBuf {
    use std::os::fd::AsRawFd;
    let link = format!("/proc/self/fd/{}", directory.as_raw_fd());
    readlinkat(CWD, link, Vec::new()).map_or_else(
        |_| requested.parent().unwrap_or(Path::new("")).to_owned(),
        |path| PathBuf::from(OsString::from_vec(path.into_bytes())),
    )
}
