//! Payment card numbers.
//!
//! A number has 13 to 19 digits with a correct check digit (ISO/IEC 7812-1,
//! Luhn) and the first digits and length of a known network. It is written
//! without gaps or with single spaces or hyphens: groups of four with a shorter
//! last one, 4-6-5 (American Express), 4-6-4 (Diners Club) or 6-13 (UnionPay).
//! Numbers with a decimal point are left alone.

use crate::sweep::{Seen, each_place};
use crate::text::{is_word_end, is_word_start};
use std::ops::Range;

const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

/// Finds every number. In any grouping, certain places of a number are digits.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    let may_begin = |seen: Seen<'_>| {
        seen.is_digit(0)
            & seen.is_digit(3)
            & seen.is_digit(5)
            & seen.is_digit(8)
            & seen.is_digit(10)
            & seen.is_digit(12)
    };
    each_place(text, may_begin, |start| {
        if is_word_start(text, start) {
            at_word(text, start).into_iter().for_each(&mut *found);
        }
    });
}

/// The number that begins with the word at `start`; the longest if there are
/// several.
fn at_word(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if !bytes.get(start..start + 4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let is_fraction = start >= 2 && bytes[start - 1] == b'.' && bytes[start - 2].is_ascii_digit();
    if is_fraction {
        return None;
    }
    let mut digits = [0; MAX_DIGITS];
    let mut count = 0;
    let mut groups = Groups::default();
    let mut separator = None;
    let mut found = None;
    let mut at = start;
    loop {
        let group = at;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            let Some(place) = digits.get_mut(count) else { return found };
            *place = digit - b'0';
            count += 1;
            at += 1;
        }
        if at == group || !groups.push(at - group) || !is_word_end(bytes, at) {
            return found;
        }
        let has_fraction = bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !has_fraction && groups.is_card(count) && is_number(&digits[..count]) {
            found = Some(start..at);
        }
        match bytes.get(at) {
            Some(&byte @ (b' ' | b'-')) if *separator.get_or_insert(byte) == byte => at += 1,
            _ => return found,
        }
    }
}

/// The lengths of the groups so far: at most five, as in 4-4-4-4-3.
#[derive(Default)]
struct Groups {
    lengths: [usize; 5],
    count: usize,
}

impl Groups {
    /// Adds a group; `false` if no card number has that many groups.
    fn push(&mut self, length: usize) -> bool {
        let Some(place) = self.lengths.get_mut(self.count) else { return false };
        *place = length;
        self.count += 1;
        true
    }

    /// Whether card numbers with `digits` digits are written in these groups.
    fn is_card(&self, digits: usize) -> bool {
        let lengths = &self.lengths[..self.count];
        digits >= MIN_DIGITS
            && match lengths {
                [_] | [4, 6, 5 | 4] | [6, 13] => true,
                [fours @ .., last] => fours.iter().all(|&length| length == 4) && *last <= 4,
                [] => false,
            }
    }
}

/// Whether the digits are a card number.
fn is_number(digits: &[u8]) -> bool {
    has_check_digit(digits) && has_network(digits)
}

