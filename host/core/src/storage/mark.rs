//! A mark on the inode of a file that is being written in place, with the path
//! of its journal. It is found under any name of the file: a different hard
//! link, a mount of the file, or a name after log rotation.
//!
//! The mark is a second line of defence. The journal is next to the file, and
//! is found without the mark. So it does no harm if a filesystem does not
//! support such attributes, or if a power cut restores a removed mark: a mark
//! is valid only as long as the journal that it names exists.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr};
use rustix::io::Errno;

/// The extended attribute. It is never copied to another file.
pub(super) const NAME: &CStr = c"user.runner.journal";

/// Maximum length of a path.
const MAX_BYTES: usize = 4096;

/// Marks an open file, if the filesystem supports that.
pub(super) fn set(file: &File, journal: &Path) -> io::Result<()> {
    unless_impossible(fsetxattr(file, NAME, journal.as_os_str().as_bytes(), XattrFlags::empty()))
}

/// Removes the mark, if there is one.
pub(super) fn remove(file: &File) -> io::Result<()> {
    unless_impossible(fremovexattr(file, NAME))
}

fn unless_impossible(done: Result<(), Errno>) -> io::Result<()> {
    match done {
        // No mark; no support by the filesystem, the device or the kernel.
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::ACCESS) => Ok(()),
        done => Ok(done?),
    }
}

/// The journal named by the mark on an open file. A mark without a valid path
/// is ignored.
pub(crate) fn journal_of(file: &File) -> Option<PathBuf> {
    let mut path = vec![0; MAX_BYTES];
    let count = fgetxattr(file, NAME, &mut path[..]).ok()?;
    path.truncate(count);
    let path = PathBuf::from(std::ffi::OsString::from_vec(path));
    (path.is_absolute() && path.file_name().is_some()).then_some(path)
}
