//! A mark on the inode of a file that is being written in place: where its
//! journal is. It is there by whatever name somebody comes: another hard link,
//! a mount of the file, the name that a rotation has given to it.
//!
//! The mark is a second safety. The journal stands beside the file, and is
//! found without it, so it is no harm where a filesystem keeps no such
//! attributes, or a power cut brings back a mark that was removed: a mark
//! counts as long as there is the journal that it names.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr};
use rustix::io::Errno;

/// The extended attribute. It is never copied to another file.
pub(super) const NAME: &CStr = c"user.runner.journal";

/// A path is no longer.
const MAX_BYTES: usize = 4096;

/// Marks an open file, if the filesystem can.
pub(super) fn set(file: &File, journal: &Path) -> io::Result<()> {
    unless_impossible(fsetxattr(file, NAME, journal.as_os_str().as_bytes(), XattrFlags::empty()))
}

/// Takes the mark away, if there is one.
pub(super) fn remove(file: &File) -> io::Result<()> {
    unless_impossible(fremovexattr(file, NAME))
}

fn unless_impossible(done: Result<(), Errno>) -> io::Result<()> {
    match done {
        // No mark; no such attributes; none on devices, or in the kernel.
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::ACCESS) => Ok(()),
        done => Ok(done?),
    }
}

/// The journal that the mark on an open file names. A mark that names no place
/// is none.
pub(crate) fn journal_of(file: &File) -> Option<PathBuf> {
    let mut path = vec![0; MAX_BYTES];
    let count = fgetxattr(file, NAME, &mut path[..]).ok()?;
    path.truncate(count);
    let path = PathBuf::from(std::ffi::OsString::from_vec(path));
    (path.is_absolute() && path.file_name().is_some()).then_some(path)
}
