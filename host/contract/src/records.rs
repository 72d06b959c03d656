//! Iterators over the records of a window. Each item is `(start, record)`;
//! records come in order and without gaps.

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
        // An occurrence may begin in the previous record, as long as it ends
        // in this one: `aaa` delimited by `aa` is `aa` and `a`.
        let length = self.finder.needle().len();
        let from = (start + 1).saturating_sub(length);
        let end = match self.finder.find(&self.bytes[from..]) {
            Some(found) => from + found + length,
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
        // A record starts outside quotes, since the previous one ended there.
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

    /// The length that a record states. `None` if its length field is
    /// truncated, or if the length does not even cover the field.
    fn stated(&self, record: &[u8]) -> Option<usize> {
        let head = self.offset.checked_add(self.width)?;
        let field = record.get(self.offset..head)?;
        let total = i128::from(self.order.decode(field)) + i128::from(self.adjustment) + head as i128;
        usize::try_from(total).ok().filter(|total| *total >= head.max(1))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Framing;
    use crate::model::records;

    fn model(framing: &Framing, bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let records = records(framing, bytes).expect("possible lengths");
        records.into_iter().map(|record| (record.start, bytes[record].to_vec())).collect()
    }

    fn owned<'a>(records: impl Iterator<Item = (usize, &'a [u8])>) -> Vec<(usize, Vec<u8>)> {
        records.map(|(start, record)| (start, record.to_vec())).collect()
    }

    /// Text of few different letters, so that delimiters occur and overlap.
    fn text(length: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"ab\"\n".to_vec()), 0..length)
    }

    proptest! {
        #[test]
        fn delimited_is_the_framing(bytes in text(40), delimiter in text(4)) {
            prop_assume!(!delimiter.is_empty());
            let found = owned(Delimited::new(&bytes, &delimiter));
            prop_assert_eq!(found, model(&Framing::Delimited(delimiter), &bytes));
        }

        #[test]
        fn lines_are_delimited_records_without_their_end(bytes in text(40)) {
            let mut expected = model(&Framing::lines(), &bytes);
            for (_, line) in &mut expected {
                line.pop_if(|byte| *byte == b'\n');
            }
            prop_assert_eq!(owned(Lines(Delimited::new(&bytes, b"\n"))), expected);
        }

        #[test]
        fn quoted_is_the_framing(bytes in text(40)) {
            let found = owned(Quoted::new(&bytes, b'\n', b'"'));
            prop_assert_eq!(found, model(&Framing::Quoted { delimiter: b'\n', quote: b'"' }, &bytes));
        }

        #[test]
        fn fixed_is_the_framing(bytes in text(40), size in 1_usize..50) {
            let found = owned(Fixed::new(&bytes, size));
            prop_assert_eq!(found, model(&Framing::Fixed { header: 0, size: size as u64 }, &bytes));
        }

        #[test]
        fn length_prefixed_is_the_framing(
            bytes in prop::collection::vec(0_u8..5, 0..60),
            offset in 0_u32..3,
            width in 1_u8..4,
            big in any::<bool>(),
            adjustment in 0_i64..3,
        ) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let found = owned(LengthPrefixed::new(&bytes, offset, width, order, adjustment));
            let checks = Vec::new();
            let framing = Framing::LengthPrefixed { header: 0, offset, width, order, adjustment, checks };
            prop_assert_eq!(found, model(&framing, &bytes));
        }
    }

    #[test]
    fn an_impossible_length_ends_the_iteration() {
        let found = owned(LengthPrefixed::new(b"\x01abc", 0, 1, ByteOrder::Big, -2));
        assert_eq!(found, [(0, b"\x01abc".to_vec())]);
    }
}
