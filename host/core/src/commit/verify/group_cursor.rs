//! The groups that a patch in in-place form lists, and the new bytes in them,
//! in one pass over the patch.

use std::collections::VecDeque;
use std::ops::Range;

use crate::error::Result;
use crate::patch::{Group, Reader};
use crate::storage::Storage;

/// Goes through a patch front to back. A group is listed after all edits that
/// start before its end, so their bytes are known when it comes.
pub(super) struct GroupCursor<'b, 's, S: Storage> {
    reader: Reader<'b, 's, S>,
    keeps: Keeps,
    /// What the edits so far add to offsets.
    shift: i64,
    /// The new bytes of edits that may reach into a group that is still to come.
    edits: VecDeque<NewBytes>,
    groups: VecDeque<Group>,
}

/// What the cursor keeps of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    GroupsAlone,
    EditsToo,
}

/// The new bytes of an edit, and where they are in the file afterwards.
struct NewBytes {
    start: u64,
    bytes: Vec<u8>,
}

impl NewBytes {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl<'b, 's, S: Storage> GroupCursor<'b, 's, S> {
    /// A cursor that knows the new bytes, too.
    pub(super) fn new(reader: Reader<'b, 's, S>) -> Self {
        Self::with(reader, Keeps::EditsToo)
    }

    /// A cursor that knows the groups alone.
    pub(super) fn of_groups(reader: Reader<'b, 's, S>) -> Self {
        Self::with(reader, Keeps::GroupsAlone)
    }

    fn with(reader: Reader<'b, 's, S>, keeps: Keeps) -> Self {
        Self { reader, keeps, shift: 0, edits: VecDeque::new(), groups: VecDeque::new() }
    }

    /// The next group, which stays the next one.
    ///
    /// # Errors
    /// When the patch cannot be read, or is corrupt.
    pub(super) fn peek(&mut self) -> Result<Option<Group>> {
        while self.groups.is_empty() {
            let Some(batch) = self.reader.next_batch()? else { return Ok(None) };
            self.groups.extend(batch.groups());
            if self.keeps == Keeps::GroupsAlone {
                continue;
            }
            for edit in batch.edits() {
                let start = edit.start.wrapping_add_signed(self.shift);
                self.shift += edit.new.len() as i64 - edit.old.len() as i64;
                if !edit.new.is_empty() {
                    self.edits.push_back(NewBytes { start, bytes: edit.new.to_vec() });
                }
            }
        }
        Ok(self.groups.front().copied())
    }

    /// The next group.
    ///
    /// # Errors
    /// When the patch cannot be read, or is corrupt.
    pub(super) fn next(&mut self) -> Result<Option<Group>> {
        self.peek()?;
        Ok(self.groups.pop_front())
    }

    /// Calls `put` with all new bytes inside `range`, and where in it they
    /// begin. Ranges are asked for in order, and end no later than the next
    /// group begins.
    pub(super) fn new_bytes(&mut self, range: &Range<u64>, mut put: impl FnMut(usize, &[u8])) {
        while self.edits.front().is_some_and(|edit| edit.end() <= range.start) {
            self.edits.pop_front();
        }
        for edit in self.edits.iter().take_while(|edit| edit.start < range.end) {
            let (from, to) = (edit.start.max(range.start), edit.end().min(range.end));
            let bytes = &edit.bytes[(from - edit.start) as usize..(to - edit.start) as usize];
            put((from - range.start) as usize, bytes);
        }
    }
}
