//! Checks that edits leave the ends of records where they are.
//!
//! If an end of a record were removed, the record would become one with the next
//! one, which may be in another block. Whether a block ends there must not
//! matter, so such an edit is refused wherever it is, but at the end of the
//! file. A record may be removed whole, and become several.

use std::ops::Range;

use super::text::Text;
use crate::engine::edits::EditList;
use crate::engine::framing::{Cutter, View};
use crate::error::Result;

/// What edits do that must not be done by one of several plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The end of the record at this offset is removed.
    End(u64),
    /// An edit at this offset reaches from one record into the next one.
    Across(u64),
}

/// Some records, as a plugin sees them.
pub(super) struct Shown<'a> {
    pub(super) cutter: &'a Cutter,
    pub(super) view: View<'a>,
    pub(super) records: Range<u64>,
    /// Whether the file ends with the last of them.
    pub(super) ends_file: bool,
}

/// The first edit that reaches across the end of a record.
pub(super) fn across(shown: &Shown<'_>, edits: &EditList) -> Result<Option<Broken>> {
    // Many edits may lie in one long record, which is looked for once.
    let mut record = shown.records.start..shown.records.start;
    for (start, old, _) in edits.spans() {
        let end = start + u64::from(old);
        if start >= shown.records.end {
            // An insertion at the end of the file, unless it reaches further.
            return Ok((end > start).then_some(Broken::Across(start)));
        }
        if start >= record.end {
            record = shown.cutter.record_at(&shown.view, record.end, start)?;
        }
        if end > record.end {
            return Ok(Some(Broken::Across(start)));
        }
    }
    Ok(None)
}

/// The first record whose end is removed. `made` is what the edits make of the
/// records.
pub(super) fn joined(shown: &Shown<'_>, edits: &EditList, made: &Text) -> Result<Option<Broken>> {
    let Shown { cutter, view, records, ends_file } = shown;
    // How far the next byte is moved by the edits before it.
    let mut moved = made.records.start as i64 - records.start as i64;
    let (mut index, mut from) = (0, records.start);
    while let Some(item) = edits.get(index).filter(|item| item.start < records.end) {
        let mut group = cutter.record_at(view, from, item.start)?;
        let start = group.start.saturating_add_signed(moved);
        let mut last = group.clone();
        // Whether an edit reaches across ends, other than one of whole records.
        let mut across = false;
        while let Some(item) = edits.get(index).filter(|item| item.start < group.end) {
            if item.end() > group.end {
                let first = cutter.record_at(view, last.start, item.start)?;
                last = cutter.record_at(view, group.end, item.end() - 1)?;
                across |= item.start != first.start || item.end() != last.end;
                group.end = last.end;
            }
            moved += i64::from(item.new_bytes) - i64::from(item.old_bytes);
            index += 1;
        }
        let end = group.end.saturating_add_signed(moved);
        from = group.end;
        let becomes = View { end: false, ..head(&made.view(), end) };
        if across && count(cutter, &becomes, start..end)? < count(cutter, view, group.clone())? {
            return Ok(Some(Broken::End(group.start)));
        }
        if start == end || *ends_file && group.end == records.end {
            continue;
        }
        if cutter.last_boundary(&becomes, start)? != end {
            return Ok(Some(Broken::End(group.start)));
        }
    }
    Ok(None)
}

/// The part of a view before an offset.
fn head<'v>(view: &View<'v>, end: u64) -> View<'v> {
    View { bytes: view.slice(view.base..end), ..*view }
}

/// The number of records in a range, which may end within one.
fn count(cutter: &Cutter, view: &View<'_>, range: Range<u64>) -> Result<u64> {
    let (view, mut at, mut count) = (head(view, range.end), range.start, 0);
    while at < range.end {
        at = cutter.record_at(&view, at, at)?.end;
        count += 1;
    }
    Ok(count)
}
