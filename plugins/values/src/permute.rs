//! Keyed permutations of numbers below a bound, and of decimal digits.
//!
//! A Feistel network splits a number into two parts and adds a pseudorandom
//! number, which depends on one part, to the other part, in turns (like FF1 of
//! NIST SP 800-38G, with BLAKE3 in place of AES). So different numbers always
//! have different results. Where a result is not allowed, the permutation is
//! applied again (cycle walking), which makes it a permutation of the allowed
//! ones.

use crate::key::Key;

/// Number of rounds of the network, as in FF1.
const ROUNDS: u8 = 10;

/// Below this bound, a shuffled list takes the place of the network.
const SHUFFLED_MAX: u128 = 100;

/// The most digits of which the number fits into 128 bits.
const DIGITS_MAX: usize = 38;

/// The largest numbers of the integer types of databases and languages: 16, 24,
/// 32 and 64 bits with and without a sign, and the 53 bits of a binary
/// floating-point number.
const TYPE_MAX: [u128; 9] = [
    i16::MAX as u128,
    u16::MAX as u128,
    (1 << 23) - 1,
    (1 << 24) - 1,
    i32::MAX as u128,
    u32::MAX as u128,
    (1 << 53) - 1,
    i64::MAX as u128,
    u64::MAX as u128,
];

/// A family of permutations: each tweak chooses one.
#[derive(Clone, Copy)]
pub(crate) struct Permutation<'a> {
    pub(crate) key: &'a Key,
    /// Separates uses of the key.
    pub(crate) domain: &'a str,
    pub(crate) tweak: &'a [u8],
}

impl Permutation<'_> {
    /// Maps a number below `bound` to another one.
    pub(crate) fn below(&self, number: u128, bound: u128) -> u128 {
        if number >= bound {
            return number;
        }
        if bound <= SHUFFLED_MAX {
            return self.shuffled(number, bound);
        }
        // Two parts, which have as many values together as there are numbers,
        // or a few more.
        let left_bound = bound.isqrt() + 1;
        let right_bound = bound.div_ceil(left_bound);
        let mut input = [&[0; 33], self.tweak].concat();
        input[17..33].copy_from_slice(&bound.to_le_bytes());
        let mut result = number;
        loop {
            let (mut left, mut right) = (result / right_bound, result % right_bound);
            for round in 0..ROUNDS {
                let (from, to, bound) = match round % 2 {
                    0 => (right, &mut left, left_bound),
                    _ => (left, &mut right, right_bound),
                };
                input[0] = round;
                input[1..17].copy_from_slice(&from.to_le_bytes());
                // 128 bits make the bias of the remainder negligible.
                let add = u128::from_le_bytes(self.key.stream(self.domain, &input).bytes()) % bound;
                *to = (*to + add) % bound;
            }
            result = left * right_bound + right;
            if result < bound {
                return result;
            }
        }
    }

    /// The number's place in a shuffled list of all numbers below `bound`
    /// (Fisher and Yates).
    fn shuffled(&self, number: u128, bound: u128) -> u128 {
        let input = [&[u8::MAX], &bound.to_le_bytes()[..], self.tweak].concat();
        let mut stream = self.key.stream(self.domain, &input);
        let mut list: [u8; SHUFFLED_MAX as usize] = std::array::from_fn(|place| place.to_le_bytes()[0]);
        for last in (1..=usize::try_from(bound - 1).unwrap_or(0)).rev() {
            list.swap(last, stream.place(last + 1));
        }
        usize::try_from(number).map_or(number, |place| u128::from(list[place]))
    }

    /// Replaces digits, from 0 to 9, by others.
    pub(crate) fn digits(&self, digits: &mut [u8]) {
        if digits.len() > DIGITS_MAX {
            return self.long_digits(digits);
        }
        let bound = 10_u128.pow(u32::try_from(digits.len()).unwrap_or(0));
        write(self.below(read(digits), bound), digits);
    }

    /// Replaces the digits of a number by others that begin with zero if and
    /// only if these do. An integer that fits one of the usual types still fits
    /// it.
    pub(crate) fn number(&self, digits: &mut [u8], layout: Layout) {
        match digits {
            [] => {}
            [0, rest @ ..] => {
                let tweak = [self.tweak, b"0"].concat();
                Permutation { tweak: &tweak, ..*self }.digits(rest);
            }
            _ if digits.len() > DIGITS_MAX => loop {
                self.long_digits(digits);
                // Nine of ten results are allowed.
                if digits.first() != Some(&0) {
                    return;
                }
            },
            _ => {
                let number = read(digits);
                let first = 10_u128.pow(u32::try_from(digits.len() - 1).unwrap_or(0));
                let limits = if layout == Layout::Integer { &TYPE_MAX[..] } else { &[] };
                let start = limits.iter().map(|max| max + 1).filter(|&start| start <= number).max();
                let end = limits.iter().map(|max| max + 1).filter(|&end| end > number).min();
                let start = start.map_or(first, |start| start.max(first));
                let end = end.map_or(first * 10, |end| end.min(first * 10));
                write(start + self.below(number - start, end - start), digits);
            }
        }
    }

    /// The same network for any number of digits: a part is a text of digits,
    /// and the addition is done digit by digit.
    fn long_digits(&self, digits: &mut [u8]) {
        let length = (digits.len() as u64).to_le_bytes();
        let (left, right) = digits.split_at_mut(digits.len() / 2);
        for round in 0..ROUNDS {
            let (from, to) = if round % 2 == 0 { (&*right, &mut *left) } else { (&*left, &mut *right) };
            let input = [&[round | 0x80], &length[..], from, self.tweak].concat();
            let mut stream = self.key.stream(self.domain, &input);
            for digit in to {
                *digit = (*digit + stream.digit()) % 10;
            }
        }
    }
}

