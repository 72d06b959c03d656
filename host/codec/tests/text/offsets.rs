//! Offsets in decoded text are offsets in the file.

use proptest::prelude::*;
use runner_codec::Encoding;
use runner_codec::text::OffsetMap;

use crate::encoding::{any_encoding, decode, encode, pieces, raw};

proptest! {
    /// Each offset is that of the character that it lies in, however the text
    /// was cut: what is before it encodes to so many bytes.
    #[test]
    fn offsets_are_exact(
        encoding in any_encoding(),
        raw in raw(),
        at in any::<prop::sample::Index>(),
        sizes in prop::collection::vec(1_usize..50, 1..4),
    ) {
        let text = decode(encoding, &raw);
        let at = at.index(text.len() + 1);
        let mut map = OffsetMap::new(encoding);
        for piece in pieces(&text[..at], &sizes) {
            map.advance(piece);
        }
        prop_assert_eq!(map.decoded(), at as u64);
        // UTF-8 is not cut into characters.
        let mut start = at;
        while encoding != Encoding::UTF_8 && start < text.len() && text[start] & 0xc0 == 0x80 {
            start -= 1;
        }
        let expected = encode(encoding, &text[..start]).unwrap().len() as u64;
        prop_assert_eq!(map.raw(), expected);
        prop_assert_eq!(encoding.raw_offset(&raw[..], at as u64).unwrap(), expected);
    }
}

#[test]
fn an_offset_after_the_end_is_the_end() {
    assert_eq!(Encoding::UTF_16LE.raw_offset(&b"a\0b\0"[..], 100).unwrap(), 4);
}
