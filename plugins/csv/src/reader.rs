//! Reads records.
//!
//! With lenient quotes and with an escape byte, the rules are those of
//! Python's csv module, whose state machine is in `Modules/_csv.c`: a quote
//! opens only at the start of a field, an escape takes effect everywhere but
//! right after a closing quote, and what follows a closing quote is text.

use crate::dialect::{Dialect, Escape, LineEnd, Quotes};
use crate::record::{Fault, FaultKind, Field, Record, Shape};
use crate::scan::{Scanner, Wanted};

/// Bytes of a file that begin at a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether the last record of `bytes` is whole, even without a line end.
    /// Not so in the head of a file, nor under a sequential framing.
    pub(crate) is_complete: bool,
}

/// Reads the records of a text.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    dialect: &'a Dialect,
    is_complete: bool,
    scanner: Scanner<'a>,
    /// Whether a delimiter is one byte, and nothing but quotes can hide it.
    is_simple: bool,
}

/// Why there is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The record does not fit the dialect.
    Fault(Fault),
    /// The record does not end in the window.
    Incomplete,
}

/// What ends a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Delimiter,
    /// A line end of this many bytes; none at the end of the file.
    Record(usize),
}

fn fault<T>(at: usize, kind: FaultKind) -> Result<T, Stop> {
    Err(Stop::Fault(Fault { at, kind }))
}

impl<'a> Reader<'a> {
    /// A reader of a text.
    pub(crate) fn new(text: Text<'a>, dialect: &'a Dialect) -> Self {
        let Text { bytes, is_complete } = text;
        let quote = dialect.quote.unwrap_or(b'\n');
        let escape = dialect.escape.byte().unwrap_or(b'\n');
        let is_simple =
            !dialect.needs_machine() && !dialect.skip_initial_space && dialect.delimiter.len() == 1;
        Self {
            bytes,
            dialect,
            is_complete,
            scanner: Scanner::new(
                bytes,
                Wanted { outer: [quote, b'\n', b'\r'], inner: [dialect.delimiter[0], escape] },
            ),
            is_simple,
        }
    }

    /// Reads the record that starts at `start`, and stores its first `limit`
    /// fields in `fields`. The others are only checked.
    pub(crate) fn read(
        &mut self,
        start: usize,
        limit: usize,
        fields: &mut Vec<Field>,
    ) -> Result<Record, Stop> {
        fields.clear();
        if !self.dialect.comment.is_empty() {
            if !self.is_complete && self.bytes.len() - start < self.dialect.comment.len() {
                return Err(Stop::Incomplete);
            }
            if self.dialect.is_comment(&self.bytes[start..]) {
                return self.comment(start);
            }
        }
        let mut at = start;
        while fields.len() < limit || !self.is_simple {
            let next = self.scanner.next_from(at);
            if self.is_simple && self.bytes.get(next) == Some(&self.dialect.delimiter[0]) {
                fields.push(Field { start: at, end: next, shape: Shape::Bare });
                at = next + 1;
                continue;
            }
            let (field, end) = self.field(at)?;
            if fields.len() < limit {
                fields.push(field);
            }
            match end {
                End::Delimiter => at = field.end + self.dialect.delimiter.len(),
                End::Record(bytes) => {
                    let mut record = record(start, field.end, bytes);
                    // COPY's end of data.
                    let is_last =
                        self.dialect.escape == Escape::Lines && &self.bytes[start..field.end] == b"\\.";
                    record.is_comment = is_last;
                    return Ok(record);
                }
            }
        }
        let (content_end, line_end_bytes) = self.rest_end(at)?;
        Ok(record(start, content_end, line_end_bytes))
    }

    /// The start of the line after `at`, whatever quotes say: where to go on
    /// after a fault.
    pub(crate) fn next_line(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        let end = match self.dialect.line_end {
            LineEnd::Return => memchr::memchr(b'\r', rest),
            LineEnd::Any => memchr::memchr2(b'\r', b'\n', rest),
            _ => memchr::memchr(b'\n', rest),
        };
        end.map_or(self.bytes.len(), |end| at + end + 1)
    }

    fn comment(&self, start: usize) -> Result<Record, Stop> {
        let mut end = self.next_line(start);
        let has_end = match self.dialect.line_end {
            LineEnd::Return => self.bytes[..end].ends_with(b"\r"),
            LineEnd::Any => self.bytes[..end].ends_with(b"\r") || self.bytes[..end].ends_with(b"\n"),
            _ => self.bytes[..end].ends_with(b"\n"),
        };
        if !self.is_complete && (!has_end || end == self.bytes.len() && self.bytes[end - 1] == b'\r') {
            return Err(Stop::Incomplete);
        }
        if self.dialect.line_end == LineEnd::Any
            && self.bytes[..end].ends_with(b"\r")
            && self.bytes.get(end) == Some(&b'\n')
        {
            end += 1;
        }
        Ok(Record { content: start..end, end, is_comment: true })
    }

    /// Reads the field whose spaces begin at `at`.
    #[inline]
    fn field(&mut self, at: usize) -> Result<(Field, End), Stop> {
        let mut start = at;
        if self.dialect.skip_initial_space {
            start += self.bytes[at..].iter().take_while(|byte| **byte == b' ').count();
        }
        match self.bytes.get(start) {
            Some(byte) if Some(*byte) == self.dialect.quote => self.quoted(start),
            _ => {
                let (end, what) = self.bare_end(start)?;
                Ok((Field { start, end, shape: Shape::Bare }, what))
            }
        }
    }

