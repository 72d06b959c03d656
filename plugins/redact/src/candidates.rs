//! One sweep over a text that finds the places where a value of any kind may
//! begin, or that show that one is near.
//!
//! Each block of 64 bytes becomes a few words of 64 bits, one for each class of
//! bytes ([`classes`]). A condition on neighbouring bytes is then a handful of
//! shifts for 48 places at once; the next block begins after them. Few places satisfy one; only these are looked
//! at closely. A place is never left out, but one that holds no value may be
//! among them.

mod classes;

use classes::Classes;

/// An `@`, or the digits of an escaped one.
pub(crate) const AT: u16 = 1;
/// The last digit before the first dot or hyphen of four numbers.
pub(crate) const OCTETS: u16 = 2;
/// A colon of an IPv6 or hardware address, an escaped colon, or `ip6.`.
pub(crate) const COLON: u16 = 4;
/// The first digit of many.
pub(crate) const DIGITS: u16 = 8;
/// `+` and a digit, `(` and three digits, or the first digit of groups of
/// three digits.
pub(crate) const GROUPS: u16 = 16;
/// Two capitals and two digits, or a separator of a hardware address.
pub(crate) const LETTERS: u16 = 32;
/// The last letter of a word before an operator.
pub(crate) const NAME: u16 = 64;
/// `bear`, `basi`, the hyphen of an option, or `by '`.
pub(crate) const WORD: u16 = 128;
/// The first of 16 bytes of base64.
pub(crate) const BASE64: u16 = 256;

/// Number of places that are looked at together: the rest of a block is what a
/// condition may look ahead.
const PLACES: usize = 48;

/// Calls `found` for each place where one of the wanted conditions holds, with
/// their bits.
pub(crate) fn each(text: &[u8], wanted: u16, mut found: impl FnMut(usize, u16)) {
    // A line end stands before the text, too.
    let mut before = Before { digit: 0, blank: 1 };
    for start in (0..text.len()).step_by(PLACES) {
        let near = Near { text, start, before, here: Classes::at(text, start) };
        let groups = near.groups(wanted);
        let mut any = groups.iter().fold(0, |any, (places, _)| any | places);
        while any != 0 {
            let place = any.trailing_zeros();
            let bits = groups
                .iter()
                .fold(0, |bits, (places, bit)| bits | if places >> place & 1 == 1 { *bit } else { 0 });
            found(start + place as usize, bits);
            any &= any - 1;
        }
        let last = |class: u64| class >> (PLACES - 1) & 1;
        before = Before { digit: last(near.here.digit), blank: last(near.here.blank) };
    }
}

/// Whether the byte before a block is a digit, or blank: the lowest bit.
#[derive(Clone, Copy)]
struct Before {
    digit: u64,
    blank: u64,
}

/// The classes of a block, and of the byte before it. Bytes outside of the text
/// are line ends.
///
/// A class that is shifted right by a number has the bits of the bytes so far
/// after each place. No condition looks more than 16 bytes ahead.
struct Near<'a> {
    text: &'a [u8],
    start: usize,
    before: Before,
    here: Classes,
}

