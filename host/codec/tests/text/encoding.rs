//! What all tests of text share.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use runner_codec::{Encoding, TextDecoder, TextEncoder};

pub(crate) fn any_encoding() -> impl Strategy<Value = Encoding> {
    let all: Vec<_> = Encoding::all().collect();
    // UTF-16 is what most can go wrong with.
    prop_oneof![Just(Encoding::UTF_16LE), Just(Encoding::UTF_16BE), prop::sample::select(all),]
}

/// Bytes of a file: ASCII, letters, surrogates, anything; or all of these.
pub(crate) fn raw() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(0x20_u8..0x7f, 0..60),
        // Words in UTF-16.
        "[a-zé日😀\n]{0,20}".prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "[a-zé日😀\n]{0,20}".prop_map(|text| text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        prop::collection::vec(prop::sample::select(vec![0xd8_u8, 0xdb, 0xdc, 0xdf, 0x00, 0x41]), 0..10),
        Just(vec![0xff, 0xfe]),
        Just(vec![0xfe, 0xff]),
    ];
    let long = (0_usize..6000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]);
    prop::collection::vec(prop_oneof![8 => piece, 1 => long], 0..12).prop_map(|pieces| pieces.concat())
}

pub(crate) fn decode(encoding: Encoding, raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    TextDecoder::new(raw, encoding).read_to_end(&mut text).unwrap();
    text
}

pub(crate) fn encode(encoding: Encoding, text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = TextEncoder::new(Vec::new(), encoding);
    encoder.write_all(text)?;
    encoder.finish()
}

/// Consecutive pieces of these sizes, in turn.
pub(crate) fn pieces<'a>(bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.len().min(*sizes.next()?));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
