//! The text that an expression is matched against.
//!
//! Expressions are about characters. So each byte that is not part of valid
//! UTF-8 is shown to them as a character of its own: the last 128 code points,
//! which are never assigned. Classes that are complements contain them, and no
//! other class does. Whether a byte is part of a valid character depends only
//! on the three bytes before and after it, so this does not depend on the cut.

use std::borrow::Cow;
use std::ops::Range;

/// The first code point for an invalid byte is 0x80 after this.
const INVALID_BASE: u32 = 0x10_FF00;
/// What the character of an invalid byte is longer than the byte.
const GROWTH_BYTES: usize = 3;

/// A text with invalid bytes as characters.
#[derive(Debug)]
pub(crate) struct Hay<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    /// Where the text has an invalid byte, in order.
    marks: Vec<u32>,
}

impl<'a> Hay<'a> {
    /// The text as it is.
    pub(crate) fn raw(bytes: &'a [u8]) -> Self {
        Self { text: Cow::Borrowed(bytes), marks: Vec::new() }
    }

    /// The text with invalid bytes as characters.
    pub(crate) fn valid(bytes: &'a [u8]) -> Self {
        if std::str::from_utf8(bytes).is_ok() {
            return Self::raw(bytes);
        }
        let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 4);
        let mut marks = Vec::new();
        for chunk in bytes.utf8_chunks() {
            text.extend_from_slice(chunk.valid().as_bytes());
            for byte in chunk.invalid() {
                marks.push(text.len() as u32);
                let char =
                    char::from_u32(INVALID_BASE + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Self { text: Cow::Owned(text), marks }
    }

    /// The place in the file's bytes of a place in the text.
    pub(crate) fn place(&self, at: usize) -> usize {
        at - GROWTH_BYTES * self.marks.partition_point(|mark| (*mark as usize) < at)
    }

    pub(crate) fn range(&self, range: Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end)
    }

    /// The place in the text of a place in the file's bytes.
    pub(crate) fn text_place(&self, place: usize) -> usize {
        let mut before = 0..self.marks.len();
        while !before.is_empty() {
            let middle = usize::midpoint(before.start, before.end);
            if self.marks[middle] as usize - GROWTH_BYTES * middle < place {
                before.start = middle + 1;
            } else {
                before.end = middle;
            }
        }
        place + GROWTH_BYTES * before.start
    }
}

/// The number of bytes at the end that may begin a character.
pub(crate) fn incomplete_bytes(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let starts = (0..tail.len()).find(|start| {
        std::str::from_utf8(&tail[*start..])
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    });
    starts.map_or(0, |start| tail.len() - start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_mapped_both_ways(
            bytes in prop::collection::vec(prop::sample::select(b"a\n\xc3\xa9\xe2\x82\xff".to_vec()), 0..30),
        ) {
            let hay = Hay::valid(&bytes);
            prop_assert!(std::str::from_utf8(&hay.text).is_ok());
            for place in 0..=bytes.len() {
                let at = hay.text_place(place);
                prop_assert_eq!(hay.place(at), place);
                if place < bytes.len() && bytes[place] < 0x80 {
                    prop_assert_eq!(hay.text[at], bytes[place]);
                }
            }
            prop_assert_eq!(hay.text_place(bytes.len()), hay.text.len());
        }
    }

    #[test]
    fn the_beginning_of_a_character_is_incomplete() {
        for (bytes, count) in [
            (&b"a"[..], 0),
            (b"a\xc3", 1),
            (b"\xe2\x82", 2),
            (b"\xf0\x9f\x92", 3),
            (b"\xc3\xa9", 0),
            (b"\xa9\xa9", 0),
            (b"\xff\xe2", 1),
            (b"", 0),
        ] {
            assert_eq!(incomplete_bytes(bytes), count, "{bytes:?}");
        }
    }
}
