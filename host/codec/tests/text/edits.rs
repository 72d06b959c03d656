//! Edits of text become edits of the file with the same effect.

use proptest::prelude::*;
use runner_codec::Encoding;
use runner_codec::text::{Edit, EditTranslator, Error, Problem};

use crate::encoding::{any_encoding, decode, encode, pieces, raw};

fn apply(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let (mut result, mut at) = (Vec::new(), 0);
    for edit in edits {
        result.extend_from_slice(&bytes[at..edit.start as usize]);
        result.extend_from_slice(&edit.new);
        at = edit.end as usize;
    }
    result.extend_from_slice(&bytes[at..]);
    result
}

fn replacement() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z\n]{0,8}".prop_map(String::into_bytes),
        2 => "[aé€😀]{0,4}".prop_map(String::into_bytes),
        // Half a character, and half a unit.
        1 => prop::sample::select(vec![b"\xc3".to_vec(), b"\xa9".to_vec(), b"\xf9".to_vec(), b"\xf9\x81".to_vec()]),
    ]
}

/// Sorted edits that do not overlap, of a text of this length.
fn edits(length: usize, cuts: &[(prop::sample::Index, Vec<u8>)]) -> Vec<Edit> {
    let mut places: Vec<_> = cuts.iter().map(|(place, _)| place.index(length + 1) as u64).collect();
    places.sort_unstable();
    let pairs = places.chunks_exact(2).zip(cuts);
    pairs.map(|(ends, (_, new))| Edit { start: ends[0], end: ends[1], new: new.clone() }).collect()
}

/// Feeds text in pieces, and each edit as late as is allowed, or at once.
fn translate(
    encoding: Encoding,
    text: &[u8],
    edits: &[Edit],
    (sizes, at_once): (&[usize], bool),
) -> Result<Vec<Edit>, Error> {
    let mut translator = EditTranslator::new(encoding);
    let (mut found, mut edits) = (Vec::new(), edits.iter().peekable());
    for piece in pieces(text, sizes) {
        let end = translator.offset() + piece.len() as u64;
        while let Some(edit) = edits.next_if(|edit| at_once || edit.start < end) {
            translator.edit(edit.clone())?;
        }
        translator.text(piece, &mut found)?;
    }
    for edit in edits {
        translator.edit(edit.clone())?;
    }
    translator.finish(&mut found)?;
    Ok(found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_effect_is_the_same(
        encoding in any_encoding(),
        raw in raw(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), replacement()), 0..12),
        sizes in prop::collection::vec(1_usize..300, 1..4),
        at_once in any::<bool>(),
    ) {
        let text = decode(encoding, &raw);
        let edits = edits(text.len(), &cuts);
        let expected = encode(encoding, &apply(&text, &edits));
        let found = translate(encoding, &text, &edits, (&sizes, at_once));
        match (expected, found) {
            (Ok(expected), Ok(found)) => {
                prop_assert!(found.is_sorted_by(|a, b| a.end <= b.start));
                prop_assert!(found.iter().all(|edit| edit.start <= edit.end));
                prop_assert_eq!(apply(&raw, &found), expected);
            }
            (Err(expected), Err(found)) => {
                // With several faults, either may be found first.
                let expected = Error::of(&expected).unwrap().problem;
                prop_assert!(found.problem == expected || found.problem != Problem::OutOfOrder);
            }
            (expected, found) => prop_assert!(false, "{expected:?}, but {found:?}"),
        }
    }
}

fn edit(start: u64, end: u64, new: &str) -> Edit {
    Edit { start, end, new: new.as_bytes().to_vec() }
}

#[test]
fn edits_are_small() {
    let raw: Vec<u8> = "aébé".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = decode(Encoding::UTF_16LE, &raw);
    let found = translate(Encoding::UTF_16LE, &text, &[edit(3, 4, "€"), edit(6, 6, "!")], (&[100], true));
    let expected =
        vec![Edit { start: 4, end: 6, new: vec![0xac, 0x20] }, Edit { start: 8, end: 8, new: vec![b'!', 0] }];
    assert_eq!(found, Ok(expected));
}

/// Edits that touch are not collected into one.
#[test]
fn touching_edits_stay_apart() {
    let edits: Vec<_> = (0..100).map(|at| edit(at, at + 1, "xy")).collect();
    let found = translate(Encoding::UTF_16BE, &[b'a'; 100], &edits, (&[7], false)).unwrap();
    assert_eq!(found.len(), 100);
}

#[test]
fn faults_have_a_place() {
    let latin1 = Encoding::all().find(|encoding| encoding.name() == "ISO-8859-1").unwrap();
    let error = translate(latin1, b"one\ntwo\nthree", &[edit(9, 10, "€")], (&[3], false)).unwrap_err();
    assert_eq!((error.offset, error.line, error.problem), (9, 3, Problem::Unmapped('€')));
    for edits in [
        vec![edit(2, 3, ""), edit(2, 4, "")],
        vec![edit(5, 4, "")],
        vec![edit(12, 14, "")],
        vec![edit(14, 14, "")],
    ] {
        let error = translate(latin1, b"one\ntwo\nthree", &edits, (&[100], true)).unwrap_err();
        assert_eq!(error.problem, Problem::OutOfOrder, "{edits:?}");
    }
    let mut translator = EditTranslator::new(latin1);
    translator.text(b"text", &mut Vec::new()).unwrap();
    assert_eq!(translator.edit(edit(3, 4, "")).unwrap_err().problem, Problem::OutOfOrder);
}
