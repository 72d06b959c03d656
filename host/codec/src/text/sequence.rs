//! The sequences of bytes that decoded text is made of.
//!
//! | what | sequence |
//! |---|---|
//! | a character | its UTF-8 |
//! | a surrogate of UTF-16 that is alone | its code as UTF-8 would write it, `ED A0 80` to `ED BF BF` (WTF-8) |
//! | a byte that is nothing: unmapped, or half a unit of UTF-16 | `F8` to `FB` with its two high bits, `80` to `BF` with the others |
//!
//! UTF-8 has neither of the last two (RFC 3629), and no sequence is the
//! beginning of another one, so text can be cut into sequences in one way only.
//! The first byte of each sequence is the one outside of `80..=BF`, and tells
//! its length and how many bytes it stands for in the encoding.

/// What a sequence stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// A character.
    Char(char),
    /// A surrogate that is not one of a pair.
    Surrogate(u16),
    /// A byte that is no character in its encoding.
    Raw(u8),
}

/// The beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// A sequence of so many bytes.
    Whole(Sequence, usize),
    /// More bytes may make it one.
    Incomplete,
    /// No sequence.
    Malformed,
}

/// Whether a sequence begins with this byte, or with none (`80..=BF`).
pub(super) fn is_lead(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// The length of a sequence that begins with `lead`, in bytes.
pub(super) fn length(lead: u8) -> usize {
    match lead {
        0xc0..=0xdf | 0xf8..=0xfb => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}

/// Two bytes for a byte that is no character.
pub(super) fn raw(byte: u8) -> [u8; 2] {
    [0xf8 | byte >> 6, 0x80 | byte & 0x3f]
}

/// Three bytes for a surrogate.
pub(super) fn surrogate(unit: u16) -> [u8; 3] {
    [0xed, 0x80 | (unit >> 6 & 0x3f) as u8, 0x80 | (unit & 0x3f) as u8]
}

/// The first sequence of a text that is not empty.
pub(super) fn first(text: &[u8]) -> First {
    let lead = text[0];
    let sequence = &text[..text.len().min(length(lead))];
    match *sequence {
        [0xf8..=0xfb, low @ 0x80..=0xbf] => {
            First::Whole(Sequence::Raw((lead & 3) << 6 | low & 0x3f), sequence.len())
        }
        [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf] => {
            let unit = 0xd000 | u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f);
            First::Whole(Sequence::Surrogate(unit), sequence.len())
        }
        [0xf8..=0xfb] | [0xed, 0xa0..=0xbf] => First::Incomplete,
        _ => match std::str::from_utf8(sequence) {
            Ok(text) => text
                .chars()
                .next()
                .map_or(First::Malformed, |found| First::Whole(Sequence::Char(found), found.len_utf8())),
            Err(error) if error.error_len().is_none() => First::Incomplete,
            Err(_) => First::Malformed,
        },
    }
}

/// The length of the part of `text` that consists of whole sequences, if it
/// begins with one and is well-formed.
pub(super) fn whole_length(text: &[u8]) -> usize {
    let tail = text.len().saturating_sub(4);
    match text[tail..].iter().rposition(|byte| is_lead(*byte)) {
        Some(place) if tail + place + length(text[tail + place]) > text.len() => tail + place,
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All sequences of up to four bytes that begin with a lead byte from C0 on
    /// are tried; each has one meaning, and what is made has that meaning.
    #[test]
    fn each_sequence_has_one_meaning() {
        for byte in 0..=u8::MAX {
            let made = raw(byte);
            assert_eq!(first(&made), First::Whole(Sequence::Raw(byte), 2));
            assert_eq!(first(&made[..1]), First::Incomplete);
            assert!(std::str::from_utf8(&made).is_err());
        }
        for unit in 0xd800..0xe000 {
            let made = surrogate(unit);
            assert_eq!(first(&made), First::Whole(Sequence::Surrogate(unit), 3));
            assert_eq!(first(&made[..2]), First::Incomplete);
            assert!(std::str::from_utf8(&made).is_err());
        }
        for char in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let made = char.encode_utf8(&mut buffer).as_bytes();
            assert_eq!(first(made), First::Whole(Sequence::Char(char), made.len()));
            assert_eq!(length(made[0]), made.len());
        }
    }

    /// The other way: what is read as a sequence is what would be written.
    #[test]
    fn nothing_else_is_a_sequence() {
        let mut buffer = [0; 4];
        for a in 0xc0..=0xff {
            for b in 0..=0xff {
                for c in [0x00, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xff] {
                    for d in [0x7f, 0x80, 0xbf, 0xc0] {
                        let text = [a, b, c, d];
                        let First::Whole(sequence, length) = first(&text) else { continue };
                        let made = match sequence {
                            Sequence::Char(char) => char.encode_utf8(&mut buffer).as_bytes().to_vec(),
                            Sequence::Surrogate(unit) => surrogate(unit).to_vec(),
                            Sequence::Raw(byte) => raw(byte).to_vec(),
                        };
                        assert_eq!(made, text[..length]);
                    }
                }
            }
        }
    }

    #[test]
    fn whole_sequences_end_where_the_last_one_does() {
        let text = [&b"a\xc3\xa9"[..], "日😀".as_bytes(), &raw(0x81), &surrogate(0xd800), b"z"].concat();
        let mut ends = vec![0];
        while let Some(rest) = text.get(ends[ends.len() - 1]..).filter(|rest| !rest.is_empty()) {
            let First::Whole(_, length) = first(rest) else { panic!("{rest:x?}") };
            ends.push(ends[ends.len() - 1] + length);
        }
        for end in 0..=text.len() {
            let expected = ends.iter().rfind(|whole| **whole <= end);
            assert_eq!(Some(&whole_length(&text[..end])), expected);
        }
    }
}
