//! The rows of `COPY ... FROM stdin` in the format `text`.
//!
//! Source: PostgreSQL's documentation of `COPY`, "Text Format".

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memmem};
use runner_plugin::Edits;

use crate::cell::{Buffers, change_field};
use crate::fault::{Parse, Stop, ends_in, fault};
use crate::plan::Plan;
use crate::view::View;

/// A line of the data.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// The `\.` that ends the data; the next statement begins here.
    End(usize),
    /// A row without its line end, and the start of the next line.
    Row(Range<usize>, usize),
}

/// Reads the line at `start`, and the fields of it.
fn line(view: View<'_>, start: usize, fields: &mut Vec<Range<usize>>) -> Parse<Line> {
    let View { bytes, last } = view;
    fields.clear();
    let mut field = start;
    let mut at = start;
    // Most lines have no backslash.
    if let Some(end) = memchr2(b'\n', b'\\', &bytes[start..]).map(|length| start + length)
        && bytes[end] == b'\n'
    {
        for tab in memchr_iter(b'\t', &bytes[start..end]) {
            fields.push(field..start + tab);
            field = start + tab + 1;
        }
        let content = end - usize::from(end > field && bytes[end - 1] == b'\r');
        fields.push(field..content);
        return Ok(Line::Row(start..content, end + 1));
    }
    loop {
        let Some(place) = memchr3(b'\t', b'\n', b'\\', &bytes[at..]).map(|place| at + place) else {
            return ends_in(view, start, "the data of COPY, without its line `\\.`,");
        };
        match bytes[place] {
            b'\t' => {
                fields.push(field..place);
                field = place + 1;
                at = field;
            }
            // A backslash may also stand before a tab or a line end.
            b'\\' => at = place + 2,
            _ => {
                let is_return = place > field && bytes[place - 1] == b'\r';
                let end = place - usize::from(is_return);
                if bytes[start..end] == *b"\\." {
                    return Ok(Line::End(place + 1));
                }
                fields.push(field..end);
                return Ok(Line::Row(start..end, place + 1));
            }
        }
        if at > bytes.len() {
            return if last { fault(start, "the file ends after a backslash") } else { Err(Stop::More) };
        }
    }
}

/// Changes rows from `at` on, and advances it. Returns whether the data ends.
pub(crate) fn rows(
    plan: &Plan,
    view: View<'_>,
    at: &mut usize,
    work: &mut Work,
    edits: &mut Edits,
) -> Parse<bool> {
    let View { bytes, last } = view;
    loop {
        if *at == bytes.len() && !last {
            return Err(Stop::More);
        }
        // The end of the data needs no `\n` at the end of the file.
        if last && bytes[*at..] == *b"\\." {
            *at = bytes.len();
            return Ok(true);
        }
        let next = match line(view, *at, &mut work.fields)? {
            Line::End(next) => {
                *at = next;
                return Ok(true);
            }
            Line::Row(row, next) => {
                row_of(plan, bytes, (row, next), work, edits)?;
                next
            }
        };
        *at = next;
    }
}

/// What a row needs besides the plan.
#[derive(Debug, Default)]
pub(crate) struct Work {
    fields: Vec<Range<usize>>,
    pub(crate) buffers: Buffers,
    /// The number of values changed, and that of rows deleted.
    pub(crate) changed: u64,
    pub(crate) deleted: u64,
}

fn row_of(
    plan: &Plan,
    bytes: &[u8],
    (row, next): (Range<usize>, usize),
    work: &mut Work,
    edits: &mut Edits,
) -> Parse<()> {
    let Work { fields, buffers, changed, deleted } = work;
    if fields.len() != plan.width {
        return fault(
            row.start,
            format!("a row of `{}` has {} values, not {}", plan.table, fields.len(), plan.width),
        );
    }
    for (column, condition) in &plan.deletions {
        let text = &bytes[fields[*column].clone()];
        if text != b"\\N" && condition.holds(&decoded(text)) {
            *deleted += 1;
            edits.delete(row.start..next);
            return Ok(());
        }
    }
    for step in &plan.steps {
        let group = step.group.map(|group| decoded(&bytes[fields[group].clone()]));
        let field = (fields[step.column].clone(), group.as_deref().unwrap_or_default());
        *changed += u64::from(change_field(&step.change, field, bytes, buffers, edits)?);
    }
    Ok(())
}

