//! Shares extents between files; there is no safe wrapper for that.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;

use rustix::io::Errno;

/// See [`Storage::share_range`](super::Storage::share_range). Uses
/// `FICLONERANGE`.
pub(super) fn range(from: &File, range: Range<u64>, to: &File, to_at: u64) -> io::Result<bool> {
    let request = libc::file_clone_range {
        src_fd: i64::from(from.as_raw_fd()),
        src_offset: range.start,
        src_length: range.end - range.start,
        dest_offset: to_at,
    };
    // SAFETY: the request is valid for `FICLONERANGE` and lives through the
    // call; both descriptors are open.
    let done = unsafe { libc::ioctl(to.as_raw_fd(), libc::FICLONERANGE, &raw const request) };
    if done == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match Errno::from_io_error(&error) {
        // Not supported by this filesystem, between these files, or with blocks
        // of this size.
        Some(Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL | Errno::NOTTY | Errno::NOSYS | Errno::BADF) => {
            Ok(false)
        }
        _ => Err(error),
    }
}
