//! Where a value begins and ends: in quotes, or up to what ends it.

use crate::text::{Char, char_at, run_end};
use std::ops::Range;

/// The longest value, in bytes.
const MAX_BYTES: usize = 8192;

/// The quote at `at`: a quotation mark, or an escape of one.
pub(super) fn quote(text: &[u8], at: usize) -> Option<Char> {
    // In a string inside a string, the quote has several backslashes.
    let backslashes = text.get(at..)?.iter().take(16).take_while(|&&byte| byte == b'\\').count();
    let is_mark = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    if backslashes > 0 && is_mark(text.get(at + backslashes)) {
        return Some(Char {
            length: backslashes + 1,
            code: u32::from(text[at + backslashes]),
            is_escape: true,
        });
    }
    let char = char_at(text, at)?;
    matches!(char.ascii(), b'"' | b'\'' | b'`').then_some(char)
}

/// The value in quotes whose first quote is at `at`; the quotes are not part
/// of it. `None` if it is not closed in its line.
pub(super) fn quoted(text: &[u8], at: usize) -> Option<Range<usize>> {
    let open = quote(text, at)?;
    let start = at + open.length;
    let mark = &text[at..start];
    let level = Level::of(mark);
    let limit = text.len().min(start + MAX_BYTES);
    let mut end = start;
    while end < limit && text[end] != b'\n' {
        let run = run_end(&text[..limit], end, |byte| byte == b'\\' && level.is_some()) - end;
        match (level, text.get(end + run)) {
            (Some(level), Some(&byte)) if byte == level.quote => match level.meaning(run) {
                Meaning::End => {
                    let is_doubled =
                        level.backslashes == 0 && byte != b'`' && text.get(end + run + 1) == Some(&byte);
                    // SQL and CSV write a quote as two.
                    if is_doubled && end + run > start {
                        end += run + 2;
                        continue;
                    }
                    return Some(start..end + run - level.backslashes);
                }
                Meaning::Content => end += run + 1,
                // The string around the value ends.
                Meaning::Outer => return Some(start..end),
            },
            // A backslash before another byte.
            (Some(level), _) if run > 0 => end += run + usize::from(level.backslashes == 0 && run % 2 == 1),
            (None, _) if text[end..].starts_with(mark) => return Some(start..end),
            _ if text[end] == b'"' && (mark.len() > 1 || is_in_string(text, at)) => return Some(start..end),
            _ => end += 1,
        }
    }
    None
}

/// A quotation mark with backslashes before it, as in a string inside of
/// strings: a mark of one level has none, of the second one, of the third
/// three.
#[derive(Debug, Clone, Copy)]
struct Level {
    quote: u8,
    backslashes: usize,
}

/// What a quotation mark after backslashes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The end of the value.
    End,
    /// A part of the value.
    Content,
    /// The end of a string around the value.
    Outer,
}

impl Level {
    /// The level of a mark; `None` if it is another escape, such as `%22`.
    fn of(mark: &[u8]) -> Option<Self> {
        let (&quote, backslashes) = mark.split_last()?;
        let is_level = matches!(quote, b'"' | b'\'' | b'`') && backslashes.iter().all(|&byte| byte == b'\\');
        is_level.then_some(Self { quote, backslashes: backslashes.len() })
    }

    /// What a mark after a run of backslashes is. Within the value, a backslash
    /// is written as twice as many backslashes as the mark has bytes, and a
    /// quote as one less.
    fn meaning(self, run: usize) -> Meaning {
        let unit = self.backslashes + 1;
        match (run + 1) / unit {
            0 => Meaning::Outer,
            count if count % 2 == 1 => Meaning::End,
            _ => Meaning::Content,
        }
    }
}

/// Whether a place is inside of a string in `"` that began in its line.
fn is_in_string(text: &[u8], at: usize) -> bool {
    let line = crate::text::line_start(text, at, MAX_BYTES);
    let is_mark = |&place: &usize| {
        let backslashes = text[line..place].iter().rev().take_while(|&&byte| byte == b'\\').count();
        backslashes % 2 == 0
    };
    let marks = memchr::memchr_iter(b'"', &text[line..at]).map(|place| line + place).filter(is_mark);
    marks.count() % 2 == 1
}

/// How the operator before a value was written, which tells what ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Style {
    /// As such.
    #[default]
    Plain,
    /// As an escape: `password%3Dhunter2%26x`.
    Escaped,
    /// The end of a tag: `<password>hunter2</password>`.
    Tag,
}