/// Skips the data from `at` on, and advances it. Returns whether it ends. A
/// line that begins with `\.` in the skipped data is its end, as for `psql`.
pub(crate) fn skip(view: View<'_>, at: &mut usize, at_line: &mut bool) -> Parse<bool> {
    let View { bytes, last } = view;
    loop {
        let rest = &bytes[*at..];
        if *at_line {
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
            let is_whole = length < rest.len() || last;
            if is_whole && line == b"\\." {
                *at += (length + 1).min(rest.len());
                return Ok(true);
            }
            if !is_whole && (rest.len() < 4) {
                return Ok(false);
            }
            *at_line = false;
        }
        match memmem::find(&bytes[*at..], b"\n\\.") {
            Some(length) => {
                *at += length + 1;
                *at_line = true;
            }
            None if last => return fault(bytes.len(), "the file ends within the data of COPY"),
            None => {
                // Its first bytes may be the last ones here.
                *at = bytes.len().saturating_sub(2).max(*at);
                return Ok(false);
            }
        }
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    decode(text, &mut out);
    out
}

/// Decodes a field that is not NULL.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(place) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..place]);
        let (byte, after) = match &rest[place + 1..] {
            [] => (b'\\', &[][..]),
            [b'b', after @ ..] => (8, after),
            [b'f', after @ ..] => (12, after),
            [b'n', after @ ..] => (b'\n', after),
            [b'r', after @ ..] => (b'\r', after),
            [b't', after @ ..] => (b'\t', after),
            [b'v', after @ ..] => (11, after),
            [b'x', digits @ ..] if digits.first().is_some_and(u8::is_ascii_hexdigit) => number(digits, 16, 2),
            digits @ [b'0'..=b'7', ..] => number(digits, 8, 3),
            [other, after @ ..] => (*other, after),
        };
        out.push(byte);
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Up to `most` digits in front of `text` as one byte, and the rest.
fn number(text: &[u8], radix: u32, most: usize) -> (u8, &[u8]) {
    let digits = text.iter().take(most).map_while(|byte| char::from(*byte).to_digit(radix));
    let (count, value) = digits.fold((0, 0), |(count, value), digit| (count + 1, value * radix + digit));
    (value.to_le_bytes()[0], &text[count..])
}

/// Encodes a value as a field.
pub(crate) fn encode(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            8 => out.extend(b"\\b"),
            9 => out.extend(b"\\t"),
            10 => out.extend(b"\\n"),
            11 => out.extend(b"\\v"),
            12 => out.extend(b"\\f"),
            13 => out.extend(b"\\r"),
            b'\\' => out.extend(b"\\\\"),
            byte => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fields_round_trip(value in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut text = Vec::new();
            encode(&value, &mut text);
            prop_assert_ne!(&text[..], b"\\N");
            prop_assert!(!text.iter().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')));
            prop_assert_eq!(decoded(&text), value);
        }
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(decoded(br"\b\f\n\r\t\v\101\x41g\x\q\\\."), b"\x08\x0c\n\r\t\x0bAAgxq\\.");
    }

    #[test]
    fn lines_end_at_line_ends_without_a_backslash() {
        let mut fields = Vec::new();
        let mut read = |text: &[u8], last| {
            line(View { bytes: text, last }, 0, &mut fields).map(|line| (line, fields.len()))
        };
        assert_eq!(read(b"a\tb\n", false), Ok((Line::Row(0..3, 4), 2)));
        assert_eq!(read(b"a\tb\r\n", false), Ok((Line::Row(0..3, 5), 2)));
        assert_eq!(read(b"a\\\tb\\\n\\\\\n", false), Ok((Line::Row(0..8, 9), 1)));
        assert_eq!(read(b"\\.\n", false), Ok((Line::End(3), 0)));
        assert_eq!(read(b"a\\", false), Err(Stop::More));
        assert!(matches!(read(b"a\\", true), Err(Stop::Fault(_))));
        assert!(matches!(read(b"a\tb", true), Err(Stop::Fault(_))));
    }
}
