//! From edits of decoded text to edits of the file.

use std::collections::VecDeque;

use super::decode::Place;
use super::encode::Stop;
use super::encoding::{Encoding, Kind};
use super::error::{Error, Problem};
use super::offset_map::OffsetMap;
use super::sequence::{length, whole_length};

/// The bytes from `start` to `end` are replaced by `new`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Offset of the first byte that is replaced.
    pub start: u64,
    /// Offset after the last one.
    pub end: u64,
    /// What stands there afterwards.
    pub new: Vec<u8>,
}

/// Makes of edits of decoded text the edits of the file that have the same
/// effect: applied to the file, they give what encoding the edited text gives.
///
/// Edits and text are fed in order, in any pieces. An edit that cuts a character
/// is widened to whole ones. Memory is bounded by the edits that wait for their
/// text, and by the replacements of edits that share characters.
#[derive(Debug)]
pub struct EditTranslator {
    encoding: Encoding,
    /// At the beginning of `partial`.
    map: OffsetMap,
    /// The last sequence of the text so far, if it is incomplete.
    partial: Vec<u8>,
    /// The line of the end of the text so far, from 1.
    line: u64,
    waiting: VecDeque<Edit>,
    /// The end of the last edit that was given.
    given_end: u64,
    /// The end of the edit whose old bytes are being passed.
    passing: Option<u64>,
    open: Option<Open>,
    /// Whether the result so far ends with half a unit of UTF-16.
    is_half: bool,
}

/// An edit of the file that is being made.
#[derive(Debug)]
struct Open {
    raw_start: u64,
    /// Where the first edit begins that it is made of.
    offset: u64,
    line: u64,
    /// The replacement, not yet encoded.
    text: Vec<u8>,
}