/// Where the decimal point of a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// There is neither a point nor an exponent.
    Integer,
    /// There is one or the other.
    Decimal,
}

fn read(digits: &[u8]) -> u128 {
    digits.iter().fold(0, |number, &digit| number * 10 + u128::from(digit))
}

fn write(mut number: u128, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = (number % 10).to_le_bytes()[0];
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn with<T>(tweak: &[u8], mut run: impl FnMut(Permutation<'_>) -> T) -> T {
        let key = Key::new("a secret").expect("a key");
        run(Permutation { key: &key, domain: "test", tweak })
    }

    /// The digits of a number, with leading zeros.
    fn list(number: u128, length: usize) -> Vec<u8> {
        let mut list = vec![0; length];
        write(number, &mut list);
        list
    }

    #[test]
    fn numbers_below_a_bound_are_permuted() {
        for bound in [1, 2, 9, 10, 11, 100, 101, 102, 365, 999, 1000, 1440, 10_000] {
            let permuted: BTreeSet<u128> =
                with(b"", |permutation| (0..bound).map(|number| permutation.below(number, bound)).collect());
            assert_eq!(permuted, (0..bound).collect(), "{bound}");
        }
    }

    #[test]
    fn numbers_of_a_length_are_permuted() {
        for layout in [Layout::Integer, Layout::Decimal] {
            for length in 1..=5 {
                let all: BTreeSet<Vec<u8>> =
                    (0..10_u128.pow(length)).map(|number| list(number, length as usize)).collect();
                let permuted = with(b"", |permutation| {
                    let each = all.iter().map(|list| {
                        let mut other = list.clone();
                        permutation.number(&mut other, layout);
                        assert_eq!(other[0] == 0, list[0] == 0);
                        other
                    });
                    each.collect::<BTreeSet<_>>()
                });
                assert_eq!(permuted, all);
            }
        }
    }

    #[test]
    fn each_place_has_every_digit_as_often() {
        let mut seen = [[0_u32; 10]; 6];
        for number in 0..1000 {
            let mut other = list(100_000 + number, 6);
            with(b"", |permutation| permutation.digits(&mut other));
            other.iter().zip(&mut seen).for_each(|(&digit, seen)| seen[usize::from(digit)] += 1);
        }
        // 100 are expected; 60 is four standard deviations away.
        assert!(seen.iter().flatten().all(|&count| (60..=140).contains(&count)), "{seen:?}");
    }

    proptest! {
        #[test]
        fn different_digits_stay_different(a in prop::collection::vec(0..10_u8, 1..60), place in any::<usize>(), add in 1..10_u8) {
            let mut b = a.clone();
            let place = place % a.len();
            b[place] = (b[place] + add) % 10;
            let permuted = |list: &[u8]| {
                let mut list = list.to_vec();
                with(b"", |permutation| permutation.digits(&mut list));
                list
            };
            prop_assert_ne!(permuted(&a), permuted(&b));
            prop_assert_eq!(permuted(&a).len(), a.len());
            let number = |list: &[u8]| {
                let mut list = list.to_vec();
                with(b"", |permutation| permutation.number(&mut list, Layout::Integer));
                list
            };
            prop_assert_ne!(number(&a), number(&b));
            prop_assert_eq!(number(&a)[0] == 0, a[0] == 0);
        }

        #[test]
        fn integers_still_fit_their_type(number in any::<u64>(), shift in 0..60_u32) {
            let number = u128::from(number >> shift);
            let text = number.to_string();
            let mut digits: Vec<u8> = text.bytes().map(|byte| byte - b'0').collect();
            with(b"", |permutation| permutation.number(&mut digits, Layout::Integer));
            let other = read(&digits);
            for max in TYPE_MAX {
                prop_assert_eq!(other <= max, number <= max);
            }
        }

        #[test]
        fn another_tweak_is_another_permutation(number in 0..10_000_000_000_u128) {
            let bound = 10_000_000_000;
            let one = with(b"a", |permutation| permutation.below(number, bound));
            prop_assert_ne!(one, with(b"b", |permutation| permutation.below(number, bound)));
        }
    }
}
