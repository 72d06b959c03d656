//! One sweep over a text that finds the places where a value of any kind may
//! begin, or that show that one is near.
//!
//! Each block of 64 bytes becomes a few words of 64 bits, one for each class of
//! bytes ([`classes`]). A condition on neighbouring bytes is then a handful of
//! shifts for 64 places at once. Few places satisfy one; only these are looked
//! at closely. A place is never left out, but one that holds no value may be
//! among them.

mod classes;

use classes::{BLOCK, Classes};

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

/// Calls `found` for each place where one of the wanted conditions holds, with
/// their bits.
pub(crate) fn each(text: &[u8], wanted: u16, mut found: impl FnMut(usize, u16)) {
    // A line end stands before the text, too.
    let (here, next) = (Classes::at(&[], 0), Classes::at(text, 0));
    let mut near = Near { text, here, next, ..Near::default() };
    let mut start = 0;
    while start < text.len() {
        let next = Classes::at(text, start + BLOCK);
        (near.before, near.here, near.next) = (near.here, near.next, next);
        near.start = start;
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
        start += BLOCK;
    }
}

/// The classes of a block and of its neighbours. Bytes outside of the text are
/// line ends.
#[derive(Default)]
struct Near<'a> {
    text: &'a [u8],
    start: usize,
    before: Classes,
    here: Classes,
    next: Classes,
}

