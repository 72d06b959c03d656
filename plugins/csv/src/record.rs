//! Reading records, strictly.
//!
//! A quote may only stand at the start of a field, at its end, and doubled
//! between. The host finds record ends by counting quotes (an odd number so
//! far means inside), which is right for such files only; so a stray quote is
//! an error here, and never a guess.

use crate::dialect::Dialect;
use memchr::{memchr, memchr2, memchr3};
use std::ops::Range;

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Where it starts, quotes included.
    pub(crate) start: usize,
    /// Where it ends, quotes included.
    pub(crate) end: usize,
    /// Whether it stands in quotes.
    pub(crate) quoted: bool,
}

impl Field {
    /// What stands between the quotes, doubled quotes still doubled.
    pub(crate) fn content(self) -> Range<usize> {
        if self.quoted { self.start + 1..self.end - 1 } else { self.start..self.end }
    }
}

/// Where a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its fields, without the line end.
    pub(crate) content: Range<usize>,
    /// Where the next record starts.
    pub(crate) end: usize,
}

/// What is wrong with a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It stands in a field that does not begin with a quote.
    InField(usize),
    /// Text follows the closing quote, at this place.
    AfterQuote(usize),
    /// It is never closed.
    Unclosed(usize),
}

impl Fault {
    /// The message, for bytes that start at `offset` of the file.
    pub(crate) fn message(self, offset: u64) -> String {
        let (at, what) = match self {
            Self::InField(at) => (at, "a quote inside of a field that does not begin with one"),
            Self::AfterQuote(at) => (at, "text after a closing quote"),
            Self::Unclosed(at) => (at, "a quote that is never closed"),
        };
        format!(
            "{what}, at byte {}; set `quote=none` if quotes mean nothing in this file, or mend it first",
            offset + at as u64
        )
    }
}

/// Reads the record that starts at `start`, and puts its first `limit` fields
/// into `fields`. The rest is checked for stray quotes only.
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

/// The place of the line end at `at` (of the `\n`, or of the end of the
/// bytes), counting a `\r` before it.
fn before_return(bytes: &[u8], start: usize, at: usize) -> usize {
    if at > start && bytes[at - 1] == b'\r' { at - 1 } else { at }
}

/// Where the field at `at`, which does not begin with a quote, ends.
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

/// Where the field whose opening quote is at `open` ends, one past its
/// closing quote.
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

/// Where the fields end of which the first one begins at `at`.
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
