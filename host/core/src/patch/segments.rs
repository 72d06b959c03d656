//! Combines the source and the edits into a stream of the new file.

use std::ops::Range;

use super::Reader;
use crate::error::Result;
use crate::storage::Storage;

/// A piece of the new file.
#[derive(Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A range of the source that is kept; never empty.
    Source(Range<u64>),
    /// Replacement bytes of an edit; never empty.
    New(&'a [u8]),
}

/// Visits the new file from source offset `from` to its end, piece by piece.
/// Edits that start before `from` must keep the length; if one extends past
/// `from`, only the part after `from` counts.
///
/// # Errors
/// When the patch cannot be read; any error of `visit`.
pub fn walk<S: Storage>(
    mut reader: Reader<'_, '_, S>,
    from: u64,
    mut visit: impl FnMut(Segment<'_>) -> Result<()>,
) -> Result<()> {
    let size = reader.source_size();
    let mut at = from;
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits().skip_while(|edit| edit.start < from && edit.end() <= from) {
            if at < edit.start {
                visit(Segment::Source(at..edit.start))?;
            }
            let skip = usize::try_from(from.saturating_sub(edit.start)).unwrap_or(usize::MAX);
            let new = &edit.new[skip.min(edit.new.len())..];
            if !new.is_empty() {
                visit(Segment::New(new))?;
            }
            at = edit.end();
        }
    }
    if at < size { visit(Segment::Source(at..size)) } else { Ok(()) }
}
