//! Finds the ends of strings, and checks that they are what RFC 8259 allows.
//!
//! A string may be longer than the memory: it is checked in parts.

use crate::lexer::{HIGH, ONES, Wrong};

/// Bytes that are checked together in long strings. Compilers vectorise loops
/// over arrays of this size.
const BLOCK: usize = 32;

/// Bytes of a string before [`BLOCK`]s are worth it.
const SHORT: usize = 32;

/// The end of a string in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringEnd {
    /// The string ends in the bytes.
    Closed {
        /// The position of the closing quote.
        quote: usize,
        /// Whether there is a backslash before it.
        escaped: bool,
    },
    /// The bytes end first.
    Open {
        /// The end of the last whole character or escape.
        safe: usize,
    },
}

/// The position of the closing quote of the string whose content starts at
/// `from`, if the string is plain: whole, and ASCII without escapes.
#[inline(always)]
pub(crate) fn plain_string(bytes: &[u8], from: usize) -> Option<usize> {
    let (at, high) = plain(bytes, from);
    (!high && bytes.get(at) == Some(&b'"')).then_some(at)
}

/// Finds the end of the string whose content starts, or goes on, at `from`.
///
/// # Errors
/// For control characters, wrong escapes, and what is not UTF-8.
#[inline(never)]
pub(crate) fn string(bytes: &[u8], from: usize) -> Result<StringEnd, Wrong> {
    let (mut at, mut high) = plain(bytes, from);
    let mut escaped = false;
    let end = loop {
        match bytes.get(at) {
            Some(b'"') => break StringEnd::Closed { quote: at, escaped },
            Some(b'\\') => match escape(bytes, at)? {
                Some(next) => at = next,
                None => break StringEnd::Open { safe: at },
            },
            Some(_) => return Err(Wrong { at, what: "a control character must be escaped in a string" }),
            None => break StringEnd::Open { safe: at },
        }
        escaped = true;
        let more;
        (at, more) = plain(bytes, at);
        high |= more;
    };
    if !high {
        return Ok(end);
    }
    let (StringEnd::Closed { quote: stop, .. } | StringEnd::Open { safe: stop }) = end;
    match (std::str::from_utf8(&bytes[from..stop]), end) {
        (Ok(_), _) => Ok(end),
        // The last character is not whole. An escape or a quote after it would
        // be wrong.
        (Err(error), StringEnd::Open { .. }) if error.error_len().is_none() && stop == bytes.len() => {
            Ok(StringEnd::Open { safe: from + error.valid_up_to() })
        }
        (Err(error), _) => Err(Wrong {
            at: from + error.valid_up_to(),
            what: "a string is not UTF-8; if the file has another encoding, name it with `--encoding`",
        }),
    }
}

/// The end of the escape at `at`; `None` if the bytes end first.
fn escape(bytes: &[u8], at: usize) -> Result<Option<usize>, Wrong> {
    match bytes.get(at + 1) {
        None => Ok(None),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(Some(at + 2)),
        Some(b'u') => {
            for digit in at + 2..at + 6 {
                match bytes.get(digit) {
                    None => return Ok(None),
                    Some(byte) if byte.is_ascii_hexdigit() => {}
                    Some(_) => {
                        return Err(Wrong {
                            at: digit,
                            what: "expected four hexadecimal digits after `\\u`",
                        });
                    }
                }
            }
            Ok(Some(at + 6))
        }
        Some(_) => Err(Wrong { at: at + 1, what: "expected one of `\"\\/bfnrtu` after a backslash" }),
    }
}

