//! Opens names, devices and streams.

use std::fs::File;
use std::io;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::OsStorage;
use crate::storage::Entry;

impl OsStorage {
    /// Opens a block device, which nothing in the system may be using, for
    /// reading and writing, and keeps other processes from using it.
    ///
    /// # Errors
    /// `ResourceBusy` if it is mounted, or a part of another device; any I/O
    /// error.
    pub fn open_device(&self, entry: &Entry) -> io::Result<File> {
        let (major, minor) = entry.device_number()?;
        // The kernel opens a read-only device without an error, and fails
        // later.
        let read_only = std::fs::read(format!("/sys/dev/block/{major}:{minor}/ro"));
        if read_only.is_ok_and(|flag| flag.starts_with(b"1")) {
            return Err(Errno::ROFS.into());
        }
        // Without O_CREAT, O_EXCL claims a block device.
        open(entry, OFlags::RDWR | OFlags::EXCL | OFlags::NONBLOCK, Mode::empty())
    }

    /// Opens a FIFO, a device, or the target of a procfs link, for writing.
    ///
    /// # Errors
    /// `NXIO` for a FIFO without a reader; any I/O error. Links outside procfs
    /// are not followed.
    pub fn open_stream(&self, entry: &Entry) -> io::Result<File> {
        if entry.is_in_proc() {
            let (directory, name) = entry.at();
            let flags = OFlags::WRONLY | OFlags::CLOEXEC;
            return Ok(openat(directory, name, flags, Mode::empty())?.into());
        }
        // Without a reader, opening a FIFO would block and ignore signals.
        let file = open(entry, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty())?;
        let flags = rustix::fs::fcntl_getfl(&file)? - OFlags::NONBLOCK;
        rustix::fs::fcntl_setfl(&file, flags)?;
        Ok(file)
    }
}

/// Opens a name. Never follows a link, whose destination the user did not
/// choose.
pub(super) fn open(entry: &Entry, flags: OFlags, mode: Mode) -> io::Result<File> {
    let (directory, name) = entry.at();
    match openat(directory, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode) {
        Ok(fd) => Ok(fd.into()),
        Err(Errno::LOOP) => Err(io::Error::other("it is a symbolic link, and is not followed")),
        Err(e) => Err(e.into()),
    }
}
