//! Where a patch in in-place form puts its new bytes.

use std::ops::Range;

use crate::error::Result;
use crate::patch::{Edits, Reader};
use crate::storage::Storage;

/// The new bytes of all edits, where they stand in the file afterwards; gone
/// through front to back.
pub(super) struct EditCursor<'b, 's, S: Storage> {
    edits: Edits<'b, 's, S>,
    shift: i64,
}

impl<'b, 's, S: Storage> EditCursor<'b, 's, S> {
    pub(super) fn new(reader: Reader<'b, 's, S>) -> Self {
        Self { edits: Edits::new(reader), shift: 0 }
    }

    /// Calls `put` with all new bytes inside `range`, and where in it they
    /// begin. Ranges are asked for in order.
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
                // It has a part in a later range.
                return Ok(());
            }
            self.shift += edit.new.len() as i64 - edit.old.len() as i64;
            self.edits.advance();
        }
        Ok(())
    }
}
