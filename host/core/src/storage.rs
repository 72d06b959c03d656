//! The operations that the other modules need from a filesystem, as one trait:
//! [`Storage`]. Everything that must survive a crash goes through it, so that a
//! simulated disk can replace [`OsStorage`].

mod aligned;
mod attributes;
mod cachestat;
mod direct;
mod entry;
mod extents;
mod holders;
mod identity;
mod lease;
mod lock;
mod mark;
pub mod mmap;
mod mount;
mod open_file;
mod operations;
mod os;
mod private;
mod reflink;
mod resolve;
mod small;
mod transfer;

use std::time::Duration;

pub use aligned::{ALIGN_BYTES, Aligned, CopyMemory};
pub(crate) use attributes::umask;
pub use direct::Direct;
pub use entry::is_trusted;
pub use entry::{Directory, Entry};
pub use identity::{FileType, Identity, Stat, check_own};
pub use lock::{Lock, lock, lock_briefly, wait_for_lock};
pub use open_file::OpenFile;
pub use operations::Storage;
pub use os::{OsFile, OsStorage};
pub use private::PrivateDirectory;
pub use private::{TEMPORARY_SUFFIX, is_private_file};
pub use small::{open_small, read_small};

/// How to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For reading, through the page cache.
    Read,
    /// For reading and writing, through the page cache.
    Write,
    /// For reading from the medium, past the page cache. Offsets, lengths and
    /// buffers must be multiples of 4096, except for a read at the end of the
    /// file.
    Direct,
}

/// How long [`Storage::set_len_if`] waits for other processes to close a file.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The result of [`Storage::set_len_if`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resized {
    /// The file has its new length.
    Done,
    /// The file had this length instead of the expected one, in bytes, and keeps it.
    Not(u64),
    /// Other processes have the file open, and could write to it at the same time.
    InUse,
}
