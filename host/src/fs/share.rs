//! Sharing of extents between files, and write-back ahead of a sync: two
//! calls for which there is no safe wrapper.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;

/// See [`Storage::share_range`](super::Storage::share_range); `FICLONERANGE`.
pub(super) fn range(from: &File, range: Range<u64>, to: &File, to_at: u64) -> io::Result<bool> {
    let request = libc::file_clone_range {
        src_fd: i64::from(from.as_raw_fd()),
        src_offset: range.start,
        src_length: range.end - range.start,
        dest_offset: to_at,
    };
    // SAFETY: the request is one of `FICLONERANGE`, and lives as long as the
    // call; both descriptors are open.
    let done = unsafe { libc::ioctl(to.as_raw_fd(), libc::FICLONERANGE, &raw const request) };
    if done == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // Not on this filesystem, not between these files, or not in blocks
        // of this size.
        Some(libc::EOPNOTSUPP | libc::EXDEV | libc::EINVAL | libc::ENOTTY | libc::ENOSYS | libc::EBADF) => {
            Ok(false)
        }
        _ => Err(error),
    }
}

/// See [`Storage::start_writing`](super::Storage::start_writing).
pub(super) fn start_writing(file: &File, range: Range<u64>) {
    let Ok(start) = i64::try_from(range.start) else { return };
    let Ok(bytes) = i64::try_from(range.end - range.start) else { return };
    // SAFETY: takes numbers alone. A failure is for the sync to find.
    unsafe {
        libc::sync_file_range(file.as_raw_fd(), start, bytes, libc::SYNC_FILE_RANGE_WRITE);
    }
}
