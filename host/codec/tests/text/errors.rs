//! What an encoding cannot hold is an error with its place.

use std::io::Write;

use proptest::prelude::*;
use runner_codec::text::{Choice, Error, Problem};
use runner_codec::{Encoding, TextEncoder};

use crate::encoding::{any_encoding, decode, encode, pieces, raw};

fn named(label: &str) -> Encoding {
    match Encoding::for_label(label).unwrap() {
        Choice::Fixed(encoding) => encoding,
        Choice::Utf16ByMark => panic!("{label}"),
    }
}

fn failure(encoding: Encoding, text: &[u8]) -> Error {
    Error::of(&encode(encoding, text).unwrap_err()).unwrap().clone()
}

proptest! {
    /// The place is right, wherever the text is cut.
    #[test]
    fn the_place_is_that_of_the_character(
        before in "[a-zé\n]{0,3000}",
        after in "[a-zé\n]{0,30}",
        sizes in prop::collection::vec(1_usize..5000, 1..4),
    ) {
        let text = format!("{before}€{after}");
        let mut encoder = TextEncoder::new(Vec::new(), named("latin1"));
        let written = pieces(text.as_bytes(), &sizes).try_for_each(|piece| encoder.write_all(piece));
        let error = written.and_then(|()| encoder.finish()).unwrap_err();
        let error = Error::of(&error).unwrap();
        prop_assert_eq!(error.offset, before.len() as u64);
        prop_assert_eq!(error.line, 1 + before.matches('\n').count() as u64);
        prop_assert_eq!(error.problem, Problem::Unmapped('€'));
    }

    /// Nothing can be put after half a unit.
    #[test]
    fn half_a_unit_stays_at_the_end(raw in raw(), more in "[a-z]{1,5}") {
        let odd = if raw.len() % 2 == 1 { raw } else { [raw, vec![b'x']].concat() };
        let text = decode(Encoding::UTF_16LE, &odd);
        let error = failure(Encoding::UTF_16LE, &[&text[..], more.as_bytes()].concat());
        prop_assert_eq!(error.problem, Problem::AfterHalfUnit);
        prop_assert_eq!(error.offset, text.len() as u64 - 2);
    }

    /// Whatever is encoded: no panic, and what succeeds is read again as the
    /// same text, unless it was written with two surrogates that make a pair.
    #[test]
    fn arbitrary_bytes_are_encoded_or_refused(encoding in any_encoding(), text in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(raw) = encode(encoding, &text) {
            let again = decode(encoding, &raw);
            prop_assert_eq!(encode(encoding, &again).unwrap(), raw);
        }
    }
}

#[test]
fn messages_name_character_encoding_and_place() {
    let message = encode(named("iso-8859-1"), "one\ntwo €".as_bytes()).unwrap_err().to_string();
    assert_eq!(message, "line 2 (offset 8 of the decoded text): ISO-8859-1 has no character '€' (U+20AC)");
    assert_eq!(encode(named("cp1252"), "€".as_bytes()).unwrap(), [0x80]);
    assert_eq!(encode(named("iso-8859-15"), "€".as_bytes()).unwrap(), [0xa4]);
}

#[test]
fn what_is_no_text_is_refused() {
    for text in
        [&b"a\xff"[..], b"a\x80", b"a\xc3", b"a\xc0\x80", b"a\xe2\x82z", b"a\xfc\x80", b"a\xf4\x90\x80\x80"]
    {
        for encoding in Encoding::all().filter(|encoding| *encoding != Encoding::UTF_8) {
            let error = failure(encoding, text);
            assert_eq!((error.problem, error.offset), (Problem::NotText, 1), "{encoding} {text:x?}");
        }
    }
    // A surrogate has no place in an encoding of one byte a character.
    assert_eq!(failure(named("latin1"), b"\xed\xa0\x80").problem, Problem::NotText);
    assert_eq!(encode(Encoding::UTF_16LE, b"\xed\xa0\x80").unwrap(), [0x00, 0xd8]);
}
