//! UTF-16 and UTF-32.

use super::Foreign;

/// Fewer units say nothing.
const UNITS_MIN: usize = 4;

/// The same where most units are not Latin.
const OTHER_UNITS_MIN: usize = 6;

/// UTF-16 or UTF-32: by its byte order mark, or by what UTF-16 of Latin text
/// looks like.
pub(super) fn recognise(head: &[u8]) -> Option<Foreign> {
    match head {
        [0xff, 0xfe, 0, 0, rest @ ..] if is_utf32(rest, u32::from_le_bytes) => Some(Foreign::Utf32Le),
        [0, 0, 0xfe, 0xff, rest @ ..] if is_utf32(rest, u32::from_be_bytes) => Some(Foreign::Utf32Be),
        [0xff, 0xfe, ..] => Some(Foreign::Utf16Le { has_mark: true }),
        [0xfe, 0xff, ..] => Some(Foreign::Utf16Be { has_mark: true }),
        _ if is_latin(head, u16::from_le_bytes) => Some(Foreign::Utf16Le { has_mark: false }),
        _ if is_latin(head, u16::from_be_bytes) => Some(Foreign::Utf16Be { has_mark: false }),
        _ if is_utf32_text(head, u32::from_le_bytes) => Some(Foreign::Utf32Le),
        _ if is_utf32_text(head, u32::from_be_bytes) => Some(Foreign::Utf32Be),
        _ => other_scripts(head),
    }
}

/// UTF-32 without a byte order mark: only characters that text has, so that of
/// four bytes one is always a NUL, and hardly ever one alone.
fn is_utf32_text(head: &[u8], read: fn([u8; 4]) -> u32) -> bool {
    let units = head.as_chunks().0;
    let is_text = |unit: &[u8; 4]| {
        char::from_u32(read(*unit)).is_some_and(|char| !char.is_control() || is_text_control(char))
    };
    units.len() >= UNITS_MIN && units.iter().all(is_text)
}

/// Tab, line feed, form feed, carriage return, escape, next line.
fn is_text_control(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\x0c' | '\r' | '\x1b' | '\u{85}')
}

/// UTF-16 of other than Latin text, which has a NUL only in spaces, line ends
/// and the like.
///
/// Text of one byte a character that has NULs, such as a list of names, would
/// be valid UTF-16 as well. But without the NULs it is valid UTF-8, and UTF-16
/// is not: the high bytes of most scripts are controls or no ASCII.
fn other_scripts(head: &[u8]) -> Option<Foreign> {
    let without_nuls: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    if without_nuls.len() == head.len() || is_utf8_text(&without_nuls) || is_mostly_ascii(head) {
        return None;
    }
    let low = count_latin(head, u16::from_le_bytes);
    let high = count_latin(head, u16::from_be_bytes);
    match (low.unwrap_or(0), high.unwrap_or(0)) {
        (low, high) if low > high => Some(Foreign::Utf16Le { has_mark: false }),
        (low, high) if low < high => Some(Foreign::Utf16Be { has_mark: false }),
        _ => None,
    }
}

/// Whether of three in four units both bytes are ASCII, as in the names and words that
/// binary files begin with. Of Han, a fifth are.
fn is_mostly_ascii(head: &[u8]) -> bool {
    let units: &[[u8; 2]] = head.as_chunks().0;
    let is_ascii = |unit: &&[u8; 2]| unit.iter().all(|byte| (0x20..0x7f).contains(byte));
    4 * units.iter().filter(is_ascii).count() > 3 * units.len()
}

/// Whether it is UTF-8, perhaps cut at the end, without controls.
fn is_utf8_text(bytes: &[u8]) -> bool {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    valid.chars().all(|char| !char.is_control() || is_text_control(char))
}

/// The number of units below U+0100, if all units are of scripts in common use.
fn count_latin(head: &[u8], read: fn([u8; 2]) -> u16) -> Option<usize> {
    let units = head.as_chunks().0;
    if units.len() < OTHER_UNITS_MIN {
        return None;
    }
    // A pair may be cut.
    let pairs = char::decode_utf16(units.iter().map(|unit| read(*unit)));
    let mut latin = 0;
    let mut count = 0;
    for char in pairs {
        count += 1;
        match char {
            Ok(char) if is_common(char) => latin += usize::from(u32::from(char) < 0x100),
            Err(cut) if (0xd800..0xdc00).contains(&cut.unpaired_surrogate()) && count == units.len() => {}
            _ => return None,
        }
    }
    Some(latin)
}

/// Whether a character is of a script in common use, by the blocks of Unicode.
/// Random units are so in three of five cases.
fn is_common(char: char) -> bool {
    match u32::from(char) {
        0..=0x9f => !char.is_control() || is_text_control(char),
        // Latin to Syriac, and the scripts of India to Georgian.
        0xa0..=0x74f | 0x900..=0x10ff => true,
        // Jamo, Latin and Greek with accents, punctuation, symbols, kana.
        0x1100..=0x11ff | 0x1e00..=0x22ff | 0x2500..=0x27bf | 0x3000..=0x33ff => true,
        // Han, Hangul, and forms for compatibility.
        0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xffef => true,
        0xfeff | 0x1f000..=0x1faff | 0x20000..=0x2fa1f => true,
        _ => false,
    }
}

/// Whether all units are code points. In UTF-16, a NUL would follow the mark.
fn is_utf32(rest: &[u8], read: fn([u8; 4]) -> u32) -> bool {
    rest.as_chunks().0.iter().all(|unit| char::from_u32(read(*unit)).is_some())
}

/// Whether the units are Latin text: at least three in four are below U+0100,
/// which makes every other byte a NUL; none is a control character that text
/// does not have, or a noncharacter; and no surrogate is alone.
///
/// Text of one byte a character fails because its units are above U+0100, and
/// binary data because zeros stand side by side or bytes are controls. What
/// passes besides UTF-16 is an array of 16-bit numbers that all happen to be
/// letters, and a list of single letters with a NUL after each.
fn is_latin(head: &[u8], read: fn([u8; 2]) -> u16) -> bool {
    let units = head.as_chunks().0;
    if units.len() < UNITS_MIN {
        return false;
    }
    let mut latin = 0;
    let mut is_after_high = false;
    for unit in units {
        let unit = read(*unit);
        let is_low = (0xdc00..0xe000).contains(&unit);
        if is_low != is_after_high {
            return false;
        }
        is_after_high = (0xd800..0xdc00).contains(&unit);
        match unit {
            // Tab, line feed, form feed, carriage return, escape.
            0x09 | 0x0a | 0x0c | 0x0d | 0x1b | 0x20..=0x7e | 0x85 | 0xa0..=0xff => latin += 1,
            0..=0x1f | 0x7f..=0x9f | 0xfdd0..=0xfdef | 0xfffe.. => return false,
            _ => {}
        }
    }
    latin * 4 >= units.len() * 3
}
