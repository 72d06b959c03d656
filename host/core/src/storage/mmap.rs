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
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{io, slice};

pub use copier::Copier;

use memmap2::{Advice, MmapOptions, MmapRaw, UncheckedAdvice};

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::{OsStorage, Storage};
use sigbus::{Claimed, install_handler, page_bytes};

/// A whole file in memory, read-only. See the module's rule on faults.
#[derive(Debug)]
pub struct Mapping {
    /// What errors call the file.
    path: PathBuf,
    len: usize,
    /// `None` for an empty file, which cannot fault.
    mapped: Option<Mapped>,
    /// Whether the file takes less space than it is long.
    may_have_holes: bool,
}

/// What there is of a file that is not empty.
#[derive(Debug)]
struct Mapped {
    /// Freed before the memory is unmapped, so that the handler never touches
    /// a range that is no longer ours: fields are dropped in this order.
    slot: Claimed,
    memory: MmapRaw,
    file: File,
}

/// Bytes of the blocks that the size of a file on its medium is told in.
const STAT_BLOCK_BYTES: u64 = 512;

impl Mapping {
    /// Maps the first `len` bytes of `file`; `path` is for messages. A file
    /// that is shorter faults when it is read beyond its end.
    ///
    /// # Errors
    /// When the file cannot be mapped, as is so with pipes and some special
    /// files, or when too many files are mapped at once.
    pub fn new(file: &File, len: u64, path: &Path) -> Result<Self> {
        let path = path.to_owned();
        if len == 0 {
            return Ok(Self { path, len: 0, mapped: None, may_have_holes: false });
        }
        let failed = |error| Error::io("map", &path, error);
        let len = usize::try_from(len)
            .ok()
            .filter(|len| isize::try_from(*len).is_ok())
            .ok_or_else(|| failed(io::ErrorKind::FileTooLarge.into()))?;
        install_handler().map_err(failed)?;
        let file = file.try_clone().map_err(failed)?;
        let stat = file.metadata().map_err(Error::at("look at", &path))?;
        let may_have_holes =
            stat.file_type().is_file() && stat.blocks().saturating_mul(STAT_BLOCK_BYTES) < len as u64;
        let slot = Claimed::claim().ok_or_else(|| {
            Error::new(Kind::Io, format!("cannot map {}: too many files are mapped", path.shown()))
        })?;
        let memory = MmapOptions::new().len(len).map_raw_read_only(&file).map_err(failed)?;
        slot.publish(memory.as_ptr() as usize, len);
        Ok(Self { path, len, mapped: Some(Mapped { slot, memory, file }), may_have_holes })
    }

    /// What errors call the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content. Ask [`Mapping::fault`] before you trust what you read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let Some(Mapped { memory, .. }) = &self.mapped else { return &[] };
        // SAFETY: the memory is valid for `len` bytes as long as `self` lives,
        // and nothing in this process writes there. Another process may write
        // to the file: as with every mapping of a file, that is outside the
        // language's model, and harmless as far as callers treat the bytes as
        // untrusted data, which they do.
        unsafe { slice::from_raw_parts(memory.as_ptr(), self.len) }
    }

    /// The file offset of the first page that could not be read, of those
    /// that were tried.
    ///
    /// Pages behind it may have turned to zeros without an entry of their
    /// own; so after `Some`, no byte at or behind it is to be trusted, and
    /// after `None`, every byte read before the call was real.
    #[must_use]
    pub fn fault(&self) -> Option<u64> {
        self.mapped.as_ref()?.slot.fault()
    }

    /// [`Mapping::fault`] as an error.
    ///
    /// # Errors
    /// When a part of the file could not be read, with its offset.
    pub fn check(&self) -> Result<()> {
        match self.fault() {
            None => Ok(()),
            Some(offset) => Err(Error::new(
                Kind::Io,
                format!(
                    "cannot read {} at byte {offset}: it was cut short, or its medium failed",
                    self.path.shown()
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
        let Some(Mapped { file, .. }) = self.mapped.as_ref().filter(|_| inside) else {
            return memory.is_empty();
        };
        OsStorage.read_exact_at(file, memory, offset).is_ok()
    }

    /// Drops the pages that lie wholly inside `range` from this process, so
    /// that the resident set stays small while a scan moves on. They stay in
    /// the page cache, and reading them again works. Failure is ignored:
    /// advice changes speed, not content.
    pub fn release(&self, range: Range<u64>) {
        let page = page_bytes();
        let Some(range) = self.clamp(range) else { return };
        // The last page of the mapping is whole even when the file ends in it.
        let end = if range.end == self.len { self.len } else { range.end / page * page };
        let start = range.start.next_multiple_of(page);
        let Some(Mapped { memory, .. }) = self.mapped.as_ref().filter(|_| start < end) else { return };
        // SAFETY: the pages are clean, so reading them again gives the bytes
        // of the file again, or the zeros of a fault: the advice changes
        // nothing that a borrow of the bytes could see.
        let _ = unsafe { memory.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start) };
    }

    /// Maps the pages of `range` in one go, and waits for those that must be
    /// read first. What cannot be read faults later, when it is looked at.
    pub fn page_in(&self, range: Range<u64>) {
        let Some(range) = self.clamp(range) else { return };
        let start = range.start / page_bytes() * page_bytes();
        if let Some(Mapped { memory, .. }) = &self.mapped {
            let _ = memory.advise_range(Advice::PopulateRead, start, range.end - start);
        }
    }

    fn clamp(&self, range: Range<u64>) -> Option<Range<usize>> {
        let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(self.len);
        let start = usize::try_from(range.start).ok()?;
        (start < end).then_some(start..end)
    }
}
