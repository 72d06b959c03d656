//! UTF-16 and UTF-32.

use super::Foreign;

/// Fewer units say nothing.
const UNITS_MIN: usize = 4;

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
        _ => None,
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
