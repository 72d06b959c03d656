//! Escapes in parameters: `\n \t \r \0 \\ \xHH \u{...}`.

/// What an escape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// One byte, which need not be part of valid UTF-8.
    Byte(u8),
    /// A character, which is written in UTF-8.
    Char(char),
}

impl Escape {
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => out.push(byte),
            Self::Char(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Reads the escape at the start of `rest`, which follows a backslash, and
/// returns its length without the backslash. `None` if it is no escape.
pub(crate) fn read(rest: &str) -> Option<(Escape, usize)> {
    let byte = |byte| Some((Escape::Byte(byte), 1));
    match rest.as_bytes().first()? {
        b'n' => byte(b'\n'),
        b't' => byte(b'\t'),
        b'r' => byte(b'\r'),
        // In other programs, more digits would be an octal number.
        b'0' if !rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => byte(0),
        b'\\' => byte(b'\\'),
        b'x' => {
            let digits =
                rest.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            Some((Escape::Byte(u8::from_str_radix(digits, 16).ok()?), 3))
        }
        b'u' => {
            let (digits, _) = rest.strip_prefix("u{")?.split_once('}')?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let char = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            Some((Escape::Char(char), digits.len() + 3))
        }
        _ => None,
    }
}

/// Replaces all escapes of a text. `what` names it in errors.
///
/// # Errors
/// If a backslash begins no escape.
pub(crate) fn decode(what: &str, text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let (escape, length) = read(rest).ok_or_else(|| unknown(what, rest))?;
        escape.write(&mut out);
        rest = &rest[length..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// The error for a backslash before `rest` that begins no escape.
pub(crate) fn unknown(what: &str, rest: &str) -> String {
    let name = rest.chars().next().map_or_else(String::new, String::from);
    let advice = match name.as_str() {
        "U" | "L" | "u" | "l" | "E" => " (case conversion needs `regex=true`)",
        "x" => " (it takes two hexadecimal digits: `\\xe9`)",
        "0" => " before another digit (a byte is written `\\x0a`)",
        digit if digit.starts_with(|char: char| char.is_ascii_digit()) => {
            " (groups need `regex=true`, and are written `$1`)"
        }
        _ => "",
    };
    format!(
        "{what} has `\\{name}`, which is no escape{advice}: write `\\\\` for a backslash, \
         or set `escapes=false` to take backslashes as they are"
    )
}

/// A text to look for and its replacement, both without groups. A backslash may
/// be meant as it is, as in a Windows path. So `escapes`, if absent, stands for
/// a guess that is an error where it may be wrong.
///
/// # Errors
/// If a backslash is ambiguous, or begins no escape.
pub(crate) fn decode_pair(
    find: &str,
    with: &str,
    escapes: Option<bool>,
) -> Result<(Vec<u8>, Vec<u8>), String> {
    match escapes {
        Some(true) => return Ok((decode("`find`", find)?, decode("`with`", with)?)),
        Some(false) => return Ok((find.into(), with.into())),
        None => {}
    }
    if let Some(name) = first_escape(find) {
        return Err(ambiguous("`find`", name));
    }
    if find.contains('\\') {
        // Backslashes are text here, so they are in the replacement.
        return match first_escape(with) {
            Some(name) => Err(ambiguous("`with`", name)),
            None => Ok((find.into(), with.into())),
        };
    }
    Ok((find.into(), decode_guarded("`with`", with)?))
}

/// As [`decode`], for a text whose author has not said that it has escapes.
///
/// # Errors
/// Also if the text looks like a Windows path.
pub(crate) fn decode_guarded(what: &str, text: &str) -> Result<Vec<u8>, String> {
    match first_escape(text).filter(|_| looks_like_path(text)) {
        Some(name) => Err(ambiguous(what, name)),
        None => decode(what, text),
    }
}

/// Refuses the replacement of an expression that looks like a Windows path.
///
/// # Errors
/// If it does, and `escapes` does not say what is meant.
pub(crate) fn check_template(text: &str, escapes: Option<bool>) -> Result<(), String> {
    match first_escape(text).filter(|_| escapes.is_none() && looks_like_path(text)) {
        Some(name) => Err(ambiguous("`with`", name)),
        None => Ok(()),
    }
}

/// Decodes a text according to the parameter `escapes`.
///
/// # Errors
/// If a backslash is ambiguous, or begins no escape.
pub(crate) fn decode_if(what: &str, text: &str, escapes: Option<bool>) -> Result<Vec<u8>, String> {
    match escapes {
        Some(true) => decode(what, text),
        Some(false) => Ok(text.into()),
        None => decode_guarded(what, text),
    }
}

/// The first thing in the text that can be read as an escape.
fn first_escape(text: &str) -> Option<&str> {
    let mut places = text.match_indices('\\').map(|(at, _)| at);
    places.find_map(|at| {
        let rest = &text[at + 1..];
        // An octal number, elsewhere.
        let length = if rest.starts_with('0') { Some(1) } else { read(rest).map(|(_, length)| length) };
        length.map(|length| &text[at..at + 1 + length])
    })
}

/// Whether it has a drive (`C:\`), or begins with a server (`\\name`).
fn looks_like_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_drive = |at: usize| {
        let letter = at.checked_sub(2).is_some_and(|letter| bytes[letter].is_ascii_alphabetic());
        letter && bytes[at - 1] == b':' && !(at > 2 && bytes[at - 3].is_ascii_alphanumeric())
    };
    let server = bytes.starts_with(br"\\") && bytes.get(2).is_some_and(u8::is_ascii_alphanumeric);
    server || text.match_indices('\\').any(|(at, _)| is_drive(at))
}

fn ambiguous(what: &str, name: &str) -> String {
    format!(
        "{what} has `{name}`, which may be an escape or a backslash: set `escapes=true` to read escapes \
         in `find` and `with` (and write `\\\\` for a backslash), or `escapes=false` to take backslashes \
         as they are"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, String> {
        decode("`with`", text)
    }

    #[test]
    fn each_escape_is_read() {
        assert_eq!(decoded(r"a\n\t\r\0\\\xe9\u{20ac}z").unwrap(), b"a\n\t\r\0\\\xe9\xe2\x82\xacz");
        for wrong in [r"\q", r"\012", r"\x4", r"\u{}", r"\u{110000}", r"\xé", r"\u41", "\\"] {
            let error = decoded(wrong).unwrap_err();
            assert!(error.contains("no escape") && error.contains("escapes=false"), "{error}");
        }
    }

    #[test]
    fn an_ambiguous_backslash_is_an_error() {
        for (find, with) in [
            (r"\t", "x"),
            (r"C:\temp", "x"),
            (r"C:\Users", r"D:\new"),
            ("home", r"C:\new"),
            ("home", r"\\new\table"),
        ] {
            let error = decode_pair(find, with, None).unwrap_err();
            assert!(error.contains("escapes=true"), "{error}");
            assert_eq!(decode_pair(find, with, Some(false)), Ok((find.into(), with.into())));
        }
        assert_eq!(decode_pair(r"C:\Users", r"D:\Users", None).unwrap().1, br"D:\Users");
        assert_eq!(decode_pair("a", r"\n<a>", None).unwrap().1, b"\n<a>");
        assert_eq!(decode_pair(r"\t", r"\\", Some(true)).unwrap(), (b"\t".to_vec(), b"\\".to_vec()));
    }
}
