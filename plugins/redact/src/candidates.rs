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
/// `bear`, `basi`, the hyphen of an option, or `by '`.
pub(crate) const WORD: u8 = 128;

/// Number of places that are checked together.
const BLOCK: usize = 64;

/// How many bytes before a place a condition can see.
const BEFORE: usize = 2;

/// How many bytes after a place a condition can see.
const AFTER: usize = 30;

/// The bytes of a block and around it. Bytes outside of the text are line ends.
type Bytes = [u8; BEFORE + BLOCK + AFTER];

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

/// A condition as a byte: 255 or 0.
#[expect(clippy::fn_params_excessive_bools, reason = "the truth of any condition")]
#[inline(always)]
fn truth(is: bool) -> u8 {
    if is { 255 } else { 0 }
}

/// Evaluates a condition at each place of a block. Each group has a function
/// of its own that is not inlined: compilers vectorise these loops, but not
/// all of them in one.
#[inline(always)]
fn each_place(is: impl Fn(usize) -> u8) -> [u8; BLOCK] {
    let mut truths = [0; BLOCK];
    for (place, truth) in truths.iter_mut().enumerate() {
        *truth = is(place + BEFORE);
    }
    truths
}

/// Bytes that satisfy a condition: 1 or 0.
#[inline(always)]
fn ones(bytes: &Bytes, is: impl Fn(u8) -> bool) -> Bytes {
    let mut ones = [0; BEFORE + BLOCK + AFTER];
    for (one, &byte) in ones.iter_mut().zip(bytes) {
        *one = u8::from(is(byte));
    }
    ones
}

/// The sum of 16 numbers from each place on, by doubling.
#[inline(always)]
fn sixteen(ones: &Bytes) -> Bytes {
    const LENGTH: usize = BEFORE + BLOCK + AFTER;
    let (mut twos, mut fours, mut eights, mut all) = ([0; LENGTH], [0; LENGTH], [0; LENGTH], [0; LENGTH]);
    for at in 0..LENGTH - 1 {
        twos[at] = ones[at] + ones[at + 1];
    }
    for at in 0..LENGTH - 3 {
        fours[at] = twos[at] + twos[at + 2];
    }
    for at in 0..LENGTH - 7 {
        eights[at] = fours[at] + fours[at + 4];
    }
    for at in 0..LENGTH - 15 {
        all[at] = eights[at] + eights[at + 8];
    }
    all
}

#[inline(always)]
fn is_digit(byte: u8) -> u8 {
    truth(byte.wrapping_sub(b'0') < 10)
}

/// The bits of each place of a block.
fn classify(bytes: &Bytes) -> [u8; BLOCK] {
    let groups = [
        (octets(bytes), OCTETS),
        (digits(bytes), DIGITS),
        (phones(bytes), GROUPS),
        (signs(bytes), AT),
        (colons(bytes), COLON),
        (letters(bytes), LETTERS),
        (names(bytes), NAME),
        (words(bytes), WORD),
    ];
    let mut flags = [0; BLOCK];
    for (truths, bit) in groups {
        for (flag, truth) in flags.iter_mut().zip(truths) {
            *flag |= truth & bit;
        }
    }
    flags
}

#[inline(never)]
fn octets(bytes: &Bytes) -> [u8; BLOCK] {
    each_place(|at| {
        let dot = |next: usize| truth(bytes[at + next] == b'.');
        let dash = |next: usize| truth(bytes[at + next] == b'-');
        let dotted = dot(1) & (dot(3) | dot(4) | dot(5));
        // Dates have two hyphens, and host names three.
        let dashed =
            dash(1) & (dash(3) | dash(4) | dash(5)) & (dash(5) | dash(6) | dash(7) | dash(8) | dash(9));
        is_digit(bytes[at]) & is_digit(bytes[at + 2]) & (dotted | dashed)
    })
}

#[inline(never)]
fn digits(bytes: &Bytes) -> [u8; BLOCK] {
    let counts = sixteen(&ones(bytes, |byte| byte.wrapping_sub(b'0') < 10));
    each_place(|at| {
        let digit = |next: usize| is_digit(bytes[at + next]);
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let first = digit(0) & !is_digit(bytes[at - 1]);
        // A date has four digits and the same separator twice.
        let date = truth(bytes[at + 4] == bytes[at + 7]) & (is(4, b'-') | is(4, b'.') | is(4, b'/'));
        let four = digit(1) & digit(2) & digit(3);
        let many = four & truth(counts[at] >= 11) & !date;
        // A trunk prefix and a number: `030 12345678`.
        let trunk = is(0, b'0') & truth(counts[at] >= 9) & !date;
        let nine = four & digit(4) & digit(5) & digit(6) & digit(7) & digit(8);
        first & (many | nine | trunk)
    })
}

