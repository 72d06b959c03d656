//! Decoding and encoding gives the same bytes.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use runner_codec::{Encoding, TextDecoder, TextEncoder};

use crate::encoding::{any_encoding, decode, encode, pieces, raw};

/// A reader that returns pieces of these sizes.
struct Source<'a>(Vec<&'a [u8]>);

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.0.first_mut() else { return Ok(0) };
        let count = piece.read(buffer)?;
        if piece.is_empty() {
            self.0.remove(0);
        }
        Ok(count)
    }
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1_usize..8, 1_usize..65_537], 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_input_comes_back(encoding in any_encoding(), raw in raw()) {
        let text = decode(encoding, &raw);
        prop_assert_eq!(encode(encoding, &text).unwrap(), raw);
    }

    /// Cuts change nothing.
    #[test]
    fn pieces_do_not_matter(
        encoding in any_encoding(),
        raw in raw(),
        (from, into, to) in (sizes(), sizes(), sizes()),
    ) {
        let whole = decode(encoding, &raw);
        let mut decoder = TextDecoder::new(Source(pieces(&raw, &from).collect()), encoding);
        let (mut text, mut buffer, mut sizes) = (Vec::new(), vec![0; 65_536], into.iter().cycle());
        loop {
            let size = sizes.next().unwrap();
            let count = decoder.read(&mut buffer[..*size.min(&65_536)]).unwrap();
            if count == 0 {
                break;
            }
            text.extend_from_slice(&buffer[..count]);
        }
        prop_assert_eq!(&text, &whole);
        let mut encoder = TextEncoder::new(Vec::new(), encoding);
        for piece in pieces(&text, &to) {
            encoder.write_all(piece).unwrap();
        }
        prop_assert_eq!(encoder.finish().unwrap(), raw);
    }

    /// Different inputs give different texts, also if they are alike.
    #[test]
    fn decoding_is_injective(encoding in any_encoding(), a in raw(), at in 0_usize..100, byte in any::<u8>()) {
        let mut b = a.clone();
        match b.get_mut(at) {
            Some(place) => *place = byte,
            None => b.push(byte),
        }
        let (text_a, text_b) = (decode(encoding, &a), decode(encoding, &b));
        prop_assert_eq!(text_a == text_b, a == b);
    }

    /// Text that is text in the encoding is the same text in UTF-8.
    #[test]
    fn valid_utf_16_becomes_utf_8(text in "\\PC{0,3000}") {
        for (encoding, to_bytes) in
            [(Encoding::UTF_16LE, u16::to_le_bytes as fn(u16) -> _), (Encoding::UTF_16BE, u16::to_be_bytes)]
        {
            let raw: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
            prop_assert_eq!(decode(encoding, &raw), text.as_bytes());
            prop_assert_eq!(encode(encoding, text.as_bytes()).unwrap(), raw);
        }
    }

    /// Bytes that are nothing in the encoding are invalid in UTF-8, wherever
    /// they are.
    #[test]
    fn what_is_no_text_is_not_utf_8(text in "[a-zé日😀]{0,40}", at in 0_usize..40, unit in 0xd800_u16..0xe000) {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        units.insert(at.min(units.len()), unit);
        let raw: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let is_text = String::from_utf16(&units).is_ok();
        prop_assert_eq!(std::str::from_utf8(&decode(Encoding::UTF_16LE, &raw)).is_ok(), is_text);
        let odd = [&raw[..], b"x"].concat();
        prop_assert!(std::str::from_utf8(&decode(Encoding::UTF_16LE, &odd)).is_err());
    }
}

/// All bytes, all pairs of bytes, and all units of UTF-16 between others.
#[test]
fn short_inputs_come_back() {
    let pairs: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let high: Vec<u8> =
        (0..=u16::MAX).flat_map(|unit| [0x3d, 0xd8].into_iter().chain(unit.to_le_bytes())).collect();
    for encoding in Encoding::all() {
        for raw in [&pairs, &high] {
            assert!(encode(encoding, &decode(encoding, raw)).unwrap() == *raw, "{encoding}");
        }
        for byte in 0..=u8::MAX {
            assert_eq!(encode(encoding, &decode(encoding, &[byte])).unwrap(), [byte], "{encoding}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_one_in_utf_8() {
    assert_eq!(decode(Encoding::UTF_16LE, b"\xff\xfea\0"), b"\xef\xbb\xbfa");
    assert_eq!(decode(Encoding::UTF_16BE, b"\xfe\xff\0a"), b"\xef\xbb\xbfa");
    // Not in the other order.
    assert_eq!(decode(Encoding::UTF_16BE, b"\xff\xfe"), "\u{fffe}".as_bytes());
}
