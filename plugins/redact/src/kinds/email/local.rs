//! The part of an address before the `@`.

use crate::text::{Char, char_before};

/// The longest local part, in bytes; 64 characters (RFC 5321), each of which
/// may be an escape.
const MAX_BYTES: usize = 320;

/// What a character may be in a local part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of any address: ASCII letters and digits, and Latin letters.
    Word,
    /// A letter of another script.
    Letter,
    /// `.` `_` `-` `+`.
    Joint,
    /// Allowed by RFC 5322, but far more often between values than inside one.
    Odd,
    /// Not part of an address.
    None,
}

/// The start of the local part that ends at `end`.
pub(super) fn start(text: &[u8], end: usize) -> Option<usize> {
    if let Some(start) = quoted(text, end) {
        return Some(start);
    }
    let limit = end.saturating_sub(MAX_BYTES);
    let mut start = end;
    // The start of the leftmost word or letter, and its class.
    let mut found: Option<(usize, Class)> = None;
    while start > limit {
        let Some((char, class)) = step(text, start) else { break };
        let is_allowed = match class {
            Class::Word | Class::Letter => found.is_none_or(|(at, last)| last == class || at > start),
            Class::Joint => true,
            Class::Odd => goes_on_before(text, start, char),
            Class::None => false,
        };
        if !is_allowed {
            break;
        }
        start -= char.length;
        if matches!(class, Class::Word | Class::Letter) {
            found = Some((start, class));
        }
    }
    // An address does not begin with a joint, but `_` is used at the start.
    found.map(|(start, _)| start - text[limit..start].iter().rev().take_while(|&&byte| byte == b'_').count())
}

/// The start of a local part after `<` whose address ends before `>`: all
/// between is the address, with any character that RFC 5322 allows in atoms.
pub(super) fn bracketed(text: &[u8], end: usize, address_end: usize) -> Option<usize> {
    let is_atom = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(byte);
    let length = text[..end].iter().rev().take(64).take_while(|byte| is_atom(byte)).count();
    let start = end - length;
    let has_word = text[start..end].iter().any(u8::is_ascii_alphanumeric);
    (has_word && text[..start].ends_with(b"<") && text.get(address_end) == Some(&b'>')).then_some(start)
}

/// The character before `end` and its class. Letters of more than one byte are
/// one character.
fn step(text: &[u8], end: usize) -> Option<(Char, Class)> {
    let char = char_before(text, end)?;
    if char.code < 0x80 {
        return Some((char, ascii_class(char.ascii())));
    }
    if char.is_escape {
        // A byte of a percent-encoded character, or a letter of JSON.
        return Some((char, if char.code < 0x250 { Class::Word } else { Class::Letter }));
    }
    let from = (end.saturating_sub(4)..end).rev().find(|&from| text[from] & 0xc0 != 0x80)?;
    let letter = str::from_utf8(&text[from..end]).ok().and_then(|part| part.chars().next());
    let class = match letter {
        Some(letter) if !letter.is_alphanumeric() => Class::None,
        Some(letter) if u32::from(letter) < 0x250 => Class::Word,
        Some(_) => Class::Letter,
        // A letter of an encoding with one byte a character.
        None => return Some((char, if char.code >= 0xc0 { Class::Word } else { Class::None })),
    };
    Some((Char { length: end - from, ..char }, class))
}

fn ascii_class(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Class::Word,
        b'.' | b'_' | b'-' | b'+' => Class::Joint,
        b'\'' | b'&' | b'/' | b'!' | b'~' | b'#' | b'$' | b'=' | b'%' | b'^' | b'?' | b'|' => Class::Odd,
        _ => Class::None,
    }
}

/// Whether the local part goes on before an odd character that ends at `end`:
/// a word stands before it, and the whole is no list, path or query.
fn goes_on_before(text: &[u8], end: usize, odd: Char) -> bool {
    let at = end - odd.length;
    let token = token_start(text, at);
    let head = &text[token..at];
    let is_after_word = text[..at].last().is_some_and(u8::is_ascii_alphanumeric) && !odd.is_escape;
    let is_path = head.iter().any(|byte| matches!(byte, b'/' | b':' | b'?' | b'@'))
        || head.contains(&b'=') && odd.ascii() != b'=';
    match odd.ascii() {
        b'=' => is_rewritten(head),
        // SQL writes a quote in a string as two.
        b'\'' if text[..at].last() == Some(&b'\'') && !odd.is_escape => {
            text[..at - 1].last().is_some_and(u8::is_ascii_alphabetic)
                && text[end..].first().is_some_and(u8::is_ascii_alphabetic)
        }
        b'\'' if text.get(end) == Some(&b'\'') && !odd.is_escape => is_after_word && !is_path,
        b'\'' | b'/' => is_after_word && !is_path && at - token <= 64,
        b'&' | b'!' | b'~' | b'#' | b'$' | b'%' | b'^' => is_after_word && !is_path,
        _ => false,
    }
}

/// Whether this begins an address that a mail server rewrote: SRS, BATV and
/// VERP put `=` between the parts of the original address.
fn is_rewritten(head: &[u8]) -> bool {
    let has =
        |prefix: &[u8]| head.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    has(b"srs0")
        || has(b"srs1")
        || has(b"prvs")
        || has(b"btv1")
        || head.contains(&b'+') && !head.contains(&b'=')
}

/// The start of the text without spaces, quotes and brackets before `end`.
fn token_start(text: &[u8], end: usize) -> usize {
    let is_token = |byte: &u8| {
        !matches!(
            byte,
            0..=b' '
                | b'"'
                | b'<'
                | b'>'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b','
                | b';'
                | b'\\'
                | b'`'
        )
    };
    end - text[..end].iter().rev().take(MAX_BYTES).take_while(|byte| is_token(byte)).count()
}

/// The start of a local part in quotes: `"bob smith"@example.com`. In a string
/// of JSON both quotes are escaped.
fn quoted(text: &[u8], end: usize) -> Option<usize> {
    let close = end.checked_sub(1).filter(|&close| text[close] == b'"')?;
    let is_escaped = close > 0 && text[close - 1] == b'\\';
    let body_end = close - usize::from(is_escaped);
    let from = body_end.saturating_sub(66);
    let open = memchr::memrchr2(b'"', b'\n', &text[from..body_end]).map(|place| from + place)?;
    let starts_escaped = open > 0 && text[open - 1] == b'\\';
    let body = &text[open + 1..body_end];
    let is_body = !body.is_empty()
        && body.iter().any(u8::is_ascii_alphanumeric)
        && body
            .iter()
            .all(|&byte| byte >= b' ' && !matches!(byte, b'\\' | b',' | b':' | b'=' | b'{' | b'<' | b'>'));
    let start = open - usize::from(starts_escaped);
    (text[open] == b'"' && is_escaped == starts_escaped && is_body).then_some(start)
}
