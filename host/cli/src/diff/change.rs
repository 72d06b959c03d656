//! Turns edits of bytes into changes of whole lines.

use std::ops::Range;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::patch::{Direction, Edits, Patch};
use runner_pipeline::storage::OsStorage;

use super::Source;

/// Maximum size of a change in bytes: its lines are held in memory.
const CHANGE_BYTES: u64 = 16 << 20;
/// Number of bytes read at a time to find line ends.
const CHUNK_BYTES: u64 = 64 << 10;

/// A range of old lines and the new lines that replace it.
pub(super) struct Change {
    /// Range of whole lines in the old file; may be empty.
    pub(super) old: Range<u64>,
    /// Whole lines. Only at the end of the file may the last one lack a line
    /// end.
    pub(super) new: Vec<u8>,
}

/// The changes of a patch, in order and disjoint.
pub(super) struct Changes<'a, 'p> {
    edits: Edits<'p, 'p, OsStorage>,
    text: &'a Source<'a>,
}

impl<'a, 'p> Changes<'a, 'p> {
    pub(super) fn new(patch: &'p Patch<'p, OsStorage>, text: &'a Source<'a>) -> Self {
        Self { edits: Edits::new(patch.reader(Direction::Forward)), text }
    }

    /// The next change: all edits that touch a line. If an edit removes a line
    /// end, the change includes the neighbouring line and its edits.
    pub(super) fn next(&mut self) -> Result<Option<Change>> {
        let text = self.text;
        let Some(first) = self.edits.peek()? else { return Ok(None) };
        let start = line_start(text, first.start)?;
        let mut new = Vec::new();
        // The source has been consumed up to `at` and will be consumed up to
        // `end`. `closed`: both sides end a line there.
        let (mut at, mut end, mut closed) = (start, first.start, false);
        while let Some(edit) = self.edits.peek()? {
            if edit.start > end || edit.start == end && closed {
                break;
            }
            check(text, start, (edit.end() - start).max(new.len() as u64 + edit.new.len() as u64))?;
            new.extend_from_slice(&text.read(at..edit.start)?);
            new.extend_from_slice(edit.new);
            at = edit.end();
            let whole = new.is_empty() || new.ends_with(b"\n");
            end = if whole && at_line_start(text, at)? { at } else { line_end(text, at, start)? };
            closed = at_line_start(text, end)? && (whole || end > at);
            self.edits.advance();
        }
        new.extend_from_slice(&text.read(at..end)?);
        Ok(Some(Change { old: start..end, new }))
    }
}

fn check(text: &Source<'_>, start: u64, bytes: u64) -> Result<()> {
    if bytes <= CHANGE_BYTES {
        return Ok(());
    }
    let mib = CHANGE_BYTES >> 20;
    let what = format!("the lines changed at byte {start} of {} exceed {mib} MiB", shown(text.path));
    Err(Error::new(Kind::Usage, what).hint("without `--diff`, only the changed part is shown"))
}

fn at_line_start(text: &Source<'_>, at: u64) -> Result<bool> {
    Ok(at == 0 || text.read(at - 1..at)? == b"\n")
}

/// The start of the line that contains this byte.
fn line_start(text: &Source<'_>, at: u64) -> Result<u64> {
    let mut from = at;
    while from > 0 {
        check(text, from, at - from)?;
        let to = from;
        from = to.saturating_sub(CHUNK_BYTES);
        if let Some(end) = memchr::memrchr(b'\n', &text.read(from..to)?) {
            return Ok(from + end as u64 + 1);
        }
    }
    Ok(0)
}

/// The offset after the line that contains this byte. `start` is the start of
/// the change.
fn line_end(text: &Source<'_>, at: u64, start: u64) -> Result<u64> {
    let mut from = at;
    while from < text.size {
        check(text, start, from - start)?;
        let to = text.size.min(from + CHUNK_BYTES);
        if let Some(end) = memchr::memchr(b'\n', &text.read(from..to)?) {
            return Ok(from + end as u64 + 1);
        }
        from = to;
    }
    Ok(text.size)
}
