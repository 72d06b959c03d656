//! Telephone numbers: `+` and a number of the international plan (ITU E.164),
//! numbers of North America in their usual groups, and groups of digits after
//! a word like `phone` or `call`.

use crate::text::words::{self, Hint};
use crate::text::{is_word_end, is_word_start, run_end};
use std::ops::Range;

/// The most digits of a number (ITU E.164).
const MAX_DIGITS: usize = 15;

/// The digits of a number of North America, with the country's code.
const NORTH_AMERICAN: usize = 11;

/// A number of digits in groups.
struct Grouped {
    end: usize,
    digits: usize,
    groups: usize,
}

/// Reads groups of digits with single gaps from `start` on: spaces, hyphens,
/// dots, slashes, and parentheses around a group. There are at most `most`
/// digits: what follows them after a space is something else, such as the
/// status after a caller's number.
fn grouped(text: &[u8], start: usize, most: usize) -> Grouped {
    let mut read = Grouped { end: start, digits: 0, groups: 0 };
    let mut at = start;
    loop {
        let is_apart = read.groups > 0 && is_space(text, read.end);
        let is_open = text.get(at) == Some(&b'(');
        let group = at + usize::from(is_open);
        let mut end = group;
        while end < group + 15 && text.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        let length = end - group;
        if read.digits + length > most && is_apart {
            return read;
        }
        if read.digits + length > most {
            // No part of more digits is a number.
            return Grouped { digits: 0, ..read };
        }
        if length == 0 || is_open && text.get(end) != Some(&b')') {
            return read;
        }
        at = end + usize::from(is_open);
        read = Grouped { end: at, digits: read.digits + length, groups: read.groups + 1 };
        // After a parenthesis there may be no gap; a hyphen may have spaces.
        let rest = &text[at..];
        at += match rest {
            [b' ' | b'-' | b'.' | b'/', next, ..] if next.is_ascii_digit() || *next == b'(' => 1,
            [b' ', b'-', b' ', next, ..] if next.is_ascii_digit() => 3,
            _ if rest.starts_with(b"%20") || rest.starts_with(b"%2D") => 3,
            _ if rest.starts_with(b"\xc2\xa0") => 2,
            [next, ..] if is_open && next.is_ascii_digit() => 0,
            _ => return read,
        };
    }
}

fn is_space(text: &[u8], at: usize) -> bool {
    [&b" "[..], b"%20", b"\xc2\xa0"].iter().any(|space| text[at..].starts_with(space))
        && !text[at..].starts_with(b" - ")
}

/// The number after the `+` at `plus`.
pub(crate) fn international(text: &[u8], plus: usize) -> Option<Range<usize>> {
    let before = text[..plus].last().copied().unwrap_or(b' ');
    let is_start = is_word_start(text, plus) && !matches!(before, b'+' | b'.' | b'-' | b'_' | b'^' | b')');
    if !is_start {
        return None;
    }
    let most = if text[plus + 1..].starts_with(b"1") { NORTH_AMERICAN } else { MAX_DIGITS };
    let read = grouped(text, plus + 1, most);
    let hint = words::hint(text, plus, 2, hint);
    let is_number = (7..=MAX_DIGITS).contains(&read.digits)
        && is_word_end(text, read.end)
        && !has_fraction(text, read.end);
    // Pseudonyms begin with a country's code that is not assigned.
    let mut digits = text[plus..read.end].iter().filter(|byte| byte.is_ascii_digit());
    if (digits.next(), digits.next()) == (Some(&b'8'), Some(&b'9')) {
        return None;
    }
    // A fraction: `+1234567.89`. A country's code has at most three digits.
    let first = run_end(text, plus + 1, |byte| byte.is_ascii_digit());
    if read.groups == 2 && first - plus > 4 && text.get(first) == Some(&b'.') {
        return None;
    }
    // A sum or an offset is a plain number: `+12345678`.
    let is_plain = read.groups == 1 && read.digits < 10;
    (is_number && hint != Some(Hint::Against) && (!is_plain || hint.is_some())).then_some(plus..read.end)
}

/// `(415) 555-2671` at the parenthesis, `415-555-2671` at the first digit.
pub(crate) fn national(text: &[u8], at: usize) -> Option<Range<usize>> {
    // The country's code belongs to the number: `1-800-555-0100`, `1 (800)`.
    let start = match text[..at] {
        [.., before, b'1', b' ' | b'-' | b'.'] if !before.is_ascii_alphanumeric() => at - 2,
        [b'1', b' ' | b'-' | b'.'] => 0,
        _ => at,
    };
    let is_joined =
        text[..start].last().is_some_and(|byte| matches!(byte, b'.' | b'-' | b'/' | b'_' | b'+' | b'#'));
    if is_joined || !is_word_start(text, start) {
        return None;
    }
    let read = grouped(text, at, NORTH_AMERICAN - 1);
    let value = &text[at..read.end];
    let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
    // Area codes and exchanges begin with 2 to 9 (NANP).
    let is_plan = digits.len() == 10 && read.groups == 3 && digits[0] > b'1' && digits[3] > b'1';
    let has_parentheses = value.starts_with(b"(");
    let is_dashed = value.contains(&b'-') || has_parentheses;
    let hint = words::hint(text, start, 2, hint);
    let is_end = is_word_end(text, read.end) && !has_fraction(text, read.end);
    (is_plan && is_end && (is_dashed || hint == Some(Hint::For)) && hint != Some(Hint::Against))
        .then_some(start..read.end)
}

