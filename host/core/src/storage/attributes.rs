//! Copies owner, mode, extended attributes and access control lists from a file
//! to the one that replaces it.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd;

use rustix::fs::{
    Gid, Mode, Uid, XattrFlags, fchmod, fchown, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query,
    fremovexattr, fsetxattr, fstat,
};
use rustix::io::Errno;

use super::mark;
use crate::escape::shown;

/// The access control list of a file.
const ACCESS_LIST: &CStr = c"system.posix_acl_access";

/// Removes the default access control list that a new file inherits from its
/// directory (`setfacl -d`). A change of mode would activate it, and the owner
/// of the directory could read private data.
///
/// # Errors
/// Any I/O error.
pub(super) fn remove_inherited(file: impl AsFd) -> io::Result<()> {
    match fremovexattr(file, ACCESS_LIST) {
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        done => Ok(done?),
    }
}

/// The permission bits that this process removes from new files. If the kernel
/// does not report them, all bits for group and others.
pub(crate) fn umask() -> u32 {
    // The system call `umask` would change the value for a moment, for all
    // threads.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let digits = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    digits.and_then(|digits| u32::from_str_radix(digits.trim(), 8).ok()).unwrap_or(0o77)
}

/// See [`Storage::copy_attributes`](super::Storage::copy_attributes).
pub(super) fn copy(from: impl AsFd, to: impl AsFd) -> io::Result<()> {
    let stat = fstat(&from)?;
    let own = fstat(&to)?;
    if (stat.st_uid, stat.st_gid) != (own.st_uid, own.st_gid) {
        fchown(&to, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid))).map_err(|e| {
            named(e, &format!("owner {}:{} cannot be given to the new file", stat.st_uid, stat.st_gid))
        })?;
    }
    for name in names(&from)?.into_iter().filter(|name| name.as_c_str() != mark::NAME) {
        let value = value(&from, &name)?;
        fsetxattr(&to, &name, &value, XattrFlags::empty()).map_err(|e| {
            named(
                e,
                &format!("extended attribute {} cannot be given to the new file", shown(name.to_bytes())),
            )
        })?;
    }
    // The mode is set last: a change of owner clears the set-user-id bit, and
    // an access control list changes the group bits.
    fchmod(&to, Mode::from_raw_mode(stat.st_mode & 0o7777))
        .map_err(|e| named(e, &format!("mode {:o} cannot be given to the new file", stat.st_mode & 0o7777)))
}

fn named(errno: Errno, what: &str) -> io::Error {
    io::Error::new(errno.kind(), format!("{what}: {}", io::Error::from(errno)))
}

fn names(file: impl AsFd) -> io::Result<Vec<std::ffi::CString>> {
    let mut list = Vec::new();
    loop {
        let size = match flistxattr_query(&file) {
            Ok(size) => size,
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Vec::new()),
            Err(e) => return Err(e.into()),
        };
        list.resize(size, 0_u8);
        match flistxattr(&file, &mut list[..]) {
            Ok(size) => {
                list.truncate(size);
                break;
            }
            // The list grew between the two calls.
            Err(Errno::RANGE) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(list
        .split_inclusive(|&byte| byte == 0)
        .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
        .map(CStr::to_owned)
        .collect())
}

fn value(file: impl AsFd, name: &CStr) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    loop {
        let size = fgetxattr_query(&file, name)?;
        value.resize(size, 0_u8);
        match fgetxattr(&file, name, &mut value[..]) {
            Ok(size) => {
                value.truncate(size);
                return Ok(value);
            }
            Err(Errno::RANGE) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Whether a program in the file would get capabilities.
pub(super) fn has_capabilities(file: impl AsFd) -> io::Result<bool> {
    match fgetxattr_query(file, c"security.capability") {
        Ok(bytes) => Ok(bytes > 0),
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy is not marked as being written in place.
    #[test]
    fn a_mark_is_not_copied() {
        let [from, to] = [(); 2].map(|()| tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).expect("a file"));
        if fsetxattr(&from, c"user.runner.test", b"value", XattrFlags::empty()).is_err() {
            return;
        }
        mark::set(&from, std::path::Path::new("/journal")).expect("there are attributes");
        copy(&from, &to).expect("all can be copied");
        assert_eq!(names(&to).expect("the names"), [c"user.runner.test".to_owned()]);
    }
}
