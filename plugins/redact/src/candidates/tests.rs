use super::*;
use proptest::prelude::*;

/// Every condition but that of base64, which depends on where a block begins.
const EVERY: u16 = BASE64 - 1;

/// The bits of each place of a text.
fn all(text: &[u8]) -> Vec<(usize, u16)> {
    let mut places = Vec::new();
    each(text, EVERY, |at, bits| places.push((at, bits)));
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

/// The bits of a place, byte by byte.
fn model(text: &[u8], at: usize) -> u16 {
    let byte = |by: isize| at.checked_add_signed(by).and_then(|at| text.get(at)).copied().unwrap_or(b'\n');
    let is = |by: isize, bytes: &[u8]| bytes.contains(&byte(by));
    let digit = |by| byte(by).is_ascii_digit();
    let letter = |by| byte(by).is_ascii_alphabetic();
    let lower = |by| byte(by) | 0x20;
    let any = |from: isize, to: isize, what: u8| (from..=to).any(|by| byte(by) == what);
    let count = |what: &dyn Fn(isize) -> bool| (0..16).filter(|&by| what(by)).count();
    let four_numbers = |gap: u8| byte(1) == gap && any(3, 5, gap) && any(5, 9, gap);
    let octets = digit(0) && digit(2) && (four_numbers(b'.') || four_numbers(b'-'));

    let first = digit(0) && !digit(-1);
    let run = (0..16).take_while(|&by| digit(by)).count() as isize;
    let many = count(&digit);
    let is_date = is(4, b"-./") && byte(7) == byte(4);
    let may_go_on = is(run + 1, b"0123456789(- ") || !(b' '..=b'/').contains(&byte(run));
    let is_trunk = byte(0) == b'0' && many >= 9 && may_go_on && byte(run) != b'\n';
    let digits = first && (run >= 9 || (run >= 4 && many >= 11 || is_trunk) && byte(run) != b':' && !is_date);

    let gap = |by| is(by, b"- .");
    let plan = digit(6) && gap(7) && digit(8) && digit(11);
    let social = gap(6) && digit(7) && digit(10);
    let grouped = first && digit(2) && gap(3) && digit(4) && (plan || social);
    let plus = byte(0) == b'+' && digit(1) && byte(1) != b'0' && (digit(2) || gap(2));
    let area = byte(0) == b'(' && digit(1) && digit(3) && byte(4) == b')';

    let forty = is(0, b"4")
        && is(1, b"0")
        && (is(-1, b"%=x") || byte(-2) == b'2' && byte(-1) == b'5' || byte(-2) == b'0' && byte(-1) == b'0');
    let reference = text[at..].starts_with(b"#64;");
    let spelled = is(0, b"[(") && lower(1) == b'a' && lower(2) == b't' && letter(2) && is(3, b")>]&\\");
    let sign = byte(0) == b'@' || forty || reference || spelled;

    let is_colon = |by| byte(by) == b':';
    let many_colons = is_colon(0) && any(2, 5, b':') && count(&is_colon) >= 4;
    let escaped =
        is(0, b"%") && (is(1, b"3") && lower(2) == b'a' || is(1, b"2") && is(2, b"5") && is(3, b"3"));
    let arpa = lower(0) == b'i' && lower(1) == b'p' && letter(1) && is(2, b"6") && is(3, b".");
    let colon = is_colon(0) && is_colon(1) || many_colons || escaped || arpa;

    let capital = |by| byte(by).is_ascii_uppercase();
    let bank = capital(0) && capital(1) && digit(2) && digit(3);
    let pairs = is(0, b"-_") && [3, 6, 9].iter().all(|&by| byte(by) == byte(0)) && byte(1) != byte(0);
    let quads = byte(0) == b'.' && byte(5) == b'.' && byte(1) != b'.';

    let quoted = is(1, b"\"'") && is(2, b"=: >]&\\");
    let spaced = is(1, b" ") && is(2, b"=:\"'");
    let scheme = is(2, b"/") && is(3, b"/");
    let name = letter(0) && (is(1, b":") && !scheme || quoted || spaced || is(1, b"=%(>]&\\"));

    let bearer = lower(1) == b'e' && lower(2) == b'a' && lower(3) == b'r';
    let basic = lower(1) == b'a' && lower(2) == b's' && lower(3) == b'i';
    let by = lower(1) == b'y' && is(2, b" ") && is(3, b"'\"");
    let long = is(1, b"-") && letter(2);
    let option = is(0, b"-") && byte(-1) <= b' ' && (long || is(1, b"puaw"));
    let word = letter(0) && lower(0) == b'b' && (bearer || basic || by) || option;

    let bits = [
        (sign, AT),
        (octets, OCTETS),
        (colon, COLON),
        (digits, DIGITS),
        (grouped || plus || area, GROUPS),
        (bank || pairs || quads, LETTERS),
        (name, NAME),
        (word, WORD),
    ];
    bits.into_iter().filter(|(is, _)| *is).fold(0, |bits, (_, bit)| bits | bit)
}

proptest! {
    #[test]
    fn a_long_run_of_base64_has_an_aligned_place(before in "[ -]{0,80}", run in "[A-Za-z0-9+/]{31,70}", after in "[ -]{0,80}") {
        let text = format!("{before}{run}{after}").into_bytes();
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let expected: Vec<_> = (0..text.len())
            .step_by(16)
            .filter(|&at| text.get(at..at + 16).is_some_and(|part| part.iter().all(is_base64)))
            .collect();
        let mut places = Vec::new();
        each(&text, BASE64, |at, _| places.push(at));
        prop_assert!(!places.is_empty());
        prop_assert_eq!(places, expected);
    }

    #[test]
    fn only_what_is_wanted_is_found(text in "[0-9a-c.:@%&+( ='\"\\\\-]{0,200}", wanted in 0..EVERY) {
        let mut places = Vec::new();
        each(text.as_bytes(), wanted, |at, bits| places.push((at, bits)));
        let expected: Vec<_> = all(text.as_bytes())
            .into_iter()
            .map(|(at, bits)| (at, bits & wanted))
            .filter(|(_, bits)| *bits != 0)
            .collect();
        prop_assert_eq!(places, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn places_are_those_of_the_model(
        text in prop::collection::vec(
            prop_oneof![
                4 => "[0-9]{1,4}",
                2 => "[-.:/ +(=%\"'>&\\\\@_#\\[\\])\n]",
                1 => "[A-Za-z]{1,3}",
                1 => prop::sample::select(vec!["40", "%3A", "%253A", "#64;", "[at]", "ip6.", "bearer", "basic", "by '", " --p", "://", "DE89", "10.0.0.1", "::1"]).prop_map(str::to_owned),
            ],
            0..80,
        )
    ) {
        let text = text.concat().into_bytes();
        let expected: Vec<_> =
            (0..text.len()).map(|at| (at, model(&text, at))).filter(|(_, bits)| *bits != 0).collect();
        prop_assert_eq!(all(&text), expected);
    }
}
