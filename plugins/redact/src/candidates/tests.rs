use super::*;
use proptest::prelude::*;

/// The bits of each place of a text.
fn all(text: &[u8]) -> Vec<(usize, u8)> {
    let mut places = Vec::new();
    each(text, |at, bits| places.push((at, bits)));
    places
}

proptest! {
    /// What stands far away does not matter, nor where a block begins.
    #[test]
    fn places_do_not_depend_on_blocks(before in 0..200_usize, text in "[0-9a-b.:@%&+( ='\"\\\\-]{0,80}") {
        let alone = all(format!("\n\n{text}\n").as_bytes());
        let moved = all(format!("{}\n\n{text}\n{}", " ".repeat(before), " ".repeat(40)).as_bytes());
        let expected: Vec<_> = alone.into_iter().map(|(at, bits)| (at + before, bits)).collect();
        prop_assert_eq!(moved, expected);
    }
}

#[test]
fn each_group_has_a_place() {
    for (text, place, bit) in [
        ("a@b", 1, AT),
        ("a%40b", 2, AT),
        ("a&#64;", 2, AT),
        ("10.0.0.1", 1, OCTETS),
        ("ip-10-0-0-1", 4, OCTETS),
        ("::1", 0, COLON),
        ("1:2:3:4:5:6:7:8", 1, COLON),
        ("%3A", 0, COLON),
        (".ip6.arpa", 1, COLON),
        ("4111111111111111", 0, DIGITS),
        ("+49 1", 0, GROUPS),
        ("415-555-2671", 0, GROUPS),
        ("123-45-6789", 0, GROUPS),
        ("DE89 3704", 0, LETTERS),
        ("00-1A-2B-3C-4D-5E", 2, LETTERS),
        ("password=", 7, NAME),
        ("\"password\":", 8, NAME),
        ("Bearer x", 0, WORD),
        (" -px", 1, WORD),
        ("BY 'x'", 0, WORD),
    ] {
        assert!(all(text.as_bytes()).iter().any(|&(at, bits)| at == place && bits & bit != 0), "{text}");
    }
    assert_eq!(all(b"2026-11-26T10:00:00 a plain line of words"), []);
}
