//! Resolves a path, once, to an open directory and a name in it.
//!
//! Links are followed as by the kernel, except for links that another user may
//! have put there: a link is followed only if it belongs to this user or to
//! root, or is in a directory that only one of them may write to. This is
//! stricter than `fs.protected_symlinks`, and does not depend on it.

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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use rustix::fs::{AtFlags, statat};

    use super::*;

    /// The owner and mode of a directory or a link.
    fn owned(user: u32, mode: u32) -> Stat {
        let mut stat = statat(CWD, ".", AtFlags::empty()).unwrap();
        (stat.st_uid, stat.st_mode) = (user, mode);
        stat
    }

    #[test]
    fn links_count_where_nobody_else_can_have_put_them() {
        let (me, root, other, third) = (1000, 0, 1001, 1002);
        let follows = |directory: (u32, u32), link| {
            may_follow(me, &owned(directory.0, directory.1), &owned(link, 0o777))
        };
        for directory in [(me, 0o755), (root, 0o755), (other, 0o755), (root, 0o1777), (other, 0o777)] {
            assert!(follows(directory, me) && follows(directory, root), "own links, {directory:?}");
        }
        assert!(follows((me, 0o755), other), "I put it there");
        assert!(follows((root, 0o700), other));
        assert!(!follows((me, 0o775), other), "a group may write");
        assert!(!follows((me, 0o777), other));
        assert!(!follows((root, 0o1777), other), "as with fs.protected_symlinks");
        assert!(!follows((other, 0o755), other), "the directory belongs to another user");
        assert!(!follows((other, 0o1777), other));
        assert!(!follows((other, 0o755), third));
        assert!(!may_follow(root, &owned(other, 0o755), &owned(other, 0o777)), "root least of all");
    }

    #[test]
    fn a_path_leads_where_the_kernel_says() {
        let scratch = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(scratch.path()).unwrap();
        fs::create_dir_all(base.join("a/b")).unwrap();
        fs::write(base.join("a/b/file"), "x").unwrap();
        symlink("a/b", base.join("dir")).unwrap();
        symlink("../b/file", base.join("a/b/relative")).unwrap();
        symlink(base.join("a/b/relative"), base.join("absolute")).unwrap();
        symlink("nowhere", base.join("dangling")).unwrap();
        symlink("loop", base.join("loop")).unwrap();
        let resolved = |path: &str| Entry::resolve(&base.join(path)).map(|entry| entry.path().to_owned());
        for path in ["a/b/file", "dir/file", "dir/../b/file", "dir/relative", "absolute", "./a/./b//file"] {
            assert_eq!(resolved(path).unwrap(), base.join("a/b/file"), "{path}");
        }
        assert_eq!(resolved("dangling").unwrap(), base.join("nowhere"));
        assert_eq!(resolved("dir/new").unwrap(), base.join("a/b/new"));
        for path in ["", "a", "a/", "dir/", "dir/."] {
            // A path that is not a file fails here, or when it is opened.
            let found = resolved(path);
            assert!(found.is_err() || path == "a", "{path}: {found:?}");
        }
        for path in ["loop", "missing/file", "a/b/file/x", "a/b/file/"] {
            assert!(resolved(path).is_err(), "{path}");
        }
        let entry = Entry::resolve(&base.join("dir/file")).unwrap();
        let inode = fs::metadata(base.join("a/b/file")).unwrap().ino();
        fs::rename(base.join("a"), base.join("moved")).unwrap();
        fs::create_dir_all(base.join("a/b")).unwrap();
        fs::write(base.join("a/b/file"), "somebody else's").unwrap();
        let (directory, name) = entry.at();
        let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        assert_eq!(stat.st_ino, inode, "the directory stays the one that was opened");
    }

    #[test]
    fn a_link_of_somebody_else_is_refused_with_the_reason() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: only root can make a link of another user");
            return;
        }
        let scratch = tempfile::tempdir().unwrap();
        let (file, link) = (scratch.path().join("file"), scratch.path().join("link"));
        fs::write(&file, "x").unwrap();
        symlink("file", &link).unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        std::os::unix::fs::lchown(&link, Some(65_534), Some(65_534)).unwrap();
        let error = Entry::resolve(&link).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.to_string().contains("symbolic link of user 65534"), "{error}");
        assert!(Entry::resolve(&file).is_ok());
    }
}
