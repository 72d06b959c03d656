//! Escapes: several bytes that stand for one character, or for a colour.
//!
//! Logs carry values through many encodings: JSON, URLs, quoted-printable,
//! HTML, terminals. This module answers two questions for every kind of value:
//! what the bytes at a place stand for, and whether an escape ends at a place.
//! A value may begin right after an escape, and may contain escapes.

/// An escape in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escape {
    /// Number of bytes of the escape.
    pub(crate) length: usize,
    /// The code point that it stands for. It is a byte of UTF-8 for `%HH`,
    /// `=HH` and `\xHH`, and [`COLOUR`] for a sequence that shows nothing.
    pub(crate) code: u32,
}

/// The code of a terminal's control sequence.
pub(crate) const COLOUR: u32 = 0x1b;

/// The most backslashes of one escape, in strings inside of strings.
const MAX_BACKSLASHES: usize = 32;

/// The longest escape that is recognised, in bytes.
const MAX_BYTES: usize = 24;

/// The value of up to eight hexadecimal digits.
pub(crate) fn hex(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0_u32, |number, &digit| Some(number.wrapping_mul(16) + char::from(digit).to_digit(16)?))
}

/// The escape that begins at `at`. A backslash must not be escaped itself,
/// which the caller knows.
pub(crate) fn at(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at..)?;
    match *rest.first()? {
        b'%' => percent(rest),
        b'\\' => nested(rest).or_else(|| backslash(rest)),
        b'&' => reference(rest),
        b'=' => quoted_printable(rest),
        _ => None,
    }
}

/// `\\u00fc` of a string inside a string: all backslashes are one escape, so
/// that no part of it is left when a value that contains it is replaced.
fn nested(rest: &[u8]) -> Option<Escape> {
    let run = rest.iter().take(MAX_BACKSLASHES + 1).take_while(|&&byte| byte == b'\\').count();
    if run < 2 || run % 2 == 1 || run > MAX_BACKSLASHES || rest.get(run) != Some(&b'u') {
        return None;
    }
    Some(Escape { length: run + 5, code: rest.get(run + 1..run + 5).and_then(hex)? })
}

/// The escape that ends before `end`, if one does.
pub(crate) fn before(text: &[u8], end: usize) -> Option<Escape> {
    let &last = text.get(end.checked_sub(1)?)?;
    // Few places are after an escape: its first byte must be near.
    let near = &text[end.saturating_sub(10)..end];
    let may_colour = matches!(last, b'm' | b'K' | b'J' | b'H' | b'h' | b'l');
    if !may_colour && !near.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'&' | b'=')) {
        return None;
    }
    let begins = |length: usize| {
        end.checked_sub(length)
            .filter(|&start| self::at(text, start).is_some_and(|escape| escape.length == length))
    };
    let found = |length| begins(length).and_then(|start| self::at(text, start));
    match last {
        b';' => {
            let start =
                (3..=10).find(|&length| end.checked_sub(length).is_some_and(|at| text[at] == b'&'))?;
            found(start)
        }
        b'm' | b'K' | b'J' | b'H' | b'h' | b'l' => {
            colour_before(text, end).or_else(|| letter_before(text, end))
        }
        _ if last.is_ascii_hexdigit() => {
            // `%2540` before `%40`, and `\u0040` before `\x40`.
            let percent = [7, 5, 3]
                .into_iter()
                .find(|&length| starts_with(text, end, length, b'%') && begins(length).is_some());
            if let Some(length) = percent {
                return found(length);
            }
            if starts_with(text, end, 6, b'\\') && matches!(text[end - 5], b'u') {
                let run = super::run_start(text, end - 5, MAX_BACKSLASHES + 1, |byte| byte == b'\\');
                let count = end - 5 - run;
                // Of an odd number, the last one escapes.
                let length = if count % 2 == 1 { 6 } else { count + 5 };
                if let Some(escape) = found(length) {
                    return Some(escape);
                }
            }
            if starts_with(text, end, 4, b'\\')
                && begins(4).is_some()
                && (text[end - 3] == b'x' || is_escaping(text, end - 4))
            {
                return found(4);
            }
            if starts_with(text, end, 3, b'=') && begins(3).is_some() {
                return found(3);
            }
            letter_before(text, end)
        }
        _ => letter_before(text, end),
    }
}

