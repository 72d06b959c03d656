//! The calls that the shell of SQLite writes for strings with line ends and
//! control characters: `replace('a\nb','\n',char(10))`, also nested, and
//! `unistr('a\u000ab')` since version 3.50.

use crate::dialect::Dialect;
use crate::literal::decode_string;
use crate::span::{Ending, string_end};
use crate::view::{Quotes, View};

const QUOTES: Quotes = Quotes { quote: b'\'', backslash: false };

/// Appends the string that such a call stands for. `false` if it is none.
pub(crate) fn decode(call: &[u8], out: &mut Vec<u8>) -> bool {
    if let Some(argument) = inside(call, b"unistr(") {
        let mut plain = Vec::new();
        return string(argument, &mut plain) == Some(b"") && unistr(&plain, out);
    }
    match replaced(call) {
        Some((value, b"")) => {
            out.extend(value);
            true
        }
        _ => false,
    }
}

fn inside<'a>(call: &'a [u8], function: &[u8]) -> Option<&'a [u8]> {
    call.strip_prefix(function)?.strip_suffix(b")")
}

/// Reads a string in front of `text`, and returns the rest.
fn string<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    text.strip_prefix(b"'")?;
    let Ending::At(end) = string_end(View { bytes: text, last: true }, 1, QUOTES) else { return None };
    decode_string(&text[1..end - 1], QUOTES, Dialect::Sqlite, out);
    Some(&text[end..])
}

/// Reads a call of `replace`, and returns its value and the rest.
fn replaced(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let argument = text.strip_prefix(b"replace(")?;
    let (value, rest) = match argument.starts_with(b"'") {
        true => {
            let mut value = Vec::new();
            let rest = string(argument, &mut value)?;
            (value, rest)
        }
        false => replaced(argument)?,
    };
    let mut mark = Vec::new();
    let rest = string(rest.strip_prefix(b",")?, &mut mark)?.strip_prefix(b",char(")?;
    let (byte, rest) = match rest {
        [b'1', b'0', b')', b')', rest @ ..] => (b'\n', rest),
        [b'1', b'3', b')', b')', rest @ ..] => (b'\r', rest),
        _ => return None,
    };
    let mut out = Vec::with_capacity(value.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(&value, &mark) {
        out.extend_from_slice(&value[from..at]);
        out.push(byte);
        from = at + mark.len();
    }
    out.extend_from_slice(&value[from..]);
    (!mark.is_empty()).then_some((out, rest))
}

/// Decodes `\\`, `\XXXX`, `\uXXXX`, `\+XXXXXX` and `\UXXXXXXXX`.
fn unistr(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (skip, length) = match after.first() {
            Some(b'\\') => {
                out.push(b'\\');
                rest = &after[1..];
                continue;
            }
            Some(b'u') => (1, 4),
            Some(b'+') => (1, 6),
            Some(b'U') => (1, 8),
            _ => (0, 4),
        };
        let digits = after.get(skip..skip + length).and_then(|digits| str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(character) = code.and_then(char::from_u32) else { return false };
        out.extend(character.encode_utf8(&mut [0; 4]).bytes());
        rest = &after[skip + length..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_the_shell_are_decoded() {
        let decoded = |call: &str| {
            let mut out = Vec::new();
            decode(call.as_bytes(), &mut out).then(|| String::from_utf8(out).expect("UTF-8"))
        };
        assert_eq!(decoded(r"replace('it''s\na','\n',char(10))").as_deref(), Some("it's\na"));
        let nested = r"replace(replace('a\r\nb','\r',char(13)),'\n',char(10))";
        assert_eq!(decoded(nested).as_deref(), Some("a\r\nb"));
        assert_eq!(decoded(r"unistr('a\u000ab\\')").as_deref(), Some("a\nb\\"));
        assert_eq!(decoded("lower('A')"), None);
        assert_eq!(decoded(r"replace('a','\n',char(9))"), None);
        assert_eq!(decoded("replace('a','b','c')"), None);
    }
}
