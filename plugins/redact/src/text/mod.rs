//! What surrounds a place in a text: escapes, characters, words, quotes.

pub(crate) mod escape;
pub(crate) mod words;

use escape::Escape;

/// One character of a text, as it is meant: an escape or a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Char {
    /// Number of bytes in the text.
    pub(crate) length: usize,
    /// The code point, or the byte.
    pub(crate) code: u32,
    /// Whether it is written as an escape.
    pub(crate) is_escape: bool,
}

impl Char {
    fn of(escape: Escape) -> Self {
        Self { length: escape.length, code: escape.code, is_escape: true }
    }

    /// The ASCII character; zero for others.
    pub(crate) fn ascii(self) -> u8 {
        u8::try_from(self.code).ok().filter(u8::is_ascii).unwrap_or(0)
    }
}

/// The character that begins at `at`; `None` at the end of the text.
pub(crate) fn char_at(text: &[u8], at: usize) -> Option<Char> {
    let &byte = text.get(at)?;
    Some(escape::at(text, at).map_or(Char { length: 1, code: u32::from(byte), is_escape: false }, Char::of))
}

/// The character that ends before `end`; `None` at the start of the text.
pub(crate) fn char_before(text: &[u8], end: usize) -> Option<Char> {
    let &byte = text.get(end.checked_sub(1)?)?;
    Some(
        escape::before(text, end)
            .map_or(Char { length: 1, code: u32::from(byte), is_escape: false }, Char::of),
    )
}

/// Whether a value may begin at `at`: no word of ASCII letters and digits goes
/// on there, and the place is not inside an escape.
pub(crate) fn is_word_start(text: &[u8], at: usize) -> bool {
    let Some(&before) = text[..at].last() else { return true };
    if !before.is_ascii_alphanumeric() && !matches!(before, b'\\' | b'%' | b'=') {
        return true;
    }
    match char_before(text, at) {
        None => true,
        Some(char) if char.is_escape => !char.ascii().is_ascii_alphanumeric(),
        Some(char) => !char.ascii().is_ascii_alphanumeric() && !is_inside_escape(text, at),
    }
}

/// Whether an escape begins right before `at` and goes on: `\` before the `n`
/// of `\n`.
fn is_inside_escape(text: &[u8], at: usize) -> bool {
    at > 0 && matches!(text[at - 1], b'\\' | b'%' | b'=') && {
        let start = at - 1;
        escape::at(text, start).is_some_and(|escape| {
            (start + 1..=start + escape.length).any(|end| {
                escape::before(text, end).is_some_and(|found| found.length == end - start && end > at)
            })
        })
    }
}

/// Whether no word continues at `at`.
pub(crate) fn is_word_end(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// The end of the run of bytes from `from` on that satisfy `is`.
pub(crate) fn run_end(text: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    text[from..].iter().position(|&byte| !is(byte)).map_or(text.len(), |length| from + length)
}

/// The start of the run of at most `most` bytes before `end` that satisfy `is`.
pub(crate) fn run_start(text: &[u8], end: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
    let length = text[..end].iter().rev().take(most).take_while(|&&byte| is(byte)).count();
    end - length
}

/// The start of the line that `at` is in, looking back at most `most` bytes.
pub(crate) fn line_start(text: &[u8], at: usize, most: usize) -> usize {
    let from = at.saturating_sub(most);
    memchr::memrchr(b'\n', &text[from..at]).map_or(from, |place| from + place + 1)
}

/// The value with its escapes decoded.
pub(crate) fn decode(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(char) = char_at(value, at) {
        match (char.is_escape, u8::try_from(char.code)) {
            (false, Ok(byte)) => plain.push(byte),
            // Of `%C3%BC`, each escape is one byte of the character.
            (true, Ok(byte)) if byte < 0x80 || !names_character(&value[at..]) => plain.push(byte),
            _ => {
                let letter = char::from_u32(char.code).unwrap_or(char::REPLACEMENT_CHARACTER);
                plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        at += char.length;
    }
    plain
}

/// Whether an escape stands for a character rather than for a byte of one.
fn names_character(escape: &[u8]) -> bool {
    escape.starts_with(b"&") || escape.starts_with(b"\\u")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_after_an_escape() {
        for (before, starts) in [
            ("%20", true),
            ("%3D", true),
            ("\\n", true),
            ("\\u003c", true),
            ("\x1b[1m", true),
            ("a", false),
            ("\\", true),
            ("%41", false),
            ("=3D", true),
            ("\\\\", true),
            (" ", true),
            ("&lt;", true),
        ] {
            let text = format!("x{before}9bob");
            assert_eq!(is_word_start(text.as_bytes(), 1 + before.len()), starts, "{before}");
        }
        assert!(!is_word_start(b"a\\nb", 2));
    }

    #[test]
    fn values_are_decoded() {
        assert_eq!(decode(b"b%C3%BCr%2540x\\u00fc&#64;"), "b\u{fc}r@x\u{fc}@".as_bytes());
    }
}
