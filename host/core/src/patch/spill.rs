//! A file that grows at its end. Whole pieces bypass the page cache (see
//! `commit/write/write_behind.rs` for the reason); an incomplete piece is in
//! memory.

use std::io;

use crate::storage::{Aligned, Direct, Storage};

/// Size of a piece.
const PIECE_BYTES: usize = 1 << 20;

pub(super) struct Spill<S: Storage> {
    pub(super) file: S::File,
    direct: Direct<S::File>,
    /// Number of bytes that have their final place in the file.
    whole: u64,
    /// The bytes after them.
    tail: Aligned,
    tail_bytes: usize,
    /// The number of bytes of the tail that are also in the file.
    flushed: usize,
}

impl<S: Storage> Spill<S> {
    /// An empty file.
    pub(super) fn new(file: S::File) -> Self {
        let tail = Aligned::new(PIECE_BYTES);
        Self { file, direct: Direct::default(), whole: 0, tail, tail_bytes: 0, flushed: 0 }
    }

    /// A file to read.
    pub(super) fn existing(file: S::File, bytes: u64) -> Self {
        Self { whole: bytes, tail: Aligned::new(0), ..Self::new(file) }
    }

    /// A file that continues after `bytes` bytes.
    pub(super) fn resumed(storage: &S, file: S::File, bytes: u64) -> io::Result<Self> {
        let mut spill = Self::new(file);
        spill.tail_bytes = (bytes % PIECE_BYTES as u64) as usize;
        spill.whole = bytes - spill.tail_bytes as u64;
        spill.flushed = spill.tail_bytes;
        let tail = &mut spill.tail.as_mut_slice()[..spill.tail_bytes];
        storage.read_exact_at(&spill.file, tail, spill.whole)?;
        Ok(spill)
    }

    pub(super) fn bytes_in_memory(&self) -> u64 {
        (self.tail_bytes - self.flushed) as u64
    }

    pub(super) fn append(&mut self, storage: &S, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.tail_bytes));
            self.tail.as_mut_slice()[self.tail_bytes..self.tail_bytes + part.len()].copy_from_slice(part);
            self.tail_bytes += part.len();
            bytes = rest;
            if self.tail_bytes == PIECE_BYTES {
                self.write_piece(storage)?;
            }
        }
        Ok(())
    }

    fn write_piece(&mut self, storage: &S) -> io::Result<()> {
        self.direct.write_all_at(storage, &self.file, self.tail.as_slice(), self.whole)?;
        self.whole += PIECE_BYTES as u64;
        (self.tail_bytes, self.flushed) = (0, 0);
        Ok(())
    }

    /// Writes the whole content to the file.
    pub(super) fn flush(&mut self, storage: &S) -> io::Result<()> {
        let rest = &self.tail.as_slice()[self.flushed..self.tail_bytes];
        if !rest.is_empty() {
            storage.write_all_at(&self.file, rest, self.whole + self.flushed as u64)?;
            self.flushed = self.tail_bytes;
        }
        Ok(())
    }

    /// Fills the buffer; the range must exist.
    pub(super) fn read_exact_at(&self, storage: &S, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let left = usize::try_from(self.whole.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (whole, tail) = buffer.split_at_mut(buffer.len().min(left));
        if !whole.is_empty() {
            storage.read_exact_at(&self.file, whole, offset)?;
        }
        if !tail.is_empty() {
            let from = (offset.max(self.whole) - self.whole) as usize;
            tail.copy_from_slice(&self.tail.as_slice()[..self.tail_bytes][from..from + tail.len()]);
        }
        Ok(())
    }
}