/// The check of ISO/IEC 7812-1 annex B: from the right, every second digit is
/// doubled, and the digits of all that add up to a multiple of ten.
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit) {
            (0, _) => u32::from(digit),
            (_, 0..=4) => 2 * u32::from(digit),
            _ => 2 * u32::from(digit) - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a network issues numbers with these first digits and this length.
/// The ranges are those published by the networks (as collected in Wikipedia,
/// "Payment card number"). Issuers of a single country are left out if they
/// would let one number in ten pass.
fn has_network(digits: &[u8]) -> bool {
    let first_six = digits.iter().take(6).fold(0, |number, &digit| number * 10 + u32::from(digit));
    match (first_six, digits.len()) {
        // Visa.
        (400_000..=499_999, 13 | 16 | 19) => true,
        // Mastercard.
        (510_000..=559_999 | 222_100..=272_099, 16) => true,
        // American Express.
        (340_000..=349_999 | 370_000..=379_999, 15) => true,
        // Diners Club.
        (300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999, 14..=19) => true,
        // Discover; RuPay shares 60, 65 and 508 with it.
        (601_100..=601_199 | 644_000..=659_999, 16..=19) => true,
        // RuPay.
        (508_000..=508_999 | 600_000..=609_999 | 817_000..=829_999, 16) => true,
        // JCB.
        (352_800..=358_999, 16..=19) => true,
        // UnionPay.
        (620_000..=629_999 | 810_000..=816_999, 16..=19) => true,
        // Maestro.
        (501_800..=501_899 | 502_000..=502_099 | 503_800..=503_899 | 589_300..=589_399, 13..=19) => true,
        (630_400..=630_499 | 675_900..=675_999 | 676_100..=676_399, 13..=19) => true,
        // Mir.
        (220_000..=220_499, 16..=19) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Groups, has_check_digit, has_network};
    use crate::kind::Kind;
    use crate::oracle::{Boundaries, assert_scan_equals, found};
    use proptest::prelude::*;
    use regex::bytes::Regex;

    /// Test numbers published by networks and payment services.
    const CARDS: [&str; 11] = [
        "4111111111111111",
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
        "6205500000000000004",
        "2200000000000004",
        "6759649826438453",
    ];

    #[test]
    fn test_numbers_are_found() {
        for card in CARDS {
            assert_eq!(found(&[Kind::Card], &format!("pan={card};")), card);
        }
        for card in [
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "3782 822463 10005",
            "3782 8224 6310 005",
            "620550 0000000000004",
        ] {
            assert_eq!(found(&[Kind::Card], &format!("7 {card}.")), card);
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "4111111111111112",
            "0.4111111111111111",
            "4111111111111111.5",
            "x4111111111111111",
            "4111 1111-1111 1111",
            "411 1111 1111 1111 1",
            "4111  1111 1111 1111",
            "1700000000000",
            "41111111111111111111",
            "card_4111111111111111",
            "4111-1111-1111-1111x",
        ] {
            assert_eq!(found(&[Kind::Card], text), "", "in {text}");
        }
    }

    proptest! {
        #[test]
        fn equals_a_quadratic_search(
            text in "(4111|1111|37828224631000|4|30569|620550|[0-9 -]|[.]|x|4111 1111 1111 1111|378282246310005|%20|\n){0,9}"
        ) {
            let layout = Regex::new(
                r"^(?:\d{13,19}|(?:\d{4} ){3,4}\d{1,4}|(?:\d{4}-){3,4}\d{1,4}|\d{4}([ ]\d{6}[ ]|-\d{6}-)\d{4,5}|\d{6}[ -]\d{13})$"
            ).expect("a valid expression");
            let boundaries = Boundaries::of(text.as_bytes());
            assert_scan_equals(Kind::Card, &text, |range, bytes| {
                let digits: Vec<u8> = bytes.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
                let (before, after) = (&text[..range.start], &text[range.end..]);
                let fraction = before.strip_suffix('.').is_some_and(|rest| rest.ends_with(char::is_numeric));
                let integer = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_numeric));
                layout.is_match(bytes) && (13..=19).contains(&digits.len())
                    && has_network(&digits) && has_check_digit(&digits)
                    && boundaries.is_word_start(range.start) && boundaries.is_word_end(range.end)
                    && !fraction && !integer
            });
        }

        #[test]
        fn one_wrong_digit_is_noticed(card in prop::sample::select(&CARDS[..]), place in 0..13_usize, add in 1..10_u8) {
            let mut digits: Vec<u8> = card.bytes().map(|byte| byte - b'0').collect();
            prop_assert!(has_check_digit(&digits));
            digits[place] = (digits[place] + add) % 10;
            prop_assert!(!has_check_digit(&digits));
        }
    }

    #[test]
    fn a_number_with_six_groups_is_not_a_card() {
        let mut groups = Groups::default();
        assert!((0..5).all(|_| groups.push(4)));
        assert!(!groups.push(4));
    }
}
