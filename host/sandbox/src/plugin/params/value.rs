//! Converts values to the form that the plugin gets.

use runner_contract::{ParamKind, ParamSpec, Value};

/// Converts a text.
///
/// # Errors
/// The form that the parameter must have.
pub(crate) fn convert(spec: &ParamSpec, text: &str) -> Result<Value, String> {
    match spec.kind {
        ParamKind::Text | ParamKind::Secret => Ok(Value::Text(text.to_owned())),
        ParamKind::Integer => text.parse().map(Value::Integer).map_err(|_| "an integer".to_owned()),
        ParamKind::Boolean => match text {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err("`true` or `false`".to_owned()),
        },
        ParamKind::Bytes => unescape(text).map(Value::Bytes),
        ParamKind::Choice if spec.choices.iter().any(|word| word == text) => Ok(Value::Text(text.to_owned())),
        ParamKind::Choice => {
            let words: Vec<_> = spec.choices.iter().map(|word| format!("`{word}`")).collect();
            Err(format!("one of {}", words.join(", ")))
        }
    }
}

/// The value that the content of a file is.
///
/// # Errors
/// The form that the parameter must have.
pub(super) fn of_content(spec: &ParamSpec, bytes: Vec<u8>) -> Result<Value, &'static str> {
    match spec.kind {
        ParamKind::Bytes => Ok(Value::Bytes(bytes)),
        _ => match String::from_utf8(bytes) {
            Ok(text) => convert(spec, &text).map_err(|_| "in another form"),
            Err(_) => Err("UTF-8"),
        },
    }
}

/// Replaces escapes by the bytes that they stand for.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (length, byte) = match after.as_bytes() {
            [b'n', ..] => (1, b'\n'),
            [b'r', ..] => (1, b'\r'),
            [b't', ..] => (1, b'\t'),
            [b'0', ..] => (1, 0),
            [b'\\', ..] => (1, b'\\'),
            [b'x', ..] => (3, hex(after.get(1..3))?),
            [b'u', ..] => {
                let (letter, length) = code_point(after)?;
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &after[length..];
                continue;
            }
            _ => return Err(unknown()),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

fn unknown() -> String {
    r"text in which each `\` begins one of `\n`, `\r`, `\t`, `\0`, `\\`, `\xHH` and `\u{H..}`".to_owned()
}

fn hex(digits: Option<&str>) -> Result<u8, String> {
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or_else(unknown)
}

/// The letter of `u{H..}`, and the length of that.
fn code_point(text: &str) -> Result<(char, usize), String> {
    let digits = text.strip_prefix("u{").and_then(|text| text.split_once('}')).map(|(digits, _)| digits);
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let letter = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
    letter.zip(digits.map(|digits| digits.len() + 3)).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Result<Vec<u8>, String> {
        unescape(text)
    }

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(bytes(r"a\n\r\t\0\\z"), Ok(b"a\n\r\t\0\\z".to_vec()));
        assert_eq!(bytes(r"\xe9\xFFa\u{1F600}\u{e9}"), Ok(b"\xe9\xffa\xf0\x9f\x98\x80\xc3\xa9".to_vec()));
    }

    #[test]
    fn what_is_no_escape_is_an_error() {
        for text in [
            r"\d",
            r"\",
            r"\x",
            r"\x4",
            r"\xg0",
            r"\x+1",
            r"\u41",
            r"\u{}",
            r"\u{d800}",
            r"\u{110000}",
            r"\u{41",
            r"\x\u{e9}",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