/// The digits at `start` if a word before them says that they are a number.
pub(crate) fn named(text: &[u8], start: usize) -> Option<Range<usize>> {
    let read = grouped(text, start, MAX_DIGITS);
    let is_number = (7..=MAX_DIGITS).contains(&read.digits) && is_word_end(text, read.end);
    // More groups than a number has, such as those of a card.
    let is_cut = read.groups > 1 && matches!(text[read.end..], [b' ', b'0'..=b'9', ..]);
    if !is_number || is_cut || has_fraction(text, read.end) || is_pseudonym(&text[start..read.end]) {
        return None;
    }
    let is_joined = text[..start].last().is_some_and(|byte| matches!(byte, b'+' | b'.' | b'-' | b'/'));
    // A later group of more digits.
    let is_part = matches!(text[..start], [.., digit, b' '] if digit.is_ascii_digit());
    let is_start = !is_joined && !is_part && is_word_start(text, start);
    (is_start && words::hint(text, start, 1, hint) == Some(Hint::For)).then_some(start..read.end)
}

/// Whether a number has the form of a pseudonym: a 1 at the first and, of ten
/// digits or more, at the fourth place.
fn is_pseudonym(value: &[u8]) -> bool {
    let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
    digits[0] == b'1' && (digits.len() < 10 || digits[3] == b'1')
}

fn has_fraction(text: &[u8], end: usize) -> bool {
    matches!(text.get(end..end + 2), Some([b'.' | b':' | b'-' | b'/', digit]) if digit.is_ascii_digit())
}

/// What a word says about a number after it.
fn hint(word: &[u8]) -> Option<Hint> {
    const FOR: [&str; 23] = [
        "call",
        "called",
        "calling",
        "phone",
        "phones",
        "telephone",
        "tel",
        "telefon",
        "mobile",
        "cell",
        "fax",
        "msisdn",
        "sms",
        "whatsapp",
        "dial",
        "contact",
        "caller",
        "callee",
        "handy",
        "hotline",
        "phonenumber",
        "mobil",
        "phoneno",
    ];
    const AGAINST: [&str; 13] = [
        "id", "offset", "seq", "bytes", "size", "ts", "time", "blk", "block", "isbn", "uid", "serial",
        "version",
    ];
    words::listed(word, &AGAINST, &FOR)
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn numbers_are_found() {
        for (text, value) in [
            ("call +1 415 555 2671 now", "+1 415 555 2671"),
            ("call (415) 555-2671 now", "(415) 555-2671"),
            ("x 415-555-2671, 415.555.2671", "415-555-2671"),
            ("call 415.555.2671 now", "415.555.2671"),
            ("call +44 20 7946 0958 now", "+44 20 7946 0958"),
            ("call +49 151 12345678 now", "+49 151 12345678"),
            ("call +33 1 70 18 99 00 now", "+33 1 70 18 99 00"),
            ("call +49 (0)30 12345-67 now", "+49 (0)30 12345-67"),
            ("tel:+14155552671, {\"phone\":\"4155552671\"}", "+14155552671 4155552671"),
            ("call 1-800-555-0199 now", "1-800-555-0199"),
            ("call 07911 123456 now", "07911 123456"),
            ("call 030 12345678 now", "030 12345678"),
            ("call 0049 30 123456 now", "0049 30 123456"),
            ("call +49 151 12345678 (415) 555-2671", "+49 151 12345678 (415) 555-2671"),
            ("from +491511234567 1700000000", "+491511234567"),
            ("whois +49.30901820 x", "+49.30901820"),
            ("from (415) 555-2671 200 OK", "(415) 555-2671"),
            ("from +1 415 555 2671 200 OK", "+1 415 555 2671"),
            ("phone 4155552671 1700000000", "4155552671"),
        ] {
            assert_eq!(found(&[Kind::Phone], text), value, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "[26/Nov/2026:10:00:00 +0000]",
            "1.5e+10000000",
            "a +12345678 b",
            "offset +4155552671",
            "2026-11-26 10:00:00.123",
            "192.168.100.2000",
            "123-456-7890-1234",
            "415-555-26712",
            "415-555-2671-200",
            "call 1234 5678 9012 3456 now",
            "x415-555-2671",
            "415 555 2671",
            "item +1234567.89",
        ] {
            assert_eq!(found(&[Kind::Phone], text), "", "in {text}");
        }
    }
}