/// Where a number begins whose run of digits begins at `run`: after an escape
/// that ends with digits, as in `%2010.0.0.1`. It begins at or before `last`.
pub(crate) fn digits_start(text: &[u8], run: usize, last: usize) -> usize {
    if run == 0 || !matches!(text[run - 1], b'%' | b'x' | b'u' | b'\\') {
        return run;
    }
    let is_after = |&start: &usize| before(text, start).is_some_and(|escape| start - escape.length < run);
    (run + 1..=last.min(run + 6)).find(is_after).unwrap_or(run)
}

fn starts_with(text: &[u8], end: usize, length: usize, byte: u8) -> bool {
    end.checked_sub(length).is_some_and(|start| text[start] == byte)
}

/// `\n` and its like before `end`.
fn letter_before(text: &[u8], end: usize) -> Option<Escape> {
    let start = end.checked_sub(2)?;
    let escape = (text[start] == b'\\').then(|| backslash(&text[start..end]))??;
    is_escaping(text, start).then_some(escape)
}

/// Whether the backslash at `at` escapes what follows it, and is not escaped
/// itself. In a string inside a JSON string, a line end is `\\n` and the quotes
/// are `\"`: where the last quote before the place has backslashes, as many
/// backslashes are read as one.
fn is_escaping(text: &[u8], at: usize) -> bool {
    let run = |end: usize| text[..end].iter().rev().take(64).take_while(|&&byte| byte == b'\\').count();
    let count = run(at + 1);
    if count % 2 == 1 {
        return true;
    }
    let from = at.saturating_sub(256);
    let Some(quote) = memchr::memrchr(b'"', &text[from..at]).map(|place| from + place) else { return false };
    let level = run(quote) + 1;
    level > 1 && (count / level) % 2 == 1
}

/// `%40`, and `%2540` where a URL is part of another one.
fn percent(rest: &[u8]) -> Option<Escape> {
    let mut digits = 1;
    while rest.get(digits..digits + 2) == Some(b"25")
        && digits < 5
        && rest.get(digits + 2..digits + 4).and_then(hex).is_some()
    {
        digits += 2;
    }
    let code = rest.get(digits..digits + 2).and_then(hex)?;
    Some(Escape { length: digits + 2, code })
}

/// The escapes of JSON, C, Python and Rust.
fn backslash(rest: &[u8]) -> Option<Escape> {
    let letter = |code| Some(Escape { length: 2, code });
    match *rest.get(1)? {
        b'u' => Some(Escape { length: 6, code: rest.get(2..6).and_then(hex)? }),
        b'x' => Some(Escape { length: 4, code: rest.get(2..4).and_then(hex)? }),
        b'n' => letter(0x0a),
        b'r' => letter(0x0d),
        b't' => letter(0x09),
        b'f' => letter(0x0c),
        b'b' => letter(0x08),
        b'v' => letter(0x0b),
        b'a' => letter(0x07),
        // `\033`; `\0` alone is a NUL.
        b'0' => match rest.get(2..4) {
            Some([high @ b'0'..=b'7', low @ b'0'..=b'7']) => {
                Some(Escape { length: 4, code: u32::from(high - b'0') * 8 + u32::from(low - b'0') })
            }
            _ => letter(0),
        },
        quote @ (b'"' | b'\'' | b'/' | b'\\') => letter(u32::from(quote)),
        _ => None,
    }
}

