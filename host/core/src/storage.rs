//! What the rest needs of a filesystem, as one trait: [`Storage`]. Everything
//! that must survive a crash goes through it, so that a simulated disk can
//! stand in for [`OsStorage`].

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
mod os;
mod private;
mod reflink;
mod resolve;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::mmap::Mapping;
use crate::error::Result;

pub use aligned::{ALIGN_BYTES, Aligned};
pub(crate) use attributes::umask;
pub use direct::Direct;
pub use entry::is_trusted;
pub use entry::{Directory, Entry};
pub use identity::{FileType, Identity, Stat, check_own};
pub use lock::{Lock, lock};
pub use open_file::OpenFile;
pub use os::{OsFile, OsStorage};
pub use private::PrivateDirectory;
pub use private::{TEMPORARY_SUFFIX, is_private_file};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For reading, through the page cache.
    Read,
    /// For reading and writing, through the page cache.
    Write,
    /// For reading from the medium, past the page cache. Offsets, lengths and
    /// buffers must be multiples of 4096, but for a read at the file's end.
    Direct,
}

/// How long [`Storage::set_len_if`] waits for others to close a file.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// What has come of [`Storage::set_len_if`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resized {
    /// The file has its new length.
    Done,
    /// It had another length than it should have, in bytes, and keeps it.
    Not(u64),
    /// Others have it open, who could write to it at the same time.
    InUse,
}

/// A filesystem. Operations do what the system call of the same name does:
/// reads and writes may be short, and nothing is durable before a sync.
pub trait Storage: Sync {
    /// An open file. Positions are always explicit.
    type File: Send + Sync;

    /// Opens an existing file. A symbolic link is not followed.
    ///
    /// # Errors
    /// Any I/O error; with [`Access::Direct`], `InvalidInput` where the
    /// filesystem has no such access.
    fn open(&self, entry: &Entry, access: Access) -> io::Result<Self::File>;

    /// Creates a file that must not exist, for reading and writing, with
    /// mode 0600.
    ///
    /// # Errors
    /// `AlreadyExists`, also for a link that leads nowhere, or any I/O error.
    fn create(&self, entry: &Entry) -> io::Result<Self::File>;

    /// Whether another process that has created the file has it open still.
    /// `false` where the system cannot tell.
    fn is_locked(&self, _file: &Self::File) -> bool {
        false
    }

