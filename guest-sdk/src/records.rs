//! Iterators over the records of a window: `(start, bytes)` each, in order,
//! without gaps.

use memchr::memmem::Finder;
use memchr::{memchr2_iter, memmem};

use crate::ByteOrder;

/// See [`Window::lines`](crate::Window::lines).
#[derive(Debug, Clone)]
pub struct Lines<'a>(pub(crate) Delimited<'a, 'static>);

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, line) = self.0.next()?;
        Some((start, line.strip_suffix(b"\n").unwrap_or(line)))
    }
}

/// See [`Window::delimited`](crate::Window::delimited).
#[derive(Debug, Clone)]
pub struct Delimited<'a, 'd> {
    bytes: &'a [u8],
    finder: Finder<'d>,
    start: usize,
}

impl<'a, 'd> Delimited<'a, 'd> {
    pub(crate) fn new(bytes: &'a [u8], delimiter: &'d [u8]) -> Self {
        Self { bytes, finder: memmem::Finder::new(delimiter), start: 0 }
    }
}

impl<'a> Iterator for Delimited<'a, '_> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.start >= self.bytes.len() {
            return None;
        }
        let start = self.start;
        // An occurrence may begin in the record before, as long as it ends in
        // this one: `aaa` delimited by `aa` is `aa` and `a`.
        let length = self.finder.needle().len();
        let from = (start + 1).saturating_sub(length);
        let end = match self.finder.find(&self.bytes[from..]) {
            Some(found) => (from + found + length).max(start + 1),
            None => self.bytes.len(),
        };
        self.start = end;
        Some((start, &self.bytes[start..end]))
    }
}

/// See [`Window::quoted`](crate::Window::quoted).
#[derive(Debug, Clone)]
pub struct Quoted<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    quote: u8,
    start: usize,
}

impl<'a> Quoted<'a> {
    pub(crate) fn new(bytes: &'a [u8], delimiter: u8, quote: u8) -> Self {
        Self { bytes, delimiter, quote, start: 0 }
    }
}

impl<'a> Iterator for Quoted<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.bytes[self.start..];
        if rest.is_empty() {
            return None;
        }
        // A record starts outside quotes: the one before ended there.
        let mut inside = false;
        let mut length = rest.len();
        for at in memchr2_iter(self.delimiter, self.quote, rest) {
            if rest[at] == self.quote {
                inside = !inside;
            } else if !inside {
                length = at + 1;
                break;
            }
        }
        let start = self.start;
        self.start += length;
        Some((start, &rest[..length]))
    }
}

/// See [`Window::fixed`](crate::Window::fixed).
#[derive(Debug, Clone)]
pub struct Fixed<'a> {
    bytes: &'a [u8],
    size: usize,
    start: usize,
}

impl<'a> Fixed<'a> {
    pub(crate) fn new(bytes: &'a [u8], size: usize) -> Self {
        Self { bytes, size: size.max(1), start: 0 }
    }
}

impl<'a> Iterator for Fixed<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.start;
        let rest = &self.bytes[start..];
        let record = rest.get(..self.size).unwrap_or(rest);
        self.start += record.len();
        (!record.is_empty()).then_some((start, record))
    }
}

/// See [`Window::length_prefixed`](crate::Window::length_prefixed).
#[derive(Debug, Clone)]
pub struct LengthPrefixed<'a> {
    bytes: &'a [u8],
    offset: usize,
    width: usize,
    order: ByteOrder,
    adjustment: i64,
    start: usize,
}

impl<'a> LengthPrefixed<'a> {
    pub(crate) fn new(bytes: &'a [u8], offset: u32, width: u8, order: ByteOrder, adjustment: i64) -> Self {
        Self { bytes, offset: offset as usize, width: width.into(), order, adjustment, start: 0 }
    }

    /// The length that a record states, if it reaches that far and the number
    /// makes sense.
    fn stated(&self, record: &[u8]) -> Option<usize> {
        let head = self.offset.checked_add(self.width)?;
        let field = record.get(self.offset..head)?;
        let digit = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let value = match self.order {
            ByteOrder::Big => field.iter().fold(0, digit),
            ByteOrder::Little => field.iter().rev().fold(0, digit),
        };
        let total = i128::from(value) + i128::from(self.adjustment) + head as i128;
        usize::try_from(total).ok().filter(|total| *total > 0)
    }
}

impl<'a> Iterator for LengthPrefixed<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.bytes[self.start..];
        if rest.is_empty() {
            return None;
        }
        let record = self.stated(rest).and_then(|length| rest.get(..length)).unwrap_or(rest);
        let start = self.start;
        self.start += record.len();
        Some((start, record))
    }
}
