//! Escapes text from plugins, files and file names, so that it is safe to show.
//!
//! Everything that reaches a terminal passes through here: [`Shown`] is a part
//! of a line; reports, errors and previews are made of [`Page`]s; and
//! [`json_line`] formats an event. The reporter accepts nothing else, so raw
//! text cannot reach a terminal by accident.

mod json;
mod page;
mod secrets;
mod sum;
#[cfg(test)]
mod tests;
mod word;

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use unicode_width::UnicodeWidthChar;

pub use json::{json_line, with_name};
pub use page::Page;
pub use secrets::Secrets;
pub use sum::sum_line;
pub use word::{Word, word};

/// Maximum number of characters of a name to show; no path is longer.
const NAME_CHARS: usize = 4096;
/// Maximum number of consecutive blanks to show unchanged. More could push the
/// following text out of sight.
const MAX_BLANKS: usize = 64;
/// Maximum number of combining marks on one character; more of them would cover
/// its neighbours.
const MAX_MARKS: usize = 3;

/// Escapes `text` for one line of a terminal: control characters, and
/// characters that reorder or hide text, become escapes (`\n`, `\u{1b}`). After
/// `max_chars` characters, the rest is replaced by a count.
///
/// For reading only: backslashes stay unchanged, so the escapes cannot be
/// undone. Escaping text twice gives the same result as once.
#[must_use]
pub fn escape(text: &str, max_chars: usize) -> String {
    to_string(text.as_bytes(), Style { max_chars, ends: Ends::Escaped, blanks: Blanks::Kept })
}

/// Like [`escape`], but keeps line ends, for text of several lines. The caller
/// must mark each line as part of the text; [`Page::several`] does that.
#[must_use]
pub fn escape_lines(text: &str, max_chars: usize) -> String {
    to_string(text.as_bytes(), Style { max_chars, ends: Ends::Kept, blanks: Blanks::Kept })
}

/// Escapes a name, or any bytes, for a part of a line: as [`escape`] does, with
/// bytes that are not UTF-8 as `\xff`, and many consecutive blanks as
/// `\x20*300`.
#[must_use]
pub fn shown<T: Raw + ?Sized>(raw: &T) -> Shown<'_> {
    raw.shown()
}

/// See [`shown`].
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    bytes: &'a [u8],
    max_chars: usize,
}

impl Shown<'_> {
    /// Cuts the text after `max_chars` characters; a count says what is
    /// missing.
    #[must_use]
    pub fn cut(self, max_chars: usize) -> Self {
        Self { max_chars, ..self }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = Style { max_chars: self.max_chars, ends: Ends::Escaped, blanks: Blanks::Packed };
        write_escaped(f, self.bytes, style)
    }
}

/// Anything that can be [`shown`].
pub trait Raw {
    /// The unescaped bytes.
    fn raw(&self) -> &[u8];

    /// See [`shown`](shown()). Replaces `Path::display`, which hides bytes that
    /// are not UTF-8.
    fn shown(&self) -> Shown<'_> {
        Shown { bytes: self.raw(), max_chars: NAME_CHARS }
    }

    /// The bytes as a word of a shell command; see [`Word`].
    fn word(&self) -> Word<'_> {
        Word(self.raw())
    }
}

impl Raw for [u8] {
    fn raw(&self) -> &[u8] {
        self
    }
}

impl Raw for str {
    fn raw(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Raw for String {
    fn raw(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Raw for Path {
    fn raw(&self) -> &[u8] {
        self.as_os_str().as_bytes()
    }
}

impl Raw for std::path::PathBuf {
    fn raw(&self) -> &[u8] {
        self.as_os_str().as_bytes()
    }
}

impl Raw for OsStr {
    fn raw(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Formats a number with its noun, such as `1 byte` or `12,345 bytes`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", group_digits(number), if number == 1 { "" } else { "s" })
}

/// Formats 1234567 as `1,234,567`.
#[must_use]
pub fn group_digits(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[derive(Clone, Copy)]
struct Style {
    max_chars: usize,
    ends: Ends,
    blanks: Blanks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Escaped,
    Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Kept,
    Packed,
}

fn to_string(bytes: &[u8], style: Style) -> String {
    let mut out = String::with_capacity(bytes.len().min(style.max_chars.saturating_mul(4)));
    // Writing to a `String` cannot fail.
    let _ = write_escaped(&mut out, bytes, style);
    out
}

fn write_escaped(out: &mut impl Write, bytes: &[u8], style: Style) -> fmt::Result {
    let (mut at, mut marks, mut has_base) = (0, 0, false);
    for _ in 0..style.max_chars {
        let rest = &bytes[at..];
        let Some(&byte) = rest.first() else { return Ok(()) };
        let Some(c) = first_char(rest) else {
            write!(out, "\\x{byte:02x}")?;
            (at, has_base) = (at + 1, false);
            continue;
        };
        let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
        if style.blanks == Blanks::Packed && blanks > MAX_BLANKS {
            write!(out, "\\x20*{blanks}")?;
            (at, has_base) = (at + blanks, false);
            continue;
        }
        at += c.len_utf8();
        let is_mark = !c.is_control() && c.width() == Some(0);
        marks = if is_mark { marks + 1 } else { 0 };
        let visible = if is_mark { has_base && marks <= MAX_MARKS } else { is_plain(c) };
        has_base = visible && c != ' ';
        match c {
            '\n' if style.ends == Ends::Kept => out.write_char('\n')?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if visible && !is_hidden(c) => out.write_char(c)?,
            c => write!(out, "{}", c.escape_unicode())?,
        }
    }
    match bytes.len() - at {
        0 => Ok(()),
        rest => write!(out, "… ({} more)", count(rest as u64, "byte")),
    }
}

/// The first character of `bytes`, if they begin with one.
fn first_char(bytes: &[u8]) -> Option<char> {
    let few = &bytes[..bytes.len().min(4)];
    let text = match std::str::from_utf8(few) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&few[..e.valid_up_to()]).unwrap_or_default(),
    };
    text.chars().next()
}

/// Whether a character is what it looks like. Blanks other than the ordinary
/// space are not.
fn is_plain(c: char) -> bool {
    !c.is_control() && !is_hidden(c) && (c == ' ' || !c.is_whitespace())
}

/// Characters that Unicode does not classify as control characters, but that
/// change the reading order, break the line or are invisible.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}
