//! Goes from line to line.

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex_automata::meta::Regex;
use runner_plugin::{Edits, Failure, Window};

use crate::bom;
use crate::counter::Counter;
use crate::hay::Hay;
use crate::limits::MAX_OPEN_BYTES;
use crate::search::{Replacer, Walk};
use crate::select::{Line, Select};
use crate::{COUNT, skip_rest};

/// What becomes of the selected lines.
#[derive(Debug)]
pub(crate) enum Action {
    /// Matches are replaced: all, or some of the file and of each line.
    Replace { replacer: Replacer, of_file: Counter, of_line: Counter },
    /// Those with a match are deleted.
    Delete(Regex),
    /// Text is inserted at their start, and before their line end. `before`
    /// ends with a line end, `after` has none, and `line_end` is that of a last
    /// line without one.
    Insert { before: Option<Vec<u8>>, after: Option<Vec<u8>>, line_end: &'static [u8] },
}

impl Action {
    pub(crate) fn replacer(&self) -> Option<&Replacer> {
        match self {
            Self::Replace { replacer, .. } => Some(replacer),
            Self::Delete(_) | Self::Insert { .. } => None,
        }
    }
}

/// A walk over lines. If lines or matches are counted, all windows come in
/// order, and need not end with a line.
#[derive(Debug)]
pub(crate) struct EachLine {
    pub(crate) select: Select,
    pub(crate) action: Action,
    /// Whether windows come in order.
    pub(crate) in_order: bool,
    /// Whether the CR of CRLF belongs to the line end.
    pub(crate) crlf: bool,
    /// Whether bytes that are not UTF-8 are shown as characters.
    pub(crate) sees_invalid: bool,
    pub(crate) skips_bom: bool,
    /// Number of lines so far.
    pub(crate) count: u64,
}

/// A window, as the search sees it.
struct Shown<'a> {
    hay: Hay<'a>,
    bytes: &'a [u8],
    /// The length of the BOM before it.
    skip: usize,
    /// Whether it ends the file.
    ends_file: bool,
}

impl Shown<'_> {
    fn place(&self, range: Range<usize>) -> Range<usize> {
        let range = self.hay.range(range);
        range.start + self.skip..range.end + self.skip
    }
}

impl EachLine {
    pub(crate) fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let length = self.complete(window)?;
        if self.in_order {
            edits.consumed(length as u64);
        }
        let skip = if self.skips_bom { bom::length(window).min(length) } else { 0 };
        let bytes = &window.bytes[skip..length];
        let hay = if self.sees_invalid { Hay::valid(bytes) } else { Hay::raw(bytes) };
        let ends_file = window.last && length == window.bytes.len();
        let shown = Shown { hay, bytes, skip, ends_file };
        let text = &shown.hay.text[..];
        let mut start = 0;
        // Only a BOM may be left: a line all the same.
        while start < text.len() || start == 0 && length > 0 {
            let end = memchr(b'\n', &text[start..]).map(|at| start + at + 1);
            let end = end.unwrap_or(text.len());
            self.count += 1;
            self.line(&shown, start..end, edits);
            if self.is_done() {
                skip_rest(window, edits);
                break;
            }
            if end == text.len() {
                break;
            }
            start = end;
        }
        Ok(())
    }

    /// The number of bytes that consist of whole lines.
    fn complete(&self, window: &Window<'_>) -> Result<usize, Failure> {
        let bytes = window.bytes;
        if !self.in_order || window.last {
            return Ok(bytes.len());
        }
        let end = |bytes: &[u8]| memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let mut length = end(bytes);
        // Only a byte that follows tells that it is not the last one.
        if self.select.asks_last() && length == bytes.len() {
            length = end(&bytes[..length.saturating_sub(1)]);
        }
        if length == 0 && bytes.len() > MAX_OPEN_BYTES {
            let message = format!(
                "a line is longer than {MAX_OPEN_BYTES} bytes, the limit where lines or matches are counted: \
                 without `line`, `from`, `to`, `nth` and `max` it is higher"
            );
            return Err(Failure::from(message).at(0));
        }
        Ok(length)
    }

    /// Whether nothing later in the file changes.
    fn is_done(&self) -> bool {
        let file = match &self.action {
            Action::Replace { of_file, .. } => of_file.is_done(),
            Action::Delete(_) | Action::Insert { .. } => false,
        };
        let end = self.select.numbers.as_ref().and_then(|numbers| numbers.end());
        self.in_order && (file || end.is_some_and(|end| self.count >= end))
    }

    /// The range of the line has its end.
    fn line(&mut self, shown: &Shown<'_>, range: Range<usize>, edits: &mut Edits) {
        let whole = &shown.hay.text[range.clone()];
        let mut text = whole.strip_suffix(b"\n").unwrap_or(whole);
        if self.crlf && text.len() < whole.len() {
            text = text.strip_suffix(b"\r").unwrap_or(text);
        }
        let is_last = shown.ends_file && range.end == shown.hay.text.len();
        if !self.select.selects(&Line { text, number: self.count, is_last }) {
            return;
        }
        let end = range.start + text.len();
        match &mut self.action {
            Action::Replace { replacer, of_file, of_line } => {
                of_line.reset();
                let mut walk = Walk::new(0);
                while let Some(found) = walk.next_in_line(replacer, text) {
                    if of_line.takes() && of_file.takes() {
                        let found = range.start + found.start..range.start + found.end;
                        let place = shown.place(found);
                        edits.replace_with(place, |out| {
                            replacer.write_in(&shown.hay, shown.bytes, range.start, out);
                        });
                        edits.count(COUNT, 1);
                    }
                    if of_line.is_done() || of_file.is_done() {
                        break;
                    }
                }
            }
            Action::Delete(regex) => {
                if regex.is_match(text) {
                    edits.delete(shown.place(range));
                    edits.count(COUNT, 1);
                }
            }
            Action::Insert { before, after, line_end } => {
                edits.count(COUNT, u64::from(before.is_some()) + u64::from(after.is_some()));
                let start = shown.place(range.clone()).start;
                let before = before.as_deref().unwrap_or_default();
                // Before the line end: the place after it belongs to the next
                // line, which may be elsewhere in the file. As by sed, a line
                // inserted at the end of the file has an end.
                let (own_end, end_of_file) = match &whole[text.len()..] {
                    b"" => (*line_end, *line_end),
                    own_end => (own_end, &b""[..]),
                };
                let after = after.as_ref().map(|after| [own_end, after, end_of_file].concat());
                let after = after.unwrap_or_default();
                if text.is_empty() {
                    return edits.insert(start, &[before, &after].concat());
                }
                if !before.is_empty() {
                    edits.insert(start, before);
                }
                if !after.is_empty() {
                    edits.insert(shown.place(end..end).start, &after);
                }
            }
        }
    }
}
