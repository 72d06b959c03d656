//! Edits of one record, in its own positions.

use std::ops::Range;

use runner_contract::Edits;

use crate::records::{Error, Record};
use crate::search::{Found, Search};

/// Collects the edits of one record, in positions of the record. They must come in
/// order, must not overlap, and cannot leave the record.
#[derive(Debug)]
pub struct RecordEdits<'a> {
    edits: &'a mut Edits,
    record: Record<'a>,
}

impl<'a> RecordEdits<'a> {
    /// Edits of a record go into those of its window.
    #[must_use]
    pub fn new(edits: &'a mut Edits, record: Record<'a>) -> Self {
        Self { edits, record }
    }

    /// Replaces a range of the record. What ends the record can be replaced, too: it
    /// follows the record's bytes.
    pub fn replace(&mut self, range: Range<usize>, new: &[u8]) {
        let Range { start, end } = range;
        let length = self.record.bytes.len() + self.record.end.len();
        let is_inside = start <= end && end <= length;
        if !is_inside || start == end && start > self.record.room {
            let why =
                if is_inside { ": what is inserted after a record belongs to the next one" } else { "" };
            self.edits.mistake(format!("an edit of {start}..{end} in a record of {length} bytes{why}"));
            return;
        }
        let at = self.record.start;
        self.edits.replace(at + start..at + end, new);
    }

    /// Inserts bytes before the byte at `at`, or at the end of a record, before what
    /// ends it.
    pub fn insert(&mut self, at: usize, new: &[u8]) {
        self.replace(at..at, new);
    }

    /// Removes a range of the record.
    pub fn delete(&mut self, range: Range<usize>) {
        self.replace(range, b"");
    }

    /// Removes the record, with what ends it. With a projection, its field becomes
    /// empty.
    pub fn delete_record(&mut self) {
        self.delete(0..self.record.bytes.len() + self.record.end.len());
    }

    /// Adds to a count; `name` is an index into the names of the job.
    pub fn count(&mut self, name: usize, number: u64) {
        self.edits.count(name, number);
    }

    /// Replaces everything that a search finds in the record by what `with` makes of
    /// it, and returns how often.
    pub fn sub<S, R>(&mut self, search: &S, mut with: impl FnMut(Found<'_>) -> R) -> u64
    where
        S: Search + ?Sized,
        R: AsRef<[u8]>,
    {
        self.try_sub(search, |found| Ok(Some(with(found)))).unwrap_or_default()
    }

    /// The same, where `with` may leave a match as it is (`None`), or give up.
    ///
    /// # Errors
    /// The first error of `with`.
    pub fn try_sub<S, R>(
        &mut self,
        search: &S,
        mut with: impl FnMut(Found<'_>) -> Result<Option<R>, Error>,
    ) -> Result<u64, Error>
    where
        S: Search + ?Sized,
        R: AsRef<[u8]>,
    {
        let bytes = self.record.bytes;
        let (mut groups, mut from, mut replaced) = (Vec::new(), 0, 0);
        let mut end_before = None;
        while from <= bytes.len() && search.search(bytes, from, &mut groups) {
            let Some(Some(range)) = groups.first().cloned() else { break };
            // An empty match right after another one is none.
            let is_new = !(range.is_empty() && end_before == Some(range.start));
            if is_new && let Some(new) = with(Found { bytes, groups: &groups })? {
                self.replace(range.clone(), new.as_ref());
                replaced += 1;
            }
            from = if range.is_empty() { range.end + 1 } else { range.end };
            end_before = Some(range.end);
        }
        Ok(replaced)
    }
}
