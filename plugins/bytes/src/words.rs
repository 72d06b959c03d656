//! The words of an operation: `overwrite at=16 text="two words"`.

/// One word: a name, and what stands after `=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The name: lower-case letters and hyphens.
    pub(crate) name: String,
    /// The value, with its escapes replaced by the bytes that they stand for.
    pub(crate) value: Option<Vec<u8>>,
}

/// Splits a line into words. Blanks separate words. A value with blanks stands
/// in double quotes. In values, `\n`, `\r`, `\t`, `\0`, `\\`, `\"`, `\xHH` and
/// `\u{H..}` stand for bytes.
///
/// # Errors
/// If a quote is not closed, if bytes follow a closing quote, or if a `\`
/// begins none of the escapes above. The message does not quote the line.
pub(crate) fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(is_blank);
    while !rest.is_empty() {
        let length = rest.find(|letter| letter == '=' || is_blank(letter)).unwrap_or(rest.len());
        let name = rest[..length].to_owned();
        rest = &rest[length..];
        let value = match rest.strip_prefix('=') {
            None => None,
            Some(after) => {
                let (bytes, after) = value(after).map_err(|what| format!("in `{name}=`, {what}"))?;
                rest = after;
                Some(bytes)
            }
        };
        words.push(Word { name, value });
        rest = rest.trim_start_matches(is_blank);
    }
    Ok(words)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

/// The value that a text begins with, and what follows it.
fn value(text: &str) -> Result<(Vec<u8>, &str), String> {
    let quoted = text.strip_prefix('"');
    let mut rest = quoted.unwrap_or(text);
    let mut bytes = Vec::new();
    loop {
        let Some(letter) = rest.chars().next() else {
            return if quoted.is_some() { Err("a `\"` is not closed".into()) } else { Ok((bytes, rest)) };
        };
        let after = &rest[letter.len_utf8()..];
        match letter {
            '"' if quoted.is_some() => {
                return if after.is_empty() || after.starts_with(is_blank) {
                    Ok((bytes, after))
                } else {
                    Err("a blank must follow the closing `\"`; a `\"` inside is written `\\\"`".into())
                };
            }
            '"' => return Err("a `\"` stands inside a value; write it as `\\\"`".into()),
            '\\' => rest = escape(after, &mut bytes)?,
            _ if quoted.is_none() && is_blank(letter) => return Ok((bytes, rest)),
            _ => {
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
        }
    }
}

/// Adds the bytes of an escape, of which the `\` has been read, and returns what
/// follows it.
fn escape<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Result<&'t str, String> {
    let unknown = || {
        r#"each `\` must begin one of `\n`, `\r`, `\t`, `\0`, `\\`, `\"`, `\xHH` and `\u{H..}`"#.to_owned()
    };
    let (byte, length) = match text.as_bytes() {
        [b'n', ..] => (b'\n', 1),
        [b'r', ..] => (b'\r', 1),
        [b't', ..] => (b'\t', 1),
        [b'0', ..] => (0, 1),
        [b'\\', ..] => (b'\\', 1),
        [b'"', ..] => (b'"', 1),
        [b'x', high, low, ..] => {
            let digits = digit(*high).zip(digit(*low)).ok_or_else(unknown)?;
            (digits.0 << 4 | digits.1, 3)
        }
        [b'u', b'{', ..] => {
            let (digits, after) = text[2..].split_once('}').ok_or_else(unknown)?;
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let point =
                Some(digits).filter(|_| is_hex).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let letter = point.and_then(char::from_u32).ok_or_else(unknown)?;
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(after);
        }
        _ => return Err(unknown()),
    };
    bytes.push(byte);
    Ok(&text[length..])
}

/// The value of a hexadecimal digit.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(line: &str) -> Vec<u8> {
        let words = words(line).expect("words");
        words.into_iter().find_map(|word| word.value).expect("a value")
    }

    #[test]
    fn blanks_separate_words() {
        let found = words("  overwrite\tat=16  data ").expect("words");
        let names: Vec<_> = found.iter().map(|word| (word.name.as_str(), word.value.as_deref())).collect();
        assert_eq!(names, [("overwrite", None), ("at", Some(&b"16"[..])), ("data", None)]);
        assert_eq!(words(" \t "), Ok(Vec::new()));
    }

    #[test]
    fn quotes_keep_blanks_and_escapes_stand_for_bytes() {
        assert_eq!(value_of(r#"text="two words""#), b"two words");
        assert_eq!(value_of(r#"text="a\"b""#), b"a\"b");
        assert_eq!(value_of(r"text=\x00\xfFa\n\r\t\0\\\u{e9}"), b"\x00\xffa\n\r\t\0\\\xc3\xa9");
        assert_eq!(value_of("text="), b"");
        assert_eq!(value_of(r#"text="""#), b"");
        assert_eq!(value_of("text=a=b"), b"a=b");
    }

    #[test]
    fn what_is_no_value_is_an_error() {
        for line in [
            r#"text="open"#,
            r#"text="a"b"#,
            r#"text=a"b"#,
            r"text=\q",
            r"text=\",
            r"text=\x4",
            r"text=\x+1",
            r"text=\xé1",
            r"text=\u{d800}",
            r"text=\u{41",
            r"text=\u{}",
        ] {
            assert!(words(line).is_err(), "{line}");
        }
    }
}
