//! A file mapped read-only, safe against the file shrinking or its medium
//! failing under us.
//!
//! Reading a mapped page that is past the file's end, or that the medium
//! cannot deliver, raises SIGBUS. A handler that is installed once, and looks
//! at our mappings alone, notes the place and lets the load go on with zeros.
//! A SIGBUS that is not ours goes to whoever handled it before.
//!
//! # The one rule
//!
//! **Bytes of a mapping mean nothing until [`Mapping::fault`] was asked after
//! they were read, and answered `None`.** Until then they may be made-up
//! zeros: use them for computing, but trust no result before that.
//!
//! What this does *not* promise: a file cut within a page shows zeros from
//! there to the page's end without a fault, and a file that is written to
//! shows the new bytes. Both are for the identity check to find. A system
//! call that is handed faulty pages fails with `EFAULT` and marks nothing.
#![allow(unsafe_code)]

mod copier;
mod sigbus;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::{io, slice};

pub use copier::Copier;

use libc::c_int;

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::{OsStorage, Storage};
use sigbus::{Slot, install_handler, page_bytes};

/// A whole file in memory, read-only. See the module's rule on faults.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
    /// Both `None` for an empty mapping, which cannot fault.
    slot: Option<&'static Slot>,
    file: Option<File>,
    /// Whether the file takes less space than it is long.
    may_have_holes: bool,
}

/// Bytes of the blocks that the size of a file on its medium is told in.
const STAT_BLOCK_BYTES: u64 = 512;

// SAFETY: the memory is only ever read, is owned by this value alone, and is
// bound to no thread.
unsafe impl Send for Mapping {}
// SAFETY: all methods take `&self` and neither write the memory nor unmap it.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `len` bytes of `file`; `path` is for messages. A file
    /// that is shorter faults when it is read beyond its end.
    ///
    /// # Errors
    /// When the file cannot be mapped, as is so with pipes and some special
    /// files, or when too many files are mapped at once.
    pub fn new(file: &File, len: u64, path: &Path) -> Result<Self> {
        if len == 0 {
            return Ok(Self {
                base: NonNull::dangling(),
                len: 0,
                slot: None,
                file: None,
                may_have_holes: false,
            });
        }
        let len = usize::try_from(len)
            .ok()
            .filter(|len| isize::try_from(*len).is_ok())
            .ok_or_else(|| Error::io("map", path, io::ErrorKind::FileTooLarge.into()))?;
        install_handler().map_err(Error::at("map", path))?;
        let own = file.try_clone().map_err(Error::at("map", path))?;
        let stat = own.metadata().map_err(Error::at("look at", path))?;
        let may_have_holes =
            stat.file_type().is_file() && stat.blocks().saturating_mul(STAT_BLOCK_BYTES) < len as u64;
        let slot = Slot::claim().ok_or_else(|| {
            Error::new(Kind::Usage, format!("cannot map {}: too many files are mapped", path.shown()))
        })?;
        // SAFETY: a fresh mapping at an address of the kernel's choice
        // touches no memory of ours.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        let mapped = if base == libc::MAP_FAILED { None } else { NonNull::new(base.cast::<u8>()) };
        let Some(base) = mapped else {
            let cause = io::Error::last_os_error();
            slot.free();
            return Err(Error::io("map", path, cause));
        };
        slot.publish(base.as_ptr() as usize, len);
        Ok(Self { base, len, slot: Some(slot), file: Some(own), may_have_holes })
    }

    /// The content. Ask [`Mapping::fault`] before you trust what you read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `base` is valid for `len` bytes as long as `self` lives (or
        // dangling with a length of zero), and nothing in this process writes
        // there. Another process may write to the file: as with every mapping
        // of a file, that is outside the language's model, and harmless as
        // far as callers treat the bytes as untrusted data, which they do.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }

    /// The file offset of the first page that could not be read, of those
    /// that were tried.
    ///
    /// Pages behind it may have turned to zeros without an entry of their
    /// own; so after `Some`, no byte at or behind it is to be trusted, and
    /// after `None`, every byte read before the call was real.
    #[must_use]
    pub fn fault(&self) -> Option<u64> {
        self.slot?.fault()
    }

    /// [`Mapping::fault`] as an error; `path` is what it calls the file.
    ///
    /// # Errors
    /// When a part of the file could not be read, with its offset.
    pub fn check(&self, path: &Path) -> Result<()> {
        match self.fault() {
            None => Ok(()),
            Some(offset) => Err(Error::new(
                Kind::Usage,
                format!(
                    "cannot read {} at byte {offset}: it was cut short, or its medium failed",
                    path.shown()
                ),
            )
            .hint("nothing was written; the kernel log tells of errors of the medium")),
        }
    }

    /// Copies bytes at `offset` with system calls, without looking at the
    /// mapping; whether all could be read. Where not, nothing is noted, and
    /// reading the mapping tells why. From [`crate::storage::ALIGN_BYTES`] aligned
    /// offsets to memory aligned alike it is faster than the mapping, whose
    /// pages must be made known to the processor one by one.
    #[must_use]
    pub fn copy(&self, offset: u64, memory: &mut [u8]) -> bool {
        let inside = offset.checked_add(memory.len() as u64).is_some_and(|end| end <= self.len as u64);
        let Some(file) = self.file.as_ref().filter(|_| inside) else { return memory.is_empty() };
        OsStorage.read_exact_at(file, memory, offset).is_ok()
    }

    /// Drops the pages that lie wholly inside `range` from this process, so
    /// that the resident set stays small while a scan moves on. They stay in
    /// the page cache, and reading them again works.
    pub fn release(&self, range: Range<u64>) {
        let page = page_bytes();
        let Some(range) = self.clamp(range) else { return };
        // The last page of the mapping is whole even when the file ends in it.
        let end = if range.end == self.len { self.len } else { range.end / page * page };
        self.advise(range.start.next_multiple_of(page)..end, libc::MADV_DONTNEED);
    }

    /// Maps the pages of `range` in one go, and waits for those that must be
    /// read first. What cannot be read faults later, when it is looked at.
    pub fn page_in(&self, range: Range<u64>) {
        let Some(range) = self.clamp(range) else { return };
        self.advise(range.start / page_bytes() * page_bytes()..range.end, libc::MADV_POPULATE_READ);
    }

    fn clamp(&self, range: Range<u64>) -> Option<Range<usize>> {
        let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(self.len);
        let start = usize::try_from(range.start).ok()?;
        (start < end).then_some(start..end)
    }

    /// Failure is ignored: advice changes speed, not content.
    fn advise(&self, range: Range<usize>, advice: c_int) {
        if range.is_empty() {
            return;
        }
        // SAFETY: the range lies in the mapping and starts on a page. Neither
        // kind of advice changes what a read of it returns: the pages are
        // clean, and come from the file (or are a fault's zeros) again.
        unsafe {
            libc::madvise(self.base.as_ptr().add(range.start).cast(), range.len(), advice);
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        // First, so that the handler never touches a range that is no longer
        // ours.
        slot.free();
        // SAFETY: the range is this value's own, and its borrows have ended.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.len);
        }
    }
}
