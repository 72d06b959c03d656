//! A group to be read back, and its written blocks.

use super::group_cursor::GroupCursor;
use crate::hash::GROUP_BYTES;
use crate::storage::{ALIGN_BYTES, Storage};

/// Size of a block. Writing one byte writes the whole block that holds it.
pub(super) const BLOCK_BYTES: usize = ALIGN_BYTES;
/// All blocks of a group.
const ALL: u16 = u16::MAX;
const _: () = assert!(GROUP_BYTES as usize / BLOCK_BYTES == u16::BITS as usize, "one bit per block");

/// A group to be read back.
pub(super) struct Spot {
    pub(super) group: u64,
    /// The blocks that were written, one bit per block.
    pub(super) blocks: u16,
}

impl Spot {
    /// A group to be read back in full.
    pub(super) fn whole(group: u64) -> Self {
        Self { group, blocks: ALL }
    }

    /// A group whose pages with new bytes are read back; the whole group if all
    /// its pages are.
    pub(super) fn written<S: Storage>(cursor: &mut GroupCursor<'_, '_, S>, group: u64, size: u64) -> Self {
        let start = group * GROUP_BYTES;
        let there = GROUP_BYTES.min(size.saturating_sub(start)) as usize;
        let page = rustix::param::page_size().clamp(BLOCK_BYTES, GROUP_BYTES as usize);
        let mut blocks = 0_u16;
        cursor.new_bytes(&(start..start + GROUP_BYTES), |at, new| {
            let (first, end) = (at / page * page, (at + new.len()).next_multiple_of(page));
            for block in first / BLOCK_BYTES..end / BLOCK_BYTES {
                blocks |= 1 << block;
            }
        });
        let all = blocks.trailing_ones() as usize >= there.div_ceil(BLOCK_BYTES);
        Self { group, blocks: if all { ALL } else { blocks } }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.blocks == ALL
    }

    pub(super) fn group(&self) -> u64 {
        self.group
    }
}