/// The value without quotes that begins at `start`.
pub(super) fn unquoted(text: &[u8], start: usize, style: Style) -> Range<usize> {
    let limit = text.len().min(start + MAX_BYTES);
    let mut end = start;
    while let Some(char) = char_at(text, end).filter(|_| end < limit) {
        let is_end = match (style, char.is_escape) {
            (Style::Tag, _) => matches!(char.ascii(), b'<' | b'\n'),
            // A percent escape belongs to the value of a plain parameter.
            (Style::Plain, true) if text[end] == b'%' || text[end] == b'=' => false,
            _ => ends_value(text, end, char) || text[end] == b'\\' && is_before_quote(text, end),
        };
        if is_end {
            break;
        }
        end += char.length;
    }
    start..end.min(limit)
}

/// Whether the backslashes at `at` stand before a quote, as at the end of a
/// string inside of strings.
fn is_before_quote(text: &[u8], at: usize) -> bool {
    let end = run_end(&text[..text.len().min(at + 64)], at, |byte| byte == b'\\');
    matches!(text.get(end), Some(b'"' | b'\'' | b'`'))
}

/// Whether a character ends a value without quotes.
fn ends_value(text: &[u8], at: usize, char: Char) -> bool {
    match char.ascii() {
        0..=b' ' if char.code < 0x80 => true,
        b'&' | b';' | b'"' | b'\'' | b'`' | b'<' | b'|' => true,
        // They may be part of a password, but not before a space, another key,
        // or another bracket.
        b',' | b')' | b']' | b'}' | b'>' | b'#' | b'?' => goes_on_elsewhere(&text[at + char.length..]),
        _ => false,
    }
}

/// Whether this text begins with what stands between values: nothing, a space,
/// a quote, a bracket, or a key and its operator.
fn goes_on_elsewhere(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [byte, ..] if byte.is_ascii_whitespace() => true,
        [b'"' | b'\'' | b'\\' | b')' | b']' | b'}' | b'>' | b'<' | b',' | b';' | b'{' | b'[', ..] => true,
        _ => {
            let word = rest
                .iter()
                .take(32)
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
                .count();
            word > 0 && matches!(rest.get(word), Some(b'=' | b':'))
        }
    }
}

/// Whether a value says nothing: a placeholder, a mask, or a word such as
/// `null` or `required`.
pub(super) fn is_empty(value: &[u8]) -> bool {
    const WORDS: &str = "true false null none nil undefined nan required missing invalid incorrect wrong \
        expired reset changed empty failed not is are was must should cannot yes no ok on off \
        optional prompt hidden redacted masked removed string text unset set rejected \
        accepted mismatch error denied unknown disabled enabled too for verified \
        files compat systemd";
    let is_placeholder = matches!(value, [] | [b'$' | b'{' | b'<' | b'[' | b'(', ..])
        && !value.iter().any(u8::is_ascii_digit)
        || value.starts_with(b"${")
        || value.starts_with(b"{{")
        || value.starts_with(b"%s")
        || value.starts_with(b"%(");
    // Masks keep the `@` and the dots of addresses.
    let is_hidden =
        value.contains(&b'*') && !value.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    let is_mask = is_hidden
        || value
            .iter()
            .all(|byte| matches!(byte, b'*' | b'.' | b'-' | b'_' | b' ' | b'?' | b'#' | b'%' | b'\\' | b'/'))
        || value.iter().all(|byte| byte.eq_ignore_ascii_case(&b'x'));
    is_placeholder
        || is_mask
        || crate::text::words::with_lower(value, &|word: &[u8]| {
            WORDS.split(' ').any(|other| other.as_bytes() == word).then_some(())
        })
        .is_some()
}

/// Whether a value looks like a token: it has a digit, or capitals among small
/// letters, or is long.
pub(super) fn is_token(value: &[u8], least: usize) -> bool {
    // A mask inside shows that this is more than a token.
    if !is_one_word(value) {
        return false;
    }
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
        || value.len() >= 20 && !value.contains(&b' ');
    let is_digits = value.iter().all(u8::is_ascii_digit) && value.len() >= 12;
    value.len() >= least && (is_mixed || is_digits) && !value.contains(&b' ')
}

/// Whether a value has no spaces, quotes and stars, as all tokens.
pub(super) fn is_one_word(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, b' ' | b'\'' | b'"' | b'`' | b'*'))
}

/// Whether a value looks random: no words, and of many different characters.
pub(super) fn is_random(value: &[u8]) -> bool {
    let is_part = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'%' | b'~')
    };
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mut seen = [false; 256];
    value.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    let distinct = seen.iter().filter(|&&seen| seen).count();
    value.len() >= 16
        && value.iter().all(is_part)
        && digits >= 2
        && value.iter().any(u8::is_ascii_alphabetic)
        && distinct >= 8
}
