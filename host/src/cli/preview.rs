//! The first edits of a patch as a person wants to see them: the lines that
//! change, before and after.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::Result;
use crate::fs::{Access, Entry, FileType, OsStorage, Storage};
use crate::patch::{Direction, Edits, Patch};

/// Bytes of a line shown on either side of an edit.
const CONTEXT_BYTES: u64 = 60;
/// Bytes of an edit that are shown.
const EDIT_BYTES: usize = 200;

/// A changed line, or as much of it as is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Offset of the first byte of `before`.
    pub(super) offset: u64,
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

impl Hunk {
    /// Whether this is nothing for a terminal.
    pub(super) fn is_binary(&self) -> bool {
        [&self.before, &self.after].into_iter().any(|bytes| {
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => text,
                // A character that was cut at the end is no sign.
                Err(e) if e.error_len().is_none() => {
                    std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or("")
                }
                Err(_) => return true,
            };
            text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace())
        })
    }
}

/// The file that a patch was made for, if it is where it was and as it was.
pub(super) fn source_of(patch: &Patch<'_, OsStorage>) -> Option<File> {
    let header = patch.header();
    let entry = Entry::resolve(Path::new(&header.target)).ok()?;
    // Before it is opened: a device may do something then.
    let stat = OsStorage.stat_entry(&entry).ok()?;
    if !matches!(stat.file_type, FileType::Regular | FileType::Block) {
        return None;
    }
    let file = OsStorage.open(&entry, Access::Read).ok()?;
    let identity = OsStorage.stat(&file).ok()?.identity;
    header.identity.is(&identity).then_some(file)
}

/// The first `limit` changed lines, and whether there are more; with the text round the edits where the
/// source is at hand, and the edits alone where it is not.
pub(super) fn hunks(
    patch: &Patch<'_, OsStorage>,
    source: Option<&File>,
    limit: usize,
) -> Result<(Vec<Hunk>, bool)> {
    let mut hunks = Vec::new();
    let mut edits = Edits::new(patch.reader(Direction::Forward));
    while hunks.len() < limit {
        let Some(edit) = edits.peek()? else { break };
        let before = context(source, edit.start.saturating_sub(CONTEXT_BYTES)..edit.start);
        let before = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default().to_vec();
        let mut hunk =
            Hunk { offset: edit.start - before.len() as u64, before: before.clone(), after: before };
        let mut at = edit.start;
        // All edits that are close to each other on one line.
        while let Some(edit) = edits.peek()? {
            let gap = context(source, at..edit.start.min(at + 2 * CONTEXT_BYTES));
            if at + (gap.len() as u64) < edit.start || gap.contains(&b'\n') || hunk.before.ends_with(b"\n") {
                break;
            }
            for (side, bytes) in [(&mut hunk.before, edit.old), (&mut hunk.after, edit.new)] {
                side.extend_from_slice(&gap);
                side.extend_from_slice(&bytes[..bytes.len().min(EDIT_BYTES)]);
            }
            at = edit.end();
            edits.advance();
        }
        let after = context(source, at..at + CONTEXT_BYTES);
        let line = after.split(|&byte| byte == b'\n').next().unwrap_or_default();
        if !hunk.before.ends_with(b"\n") {
            hunk.before.extend_from_slice(line);
            hunk.after.extend_from_slice(line);
        }
        hunks.push(hunk);
    }
    let more = edits.peek()?.is_some();
    Ok((hunks, more))
}

/// A range of the source, as far as it can be read.
fn context(source: Option<&File>, range: std::ops::Range<u64>) -> Vec<u8> {
    let Some(source) = source else { return Vec::new() };
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let count = source.read_at(&mut bytes, range.start).unwrap_or(0);
    bytes.truncate(count);
    bytes
}
