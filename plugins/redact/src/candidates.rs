//! One sweep over a text that finds the places where a value of any kind may
//! begin, or that show that one is near.
//!
//! Each place of a block has a byte with one bit for each group of conditions.
//! The conditions read neighbouring bytes and have no branches, so that
//! compilers vectorise the loops, on every machine and in WebAssembly. Few
//! places have a bit; only these are looked at closely.

/// An `@`, or the digits of an escaped one.
pub(crate) const AT: u8 = 1;
/// The last digit before the first dot or hyphen of four numbers.
pub(crate) const OCTETS: u8 = 2;
/// A colon of an IPv6 or hardware address, an escaped colon, or `ip6.`.
pub(crate) const COLON: u8 = 4;
/// The first digit of many.
pub(crate) const DIGITS: u8 = 8;
/// `+` and a digit, `(` and three digits, or the first digit of groups of
/// three digits.
pub(crate) const GROUPS: u8 = 16;
/// Two capitals and two digits, or a separator of a hardware address.
pub(crate) const LETTERS: u8 = 32;
/// The last letter of a word before an operator.
pub(crate) const NAME: u8 = 64;
/// `bear`, the hyphen of an option, or `by '`.
pub(crate) const WORD: u8 = 128;

/// Number of places that are checked together.
const BLOCK: usize = 64;

/// How many bytes before a place a condition can see.
const BEFORE: usize = 2;

/// How many bytes after a place a condition can see.
const AFTER: usize = 30;

/// The bytes of a block and around it. Bytes outside of the text are line ends.
type Bytes = [u8; BEFORE + BLOCK + AFTER];

/// Truth of a condition at each byte: 0 or 255.
type Truth = [u8; BEFORE + BLOCK + AFTER];

/// Calls `found` for each place where a condition holds, with the bits.
pub(crate) fn each(text: &[u8], mut found: impl FnMut(usize, u8)) {
    let mut copy = [b'\n'; BEFORE + BLOCK + AFTER];
    let mut start = 0;
    while start < text.len() {
        let whole =
            start.checked_sub(BEFORE).and_then(|from| text.get(from..)).and_then(|rest| rest.first_chunk());
        let bytes: &Bytes = whole.unwrap_or_else(|| {
            copy = [b'\n'; BEFORE + BLOCK + AFTER];
            let from = start.saturating_sub(BEFORE);
            let skip = BEFORE - (start - from);
            let count = (text.len() - from).min(copy.len() - skip);
            copy[skip..skip + count].copy_from_slice(&text[from..from + count]);
            &copy
        });
        let flags = classify(bytes);
        let words = flags.as_chunks::<8>().0;
        if words.iter().fold(0, |any, word| any | u64::from_le_bytes(*word)) != 0 {
            for (word, at) in words.iter().zip((start..).step_by(8)) {
                let mut bits = u64::from_le_bytes(*word);
                while bits != 0 {
                    let place = bits.trailing_zeros() / 8;
                    if at + (place as usize) < text.len() {
                        found(at + place as usize, word[place as usize]);
                    }
                    bits &= !(0xff << (place * 8));
                }
            }
        }
        start += BLOCK;
    }
}

#[inline(always)]
fn truth(is: bool) -> u8 {
    if is { 255 } else { 0 }
}

/// The truth of a condition on single bytes.
#[inline(always)]
fn each_byte(bytes: &Bytes, is: impl Fn(u8) -> bool) -> Truth {
    let mut truths = [0; BEFORE + BLOCK + AFTER];
    for (truth_at, &byte) in truths.iter_mut().zip(bytes) {
        *truth_at = truth(is(byte));
    }
    truths
}

/// The bits of each place of a block.
#[inline(always)]
fn classify(bytes: &Bytes) -> [u8; BLOCK] {
    let digit = each_byte(bytes, |byte| byte.wrapping_sub(b'0') < 10);
    let mut flags = [0; BLOCK];
    numbers(bytes, &digit, &mut flags);
    addresses(bytes, &digit, &mut flags);
    words(bytes, &mut flags);
    flags
}

/// [`OCTETS`], [`DIGITS`] and [`GROUPS`].
#[inline(always)]
fn numbers(bytes: &Bytes, digit: &Truth, flags: &mut [u8; BLOCK]) {
    // Number of digits in 16 bytes, by doubling.
    let mut sums = [0_u8; BLOCK + BEFORE + AFTER];
    for at in 0..sums.len() - 1 {
        sums[at] = (digit[at] & 1) + (digit[at + 1] & 1);
    }
    let mut fours = [0_u8; BLOCK + BEFORE + 12];
    for at in 0..fours.len() {
        fours[at] = sums[at] + sums[at + 2];
    }
    let mut eights = [0_u8; BLOCK + BEFORE + 8];
    for at in 0..eights.len() {
        eights[at] = fours[at] + fours[at + 4];
    }
    for (place, flag) in flags.iter_mut().enumerate() {
        let at = place + BEFORE;
        let byte = |next: usize| bytes[at + next];
        let is = |next: usize| digit[at + next];
        let dot = |next: usize| truth(byte(next) == b'.');
        let dash = |next: usize| truth(byte(next) == b'-');
        let separated = is(0) & is(2);
        let dotted = separated & dot(1) & (dot(3) | dot(4) | dot(5));
        // Dates have two hyphens, and host names three.
        let dashed = separated
            & dash(1)
            & (dash(3) | dash(4) | dash(5))
            & (dash(5) | dash(6) | dash(7) | dash(8) | dash(9));
        let first = is(0) & !digit[at - 1];
        let sixteen = eights[at] + eights[at + 8];
        // A date has four digits and the same separator twice.
        let date = truth(byte(4) == byte(7)) & (dash(4) | dot(4) | truth(byte(4) == b'/'));
        let many = first & is(1) & is(2) & is(3) & truth(sixteen >= 11) & !date;
        // A trunk prefix and a number: `030 12345678`.
        let trunk = first & truth(byte(0) == b'0') & truth(sixteen >= 9) & !date;
        let nine = first & truth(eights[at] == 8) & is(8);
        let gap =
            |next: usize| truth(byte(next) == b'-') | truth(byte(next) == b' ') | truth(byte(next) == b'.');
        let plan = first & is(2) & gap(3) & is(4) & is(6) & gap(7) & is(8) & is(11);
        let social = first & is(2) & gap(3) & is(4) & gap(6) & is(7) & is(10);
        let plus = truth(byte(0) == b'+') & truth(byte(1).wrapping_sub(b'1') < 9) & (is(2) | gap(2));
        let area = truth(byte(0) == b'(') & is(1) & is(3) & truth(byte(4) == b')');
        *flag |= (dotted | dashed) & OCTETS
            | (many | nine | trunk) & DIGITS
            | (plan | social | plus | area) & GROUPS;
    }
}

