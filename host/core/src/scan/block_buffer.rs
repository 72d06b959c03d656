//! A worker's copy of its block, with a few bytes around it.
//!
//! Copying a block from the page cache with one call, and hashing the copy in
//! the core's cache, is faster than hashing the mapping: the kernel would have
//! to map its pages one by one, and the processor would have to look up each
//! page (measured in `docs/benchmarks.md`). Holes are not even copied. If a
//! copy fails or ends too early, the mapping is used, so the results do not
//! depend on the copy.

use std::ops::Range;

use super::{BLOCK_BYTES, Scan};
use crate::engine::framing::View;
use crate::engine::window::MARGIN_BYTES;
use crate::storage::mmap::Copier;
use crate::storage::{ALIGN_BYTES, CopyMemory};

pub(super) struct BlockBuffer<'m> {
    copier: Copier<'m>,
    /// Bytes that the framing needs on each side of a range.
    before: u64,
    after: u64,
    /// Bytes after the block that are copied as well: as many as the longest
    /// records so far would have needed.
    ahead: u64,
}

impl<'m> BlockBuffer<'m> {
    /// Reads into `memory` if it is given and large enough. Returns `None` if the
    /// mapping is better: when most of the block would be read again through
    /// the mapping anyway, or when blocks are larger than a core's cache, and
    /// are not to be copied for a worker.
    pub(super) fn new(scan: &Scan<'m>, memory: Option<Box<dyn CopyMemory>>) -> Option<Self> {
        let (before, after) = scan.context.margins();
        let before = aligned(before);
        let ahead = aligned(after + 1);
        if scan.is_sequential() || before.max(ahead) > MARGIN_BYTES {
            return None;
        }
        let most = (scan.block_bytes().max(BLOCK_BYTES) + 2 * MARGIN_BYTES).min(scan.view().limit());
        let most = usize::try_from(most).ok()?;
        let copier = match memory.filter(|memory| memory.bytes().len() >= most) {
            Some(memory) => Copier::with_memory(scan.mapping, memory),
            None if scan.block_bytes() > BLOCK_BYTES => return None,
            None => Copier::new(scan.mapping, most),
        };
        Some(Self { copier, before, after, ahead })
    }

    /// A view of a block and its surroundings; `None` if it cannot be read here
    /// in full. Then the mapping must be used, which also reports the reason.
    pub(super) fn read(&mut self, scan: &Scan<'_>, block: &Range<u64>) -> Option<View<'_>> {
        let file_bytes = scan.view().limit();
        let base = block.start.saturating_sub(self.before);
        let limit = (block.end + self.ahead).min(file_bytes);
        let bytes = self.copier.read(base..limit)?;
        Some(View { base, bytes, end: limit == file_bytes })
    }

    /// Records where the last record of a block ended.
    pub(super) fn learn(&mut self, block: &Range<u64>, end: u64) {
        let ahead = aligned(end.saturating_sub(block.end).saturating_add(self.after + 1));
        if ahead <= MARGIN_BYTES {
            self.ahead = self.ahead.max(ahead);
        }
    }
}

fn aligned(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(ALIGN_BYTES as u64).unwrap_or(u64::MAX)
}