    /// The end of unquoted text from `from` on.
    #[inline]
    fn bare_end(&mut self, mut from: usize) -> Result<(usize, End), Stop> {
        loop {
            let at = self.scanner.next_from(from);
            let Some(&byte) = self.bytes.get(at) else {
                return if self.is_complete { Ok((at, End::Record(0))) } else { Err(Stop::Incomplete) };
            };
            if self.is_delimiter(at) {
                return Ok((at, End::Delimiter));
            }
            from = at + 1;
            if Some(byte) == self.dialect.quote {
                if self.dialect.quotes == Quotes::Strict {
                    return fault(at, FaultKind::QuoteInField);
                }
            } else if Some(byte) == self.dialect.escape.byte() {
                from = self.after_escape(at)?;
            } else if matches!(byte, b'\r' | b'\n')
                && let Some(bytes) = self.line_end(at)?
            {
                // Anything else is the first byte of a longer delimiter.
                return Ok((at, End::Record(bytes)));
            }
        }
    }

    /// Reads the field whose opening quote is at `open`.
    fn quoted(&mut self, open: usize) -> Result<(Field, End), Stop> {
        let close = self.closing_quote(open)?;
        let (end, shape) = (close + 1, Shape::Quoted);
        if !self.is_complete && end + self.dialect.delimiter.len() > self.bytes.len() {
            return Err(Stop::Incomplete);
        }
        if end == self.bytes.len() {
            return Ok((Field { start: open, end, shape }, End::Record(0)));
        }
        if self.is_delimiter(end) {
            return Ok((Field { start: open, end, shape }, End::Delimiter));
        }
        if matches!(self.bytes[end], b'\r' | b'\n')
            && let Some(bytes) = self.line_end(end)?
        {
            return Ok((Field { start: open, end, shape }, End::Record(bytes)));
        }
        if self.dialect.quotes == Quotes::Strict {
            return fault(end, FaultKind::AfterQuote);
        }
        // Where two quotes are one, Python has looked at the byte after the
        // closing quote, and takes it as text even if it is an escape.
        let (end, what) = self.bare_end(end + usize::from(self.dialect.double_quote))?;
        Ok((Field { start: open, end, shape: Shape::Mixed }, what))
    }

    /// The quote that closes the one at `open`.
    fn closing_quote(&mut self, open: usize) -> Result<usize, Stop> {
        let mut from = open + 1;
        loop {
            let at = self.scanner.next_from(from);
            let Some(&byte) = self.bytes.get(at) else {
                return if self.is_complete {
                    fault(open, FaultKind::Unclosed)
                } else {
                    Err(Stop::Incomplete)
                };
            };
            from = at + 1;
            if Some(byte) == self.dialect.quote {
                match self.bytes.get(from) {
                    None if !self.is_complete => return Err(Stop::Incomplete),
                    next if next == Some(&byte) && self.dialect.double_quote => from += 1,
                    _ => return Ok(at),
                }
            } else if Some(byte) == self.dialect.escape.byte() {
                from = self.after_escape(at)?;
            }
        }
    }

    /// The end of the remaining fields, the first of which begins at `start`,
    /// and the length of the line end. Only for simple dialects.
    fn rest_end(&mut self, start: usize) -> Result<(usize, usize), Stop> {
        let mut from = start;
        loop {
            let at = self.scanner.next_outer_from(from);
            let Some(&byte) = self.bytes.get(at) else {
                return if self.is_complete { Ok((at, 0)) } else { Err(Stop::Incomplete) };
            };
            if Some(byte) == self.dialect.quote {
                if at > start && self.bytes[at - 1] != self.dialect.delimiter[0] {
                    return fault(at, FaultKind::QuoteInField);
                }
                match self.quoted(at)? {
                    (field, End::Delimiter) => from = field.end + 1,
                    (field, End::Record(bytes)) => return Ok((field.end, bytes)),
                }
            } else if let Some(bytes) = self.line_end(at)? {
                return Ok((at, bytes));
            } else {
                from = at + 1;
            }
        }
    }

    #[inline]
    fn is_delimiter(&self, at: usize) -> bool {
        match &self.dialect.delimiter[..] {
            [byte] => self.bytes[at] == *byte,
            several => self.bytes[at..].starts_with(several),
        }
    }

    /// The position after an escape and the byte that it escapes.
    fn after_escape(&self, at: usize) -> Result<usize, Stop> {
        match self.bytes.get(at + 1) {
            None if self.is_complete => fault(at, FaultKind::EscapedEnd),
            None => Err(Stop::Incomplete),
            Some(b'\r' | b'\n') if self.dialect.escape == Escape::Lines => {
                fault(at, FaultKind::EscapedLineEnd)
            }
            Some(_) => Ok(at + 2),
        }
    }

    /// The length of the line end at a carriage return or line feed outside
    /// quotes. `None` if it is text.
    #[inline]
    fn line_end(&self, at: usize) -> Result<Option<usize>, Stop> {
        let next = self.bytes.get(at + 1);
        let is_return = self.bytes[at] == b'\r';
        match (self.dialect.line_end, is_return, next) {
            (LineEnd::Return, false, _) => fault(at, FaultKind::LoneLineFeed),
            (LineEnd::Return, true, _) | (_, false, _) => Ok(Some(1)),
            (_, true, Some(b'\n')) => Ok(Some(2)),
            (_, true, None) if !self.is_complete => Err(Stop::Incomplete),
            (LineEnd::Any, true, _) | (_, true, None) => Ok(Some(1)),
            (LineEnd::OnlyLineFeed, true, _) => Ok(None),
            (LineEnd::LineFeed, true, _) => fault(at, FaultKind::LoneReturn),
        }
    }
}

fn record(start: usize, content_end: usize, line_end_bytes: usize) -> Record {
    Record { content: start..content_end, end: content_end + line_end_bytes, is_comment: false }
}