/// [`AT`], [`COLON`] and [`LETTERS`].
#[inline(always)]
fn addresses(bytes: &Bytes, digit: &Truth, flags: &mut [u8; BLOCK]) {
    let colon = each_byte(bytes, |byte| byte == b':');
    let mut pairs = [0_u8; BLOCK + BEFORE + 14];
    for at in 0..pairs.len() {
        pairs[at] = (colon[at] & 1) + (colon[at + 1] & 1);
    }
    let mut fours = [0_u8; BLOCK + BEFORE + 12];
    for at in 0..fours.len() {
        fours[at] = pairs[at] + pairs[at + 2];
    }
    let mut eights = [0_u8; BLOCK + BEFORE + 8];
    for at in 0..eights.len() {
        eights[at] = fours[at] + fours[at + 4];
    }
    for (place, flag) in flags.iter_mut().enumerate() {
        let at = place + BEFORE;
        let byte = |next: usize| bytes[at + next];
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let before = |by: usize, what: u8| truth(bytes[at - by] == what);
        let escape = before(1, b'%')
            | before(1, b'=')
            | before(1, b'x')
            | before(2, b'2') & before(1, b'5')
            | before(2, b'0') & before(1, b'0');
        let forty = is(0, b'4') & is(1, b'0') & escape;
        let reference = is(0, b'#') & is(1, b'6') & is(2, b'4') & is(3, b';');
        let spelled = (is(0, b'[') | is(0, b'('))
            & truth(byte(1) | 0x20 == b'a')
            & truth(byte(2) | 0x20 == b't')
            & (is(3, b']') | is(3, b')'));
        let sign = is(0, b'@') | forty | reference | spelled;
        // Four colons in 16 bytes: six groups, while a time has fewer.
        let dense = colon[at] & truth(eights[at] + eights[at + 8] >= 4);
        let escaped = is(0, b'%')
            & (is(1, b'3') | is(1, b'2'))
            & (truth(byte(2) | 0x20 == b'a') | is(2, b'5') & is(3, b'3'));
        let arpa = truth(byte(0) | 0x20 == b'i') & is(2, b'6') & is(3, b'.') & truth(byte(1) | 0x20 == b'p');
        let colons = colon[at] & colon[at + 1] | dense | escaped | arpa;
        let upper = |next: usize| truth(byte(next).wrapping_sub(b'A') < 26);
        let bank = upper(0) & upper(1) & digit[at + 2] & digit[at + 3];
        let repeats = |what: u8| is(0, what) & is(3, what) & is(6, what) & is(9, what);
        let quads = is(0, b'.') & is(5, b'.') & truth(byte(1) != b'.');
        *flag |= sign & AT | colons & COLON | (bank | repeats(b'-') | repeats(b'_') | quads) & LETTERS;
    }
}

/// [`NAME`] and [`WORD`].
#[inline(always)]
fn words(bytes: &Bytes, flags: &mut [u8; BLOCK]) {
    for (place, flag) in flags.iter_mut().enumerate() {
        let at = place + BEFORE;
        let byte = |next: usize| bytes[at + next];
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let lower = |next: usize, what: u8| truth(byte(next) | 0x20 == what);
        let letter = truth((byte(0) | 0x20).wrapping_sub(b'a') < 26);
        let equals = |next: usize| is(next, b'=') | is(next, b':');
        // `=` `:` `>` `]` `(` `%` `&` `\`, or a quote or a space and `=` or `:`.
        let quoted = (is(1, b'"') | is(1, b'\'')) & (equals(2) | is(2, b' ') | is(2, b']'));
        let spaced = is(1, b' ') & (equals(2) | is(2, b'\''));
        let other = is(1, b'%') | is(1, b'&') | is(1, b'\\') | is(1, b'>') | is(1, b']') | is(1, b'(');
        let name = letter & (equals(1) | quoted | spaced | other);
        let bearer = lower(0, b'b') & lower(1, b'e') & lower(2, b'a') & lower(3, b'r');
        let short = is(1, b'p') | is(1, b'u') | is(1, b'a') | is(1, b'w');
        let option = is(0, b'-')
            & (is(1, b'-') & truth((byte(2) | 0x20).wrapping_sub(b'a') < 26) | short)
            & truth(bytes[at - 1] <= b' ');
        let by = lower(0, b'b') & lower(1, b'y') & is(2, b' ') & (is(3, b'\'') | is(3, b'"'));
        *flag |= name & NAME | (bearer | option | by) & WORD;
    }
}

#[cfg(test)]
mod tests {
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
}
