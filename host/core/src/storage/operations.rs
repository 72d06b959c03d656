//! The operations of a filesystem.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mmap::Mapping;
use super::{Access, Entry, Resized, Stat, transfer};
use crate::error::Result;

/// A filesystem. Each operation behaves like the system call of the same name:
/// reads and writes may be short, and nothing is durable before a sync.
pub trait Storage: Sync {
    /// An open file. Positions are always explicit.
    type File: Send + Sync;

    /// Opens an existing file. A symbolic link is not followed.
    ///
    /// # Errors
    /// Any I/O error; `InvalidInput` if `access` is not supported.
    fn open(&self, entry: &Entry, access: Access) -> io::Result<Self::File>;

    /// Creates a new file for reading and writing, with mode 0600.
    ///
    /// # Errors
    /// `AlreadyExists`, also for a dangling link; any other I/O error.
    fn create(&self, entry: &Entry) -> io::Result<Self::File>;

    /// Whether another process that created the file still has it open. `false`
    /// if the system does not support this.
    fn is_locked(&self, _file: &Self::File) -> bool {
        false
    }

    /// Reads at an offset; returns 0 at the end of the file.
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

    /// Like [`Storage::set_len`], if the file is `expected` bytes long. This is
    /// one atomic step, so that no bytes appended by other processes are lost.
    /// `file` must be the only descriptor of the file in this process.
    ///
    /// # Errors
    /// Any I/O error.
    fn set_len_if(&self, file: &Self::File, expected: u64, bytes: u64) -> io::Result<Resized>;

    /// Whether other processes have the file open, and keep it open for at
    /// least `patience`. `false` if the system does not support this. `file`
    /// must be the only descriptor of the file in this process.
    ///
    /// # Errors
    /// Any I/O error.
    fn in_use(&self, file: &Self::File, patience: Duration) -> io::Result<bool>;

    /// Writes at the present end of the file.
    ///
    /// # Errors
    /// Any I/O error, `Interrupted` included.
    fn append(&self, file: &Self::File, bytes: &[u8]) -> io::Result<usize>;

    /// Sets the permission bits.
    ///
    /// # Errors
    /// Any I/O error.
    fn set_mode(&self, file: &Self::File, mode: u32) -> io::Result<()>;

    /// Opens the same file for writing past the page cache. Offsets, lengths
    /// and buffers must be multiples of [`ALIGN_BYTES`](super::ALIGN_BYTES). A sync of the original
    /// file also makes durable what is written through the returned one.
    ///
    /// # Errors
    /// Any I/O error; `InvalidInput` if that is not supported.
    fn direct(&self, file: &Self::File) -> io::Result<Self::File>;

    /// The first range at or after `at` that is not known to be a hole; `None`
    /// if there is none. If holes cannot be detected, everything counts as data.
    ///
    /// # Errors
    /// Any I/O error.
    fn data_at(&self, _file: &Self::File, at: u64) -> io::Result<Option<Range<u64>>> {
        Ok(Some(at..u64::MAX))
    }

    /// Lets a range of `b` from `at` on share the extents of a part of `a`. Both
    /// begin and end at multiples of [`ALIGN_BYTES`](super::ALIGN_BYTES). `false`
    /// if the filesystem does not support it; then nothing has changed.
    ///
    /// # Errors
    /// Any I/O error.
    fn share_range(&self, _a: &Self::File, _part: Range<u64>, _b: &Self::File, _at: u64) -> io::Result<bool> {
        Ok(false)
    }

    /// Makes content and size durable. After an error it is unknown what has
    /// reached the medium, even if a later call succeeds.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync_data(&self, file: &Self::File) -> io::Result<()>;

    /// Like [`Storage::sync_data`], and makes all metadata durable.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync_all(&self, file: &Self::File) -> io::Result<()>;

    /// Makes the names in the directory of `entry` durable.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync_parent(&self, entry: &Entry) -> io::Result<()>;

    /// Drops the file's clean pages from the page cache. Returns whether the
    /// system confirms that none is left.
    ///
    /// # Errors
    /// Any I/O error.
    fn evict(&self, file: &Self::File) -> io::Result<bool>;