#[inline(never)]
fn phones(bytes: &Bytes) -> [u8; BLOCK] {
    each_place(|at| {
        let digit = |next: usize| is_digit(bytes[at + next]);
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let gap = |next: usize| is(next, b'-') | is(next, b' ') | is(next, b'.');
        let plan = gap(3) & digit(6) & gap(7) & digit(8) & digit(11);
        let social = gap(3) & gap(6) & digit(7) & digit(10);
        let grouped = digit(0) & digit(2) & digit(4) & (plan | social) & !is_digit(bytes[at - 1]);
        let plus = is(0, b'+') & truth(bytes[at + 1].wrapping_sub(b'1') < 9) & (digit(2) | gap(2));
        let area = is(0, b'(') & digit(1) & digit(3) & is(4, b')');
        grouped | plus | area
    })
}

#[inline(never)]
fn signs(bytes: &Bytes) -> [u8; BLOCK] {
    each_place(|at| {
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let lower = |next: usize, what: u8| truth(bytes[at + next] | 0x20 == what);
        let before = |by: usize, what: u8| truth(bytes[at - by] == what);
        let pair = before(2, b'2') & before(1, b'5') | before(2, b'0') & before(1, b'0');
        let escape = before(1, b'%') | before(1, b'=') | before(1, b'x') | pair;
        let reference = is(0, b'#') & is(1, b'6') & is(2, b'4') & is(3, b';');
        let spelled =
            (is(0, b'[') | is(0, b'(')) & lower(1, b'a') & lower(2, b't') & (is(3, b']') | is(3, b')'));
        is(0, b'@') | is(0, b'4') & is(1, b'0') & escape | reference | spelled
    })
}

#[inline(never)]
fn colons(bytes: &Bytes) -> [u8; BLOCK] {
    let counts = sixteen(&ones(bytes, |byte| byte == b':'));
    each_place(|at| {
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let lower = |next: usize, what: u8| truth(bytes[at + next] | 0x20 == what);
        // Four colons in 16 bytes: six groups, while a time has fewer.
        let colon = is(0, b':') & (is(1, b':') | truth(counts[at] >= 4));
        let escaped = is(0, b'%') & (is(1, b'3') & lower(2, b'a') | is(1, b'2') & is(2, b'5') & is(3, b'3'));
        let arpa = lower(0, b'i') & lower(1, b'p') & is(2, b'6') & is(3, b'.');
        colon | escaped | arpa
    })
}

#[inline(never)]
fn letters(bytes: &Bytes) -> [u8; BLOCK] {
    each_place(|at| {
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let upper = |next: usize| truth(bytes[at + next].wrapping_sub(b'A') < 26);
        let bank = upper(0) & upper(1) & is_digit(bytes[at + 2]) & is_digit(bytes[at + 3]);
        let same = |next: usize| truth(bytes[at] == bytes[at + next]);
        let pairs = (is(0, b'-') | is(0, b'_')) & same(3) & same(6) & same(9) & !same(1);
        let quads = is(0, b'.') & same(5) & !same(1);
        bank | pairs | quads
    })
}

#[inline(never)]
fn names(bytes: &Bytes) -> [u8; BLOCK] {
    each_place(|at| {
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let letter = truth((bytes[at] | 0x20).wrapping_sub(b'a') < 26);
        let equals = |next: usize| is(next, b'=') | is(next, b':');
        // `=` `:` `>` `]` `(` `%` `&` `\`, or a quote or a space and `=` or `:`.
        let quoted = (is(1, b'"') | is(1, b'\'')) & (equals(2) | is(2, b' ') | is(2, b']'));
        let spaced = is(1, b' ') & (equals(2) | is(2, b'\''));
        let other = is(1, b'%') | is(1, b'&') | is(1, b'\\') | is(1, b'>') | is(1, b']') | is(1, b'(');
        letter & (equals(1) | quoted | spaced | other)
    })
}

#[inline(never)]
fn words(bytes: &Bytes) -> [u8; BLOCK] {
    each_place(|at| {
        let is = |next: usize, what: u8| truth(bytes[at + next] == what);
        let lower = |next: usize, what: u8| truth(bytes[at + next] | 0x20 == what);
        let bearer = lower(1, b'e') & lower(2, b'a') & lower(3, b'r');
        let basic = lower(1, b'a') & lower(2, b's') & lower(3, b'i');
        let by = lower(1, b'y') & is(2, b' ') & (is(3, b'\'') | is(3, b'"'));
        let short = is(1, b'p') | is(1, b'u') | is(1, b'a') | is(1, b'w');
        let long = is(1, b'-') & truth((bytes[at + 2] | 0x20).wrapping_sub(b'a') < 26);
        let option = is(0, b'-') & (long | short) & truth(bytes[at - 1] <= b' ');
        lower(0, b'b') & (bearer | basic | by) | option
    })
}

#[cfg(test)]
mod tests;
