//! Decodes and encodes the escapes of strings.
//!
//! A half of a surrogate pair that stands alone (`\ud800`) is not text, but it
//! is allowed by RFC 8259. It becomes the three bytes that UTF-8 would have for
//! it, which no valid text contains, and becomes an escape again.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Decodes the content of a string that has been checked. `out` is cleared.
pub(crate) fn decode(raw: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (byte, used) = match rest.get(at + 1) {
            Some(b'u') => {
                rest = &rest[at..];
                let used = unicode(rest, out);
                rest = rest.get(used..).unwrap_or_default();
                continue;
            }
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0c, 2),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(&other) => (other, 2),
            None => (b'\\', 1),
        };
        out.push(byte);
        rest = rest.get(at + used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Decodes `\uXXXX`, or two of them that are one character. Returns the number
/// of bytes read.
fn unicode(text: &[u8], out: &mut Vec<u8>) -> usize {
    let first = unit(text).unwrap_or(0xfffd);
    let second = text.get(6..).and_then(unit);
    let mut buffer = [0; 4];
    match (first, second) {
        (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) => {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            12
        }
        _ => {
            match char::from_u32(first) {
                Some(character) => out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
                None => out.extend([0xed, 0x80 | (first >> 6 & 0x3f) as u8, 0x80 | (first & 0x3f) as u8]),
            }
            6
        }
    }
}

/// The bytes of the first `count` characters of a string, as they are written.
pub(crate) fn first_characters(raw: &[u8], count: usize) -> usize {
    let mut at = 0;
    for _ in 0..count {
        at += match &raw[at..] {
            [] => break,
            [b'\\', b'u', ..] => unicode(&raw[at..], &mut Vec::new()),
            [b'\\', ..] => 2,
            [_, rest @ ..] => 1 + rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count(),
        };
    }
    at.min(raw.len())
}

/// The number in `\uXXXX` at the start of a text.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// How characters beyond ASCII are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As they are.
    Unicode,
    /// As escapes, as Python and PHP write them by default.
    Ascii,
}

impl Style {
    /// The style of a string.
    pub(crate) fn of(raw: &[u8]) -> Self {
        if raw.is_ascii() && memchr::memmem::find(raw, b"\\u").is_some() {
            Self::Ascii
        } else {
            Self::Unicode
        }
    }
}

/// Appends the content of a string for a value.
pub(crate) fn encode(value: &[u8], style: Style, out: &mut Vec<u8>) {
    // The bytes of a surrogate so far, and their number.
    let mut surrogate = (0_u32, 0);
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => out.extend(b"\\\""),
                '\\' => out.extend(b"\\\\"),
                '\n' => out.extend(b"\\n"),
                '\r' => out.extend(b"\\r"),
                '\t' => out.extend(b"\\t"),
                '\u{8}' => out.extend(b"\\b"),
                '\u{c}' => out.extend(b"\\f"),
                '\0'..='\u{1f}' => push_unit(character as u32, out),
                '\u{80}'.. if style == Style::Ascii => {
                    character
                        .encode_utf16(&mut [0; 2])
                        .iter()
                        .for_each(|unit| push_unit(u32::from(*unit), out));
                }
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        // A surrogate is reported as three invalid bytes, one at a time.
        for &byte in chunk.invalid() {
            surrogate = (surrogate.0 << 8 | u32::from(byte), surrogate.1 + 1);
            if surrogate.1 == 3 {
                push_unit(0xd000 | (surrogate.0 >> 8 & 0x3f) << 6 | surrogate.0 & 0x3f, out);
                surrogate = (0, 0);
            }
        }
    }
}

fn push_unit(unit: u32, out: &mut Vec<u8>) {
    out.extend(b"\\u");
    out.extend([12, 8, 4, 0].map(|shift| HEX[(unit >> shift & 0xf) as usize]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(raw: &str) -> Vec<u8> {
        let mut out = Vec::new();
        decode(raw.as_bytes(), &mut out);
        out
    }

    fn encoded(value: &[u8], style: Style) -> String {
        let mut out = Vec::new();
        encode(value, style, &mut out);
        String::from_utf8(out).expect("valid UTF-8")
    }

    proptest! {
        #[test]
        fn text_comes_back(text in any::<String>(), ascii in any::<bool>()) {
            let raw = encoded(text.as_bytes(), if ascii { Style::Ascii } else { Style::Unicode });
            prop_assert!(!ascii || raw.is_ascii());
            prop_assert_eq!(serde_json::from_str::<String>(&format!("\"{raw}\"")).expect("a string"), &text[..]);
            prop_assert_eq!(decoded(&raw), text.as_bytes());
        }

        #[test]
        fn escapes_are_those_of_serde_json(text in any::<String>()) {
            let quoted = serde_json::to_string(&text).expect("a string");
            prop_assert_eq!(decoded(&quoted[1..quoted.len() - 1]), text.as_bytes());
        }

        #[test]
        fn lone_surrogates_come_back(units in prop::collection::vec(prop::sample::select(vec![0xd800, 0xdbff, 0xdc00, 0xdfff, 0x41, 0xe9]), 0..6)) {
            let raw: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let again = encoded(&decoded(&raw), Style::Ascii);
            prop_assert_eq!(decoded(&again), decoded(&raw));
            let ascii = again.replace('A', "\\u0041");
            prop_assert_eq!(ascii, raw);
        }
    }
}