impl Near<'_> {
    /// The places of each group that is wanted.
    #[inline(always)]
    fn groups(&self, wanted: u16) -> [(u64, u16); 9] {
        macro_rules! places {
            ($condition:ident, $bit:ident) => {
                (if wanted & $bit != 0 { self.$condition() } else { 0 }, $bit)
            };
        }
        let mut groups = [
            places!(signs, AT),
            places!(octets, OCTETS),
            places!(colons, COLON),
            places!(digits, DIGITS),
            places!(phones, GROUPS),
            places!(letters, LETTERS),
            places!(names, NAME),
            places!(words, WORD),
            places!(base64, BASE64),
        ];
        // The last block may reach over the end of the text.
        let inside = (1 << PLACES.min(self.text.len() - self.start)) - 1;
        for (places, _) in &mut groups {
            *places &= inside;
        }
        groups
    }

    /// Of these places, those where a condition on the text holds.
    #[inline(always)]
    fn filter(&self, places: u64, is: impl Fn(&Self, usize) -> bool) -> u64 {
        let mut places = places & ((1 << PLACES) - 1);
        let mut kept = 0;
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            kept |= u64::from(is(self, place)) << place;
            places &= places - 1;
        }
        kept
    }

    /// The byte at a place of the block, or after it.
    fn byte(&self, place: usize) -> u8 {
        self.text.get(self.start + place).copied().unwrap_or(b'\n')
    }

    fn lower(&self, place: usize) -> u8 {
        self.byte(place) | 0x20
    }

    /// The bytes before a place.
    fn bytes_before(&self, place: usize) -> &[u8] {
        &self.text[..(self.start + place).min(self.text.len())]
    }

    /// The places of digits that follow no digit.
    fn first_digits(&self) -> u64 {
        self.here.digit & !(self.here.digit << 1 | self.before.digit)
    }

    fn octets(&self) -> u64 {
        let Classes { digit, dot, hyphen, .. } = self.here;
        // Dates have two hyphens, and host names three.
        let gaps = |gap: u64| {
            let three = gap | gap >> 1 | gap >> 2;
            gap >> 1 & three >> 3 & (three | three >> 2) >> 5
        };
        digit & digit >> 2 & (gaps(dot) | gaps(hyphen))
    }

    fn digits(&self) -> u64 {
        let Classes { digit, zero, colon, .. } = self.here;
        let first = self.first_digits();
        let two = digit & digit >> 1;
        let four = two & two >> 2;
        let nine = four & four >> 4 & digit >> 8;
        // Fewer digits must go on: among 16 bytes are nine, of which one is in
        // the second half. The hour of a time, or the year before it, is none.
        let any_two = digit | digit >> 1;
        let any_four = any_two | any_two >> 2;
        let goes_on = (any_four | any_four >> 4) >> 8;
        let is_hour = colon >> 1 | two & colon >> 2 | four & colon >> 4;
        self.filter(first & (nine | (four | zero) & goes_on & !is_hour), |near, place| {
            let digits = (digit >> place) as u16;
            let count = digits.count_ones();
            // A date has four digits and the same separator twice.
            let separator = near.byte(place + 4);
            let is_date = || near.byte(place + 7) == separator && matches!(separator, b'-' | b'.' | b'/');
            let has_four = digits & 0xf == 0xf;
            let end = place + digits.trailing_ones() as usize;
            let (gap, next) = (near.byte(end), near.byte(end + 1));
            let is_hour = gap == b':';
            let may_go_on = matches!(next, b'0'..=b'9' | b'(' | b'-' | b' ') || !matches!(gap, b' '..=b'/');
            let is_trunk = near.byte(place) == b'0' && count >= 9 && may_go_on && gap != b'\n';
            has_four && digits & 0x1ff == 0x1ff
                || (has_four && count >= 11 || is_trunk) && !is_hour && !is_date()
        })
    }

    fn phones(&self) -> u64 {
        let Classes { digit, zero, plus, open, close, hyphen, space, dot, .. } = self.here;
        let gap = hyphen | space | dot;
        let plan = digit >> 6 & gap >> 7 & digit >> 8 & digit >> 11;
        let social = gap >> 6 & digit >> 7 & digit >> 10;
        let grouped = self.first_digits() & digit >> 2 & gap >> 3 & digit >> 4 & (plan | social);
        let plus = plus & (digit & !zero) >> 1 & (digit | gap) >> 2;
        let area = open & digit >> 1 & digit >> 3 & close >> 4;
        grouped | plus | area
    }

    fn signs(&self) -> u64 {
        let Classes { at, four, zero, hash, open, bracket, letter, close, operator, .. } = self.here;
        let forty = self.filter(four & zero >> 1, |near, place| {
            matches!(near.bytes_before(place), [.., b'%' | b'=' | b'x'] | [.., b'2', b'5'] | [.., b'0', b'0'])
        });
        let reference = self.filter(hash, |near, place| {
            near.byte(place + 1) == b'6' && near.byte(place + 2) == b'4' && near.byte(place + 3) == b';'
        });
        let opened = (open | bracket) & letter >> 1 & letter >> 2 & (close | operator) >> 3;
        let spelled =
            self.filter(opened, |near, place| near.lower(place + 1) == b'a' && near.lower(place + 2) == b't');
        at | forty | reference | spelled
    }

    fn colons(&self) -> u64 {
        let Classes { colon, percent, letter, digit, dot, .. } = self.here;
        let double = colon & colon >> 1;
        // Four colons in 16 bytes: six groups, while a time has fewer.
        let two = colon | colon >> 1;
        let near = (two | two >> 2) >> 2;
        let many = self.filter(colon & near, |_, place| ((colon >> place) as u16).count_ones() >= 4);
        let escaped = self.filter(percent, |near, place| {
            let after = [1, 2, 3].map(|by| near.byte(place + by));
            matches!(after, [b'3', b'a' | b'A', _] | [b'2', b'5', b'3'])
        });
        let name = letter & letter >> 1 & digit >> 2 & dot >> 3;
        let arpa = self.filter(name, |near, place| {
            near.lower(place) == b'i' && near.lower(place + 1) == b'p' && near.byte(place + 2) == b'6'
        });
        double | many | escaped | arpa
    }

    fn letters(&self) -> u64 {
        let Classes { capital, digit, hyphen, underscore, dot, .. } = self.here;
        let bank = capital & capital >> 1 & digit >> 2 & digit >> 3;
        let pairs = |gap: u64| {
            let two = gap & gap >> 3;
            two & two >> 6 & !(gap >> 1)
        };
        let quads = dot & dot >> 5 & !(dot >> 1);
        bank | pairs(hyphen) | pairs(underscore) | quads
    }

    fn names(&self) -> u64 {
        let Classes { letter, quote, equals, colon, comma, space, slash, operator, percent, open, .. } =
            self.here;
        // `=` `:` `>` `]` `(` `%` `&` `\`, or a quote or a space and `=` or `:`.
        let quoted = quote >> 1 & (equals | colon | space | operator) >> 2;
        let spaced = space >> 1 & (equals | colon | quote) >> 2;
        // A scheme and `://` names no value; what is before an `@` is looked at
        // from there.
        let colon = colon >> 1 & !(slash >> 2 & slash >> 3);
        let other = (equals | operator | percent | open) >> 1;
        // `define('DB_PASSWORD', 'x')`.
        let argument = quote >> 1 & comma >> 2 & (quote | space) >> 3;
        letter & (colon | quoted | spaced | other | argument)
    }

    fn words(&self) -> u64 {
        let begun = self.filter(self.here.letter_b & self.here.after_b >> 1, |near, place| {
            match near.lower(place + 1) {
                b'e' => near.lower(place + 2) == b'a' && near.lower(place + 3) == b'r',
                b'a' => near.lower(place + 2) == b's' && near.lower(place + 3) == b'i',
                b'y' => near.byte(place + 2) == b' ' && matches!(near.byte(place + 3), b'\'' | b'"'),
                _ => false,
            }
        });
        let hyphens = self.here.hyphen & (self.here.blank << 1 | self.before.blank);
        let options = self.filter(hyphens, |near, place| match near.byte(place + 1) {
            b'p' | b'u' | b'a' | b'w' => true,
            b'-' => near.byte(place + 2).is_ascii_alphabetic(),
            _ => false,
        });
        begun | options
    }

    /// The first byte of each aligned 16 that are base64: a line of a key has
    /// such a place wherever it begins.
    fn base64(&self) -> u64 {
        let Classes { letter, digit, plus, slash, .. } = self.here;
        let all = letter | digit | plus | slash;
        let pairs = all & all >> 1;
        let fours = pairs & pairs >> 2;
        let eights = fours & fours >> 4;
        eights & eights >> 8 & 0x0001_0001_0001_0001
    }
}

#[cfg(test)]
mod tests;