    /// Reads at an offset; 0 at the end of the file.
    ///
    /// # Errors
    /// Any I/O error, `Interrupted` included.
    fn read_at(&self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at an offset.
    ///
    /// # Errors
    /// Any I/O error, `Interrupted` included.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// Any I/O error.
    fn set_len(&self, file: &Self::File, bytes: u64) -> io::Result<()>;

    /// [`Storage::set_len`], if the file is `expected` bytes long: in one step,
    /// so that nothing is lost that others append. `file` must be the only
    /// descriptor of the file in this process.
    ///
    /// # Errors
    /// Any I/O error.
    fn set_len_if(&self, file: &Self::File, expected: u64, bytes: u64) -> io::Result<Resized>;

    /// Whether others have the file open, and keep it open for as long as
    /// `patience`. `false` where the system cannot tell. `file` must be the
    /// only descriptor of the file in this process.
    ///
    /// # Errors
    /// Any I/O error.
    fn in_use(&self, file: &Self::File, patience: Duration) -> io::Result<bool>;

    /// Writes at the end of the file, wherever that is by then.
    ///
    /// # Errors
    /// Any I/O error, `Interrupted` included.
    fn append(&self, file: &Self::File, bytes: &[u8]) -> io::Result<usize>;

    /// Sets the permission bits.
    ///
    /// # Errors
    /// Any I/O error.
    fn set_mode(&self, file: &Self::File, mode: u32) -> io::Result<()>;

    /// The same file, for writing past the page cache. Offsets, lengths and
    /// buffers must be multiples of [`ALIGN_BYTES`]. A sync of the file itself
    /// makes durable what is written to this one, too.
    ///
    /// # Errors
    /// Any I/O error; `InvalidInput` where the filesystem has no such access.
    fn direct(&self, file: &Self::File) -> io::Result<Self::File>;

    /// The first range at or behind `at` that is not known to be a hole;
    /// `None` when there is only a hole up to the file's end. Where holes
    /// cannot be told, all is data.
    ///
    /// # Errors
    /// Any I/O error.
    fn data_at(&self, _file: &Self::File, at: u64) -> io::Result<Option<Range<u64>>> {
        Ok(Some(at..u64::MAX))
    }

    /// Lets a range of one file share the extents of a range of another. Both
    /// begin and end at multiples of [`ALIGN_BYTES`]. `false` where the
    /// filesystem cannot do it; then nothing has happened.
    ///
    /// # Errors
    /// Any I/O error.
    fn share_range(
        &self,
        _from: &Self::File,
        _range: Range<u64>,
        _to: &Self::File,
        _to_at: u64,
    ) -> io::Result<bool> {
        Ok(false)
    }

    /// Makes content and size durable. After an error nothing is known of
    /// what reached the medium, whatever a later call says.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync_data(&self, file: &Self::File) -> io::Result<()>;

    /// Makes content and all metadata durable; like [`Storage::sync_data`]
    /// otherwise.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync_all(&self, file: &Self::File) -> io::Result<()>;

    /// Makes the names in the directory of `entry` durable.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync_parent(&self, entry: &Entry) -> io::Result<()>;

    /// Drops the file's clean pages from the page cache; says whether none is
    /// left, where the system can tell.
    ///
    /// # Errors
    /// Any I/O error.
    fn evict(&self, file: &Self::File) -> io::Result<bool>;

    /// What a file is, and which one it is.
    ///
    /// # Errors
    /// Any I/O error.
    fn stat(&self, file: &Self::File) -> io::Result<Stat>;

    /// [`Storage::stat`] by name; of a symbolic link, the link itself.
    ///
    /// # Errors
    /// Any I/O error.
    fn stat_entry(&self, entry: &Entry) -> io::Result<Stat>;

    /// Gives `to` the owner, mode, extended attributes and access control
    /// lists of `from`.
    ///
    /// # Errors
    /// Any I/O error; an attribute that cannot be restored is one, and its
    /// message names it.
    fn copy_attributes(&self, from: &Self::File, to: &Self::File) -> io::Result<()>;

    /// Free bytes that this user may take, on the filesystem of `entry`.
    ///
    /// # Errors
    /// Any I/O error.
    fn free_bytes(&self, entry: &Entry) -> io::Result<u64>;

    /// Whether overwriting bytes of a file may take new space: in holes, where
    /// extents are shared, and on filesystems that copy on write.
    ///
    /// # Errors
    /// Any I/O error.
    fn overwrite_allocates(&self, file: &Self::File) -> io::Result<bool>;

    /// Swaps two directory entries in one step. `false` where the filesystem
    /// cannot do it; then nothing has happened.
    ///
    /// # Errors
    /// Any I/O error.
    fn exchange(&self, a: &Entry, b: &Entry) -> io::Result<bool>;

    /// Renames; replaces what stands at `to`.
    ///
    /// # Errors
    /// Any I/O error.
    fn rename(&self, from: &Entry, to: &Entry) -> io::Result<()>;

    /// Renames to a name that must not exist.
    ///
    /// # Errors
    /// `AlreadyExists`, or any I/O error.
    fn rename_new(&self, from: &Entry, to: &Entry) -> io::Result<()>;

    /// Gives a file a second name, which must not exist.
    ///
    /// # Errors
    /// `AlreadyExists`, or any I/O error.
    fn link(&self, from: &Entry, to: &Entry) -> io::Result<()>;

    /// Removes a directory entry.
    ///
    /// # Errors
    /// Any I/O error.
    fn remove(&self, entry: &Entry) -> io::Result<()>;

    /// Marks a file as being written in place, where the filesystem can, with
    /// the path of its journal: so it is known by whatever name it is opened.
    ///
    /// # Errors
    /// Any I/O error.
    fn mark(&self, _file: &Self::File, _journal: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Takes the mark away, if there is one.
    ///
    /// # Errors
    /// Any I/O error.
    fn unmark(&self, _file: &Self::File) -> io::Result<()> {
        Ok(())
    }

    /// Whether another process may write to the file: it has it open for that,
    /// or nothing tells for what. Looked at by [`Storage::in_use`] first, which
    /// is cheaper and knows of all that have it open at all.
    ///
    /// # Errors
    /// Any I/O error.
    fn others_may_write(&self, _file: &Self::File) -> io::Result<bool> {
        Ok(false)
    }

    /// The journal that the mark on a file names, if there is one.
    fn marked_journal(&self, _file: &Self::File) -> Option<PathBuf> {
        None
    }

    /// Maps the first `bytes` bytes of a file; `path` is for messages.
    ///
    /// # Errors
    /// When it cannot be mapped.
    fn map(&self, file: &Self::File, bytes: u64, path: &Path) -> Result<Mapping>;

    /// Whether a file is mounted on its own, so that no other one can take its
    /// name. `false` where that cannot be told.
    ///
    /// # Errors
    /// Any I/O error.
    fn is_mount_point(&self, _file: &Self::File, _entry: &Entry) -> io::Result<bool> {
        Ok(false)
    }

    /// Whether a program in the file would run with more rights than those of
    /// whoever starts it.
    ///
    /// # Errors
    /// Any I/O error.
    fn has_capabilities(&self, _file: &Self::File) -> io::Result<bool> {
        Ok(false)
    }

    /// Whether a file of this name and owner can be what this user means, and
    /// not what others have put there.
    ///
    /// # Errors
    /// Any I/O error.
    fn is_trusted(&self, _entry: &Entry, _owner: u32) -> io::Result<bool> {
        Ok(true)
    }

    /// Moves a range of a file into a pipe without copying it. Returns where
    /// it has ended: before the end of the range where the filesystem cannot
    /// go on.
    ///
    /// # Errors
    /// Any I/O error on either side.
    fn splice(&self, _file: &Self::File, range: Range<u64>, _pipe: &File) -> io::Result<u64> {
        Ok(range.start)
    }

    /// Reads until the buffer is full or the file ends; returns the bytes
    /// read.
    ///
    /// # Errors
    /// Any I/O error but `Interrupted`.
    fn read_full_at(&self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.read_at(file, &mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// Fills the whole buffer.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file is shorter, or any other I/O error.
    fn read_exact_at(&self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.read_full_at(file, buffer, offset)? == buffer.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Writes all bytes.
    ///
    /// # Errors
    /// Any I/O error but `Interrupted`.
    fn write_all_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.write_at(file, &bytes[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
