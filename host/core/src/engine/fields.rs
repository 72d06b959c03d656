//! Splits records into fields, natively, for jobs that want only some of them.
//!
//! Sixty-four bytes at a time are turned into one bit per byte for each of the
//! delimiter, the line end and the quote. Bytes inside quotes are those with an
//! odd number of quotes before them, which a prefix sum over the bits finds
//! (the method of Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
//! 2019). Only the bits that remain are looked at one by one.

mod masks;
#[cfg(test)]
mod tests;

use std::ops::Range;

use runner_contract::{Framing, Job, Projection};

use self::masks::{BLOCK, mask, prefix_xor};
use crate::error::{Error, Kind, Result};
use crate::escape::group_digits;

/// The first places named of a file that does not fit.
const MAX_FAULTS: usize = 10;
/// A byte order mark does not belong to the first field.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Splits records as a projection asks for.
pub(super) struct Splitter<'a> {
    projection: &'a Projection,
    /// `None` if quotes have no meaning.
    quote: Option<u8>,
}

/// The state between two blocks of bytes.
struct Scan<'a, T> {
    bytes: &'a [u8],
    wanted: &'a [u32],
    /// How many of the wanted fields of this record were seen.
    seen: usize,
    /// The index of the current field, and where it starts.
    field: u32,
    start: usize,
    /// Where the record starts.
    record: usize,
    take: T,
}

impl<'a> Splitter<'a> {
    /// The splitter of a job that passed [`Job::validate`]; `None` if it has no
    /// projection.
    pub(super) fn new(job: &'a Job) -> Option<Self> {
        let quote = match job.framing {
            Framing::Quoted { quote, .. } => Some(quote),
            _ => None,
        };
        job.projection.as_ref().map(|projection| Self { projection, quote })
    }

    /// The byte that ends a field.
    pub(super) fn delimiter(&self) -> u8 {
        self.projection.delimiter
    }

    /// Passes the index and the place of each wanted field in `bytes`, which
    /// are whole records from the file offset `base` on.
    ///
    /// # Errors
    /// [`Kind::Io`] if quotes stand where they must not; any error of `take`.
    pub(super) fn split(
        &self,
        base: u64,
        bytes: &[u8],
        take: impl FnMut(u32, Range<usize>) -> Result<()>,
    ) -> Result<()> {
        let begin = if base == 0 && bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let wanted = &self.projection.fields;
        let mut scan = Scan { bytes, wanted, seen: 0, field: 0, start: begin, record: begin, take };
        let mut quotes = Quotes::default();
        let mut at = begin;
        while at < bytes.len() {
            let (block, limit) = masks::block(bytes, at);
            let delimiters = mask(&block, self.projection.delimiter) & limit;
            let line_ends = mask(&block, b'\n') & limit;
            let outside = match self.quote {
                Some(quote) => {
                    let marks = mask(&block, quote) & limit;
                    let returns = mask(&block, b'\r') & limit;
                    !quotes.inside(at, marks, delimiters | line_ends, returns)
                }
                None => u64::MAX,
            };
            scan.block(at, delimiters & outside, line_ends & outside)?;
            at += BLOCK;
        }
        quotes.end();
        scan.end()?;
        if quotes.faults.is_empty() { Ok(()) } else { Err(misfit(base, &quotes.faults)) }
    }
}

