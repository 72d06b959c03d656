//! Fields of CSV, with the feature `csv`: where they are in a record, what they
//! say, and how a new value is written.
//!
//! Where only some columns matter, a projection ([`Job::project`]) is faster: the
//! host then shows these fields alone.
//!
//! [`Job::project`]: crate::Job::project

use std::borrow::Cow;
use std::ops::Range;

/// What separates fields, and what may enclose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Ends a field, outside of quotes.
    pub delimiter: u8,
    /// Encloses a field; doubled inside, it stands for itself.
    pub quote: u8,
}

impl Default for Dialect {
    /// Commas and double quotes, as in RFC 4180.
    fn default() -> Self {
        Self { delimiter: b',', quote: b'"' }
    }
}

impl Dialect {
    /// The fields of a record, each as the range that it takes, quotes included. A
    /// record is given without its line end; a `\r` at its end belongs to no field.
    /// An empty record has no fields.
    pub fn fields<'a>(&self, record: &'a [u8]) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let Self { delimiter, quote } = *self;
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        let mut start = (!record.is_empty()).then_some(0);
        std::iter::from_fn(move || {
            let from = start?;
            let mut is_quoted = false;
            let end = record[from..].iter().position(|&byte| {
                is_quoted ^= byte == quote;
                byte == delimiter && !is_quoted
            });
            start = end.map(|length| from + length + 1);
            Some(from..end.map_or(record.len(), |length| from + length))
        })
    }

    /// What a field says: without its quotes, and doubled quotes as one.
    #[must_use]
    pub fn value<'a>(&self, field: &'a [u8]) -> Cow<'a, [u8]> {
        let quote = self.quote;
        let inner = field.strip_prefix(&[quote]).and_then(|rest| rest.strip_suffix(&[quote]));
        let Some(inner) = inner else { return Cow::Borrowed(field) };
        if !inner.contains(&quote) {
            return Cow::Borrowed(inner);
        }
        let mut value = Vec::with_capacity(inner.len());
        let mut bytes = inner.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            value.push(byte);
            if byte == quote {
                bytes.next_if_eq(&quote);
            }
        }
        Cow::Owned(value)
    }

    /// The field that says a value: in quotes if it needs them.
    #[must_use]
    pub fn field<'a>(&self, value: &'a [u8]) -> Cow<'a, [u8]> {
        let special = [self.delimiter, self.quote, b'\n', b'\r'];
        if !value.iter().any(|byte| special.contains(byte)) {
            return Cow::Borrowed(value);
        }
        let mut field = vec![self.quote];
        for &byte in value {
            field.extend(std::iter::repeat_n(byte, if byte == self.quote { 2 } else { 1 }));
        }
        field.push(self.quote);
        Cow::Owned(field)
    }
}
