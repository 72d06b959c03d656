//! Copies parts of a file, for one thread. Holes are not read: the kernel would
//! fill the page cache with zeros for them, which takes longer than processing
//! the zeros.

use std::ops::Range;

use super::{Mapped, Mapping};
use crate::storage::{Aligned, CopyMemory, OsStorage, Storage};

/// Memory for a copy, which is reused for the next one.
pub struct Copier<'m> {
    mapping: &'m Mapping,
    memory: Box<dyn CopyMemory>,
    /// From this offset on the memory contains only zeros, so that a hole that
    /// follows another need not be cleared again.
    used: usize,
    /// The next range with data, as far as is known. Data that becomes a hole
    /// later may still be read.
    data: Range<u64>,
}

impl<'m> Copier<'m> {
    /// Creates memory for copies of up to `most_bytes`.
    #[must_use]
    pub fn new(mapping: &'m Mapping, most_bytes: usize) -> Self {
        Self { mapping, memory: Box::new(Aligned::new(most_bytes)), used: 0, data: 0..0 }
    }

    /// Copies into this memory, whatever it contains.
    #[must_use]
    pub fn with_memory(mapping: &'m Mapping, memory: Box<dyn CopyMemory>) -> Self {
        let used = memory.bytes().len();
        Self { mapping, memory, used, data: 0..0 }
    }

    /// The bytes of a range. `None` when not all of them could be read: reading
    /// the mapping shows the reason.
    ///
    /// Bytes written into a hole during this call may be missed, like any write
    /// to a file while it is read.
    ///
    /// # Panics
    /// When the range is longer than the memory.
    pub fn read(&mut self, range: Range<u64>) -> Option<&[u8]> {
        let memory = &mut self.memory.bytes_mut()[..(range.end - range.start) as usize];
        let place = |offset: u64| (offset - range.start) as usize;
        let mut at = range.start;
        while at < range.end {
            if !self.data.contains(&at) {
                self.data = self.mapping.data_at(at);
            }
            let (start, end) = (self.data.start.clamp(at, range.end), self.data.end.clamp(at, range.end));
            let hole = place(at)..place(start).min(self.used);
            if !hole.is_empty() {
                memory[hole].fill(0);
            }
            if start == range.end {
                break;
            }
            let data = place(start)..place(end);
            self.used = self.used.max(data.end);
            if !self.mapping.copy(start, &mut memory[data]) {
                return None;
            }
            at = end;
        }
        // After the last data, the memory contains only zeros now.
        if self.used <= memory.len() {
            self.used = place(at);
        }
        Some(memory)
    }
}

impl Mapping {
    /// The first range of data, not a hole, at or after `at`; an empty range at
    /// the end of the file if there is none. If nothing is known, everything
    /// counts as data.
    #[must_use]
    pub fn data_at(&self, at: u64) -> Range<u64> {
        let len = self.len as u64;
        let Some(Mapped { file, .. }) = self.mapped.as_ref().filter(|_| self.may_have_holes) else {
            return at..len;
        };
        match OsStorage.data_at(file, at) {
            Ok(Some(data)) => data.start.min(len)..data.end.min(len),
            // If the file was cut short instead, reading it shows that.
            Ok(None) if file.metadata().is_ok_and(|now| now.len() >= len) => len..len,
            Ok(None) | Err(_) => at..len,
        }
    }
}
