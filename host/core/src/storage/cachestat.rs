//! `cachestat(2)` (Linux 6.5): how much of a file is in the page cache.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd};

const SYS_CACHESTAT: libc::c_long = 451;

#[repr(C)]
struct Range {
    offset: u64,
    bytes: u64,
}

#[repr(C)]
#[derive(Default)]
struct Counts {
    cached: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Number of pages of the whole file in the page cache; `None` if the kernel
/// does not support this.
pub(super) fn cached_pages(file: BorrowedFd<'_>) -> Option<u64> {
    // A length of zero means up to the end of the file.
    let range = Range { offset: 0, bytes: 0 };
    let mut counts = Counts::default();
    // SAFETY: both structures have the layout of `struct cachestat_range` and
    // `struct cachestat` in linux/mman.h and live through the call.
    let code =
        unsafe { libc::syscall(SYS_CACHESTAT, file.as_raw_fd(), &raw const range, &raw mut counts, 0) };
    (code == 0).then_some(counts.cached)
}
