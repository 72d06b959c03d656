//! Maps a file read-only, with protection against a file that shrinks or a
//! medium that fails during the run.
//!
//! Reading a mapped page past the end of the file, or one that the medium
//! cannot deliver, raises SIGBUS. A handler, which is installed once and
//! handles only our mappings, records the offset and lets the read continue
//! with zeros. Any other SIGBUS is passed to the previous handler.
//!
//! # The one rule
//!
//! **Bytes of a mapping are meaningless until [`Mapping::fault`] was called
//! after they were read and returned `None`.** Until then they may be made-up
//! zeros: they may be used in computations, but no result may be trusted.
//!
//! Two things are *not* detected: a file cut within a page shows zeros up to
//! the end of the page without a fault, and a file that is written to shows the
//! new bytes. The identity check must find both. A system call that gets faulty
//! pages fails with `EFAULT` and records nothing.
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

/// A whole file in memory, read-only. See the module's rule about faults.
#[derive(Debug)]
pub struct Mapping {
    /// The name of the file in errors.
    path: PathBuf,
    len: usize,
    /// `None` for an empty file, which cannot fault.
    mapped: Option<Mapped>,
    /// Whether the file takes less space than its length.
    may_have_holes: bool,
}

/// The mapping of a non-empty file.
#[derive(Debug)]
struct Mapped {
    /// Dropped before the memory is unmapped, so that the handler never touches
    /// a range that is no longer ours: fields are dropped in this order.
    slot: Claimed,
    memory: MmapRaw,
    file: File,
}

/// Unit of a file's allocated size in `stat`.
const STAT_BLOCK_BYTES: u64 = 512;

impl Mapping {
    /// Maps the first `len` bytes of `file`; `path` is for messages. If the
    /// file is shorter, reads beyond its end fault.
    ///
    /// # Errors
    /// When the file cannot be mapped (for example, a pipe or a special file),
    /// or when too many files are mapped at once.
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
        let stat = file.metadata().map_err(Error::at("inspect", &path))?;
        let may_have_holes =
            stat.file_type().is_file() && stat.blocks().saturating_mul(STAT_BLOCK_BYTES) < len as u64;
        let slot = Claimed::claim().ok_or_else(|| {
            Error::new(Kind::Io, format!("cannot map {}: too many files are mapped", path.shown()))
        })?;
        let memory = MmapOptions::new().len(len).map_raw_read_only(&file).map_err(failed)?;
        slot.publish(memory.as_ptr() as usize, len);
        Ok(Self { path, len, mapped: Some(Mapped { slot, memory, file }), may_have_holes })
    }

    /// The name of the file in errors.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content. Call [`Mapping::fault`] before trusting what was read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let Some(Mapped { memory, .. }) = &self.mapped else { return &[] };
        // SAFETY: the memory is valid for `len` bytes as long as `self` lives,
        // and nothing in this process writes to it. Another process may write
        // to the file. As with every mapping of a file, that is outside the
        // language's model, and harmless because callers treat the bytes as
        // untrusted data.
        unsafe { slice::from_raw_parts(memory.as_ptr(), self.len) }
    }

    /// The file offset of the first page that could not be read, among the
    /// pages that were accessed.
    ///
    /// Later pages may have become zeros without being recorded. So after
    /// `Some`, no byte at or after the offset may be trusted; after `None`,
    /// every byte read before the call is real.
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
            .hint("nothing was written; see the kernel log for errors of the medium")),
        }
    }

    /// Copies bytes at `offset` with system calls, without accessing the
    /// mapping. Returns whether all could be read; if not, nothing is recorded,
    /// and reading the mapping shows the reason. With offsets and memory
    /// aligned to [`crate::storage::ALIGN_BYTES`], this is faster than the
    /// mapping, whose pages must be set up one by one.
    #[must_use]
    pub fn copy(&self, offset: u64, memory: &mut [u8]) -> bool {
        let inside = offset.checked_add(memory.len() as u64).is_some_and(|end| end <= self.len as u64);
        let Some(Mapped { file, .. }) = self.mapped.as_ref().filter(|_| inside) else {
            return memory.is_empty();
        };
        OsStorage.read_exact_at(file, memory, offset).is_ok()
    }

    /// Drops the pages that lie entirely inside `range` from this process, so
    /// that the resident set stays small while a scan advances. They stay in
    /// the page cache, and can be read again. Errors are ignored: the advice
    /// changes speed, not content.
    pub fn release(&self, range: Range<u64>) {
        let page = page_bytes();
        let Some(range) = self.clamp(range) else { return };
        // The last page of the mapping is whole even if the file ends inside
        // it.
        let end = if range.end == self.len { self.len } else { range.end / page * page };
        let start = range.start.next_multiple_of(page);
        let Some(Mapped { memory, .. }) = self.mapped.as_ref().filter(|_| start < end) else { return };
        // SAFETY: the pages are clean, so reading them again gives the bytes of
        // the file, or the zeros of a fault. The advice changes nothing that a
        // borrow of the bytes could see.
        let _ = unsafe { memory.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start) };
    }

    /// Maps the pages of `range` in one call, and waits for those that must be
    /// read first. Pages that cannot be read fault later, when they are
    /// accessed.
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