/// The first quote, backslash or control character at or after `at`, or the
/// end; and whether a byte before it is not ASCII.
///
/// Sixteen bytes are looked at without a branch, because the lengths of strings
/// cannot be predicted.
#[inline(always)]
fn plain(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let long = at + SHORT;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let (words, _) = chunk.as_chunks::<8>();
        let [low, high] = [words[0], words[1]].map(u64::from_le_bytes);
        let (stop_low, stop_high) = (special(low), special(high));
        let is_high = (low | high) & HIGH != 0;
        if stop_low | stop_high != 0 {
            let (word, base) = if stop_low != 0 { (stop_low, 0) } else { (stop_high, 8) };
            let stop = at + base + word.trailing_zeros() as usize / 8;
            return (stop, is_high && !bytes[at..stop].is_ascii());
        }
        at += 16;
        if is_high || at >= long {
            return long_plain(bytes, at, if is_high { HIGH } else { 0 });
        }
    }
    short_plain(bytes, at, 0)
}

/// The highest bit of the first byte that is a quote, a backslash or a control
/// character is set, and none of the bytes before it. Higher bits say nothing.
#[inline(always)]
fn special(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(0x20 * ONES) & !word;
    (zero(word ^ (ONES * b'"' as u64)) | zero(word ^ (ONES * b'\\' as u64)) | control) & HIGH
}

#[inline(never)]
fn long_plain(bytes: &[u8], mut at: usize, mut high: u64) -> (usize, bool) {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
        let (mut stops, mut any) = (0, 0);
        for &byte in block {
            stops |= u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20);
            any |= byte;
        }
        if stops != 0 {
            break;
        }
        high |= u64::from(any);
        at += BLOCK;
    }
    short_plain(bytes, at, high)
}

#[inline(never)]
fn short_plain(bytes: &[u8], mut at: usize, mut high: u64) -> (usize, bool) {
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        high |= u64::from(byte);
        at += 1;
    }
    (at, high & HIGH != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Strings with everything that can be in them, and wrong ones.
    fn content() -> impl Strategy<Value = Vec<u8>> {
        let parts: Vec<&[u8]> = vec![
            b"a",
            b"plain text of some length, ",
            b"\\n",
            b"\\\"",
            b"\\u00e9",
            b"\xc3\xa9",
            b"\xf0\x9f\x98\x80",
            b"\"",
            b"\\",
            b"\\u00",
            b"\x01",
            b"\xff",
            b"\xc3",
        ];
        let weights = [9, 9, 4, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1];
        let parts = prop::sample::select(
            parts.into_iter().zip(weights).flat_map(|(part, times)| vec![part; times]).collect::<Vec<_>>(),
        );
        prop::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn strings_end_where_serde_json_says(content in content()) {
            let bytes = [&content[..], b"\" "].concat();
            let text = [b"\"", &bytes[..]].concat();
            let mut stream = serde_json::Deserializer::from_slice(&text).into_iter::<String>();
            match (string(&bytes, 0), stream.next()) {
                (Ok(StringEnd::Closed { quote, escaped }), Some(Ok(_))) => {
                    prop_assert_eq!(quote + 2, stream.byte_offset());
                    prop_assert_eq!(escaped, bytes[..quote].contains(&b'\\'));
                }
                (Err(_) | Ok(StringEnd::Open { .. }), Some(Err(_))) => {}
                (found, expected) => prop_assert!(false, "{:?} {:?}", found, expected),
            }
        }

        #[test]
        fn a_cut_string_goes_on(content in content(), cut in 0usize..60) {
            let bytes = [&content[..], b"\" "].concat();
            let cut = cut.min(bytes.len());
            let whole = string(&bytes, 0);
            let mut parts = string(&bytes[..cut], 0);
            let mut escaped = false;
            if let Ok(StringEnd::Open { safe }) = parts {
                escaped = bytes[..safe].contains(&b'\\');
                parts = string(&bytes, safe);
            }
            if let Ok(StringEnd::Closed { escaped: found, .. }) = &mut parts {
                *found |= escaped;
            }
            // Of several errors, either may be found.
            prop_assert!(whole == parts || whole.is_err() && parts.is_err(), "{:?} {:?}", whole, parts);
        }
    }
}
