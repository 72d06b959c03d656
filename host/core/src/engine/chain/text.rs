//! What earlier plugins make of some records, as the next one sees it.

use std::ops::Range;

use crate::engine::edits::EditList;
use crate::engine::framing::View;
use crate::error::Result;
use crate::memory::{Budget, Lease};

/// Records as earlier plugins leave them, with bytes around them.
pub(super) struct Text {
    bytes: Vec<u8>,
    /// The offset of the first byte, as the next plugin sees it.
    base: u64,
    /// What the records have become.
    pub(super) records: Range<u64>,
    /// Whether the file ends with the text.
    pub(super) ends_file: bool,
    _lease: Lease,
}

/// Whether records are the first ones that a plugin sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    OfFile,
    Later,
}

impl Start {
    pub(super) fn is_of_file(self) -> bool {
        self == Self::OfFile
    }
}

/// What stands around the records.
#[derive(Default)]
pub(super) struct Around {
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    /// Whether nothing precedes and follows these bytes in the file.
    pub(super) starts_file: bool,
    pub(super) ends_file: bool,
}

impl Text {
    /// The text that `edits` make of `records`, which are in view.
    ///
    /// Its offsets are close to those of the file. They are 0 at the start of
    /// the file, and nowhere else.
    ///
    /// # Errors
    /// When the budget has no room for the text.
    pub(super) fn new(
        view: &View<'_>,
        records: &Range<u64>,
        edits: &EditList,
        around: &Around,
        budget: &Budget,
    ) -> Result<Self> {
        let mut lease = budget.lease();
        let mut bytes = Vec::new();
        let length = made_bytes(records, edits).saturating_add(around.before.len() + around.after.len());
        lease.reserve(&mut bytes, length)?;
        bytes.extend_from_slice(&around.before);
        let mut at = records.start;
        for item in (0..).map_while(|index| edits.get(index)) {
            bytes.extend_from_slice(view.slice(at..item.start));
            bytes.extend_from_slice(edits.new_bytes(&item));
            at = item.end();
        }
        bytes.extend_from_slice(view.slice(at..records.end));
        let before = around.before.len() as u64;
        let start = if around.starts_file { before } else { records.start.max(before + 1) };
        let end = start + bytes.len() as u64 - before;
        bytes.extend_from_slice(&around.after);
        Ok(Self {
            bytes,
            base: start - before,
            records: start..end,
            ends_file: around.ends_file,
            _lease: lease,
        })
    }

    pub(super) fn view(&self) -> View<'_> {
        View { base: self.base, bytes: &self.bytes, end: self.ends_file }
    }

    /// What the records have become.
    pub(super) fn made(&self) -> &[u8] {
        self.view().slice(self.records.clone())
    }
}

/// The number of bytes that edits make of some records.
pub(super) fn made_bytes(records: &Range<u64>, edits: &EditList) -> usize {
    let (old, new) = edits.spans().fold((0_u64, 0_u64), |(old, new), (_, old_bytes, new_bytes)| {
        (old + u64::from(old_bytes), new + u64::from(new_bytes))
    });
    usize::try_from((records.end - records.start).saturating_sub(old).saturating_add(new))
        .unwrap_or(usize::MAX)
}

/// The place in the file of a byte at this distance from the start of what
/// `edits` make of `records`. For a byte that an edit has made, its start.
pub(super) fn place_in_file(records: &Range<u64>, edits: &EditList, distance: u64) -> u64 {
    let (mut at, mut left) = (records.start, distance);
    for (start, old, new) in edits.spans() {
        let kept = start.saturating_sub(at);
        if left < kept {
            break;
        }
        left -= kept;
        if left < u64::from(new) {
            return start;
        }
        left -= u64::from(new);
        at = start + u64::from(old);
    }
    (at + left).min(records.end)
}

/// Where the bytes begin that edits remove from the end of some records;
/// `records.end` if none are.
pub(super) fn removed_from(records: &Range<u64>, edits: &EditList) -> u64 {
    let mut from = records.end;
    let spans: Vec<_> = edits.spans().collect();
    for &(start, old, new) in spans.iter().rev() {
        if start + u64::from(old) != from || new > 0 {
            break;
        }
        from = start;
    }
    from
}
