//! Keyed permutations of decimal digits and of numbers below a bound.
//!
//! A Feistel network splits the digits into two parts and adds a pseudorandom
//! text, which depends on one part, to the other part, digit by digit modulo
//! ten, in turns (like FF1 of NIST SP 800-38G, with BLAKE3 in place of AES). So
//! different digits always have different results. Where a result is not
//! allowed, the permutation is applied again (cycle walking), which keeps it
//! a permutation of the allowed ones.

use crate::key::Key;

/// Number of rounds of the network; FF1 has 10.
const ROUNDS: u8 = 12;

/// Replaces digits (from 0 to 9) by a permutation. `domain` and `tweak` choose
/// it.
pub(crate) fn digits(key: &Key, domain: &str, tweak: &[u8], digits: &mut [u8]) {
    match digits {
        [] => {}
        [digit] => *digit = shuffled_digit(key, domain, tweak, *digit),
        _ => {
            let length = digits.len() as u64;
            let (left, right) = digits.split_at_mut(digits.len() / 2);
            let mut input = Vec::with_capacity(tweak.len() + left.len() + 18);
            for round in 0..ROUNDS {
                let (from, to) = if round % 2 == 0 { (&*right, &mut *left) } else { (&*left, &mut *right) };
                input.clear();
                input.push(round);
                input.extend_from_slice(&length.to_le_bytes());
                input.extend_from_slice(from);
                input.extend_from_slice(tweak);
                let mut stream = key.stream(domain, &input);
                for digit in to {
                    *digit = (*digit + stream.digit()) % 10;
                }
            }
        }
    }
}

/// The digit's place in a shuffled list of all ten (Fisher and Yates).
fn shuffled_digit(key: &Key, domain: &str, tweak: &[u8], digit: u8) -> u8 {
    let mut stream = key.stream(domain, &[&[u8::MAX], tweak].concat());
    let mut list = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    for last in (1..list.len()).rev() {
        let other = stream.below(last as u64 + 1);
        list.swap(last, usize::try_from(other).unwrap_or(last));
    }
    list[usize::from(digit % 10)]
}

/// Replaces digits by a permutation of those that begin with another digit than
/// zero. If they begin with zero, the first one stays, and the others are
/// permuted.
pub(crate) fn keep_leading_zero(key: &Key, domain: &str, tweak: &[u8], all: &mut [u8]) {
    match all {
        [] => {}
        [0, rest @ ..] => digits(key, domain, &[tweak, b"0"].concat(), rest),
        _ => loop {
            digits(key, domain, tweak, all);
            // Nine of ten results are allowed.
            if all.first() != Some(&0) {
                return;
            }
        },
    }
}

/// Maps a number below `bound` to another one, by a permutation. `bound` is not
/// 0 and at most 10^18.
pub(crate) fn below(key: &Key, domain: &str, tweak: &[u8], number: u64, bound: u64) -> u64 {
    let width = (bound - 1).max(1).ilog10() + 1;
    let mut list: Vec<u8> =
        (0..width).rev().map(|place| (number / 10_u64.pow(place) % 10).to_le_bytes()[0]).collect();
    loop {
        digits(key, domain, tweak, &mut list);
        let result = list.iter().fold(0, |number, &digit| number * 10 + u64::from(digit));
        if result < bound {
            return result;
        }
    }
}