/// `&#64;`, `&#x40;` and the names of HTML that matter here.
fn reference(rest: &[u8]) -> Option<Escape> {
    let end = rest.iter().take(10).position(|&byte| byte == b';')?;
    let name = &rest[1..end];
    let code = match name {
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() => hex(digits)?,
        [b'#', digits @ ..] if !digits.is_empty() => str::from_utf8(digits).ok()?.parse().ok()?,
        b"lt" => 0x3c,
        b"gt" => 0x3e,
        b"amp" => 0x26,
        b"quot" => 0x22,
        b"apos" => 0x27,
        b"nbsp" => 0xa0,
        b"commat" => 0x40,
        b"period" => 0x2e,
        b"colon" => 0x3a,
        _ => return None,
    };
    Some(Escape { length: end + 1, code })
}

/// `=3D` of quoted-printable (RFC 2045): upper-case digits. `=10` and `=40` are
/// far more often the value of a key, so the second digit must be a letter; and
/// `=DE` begins an account number, so the first is one of ASCII.
fn quoted_printable(rest: &[u8]) -> Option<Escape> {
    let digits = rest.get(1..3)?;
    let is_upper = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    let is_clear = digits[0] < b'8' && digits[1].is_ascii_uppercase();
    (is_clear && digits.iter().all(is_upper))
        .then(|| hex(digits))
        .flatten()
        .map(|code| Escape { length: 3, code })
}

/// A terminal's control sequence before `end`: `ESC[36m` with the byte ESC, or
/// with `#033`, `\x1b`, `\u001b`, `\033`, `\e` or `^[` in its place, as loggers
/// write it, or without it.
fn colour_before(text: &[u8], end: usize) -> Option<Escape> {
    let from = end.saturating_sub(MAX_BYTES);
    let body = &text[from..end - 1];
    let digits = body
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':' | b'?'))
        .count();
    let bracket = (from + body.len()).checked_sub(digits + 1)?;
    if bracket < from || text[bracket] != b'[' {
        return None;
    }
    let introducers: [&[u8]; 9] =
        [b"\x1b", b"#033", b"\\x1b", b"\\x1B", b"\\u001b", b"\\u001B", b"\\033", b"\\e", b"^["];
    let known = introducers.iter().find(|introducer| text[..bracket].ends_with(introducer));
    let length = match known {
        Some(introducer) => end - bracket + introducer.len(),
        None if digits > 0 && text[end - 1] == b'm' => end - bracket,
        None => return None,
    };
    Some(Escape { length, code: COLOUR })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_from_both_ends() {
        for (escape, code) in [
            ("%40", 0x40),
            ("%2540", 0x40),
            ("%252540", 0x40),
            ("\\u0040", 0x40),
            ("\\x40", 0x40),
            ("\\n", 10),
            ("\\b", 8),
            ("\\033", 27),
            ("&#64;", 0x40),
            ("&#x40;", 0x40),
            ("&lt;", 0x3c),
            ("=3D", 0x3d),
        ] {
            let text = format!("x{escape}y");
            let expected = Some(Escape { length: escape.len(), code });
            assert_eq!(at(text.as_bytes(), 1), expected, "{escape}");
            assert_eq!(before(text.as_bytes(), 1 + escape.len()), expected, "{escape}");
        }
    }

    #[test]
    fn colours_end_before_a_value() {
        for colour in ["\x1b[36m", "#033[0m", "\\u001b[1;31m", "\\x1b[0m", "^[[0m", "[32m", "\\e[K"] {
            let text = format!("a{colour}10.0.0.1");
            assert_eq!(
                before(text.as_bytes(), 1 + colour.len()).map(|escape| escape.length),
                Some(colour.len()),
                "{colour}"
            );
        }
    }

    #[test]
    fn an_escaped_backslash_escapes_nothing() {
        assert_eq!(before(br"CORP\\root", 7), None);
        assert_eq!(before(br"CORP\root", 6).map(|escape| escape.code), Some(0x0d));
        assert_eq!(before(br#"{\"m\":\"a\\nbob"#, 13).map(|escape| escape.code), Some(0x0a));
        assert_eq!(before(br"=10", 3), None);
    }
}
