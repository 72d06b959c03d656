//! Closes descriptors, including those that the parent left open.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::RawFd;

use crate::{Error, Layer, Result, State};

/// Closes all descriptors but these.
pub(crate) fn close_others(keep: &[RawFd]) -> Result<State> {
    for (first, last) in gaps(keep) {
        if let Err(e) = close_range(first, last) {
            return match e.raw_os_error() {
                // Linux before 5.9.
                Some(libc::ENOSYS) => Ok(State::Missing),
                _ => Err(Error::new(Layer::Descriptors, e)),
            };
        }
    }
    Ok(State::Full)
}

/// The ranges, both ends included, between the descriptors to keep.
fn gaps(keep: &[RawFd]) -> Vec<(u32, u32)> {
    let mut keep: Vec<u32> = keep.iter().filter_map(|fd| u32::try_from(*fd).ok()).collect();
    keep.sort_unstable();
    keep.dedup();
    let mut gaps = Vec::new();
    let mut next = 0;
    for fd in keep {
        if fd > next {
            gaps.push((next, fd - 1));
        }
        next = fd + 1;
    }
    gaps.push((next, u32::MAX));
    gaps
}

fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: the call takes no pointer. Whoever owns one of the descriptors
    // finds it closed: `before_threads` says so, and is called before the
    // process opens anything.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_leave_out_what_is_kept() {
        assert_eq!(gaps(&[]), [(0, u32::MAX)]);
        assert_eq!(gaps(&[0, 1, 2]), [(3, u32::MAX)]);
        assert_eq!(gaps(&[7, 4, 4, -1]), [(0, 3), (5, 6), (8, u32::MAX)]);
        assert_eq!(gaps(&[i32::MAX]), [(0, (1 << 31) - 2), (1 << 31, u32::MAX)]);
    }
}
