//! A worker's own copy of the block that it works on, with a little of what
//! stands around it.
//!
//! Copying a block out of the page cache by one call, and hashing the copy
//! while it is in the core's cache, is faster than hashing the mapping, whose
//! pages the kernel must map one by one, and whose every page the processor
//! must look up (measured in `docs/benchmarks.md`). Holes are not even copied.
//! Where a copy is not to be had, or ends too early, the mapping is looked at;
//! so what is found does not depend on it.

use std::ops::Range;

use super::{BLOCK_BYTES, Scan};
use crate::engine::framing::View;
use crate::storage::ALIGN_BYTES;
use crate::storage::mmap::{Copier, Mapping};

/// What may be copied on each side of a block.
const MARGIN_BYTES: u64 = 64 << 10;

pub(super) struct BlockBuffer<'m> {
    memory: Memory<'m>,
    /// What the framing needs on each side of what it looks at.
    behind: u64,
    after: u64,
    /// Bytes behind the block that are copied as well: as many as the longest
    /// records so far would have needed.
    ahead: u64,
}

enum Memory<'m> {
    Copy(Copier<'m>),
    /// Of blocks that are too large to be copied, those that are holes are not
    /// read either. Zeros that are never written take no memory.
    Zeros(&'m Mapping, Vec<u8>),
}

impl<'m> BlockBuffer<'m> {
    /// `None` where the mapping is better: where all but a part of the block
    /// is looked at again in it anyway. Of blocks that are larger than a core's
    /// cache only holes are kept from it.
    pub(super) fn new(scan: &Scan<'m>) -> Option<Self> {
        let context = &scan.context;
        let (before, after) = context.job.framing.context_bytes();
        let behind = aligned(before.max(context.cutter.look_behind()));
        let ahead = aligned(after + 1);
        if scan.is_sequential() || behind.max(ahead) > MARGIN_BYTES {
            return None;
        }
        let most = (scan.block_bytes().max(BLOCK_BYTES) + 2 * MARGIN_BYTES).min(scan.view().limit());
        let most = usize::try_from(most).ok()?;
        let memory = if scan.block_bytes() > BLOCK_BYTES {
            Memory::Zeros(scan.mapping, vec![0; most])
        } else {
            Memory::Copy(Copier::new(scan.mapping, most))
        };
        Some(Self { memory, behind, after, ahead })
    }

    /// A view of a block and what is around it; `None` when not all of it can
    /// be read here, and the mapping is to be looked at, or to tell why.
    pub(super) fn read(&mut self, scan: &Scan<'_>, block: &Range<u64>) -> Option<View<'_>> {
        let file_bytes = scan.view().limit();
        let base = block.start.saturating_sub(self.behind);
        let limit = (block.end + self.ahead).min(file_bytes);
        let bytes = match &mut self.memory {
            Memory::Copy(copier) => copier.read(base..limit)?,
            Memory::Zeros(mapping, zeros) => {
                let is_hole = mapping.data_at(base).start >= limit;
                is_hole.then(|| &zeros[..(limit - base) as usize])?
            }
        };
        Some(View { base, bytes, end: limit == file_bytes })
    }

    /// Takes note of where the last record of a block has ended.
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
