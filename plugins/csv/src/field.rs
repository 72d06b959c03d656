//! Decodes and encodes single fields.

use crate::dialect::{Dialect, Escape};
use crate::record::{FaultKind, Shape};
use std::ops::Range;

/// The content of a field between its quotes. `raw` includes the quotes.
pub(crate) fn inner_range(raw: &[u8], shape: Shape) -> Range<usize> {
    match shape {
        Shape::Bare | Shape::Mixed => 0..raw.len(),
        Shape::Quoted => 1..raw.len() - 1,
    }
}

/// The parts of a content that is not mixed, each of which is one byte of the
/// value.
pub(crate) fn units<'a>(inner: &'a [u8], shape: Shape, dialect: &Dialect) -> impl Iterator<Item = &'a [u8]> {
    let quote = dialect.quote.filter(|_| shape == Shape::Quoted);
    let escape = dialect.escape.byte();
    let mut rest = inner;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let length = if rest.len() > 1 && (Some(first) == quote || Some(first) == escape) { 2 } else { 1 };
        let (unit, after) = rest.split_at(length);
        rest = after;
        Some(unit)
    })
}

/// Appends the value of a field to `out`. `raw` includes the quotes.
pub(crate) fn decode(raw: &[u8], shape: Shape, dialect: &Dialect, out: &mut Vec<u8>) {
    let quote = dialect.quote.filter(|_| shape != Shape::Bare);
    let escape = dialect.escape.byte();
    let inner = &raw[inner_range(raw, shape)];
    if quote.is_none() && escape.is_none() {
        return out.extend_from_slice(inner);
    }
    let mut in_quotes = shape != Shape::Bare;
    let mut at = usize::from(shape == Shape::Mixed);
    while let Some(&byte) = inner.get(at) {
        let next = inner.get(at + 1).copied();
        match next {
            Some(next) if Some(byte) == escape => {
                out.push(dialect.escape.decode(next));
                at += 2;
            }
            _ if Some(byte) == quote && in_quotes => {
                // A doubled quote, or the one that ends the quoted part. The
                // byte after the latter is text even if it is an escape, see
                // the reader.
                if dialect.double_quote {
                    out.extend(next);
                    at += 2;
                    in_quotes = next == quote;
                } else {
                    at += 1;
                    in_quotes = false;
                }
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

/// Where a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whether the value goes between existing quotes.
    pub(crate) in_quotes: bool,
    /// Whether the field begins its record.
    pub(crate) is_first: bool,
    /// Whether it is the only field of its record, so that an empty one would
    /// make an empty line.
    pub(crate) is_only: bool,
}

/// Appends the encoding of a value to `out`. A bare field gets quotes if it
/// needs them.
///
/// # Errors
/// If the dialect cannot express the value at this place.
pub(crate) fn encode(
    value: &[u8],
    place: Place,
    dialect: &Dialect,
    out: &mut Vec<u8>,
) -> Result<(), FaultKind> {
    if place.in_quotes {
        return inner(value, dialect, out);
    }
    let is_comment = place.is_first && dialect.is_comment(value);
    let is_empty = place.is_only && value.is_empty();
    if !is_comment && !is_empty && !dialect.must_protect(value) {
        out.extend_from_slice(value);
        return Ok(());
    }
    match dialect.quote {
        Some(quote) => {
            out.push(quote);
            inner(value, dialect, out)?;
            out.push(quote);
            Ok(())
        }
        None if is_comment => Err(FaultKind::BecomesComment),
        None if is_empty => Err(FaultKind::BecomesEmpty),
        None => escaped(value, dialect, out),
    }
}

/// Appends the encoding between quotes.
fn inner(value: &[u8], dialect: &Dialect, out: &mut Vec<u8>) -> Result<(), FaultKind> {
    for &byte in value {
        let is_quote = Some(byte) == dialect.quote;
        let is_escape = Some(byte) == dialect.escape.byte();
        let is_line_end = dialect.escape == Escape::Lines && matches!(byte, b'\r' | b'\n');
        let is_zero = dialect.escape == Escape::MySql && byte == 0;
        match dialect.escape.byte() {
            _ if is_quote && dialect.double_quote => out.extend([byte, byte]),
            Some(escape) if is_quote || is_escape || is_line_end || is_zero => {
                out.extend([escape, dialect.escape.encode(byte)]);
            }
            None if is_quote => return Err(FaultKind::Unwritable),
            _ => out.push(byte),
        }
    }
    Ok(())
}

/// Appends the encoding without quotes.
fn escaped(value: &[u8], dialect: &Dialect, out: &mut Vec<u8>) -> Result<(), FaultKind> {
    let escape = dialect.escape.byte().ok_or(FaultKind::Unwritable)?;
    for (place, &byte) in value.iter().enumerate() {
        let is_special = byte == escape
            || dialect.delimiter[0] == byte
            || matches!(byte, b'\r' | b'\n')
            || dialect.skip_initial_space && place == 0 && byte == b' '
            || dialect.escape == Escape::MySql && byte == 0;
        if is_special {
            out.extend([escape, dialect.escape.encode(byte)]);
        } else {
            out.push(byte);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{LineEnd, Quotes};
    use crate::reader::{Reader, Text};
    use proptest::prelude::*;

    pub(crate) fn dialect() -> impl Strategy<Value = Dialect> {
        let delimiter = prop::sample::select(vec![",", "\t", "||", "¦", "-+-"]);
        let quote = prop::sample::select(vec![None, Some(b'"'), Some(b'\'')]);
        let escape = prop::sample::select(vec![
            Escape::None,
            Escape::Byte(b'\\'),
            Escape::Byte(b'^'),
            Escape::MySql,
            Escape::Lines,
        ]);
        (delimiter, quote, any::<[bool; 3]>(), escape).prop_map(
            |(delimiter, quote, [lenient, double_quote, skip_initial_space], escape)| Dialect {
                delimiter: delimiter.into(),
                quote,
                quotes: if lenient { Quotes::Lenient } else { Quotes::Strict },
                double_quote,
                escape,
                skip_initial_space,
                comment: Vec::new(),
                line_end: LineEnd::LineFeed,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// What is encoded comes back, in every dialect that can express it.
        #[test]
        fn values_come_back(
            dialect in dialect(),
            values in prop::collection::vec("[ab ,|+\\-\t\"'\\\\^nN0¦\r\n\0]{0,5}", 1..4),
            quoted in any::<bool>(),
        ) {
            let mut text = Vec::new();
            for (column, value) in values.iter().enumerate() {
                if column > 0 {
                    text.extend_from_slice(&dialect.delimiter);
                }
                let in_quotes = quoted && dialect.quote.is_some();
                let place = Place { in_quotes, is_first: column == 0, is_only: values.len() == 1 };
                text.extend(dialect.quote.filter(|_| in_quotes));
                if encode(value.as_bytes(), place, &dialect, &mut text).is_err() {
                    return Ok(());
                }
                text.extend(dialect.quote.filter(|_| in_quotes));
            }
            text.push(b'\n');
            let mut fields = Vec::new();
            let record = Reader::new(Text { bytes: &text, is_complete: true }, &dialect).read(0, usize::MAX, &mut fields);
            let record = record.map_err(|stop| TestCaseError::fail(format!("{stop:?}: {}", text.escape_ascii())))?;
            prop_assert_eq!(record.end, text.len());
            let found: Vec<_> = fields.iter().map(|field| {
                let mut value = Vec::new();
                decode(&text[field.range()], field.shape, &dialect, &mut value);
                String::from_utf8(value).expect("text")
            }).collect();
            prop_assert_eq!(found, values, "in {}", text.escape_ascii());
        }
    }
}
