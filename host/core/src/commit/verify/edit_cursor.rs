//! Where a patch in in-place form puts its new bytes.

use std::ops::Range;

use crate::error::Result;
use crate::patch::{Edits, Reader};
use crate::storage::Storage;

/// A cursor over the new bytes of all edits, at their offsets in the new file,
/// front to back.
pub(super) struct EditCursor<'b, 's, S: Storage> {
    edits: Edits<'b, 's, S>,
    shift: i64,
}

impl<'b, 's, S: Storage> EditCursor<'b, 's, S> {
    pub(super) fn new(reader: Reader<'b, 's, S>) -> Self {
        Self { edits: Edits::new(reader), shift: 0 }
    }

    /// Calls `put` with all new bytes inside `range`, and their offset in it.
    /// Ranges must be requested in order.
    pub(super) fn each(&mut self, range: &Range<u64>, mut put: impl FnMut(usize, &[u8])) -> Result<()> {
        while let Some(edit) = self.edits.peek()? {
            let start = edit.start.wrapping_add_signed(self.shift);
            let end = start + edit.new.len() as u64;
            let (from, to) = (start.max(range.start), end.min(range.end));
            if from < to {
                let new = &edit.new[(from - start) as usize..(to - start) as usize];
                put((from - range.start) as usize, new);
            }
            if end > range.end || start >= range.end {
                // The edit continues in a later range.
                return Ok(());
            }
            self.shift += edit.new.len() as i64 - edit.old.len() as i64;
            self.edits.advance();
        }
        Ok(())
    }
}