/// The word of a class, of the block that begins `by` bytes later.
macro_rules! after {
    ($near:expr, $class:ident, $by:literal) => {
        $near.here.$class >> $by | $near.next.$class << (BLOCK - $by)
    };
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
        let places = [
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
        let count = self.text.len() - self.start;
        let inside = if count < BLOCK { (1 << count) - 1 } else { u64::MAX };
        places.map(|(places, bit)| (places & inside, bit))
    }

    /// Of these places, those where a condition on the text holds.
    #[inline(always)]
    fn filter(&self, mut places: u64, is: impl Fn(&Self, usize) -> bool) -> u64 {
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

    /// The digits among the 16 bytes from a place on, as bits.
    fn digits_from(&self, place: usize) -> u16 {
        let all = u128::from(self.here.digit) | u128::from(self.next.digit) << BLOCK;
        (all >> place) as u16
    }

    /// The places of digits that follow no digit.
    fn first_digits(&self) -> u64 {
        self.here.digit & !(self.here.digit << 1 | self.before.digit >> (BLOCK - 1))
    }

    fn octets(&self) -> u64 {
        let dots = after!(self, dot, 1)
            & (after!(self, dot, 3) | after!(self, dot, 4) | after!(self, dot, 5))
            & (after!(self, dot, 5)
                | after!(self, dot, 6)
                | after!(self, dot, 7)
                | after!(self, dot, 8)
                | after!(self, dot, 9));
        // Dates have two hyphens, and host names three.
        let hyphens = after!(self, hyphen, 1)
            & (after!(self, hyphen, 3) | after!(self, hyphen, 4) | after!(self, hyphen, 5))
            & (after!(self, hyphen, 5)
                | after!(self, hyphen, 6)
                | after!(self, hyphen, 7)
                | after!(self, hyphen, 8)
                | after!(self, hyphen, 9));
        self.here.digit & after!(self, digit, 2) & (dots | hyphens)
    }

    fn digits(&self) -> u64 {
        let first = self.first_digits();
        let four = first & after!(self, digit, 1) & after!(self, digit, 2) & after!(self, digit, 3);
        self.filter(four | first & self.here.zero, |near, place| {
            let digits = near.digits_from(place);
            let count = digits.count_ones();
            // A date has four digits and the same separator twice.
            let separator = near.byte(place + 4);
            let is_date = || near.byte(place + 7) == separator && matches!(separator, b'-' | b'.' | b'/');
            let has_four = digits & 0xf == 0xf;
            let end = place + digits.trailing_ones() as usize;
            let (gap, next) = (near.byte(end), near.byte(end + 1));
            // The hour of a time, or the year before it.
            let is_hour = gap == b':';
            let may_go_on = matches!(next, b'0'..=b'9' | b'(' | b'-' | b' ') || !matches!(gap, b' '..=b'/');
            let is_trunk = near.byte(place) == b'0' && count >= 9 && may_go_on && gap != b'\n';
            has_four && digits & 0x1ff == 0x1ff
                || (has_four && count >= 11 || is_trunk) && !is_hour && !is_date()
        })
    }

    fn phones(&self) -> u64 {
        macro_rules! gap {
            ($by:literal) => {
                after!(self, hyphen, $by) | after!(self, space, $by) | after!(self, dot, $by)
            };
        }
        let plan = after!(self, digit, 6) & gap!(7) & after!(self, digit, 8) & after!(self, digit, 11);
        let social = gap!(6) & after!(self, digit, 7) & after!(self, digit, 10);
        let grouped = self.first_digits()
            & after!(self, digit, 2)
            & (gap!(3))
            & after!(self, digit, 4)
            & (plan | (social));
        let plus = self.here.plus
            & after!(self, digit, 1)
            & !(after!(self, zero, 1))
            & (after!(self, digit, 2) | gap!(2));
        let area = self.here.open & after!(self, digit, 1) & after!(self, digit, 3) & after!(self, close, 4);
        grouped | plus | area
    }

    fn signs(&self) -> u64 {
        let forty = self.filter(self.here.four & after!(self, zero, 1), |near, place| {
            matches!(near.bytes_before(place), [.., b'%' | b'=' | b'x'] | [.., b'2', b'5'] | [.., b'0', b'0'])
        });
        let reference = self.filter(self.here.hash, |near, place| {
            near.byte(place + 1) == b'6' && near.byte(place + 2) == b'4' && near.byte(place + 3) == b';'
        });
        let opened = (self.here.open | self.here.bracket)
            & after!(self, letter, 1)
            & after!(self, letter, 2)
            & (after!(self, close, 3) | after!(self, operator, 3));
        let spelled =
            self.filter(opened, |near, place| near.lower(place + 1) == b'a' && near.lower(place + 2) == b't');
        self.here.at | forty | reference | spelled
    }

    fn colons(&self) -> u64 {
        let double = self.here.colon & after!(self, colon, 1);
        // Four colons in 16 bytes: six groups, while a time has fewer.
        let near =
            after!(self, colon, 2) | after!(self, colon, 3) | after!(self, colon, 4) | after!(self, colon, 5);
        let all = u128::from(self.here.colon) | u128::from(self.next.colon) << BLOCK;
        let many = self.filter(self.here.colon & near, |_, place| ((all >> place) as u16).count_ones() >= 4);
        let escaped = self.filter(self.here.percent, |near, place| {
            let after = [1, 2, 3].map(|by| near.byte(place + by));
            matches!(after, [b'3', b'a' | b'A', _] | [b'2', b'5', b'3'])
        });
        let name = self.here.letter & after!(self, letter, 1) & after!(self, digit, 2) & after!(self, dot, 3);
        let arpa = self.filter(name, |near, place| {
            near.lower(place) == b'i' && near.lower(place + 1) == b'p' && near.byte(place + 2) == b'6'
        });
        double | many | escaped | arpa
    }

    fn letters(&self) -> u64 {
        let bank =
            self.here.capital & after!(self, capital, 1) & after!(self, digit, 2) & after!(self, digit, 3);
        macro_rules! pairs {
            ($class:ident) => {
                self.here.$class
                    & after!(self, $class, 3)
                    & after!(self, $class, 6)
                    & after!(self, $class, 9)
                    & !(after!(self, $class, 1))
            };
        }
        let quads = self.here.dot & after!(self, dot, 5) & !(after!(self, dot, 1));
        bank | pairs!(hyphen) | pairs!(underscore) | quads
    }

    fn names(&self) -> u64 {
        // `=` `:` `>` `]` `(` `%` `&` `\`, or a quote or a space and `=` or `:`.
        let quoted = (after!(self, quote, 1))
            & (after!(self, equals, 2)
                | after!(self, colon, 2)
                | after!(self, space, 2)
                | after!(self, operator, 2));
        let spaced = (after!(self, space, 1))
            & (after!(self, equals, 2) | after!(self, colon, 2) | after!(self, quote, 2));
        // A scheme and `://` names no value; what is before an `@` is looked at
        // from there.
        let scheme = after!(self, slash, 2) & (after!(self, slash, 3));
        let colon = (after!(self, colon, 1)) & !scheme;
        let other = after!(self, equals, 1)
            | after!(self, operator, 1)
            | after!(self, percent, 1)
            | after!(self, open, 1);
        self.here.letter & (colon | quoted | spaced | other)
    }

    fn words(&self) -> u64 {
        let begun = self.filter(self.here.letter_b, |near, place| match near.lower(place + 1) {
            b'e' => near.lower(place + 2) == b'a' && near.lower(place + 3) == b'r',
            b'a' => near.lower(place + 2) == b's' && near.lower(place + 3) == b'i',
            b'y' => near.byte(place + 2) == b' ' && matches!(near.byte(place + 3), b'\'' | b'"'),
            _ => false,
        });
        let hyphens = self.here.hyphen & (self.here.blank << 1 | self.before.blank >> (BLOCK - 1));
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
        let all = self.here.letter | self.here.digit | self.here.plus | self.here.slash;
        let pairs = all & all >> 1;
        let fours = pairs & pairs >> 2;
        let eights = fours & fours >> 4;
        eights & eights >> 8 & 0x0001_0001_0001_0001
    }
}

#[cfg(test)]
mod tests;