    /// The metadata and the identity of a file.
    ///
    /// # Errors
    /// Any I/O error.
    fn stat(&self, file: &Self::File) -> io::Result<Stat>;

    /// Like [`Storage::stat`], by name. A symbolic link is not followed.
    ///
    /// # Errors
    /// Any I/O error.
    fn stat_entry(&self, entry: &Entry) -> io::Result<Stat>;

    /// A file beside `entry` for which `is` returns true. No link is followed.
    ///
    /// # Errors
    /// Any I/O error, except that a name disappears.
    fn find_beside(&self, entry: &Entry, is: &dyn Fn(&Stat) -> bool) -> io::Result<Option<Entry>>;

    /// Copies owner, mode, extended attributes and access control lists.
    ///
    /// # Errors
    /// Any I/O error. If an attribute cannot be set, the error names it.
    fn copy_attributes(&self, from: &Self::File, to: &Self::File) -> io::Result<()>;

    /// Free bytes available to this user, on the filesystem of `entry`.
    ///
    /// # Errors
    /// Any I/O error.
    fn free_bytes(&self, entry: &Entry) -> io::Result<u64>;

    /// Whether overwriting bytes of a file may allocate new space: in holes, in
    /// shared extents, and on filesystems that copy on write.
    ///
    /// # Errors
    /// Any I/O error.
    fn overwrite_allocates(&self, file: &Self::File) -> io::Result<bool>;

    /// Swaps two names in one step. `false`, without effect, if not supported.
    ///
    /// # Errors
    /// Any I/O error.
    fn exchange(&self, a: &Entry, b: &Entry) -> io::Result<bool>;

    /// Renames a file, replacing a file at `to`.
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

    /// Marks a file as being written in place, with the path of its journal, if
    /// the filesystem supports that. Any name of the file leads to the mark.
    ///
    /// # Errors
    /// Any I/O error.
    fn mark(&self, _file: &Self::File, _journal: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Removes the mark, if there is one.
    ///
    /// # Errors
    /// Any I/O error.
    fn unmark(&self, _file: &Self::File) -> io::Result<()> {
        Ok(())
    }

    /// Whether another process may write to the file: it has the file open for
    /// writing, or the access mode is unknown. Call [`Storage::in_use`] first,
    /// which is cheaper and finds every process that has the file open.
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

    /// Whether a file is itself a mount point, so that it cannot be replaced by
    /// a different file. `false` if that cannot be determined.
    ///
    /// # Errors
    /// Any I/O error.
    fn is_mount_point(&self, _file: &Self::File, _entry: &Entry) -> io::Result<bool> {
        Ok(false)
    }

    /// Whether a program in the file would run with additional rights.
    ///
    /// # Errors
    /// Any I/O error.
    fn has_capabilities(&self, _file: &Self::File) -> io::Result<bool> {
        Ok(false)
    }

    /// Whether a file with this name and owner can be the one that this user
    /// means, and not one that another user put there.
    ///
    /// # Errors
    /// Any I/O error.
    fn is_trusted(&self, _entry: &Entry, _owner: u32) -> io::Result<bool> {
        Ok(true)
    }

    /// Moves a range of a file into a pipe without copying. Returns where it
    /// stopped: before the end if the filesystem does not support it.
    ///
    /// # Errors
    /// Any I/O error on either side.
    fn splice(&self, _file: &Self::File, range: Range<u64>, _pipe: &File) -> io::Result<u64> {
        Ok(range.start)
    }

    /// Reads until the buffer is full or the file ends. Returns the byte count.
    ///
    /// # Errors
    /// Any I/O error except `Interrupted`.
    fn read_full_at(&self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        transfer::read_full_at(self, file, buffer, offset)
    }

    /// Fills the whole buffer.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file is shorter, or any other I/O error.
    fn read_exact_at(&self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        transfer::read_exact_at(self, file, buffer, offset)
    }

    /// Writes all bytes.
    ///
    /// # Errors
    /// Any I/O error except `Interrupted`.
    fn write_all_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        transfer::write_all_at(self, file, bytes, offset)
    }
}
