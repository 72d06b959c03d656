//! Whether overwritten bytes of a file go to a new place on the medium: on
//! filesystems that never write in place, and in extents that the file shares
//! (found with `FS_IOC_FIEMAP`).
#![allow(unsafe_code)]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::{io, mem};

use rustix::fs::fstatfs;
use rustix::io::Errno;

/// Filesystems that copy everything on write: btrfs, bcachefs, ZFS, NILFS
/// (`f_type` of `statfs(2)`).
const NEVER_IN_PLACE: [u32; 4] = [0x9123_683e, 0xca45_1a4e, 0x2fc1_2fc1, 0x3434];

const EXTENT_LAST: u32 = 0x1;
const EXTENT_SHARED: u32 = 0x2000;
/// Number of extents to request at a time.
const EXTENTS: usize = 64;

/// `struct fiemap` of linux/fiemap.h, without its extents.
#[repr(C)]
struct Request {
    start: u64,
    bytes: u64,
    flags: u32,
    mapped: u32,
    room: u32,
    reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Extent {
    start: u64,
    physical: u64,
    bytes: u64,
    reserved: [u64; 2],
    flags: u32,
    reserved_too: [u32; 3],
}

#[repr(C)]
struct Extents {
    request: Request,
    found: [Extent; EXTENTS],
}

/// See [`Storage::overwrite_allocates`](super::Storage::overwrite_allocates).
pub(super) fn copies_on_write(file: &File) -> io::Result<bool> {
    // The type is a 32-bit number, whatever the width of the field.
    if NEVER_IN_PLACE.contains(&(fstatfs(file)?.f_type as u32)) {
        return Ok(true);
    }
    let mut start = 0;
    loop {
        let found = match extents(file, start) {
            Ok(found) => found,
            // A filesystem that does not report extents shares none.
            Err(e)
                if e.kind() == io::ErrorKind::Unsupported
                    || Errno::from_io_error(&e) == Some(Errno::NOTTY) =>
            {
                return Ok(false);
            }
            Err(e) => return Err(e),
        };
        if found.iter().any(|extent| extent.flags & EXTENT_SHARED != 0) {
            return Ok(true);
        }
        match found.last() {
            Some(last) if last.flags & EXTENT_LAST == 0 => start = last.start + last.bytes,
            _ => return Ok(false),
        }
    }
}

fn extents(file: &File, start: u64) -> io::Result<Vec<Extent>> {
    // SAFETY: all-zero is valid for these structures of integers.
    let mut map: Extents = unsafe { mem::zeroed() };
    map.request.start = start;
    map.request.bytes = u64::MAX - start;
    map.request.room = EXTENTS as u32;
    // SAFETY: the structure has the layout of `struct fiemap` with room for
    // as many extents as it says, and lives through the call.
    let code =
        unsafe { libc::ioctl(file.as_raw_fd(), libc::_IOWR::<Request>(u32::from(b'f'), 11), &raw mut map) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(map.found[..map.request.mapped as usize].to_vec())
}
