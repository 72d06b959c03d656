//! The first edits of a patch for people to read: the changed lines, before and
//! after. Omitted bytes are counted.

use std::fs::File;
use std::os::unix::fs::FileExt;

use runner_pipeline::error::Result;
use runner_pipeline::patch::{Direction, Edits, Patch};
use runner_pipeline::storage::OsStorage;

/// Number of bytes of the line shown on either side of an edit.
const CONTEXT_BYTES: u64 = 60;
/// Maximum number of bytes shown of an edit, before and after each.
const EDIT_BYTES: usize = 1000;
/// A hunk of this size takes no further edits.
const HUNK_BYTES: usize = 4 * EDIT_BYTES;

/// A changed line, or the part of it that is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// Offset of the first byte of `before`.
    pub(crate) offset: u64,
    /// Number of edits in the hunk.
    pub(crate) edits: u64,
    pub(crate) before: Side,
    pub(crate) after: Side,
}

/// One side of a hunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Side(pub(crate) Vec<Piece>);

/// A part of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Shown(Vec<u8>),
    /// The number of bytes omitted here.
    Cut(u64),
}

impl Side {
    fn push(&mut self, bytes: &[u8], max: usize) {
        let (head, rest) = bytes.split_at(bytes.len().min(max));
        match self.0.last_mut() {
            Some(Piece::Shown(shown)) => shown.extend_from_slice(head),
            _ if head.is_empty() => {}
            _ => self.0.push(Piece::Shown(head.to_vec())),
        }
        if !rest.is_empty() {
            self.0.push(Piece::Cut(rest.len() as u64));
        }
    }

    fn shown_bytes(&self) -> usize {
        self.shown().map(<[u8]>::len).sum()
    }

    fn shown(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Shown(bytes) => Some(bytes.as_slice()),
            Piece::Cut(_) => None,
        })
    }

    /// Whether the last byte is shown and ends a line.
    pub(crate) fn ends_line(&self) -> bool {
        matches!(self.0.last(), Some(Piece::Shown(bytes)) if bytes.ends_with(b"\n"))
    }
}

impl Hunk {
    /// Whether the hunk contains bytes that are not text.
    pub(crate) fn is_binary(&self) -> bool {
        self.before.shown().chain(self.after.shown()).any(|bytes| {
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => text,
                // A character cut off at the end does not make it binary.
                Err(e) if e.error_len().is_none() => {
                    std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or("")
                }
                Err(_) => return true,
            };
            text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace())
        })
    }
}

/// The first `limit` changed lines: with the surrounding text if the source is
/// available, otherwise the edits alone.
pub(crate) fn hunks(patch: &Patch<'_, OsStorage>, source: Option<&File>, limit: usize) -> Result<Vec<Hunk>> {
    let mut hunks = Vec::new();
    let mut edits = Edits::new(patch.reader(Direction::Forward));
    while hunks.len() < limit {
        let Some(edit) = edits.peek()? else { break };
        let before = context(source, edit.start.saturating_sub(CONTEXT_BYTES)..edit.start);
        let before = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default().to_vec();
        let mut side = Side::default();
        side.push(&before, usize::MAX);
        let offset = edit.start - before.len() as u64;
        let mut hunk = Hunk { offset, edits: 0, before: side.clone(), after: side };
        let mut at = edit.start;
        // Collects all edits that are close to each other on one line.
        while let Some(edit) = edits.peek()? {
            let gap = context(source, at..edit.start.min(at + 2 * CONTEXT_BYTES));
            let far = at + (gap.len() as u64) < edit.start || gap.contains(&b'\n');
            let full = hunk.before.shown_bytes().max(hunk.after.shown_bytes()) >= HUNK_BYTES;
            if hunk.edits > 0 && (far || full || hunk.before.ends_line()) {
                break;
            }
            for (side, bytes) in [(&mut hunk.before, edit.old), (&mut hunk.after, edit.new)] {
                side.push(&gap, usize::MAX);
                side.push(bytes, EDIT_BYTES);
            }
            hunk.edits += 1;
            at = edit.end();
            edits.advance();
        }
        let after = context(source, at..at.saturating_add(CONTEXT_BYTES));
        let line = after.split(|&byte| byte == b'\n').next().unwrap_or_default();
        if !hunk.before.ends_line() {
            hunk.before.push(line, usize::MAX);
            hunk.after.push(line, usize::MAX);
        }
        hunks.push(hunk);
    }
    Ok(hunks)
}

/// A range of the source, as far as it can be read; empty without a source.
fn context(source: Option<&File>, range: std::ops::Range<u64>) -> Vec<u8> {
    let Some(source) = source else { return Vec::new() };
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let count = source.read_at(&mut bytes, range.start).unwrap_or(0);
    bytes.truncate(count);
    bytes
}
