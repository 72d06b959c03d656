//! Strict parsing of records.
//!
//! Quotes are allowed only at the start of a field, at its end, and doubled in
//! between. The host finds the ends of records by counting quotes (an odd
//! number so far means inside), which is correct only for such files. So a
//! stray quote is an error, and is never interpreted by guessing.

use crate::dialect::Dialect;
use memchr::{memchr, memchr2, memchr3};
use std::ops::Range;

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Start, including the quote.
    pub(crate) start: usize,
    /// End, including the quote.
    pub(crate) end: usize,
    /// Whether it is quoted.
    pub(crate) quoted: bool,
}

impl Field {
    /// The content between the quotes; doubled quotes are not decoded.
    pub(crate) fn content(self) -> Range<usize> {
        if self.quoted { self.start + 1..self.end - 1 } else { self.start..self.end }
    }
}

/// The position of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The range of its fields, without the line end.
    pub(crate) content: Range<usize>,
    /// The start of the next record.
    pub(crate) end: usize,
}

/// An error in the use of quotes. Each contains its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A quote in a field that does not begin with a quote.
    InField(usize),
    /// Text after a closing quote.
    AfterQuote(usize),
    /// A quote that is never closed.
    Unclosed(usize),
}

impl Fault {
    /// The error message, for bytes that start at `offset` in the file.
    pub(crate) fn message(self, offset: u64) -> String {
        let (at, what) = match self {
            Self::InField(at) => (at, "a quote inside a field that does not begin with a quote"),
            Self::AfterQuote(at) => (at, "text after a closing quote"),
            Self::Unclosed(at) => (at, "a quote that is never closed"),
        };
        format!(
            "{what}, at byte {}; set `quote=none` if quotes have no meaning in this file, or fix the file first",
            offset + at as u64
        )
    }
}

/// Parses the record that starts at `start`, and stores its first `limit`
/// fields in `fields`. The other fields are only checked for stray quotes.
pub(crate) fn read(
    bytes: &[u8],
    start: usize,
    dialect: Dialect,
    limit: usize,
    fields: &mut Vec<Field>,
) -> Result<Record, Fault> {
    fields.clear();
    let mut at = start;
    while fields.len() < limit {
        let field = match dialect.quote {
            Some(quote) if bytes.get(at) == Some(&quote) => {
                Field { start: at, end: quoted_end(bytes, at, dialect.delimiter, quote)?, quoted: true }
            }
            _ => Field { start: at, end: bare_end(bytes, at, dialect)?, quoted: false },
        };
        fields.push(field);
        if bytes.get(field.end) != Some(&dialect.delimiter) {
            return Ok(record(bytes, start, field.end));
        }
        at = field.end + 1;
    }
    Ok(record(bytes, start, rest_end(bytes, at, dialect)?))
}

/// The record whose fields end at `content_end`.
fn record(bytes: &[u8], start: usize, content_end: usize) -> Record {
    let line_end = match &bytes[content_end..] {
        [b'\r', b'\n', ..] => 2,
        [_, ..] => 1,
        [] => 0,
    };
    Record { content: start..content_end, end: content_end + line_end }
}

/// The start of the line end at `at` (the `\n` or the end of the bytes),
/// including a `\r` before it.
fn before_return(bytes: &[u8], start: usize, at: usize) -> usize {
    if at > start && bytes[at - 1] == b'\r' { at - 1 } else { at }
}

/// The end of the unquoted field at `at`.
fn bare_end(bytes: &[u8], at: usize, dialect: Dialect) -> Result<usize, Fault> {
    let rest = &bytes[at..];
    let stop = match dialect.quote {
        Some(quote) => memchr3(dialect.delimiter, b'\n', quote, rest),
        None => memchr2(dialect.delimiter, b'\n', rest),
    };
    let end = stop.map_or(bytes.len(), |stop| at + stop);
    match bytes.get(end) {
        Some(&byte) if byte == dialect.delimiter => Ok(end),
        Some(b'\n') | None => Ok(before_return(bytes, at, end)),
        Some(_) => Err(Fault::InField(end)),
    }
}

/// The end of the field whose opening quote is at `open`: one past its closing
/// quote.
fn quoted_end(bytes: &[u8], open: usize, delimiter: u8, quote: u8) -> Result<usize, Fault> {
    let mut at = open + 1;
    loop {
        let close = memchr(quote, &bytes[at..]).ok_or(Fault::Unclosed(open))?;
        at += close + 1;
        match &bytes[at..] {
            [] | [b'\n', ..] | [b'\r'] | [b'\r', b'\n', ..] => return Ok(at),
            [byte, ..] if *byte == delimiter => return Ok(at),
            [byte, ..] if *byte == quote => at += 1,
            _ => return Err(Fault::AfterQuote(at)),
        }
    }
}

/// The end of the remaining fields, the first of which begins at `at`.
fn rest_end(bytes: &[u8], at: usize, dialect: Dialect) -> Result<usize, Fault> {
    let mut from = at;
    loop {
        let rest = &bytes[from..];
        let stop = match dialect.quote {
            Some(quote) => memchr2(quote, b'\n', rest),
            None => memchr(b'\n', rest),
        };
        let stop = stop.map_or(bytes.len(), |stop| from + stop);
        match (bytes.get(stop), dialect.quote) {
            (Some(&byte), Some(quote)) if byte == quote => {
                if stop > at && bytes[stop - 1] != dialect.delimiter {
                    return Err(Fault::InField(stop));
                }
                from = quoted_end(bytes, stop, dialect.delimiter, quote)?;
            }
            _ => return Ok(before_return(bytes, from, stop)),
        }
    }
}