impl<T: FnMut(u32, Range<usize>) -> Result<()>> Scan<'_, T> {
    /// Takes the delimiters and line ends outside quotes of a block.
    fn block(&mut self, base: usize, delimiters: u64, line_ends: u64) -> Result<()> {
        let all = delimiters | line_ends;
        let mut bits = if self.seen == self.wanted.len() { line_ends } else { all };
        while bits != 0 {
            let bit = bits.trailing_zeros();
            let end = base + bit as usize;
            let later = u64::MAX.checked_shl(bit + 1).unwrap_or(0);
            if line_ends >> bit & 1 == 1 {
                self.line_end(end)?;
                bits = all & later;
            } else {
                self.field_end(end)?;
                // After the last wanted field, only the line end counts.
                bits = later & if self.seen == self.wanted.len() { line_ends } else { all };
            }
        }
        Ok(())
    }

    fn field_end(&mut self, end: usize) -> Result<()> {
        if self.wanted[self.seen] == self.field {
            self.seen += 1;
            (self.take)(self.field, self.start..end)?;
        }
        self.field += 1;
        self.start = end + 1;
        Ok(())
    }

    fn line_end(&mut self, at: usize) -> Result<()> {
        let end = if at > self.start && self.bytes[at - 1] == b'\r' { at - 1 } else { at };
        // An empty line has no fields.
        if self.seen < self.wanted.len() && (self.field > 0 || end > self.record) {
            self.field_end(end)?;
        }
        (self.seen, self.field, self.start, self.record) = (0, 0, at + 1, at + 1);
        Ok(())
    }

    /// The last record may have no line end.
    fn end(&mut self) -> Result<()> {
        if self.record < self.bytes.len() { self.line_end(self.bytes.len()) } else { Ok(()) }
    }
}

/// Follows quotes from block to block.
#[derive(Default)]
struct Quotes {
    /// All bits if the next block begins inside quotes.
    carry: u64,
    /// Whether the last byte of the block before cannot come before an opening
    /// quote.
    after_text: bool,
    /// A closing quote that was the last byte of the block before.
    closing: Option<usize>,
    /// The last opening quote.
    opening: usize,
    /// The first places where quotes must not stand.
    faults: Vec<(usize, &'static str)>,
}

const IN_FIELD: &str = "a quote inside a field that does not begin with a quote";
const AFTER_QUOTE: &str = "text after a closing quote";
const UNCLOSED: &str = "a quote that is never closed";

impl Quotes {
    /// The bytes of a block that are inside quotes, opening quotes included.
    /// `ends` are delimiters and line ends.
    fn inside(&mut self, at: usize, quotes: u64, ends: u64, returns: u64) -> u64 {
        if quotes == 0 && self.closing.is_none() {
            self.after_text = ends >> 63 == 0;
            return self.carry;
        }
        let inside = prefix_xor(quotes) ^ self.carry;
        let (opening, closing) = (quotes & inside, quotes & !inside);
        let neighbours = ends | quotes;
        let before = neighbours << 1 | u64::from(!self.after_text);
        let mut in_field = opening & !before;
        let followed = neighbours | returns;
        if let Some(quote) = self.closing.take()
            && followed & 1 == 0
        {
            self.fault(quote + 1, AFTER_QUOTE);
        }
        let mut after_quote = closing & !(followed >> 1) & (u64::MAX >> 1);
        if closing >> 63 == 1 {
            self.closing = Some(at + 63);
        }
        while in_field | after_quote != 0 {
            let bit = (in_field | after_quote).trailing_zeros();
            let place = at + bit as usize;
            match in_field >> bit & 1 {
                1 => self.fault(place, IN_FIELD),
                _ => self.fault(place + 1, AFTER_QUOTE),
            }
            in_field &= !(1 << bit);
            after_quote &= !(1 << bit);
        }
        if opening != 0 {
            self.opening = at + 63 - opening.leading_zeros() as usize;
        }
        self.after_text = neighbours >> 63 == 0;
        self.carry = (inside as i64 >> 63) as u64;
        inside
    }

    fn end(&mut self) {
        if self.carry != 0 {
            self.fault(self.opening, UNCLOSED);
        }
    }

    fn fault(&mut self, at: usize, what: &'static str) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push((at, what));
        }
    }
}

/// The error for a file whose quotes do not fit.
fn misfit(base: u64, faults: &[(usize, &'static str)]) -> Error {
    let places: Vec<_> = faults
        .iter()
        .map(|(at, what)| format!("{what} at offset {}", group_digits(base + *at as u64)))
        .collect();
    Error::new(Kind::Io, "the file's quotes do not fit the way in which the plugin reads it")
        .because(places.join("; "))
        .hint("these are the first such places; mend them, or tell the plugin what quotes mean in this file")
}