impl EditTranslator {
    /// At the beginning of a text.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            map: OffsetMap::new(encoding),
            partial: Vec::new(),
            line: 1,
            waiting: VecDeque::new(),
            given_end: 0,
            passing: None,
            open: None,
            is_half: false,
        }
    }

    /// The offset in the decoded text up to which it was fed.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.map.decoded() + self.partial.len() as u64
    }

    /// The offset in the file before which nothing more will be found: later
    /// edits of the file begin here or later.
    #[must_use]
    pub fn settled_raw(&self) -> u64 {
        self.open.as_ref().map_or(self.map.raw(), |open| open.raw_start)
    }

    /// Adds an edit. It must not begin before the text that was fed ends.
    ///
    /// # Errors
    /// When it is out of order.
    pub fn edit(&mut self, edit: Edit) -> Result<(), Error> {
        if edit.start < self.given_end.max(self.offset()) || edit.end < edit.start {
            return Err(self.error(Problem::OutOfOrder));
        }
        self.given_end = edit.end;
        self.waiting.push_back(edit);
        Ok(())
    }

    /// Adds decoded text, after all edits that begin in it. Appends to `found`
    /// the edits of the file that are complete.
    ///
    /// # Errors
    /// When a replacement cannot be encoded.
    pub fn text(&mut self, mut text: &[u8], found: &mut Vec<Edit>) -> Result<(), Error> {
        loop {
            let at = self.offset();
            let next_start = self.waiting.front().map(|edit| edit.start);
            let count = if let Some(end) = self.passing {
                if end == at {
                    self.passing = None;
                    continue;
                }
                text.len().min(usize::try_from(end - at).unwrap_or(usize::MAX))
            } else if next_start == Some(at) {
                if self.is_whole() {
                    self.close(found)?;
                }
                self.begin();
                continue;
            } else if text.is_empty() {
                return Ok(());
            } else if self.open.is_some() && self.partial.is_empty() {
                self.close(found)?;
                continue;
            } else {
                let most = if self.open.is_some() { 1 } else { text.len() };
                let until = next_start.map_or(u64::MAX, |start| start - at);
                let count = most.min(usize::try_from(until).unwrap_or(usize::MAX));
                self.keep(&text[..count])?;
                count
            };
            if count == 0 {
                return Ok(());
            }
            let (passed, rest) = text.split_at(count);
            self.pass(passed);
            let is_kept = self.passing.is_none() && self.open.is_none();
            self.is_half |= is_kept && self.map.ends_with_half_unit();
            text = rest;
        }
    }

    /// Ends the text.
    ///
    /// # Errors
    /// When a replacement cannot be encoded, or an edit reaches beyond the end.
    pub fn finish(mut self, found: &mut Vec<Edit>) -> Result<(), Error> {
        self.text(&[], found)?;
        if self.passing.is_some() || !self.waiting.is_empty() {
            return Err(self.error(Problem::OutOfOrder));
        }
        self.close(found)
    }

    /// Begins the next edit that waits.
    fn begin(&mut self) {
        let Some(edit) = self.waiting.pop_front() else { return };
        let open = self.open.get_or_insert_with(|| Open {
            raw_start: self.map.raw(),
            offset: edit.start,
            line: self.line,
            text: self.partial.clone(),
        });
        open.text.extend_from_slice(&edit.new);
        self.passing = Some(edit.end);
    }

    /// Text that stays.
    fn keep(&mut self, text: &[u8]) -> Result<(), Error> {
        match &mut self.open {
            Some(open) => open.text.extend_from_slice(text),
            None if self.is_half => return Err(self.error(Problem::AfterHalfUnit)),
            None => {}
        }
        Ok(())
    }

    /// Whether the edit of the file that is open can end here.
    fn is_whole(&self) -> bool {
        let is_utf8 = matches!(self.encoding.0, Kind::Utf8);
        let is_whole = |open: &Open| is_utf8 || whole_length(&open.text) == open.text.len();
        self.partial.is_empty() && self.open.as_ref().is_some_and(is_whole)
    }

    /// Moves on in the decoded text.
    fn pass(&mut self, mut text: &[u8]) {
        self.line += memchr::memchr_iter(b'\n', text).count() as u64;
        if matches!(self.encoding.0, Kind::Utf8) {
            return self.map.advance(text);
        }
        while let [lead, ..] = *self.partial.as_slice() {
            let Some((byte, rest)) = text.split_first() else { return };
            self.partial.push(*byte);
            text = rest;
            if self.partial.len() >= length(lead) {
                self.map.advance(&self.partial);
                self.partial.clear();
            }
        }
        let (whole, rest) = text.split_at(whole_length(text));
        self.map.advance(whole);
        self.partial.extend_from_slice(rest);
    }

    /// Completes the edit of the file that is open.
    fn close(&mut self, found: &mut Vec<Edit>) -> Result<(), Error> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let error =
            |problem| Error { encoding: self.encoding.name(), offset: open.offset, line: open.line, problem };
        if self.is_half && !open.text.is_empty() {
            return Err(error(Problem::AfterHalfUnit));
        }
        let mut new = Vec::new();
        let mut buffer = [0; 4096];
        let mut rest = &open.text[..];
        while !rest.is_empty() {
            let step = self.encoding.encode(rest, &mut buffer, Place::Last);
            let step = step.map_err(|Stop { problem, .. }| error(problem))?;
            new.extend_from_slice(&buffer[..step.written]);
            rest = &rest[step.read..];
        }
        self.is_half |= self.is_half_unit(&open.text);
        let edit = Edit { start: open.raw_start, end: self.map.raw(), new };
        if edit.start < edit.end || !edit.new.is_empty() {
            found.push(edit);
        }
        Ok(())
    }

    /// Whether a text ends with half a unit of UTF-16.
    fn is_half_unit(&self, text: &[u8]) -> bool {
        let lead = text.len().checked_sub(2).map(|place| text[place]);
        matches!(self.encoding.0, Kind::Utf16(_)) && lead.is_some_and(|lead| lead >= 0xf8)
    }

    fn error(&self, problem: Problem) -> Error {
        Error { encoding: self.encoding.name(), offset: self.offset(), line: self.line, problem }
    }
}
