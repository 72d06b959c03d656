//! Payment card numbers.
//!
//! A number has 12 to 19 digits with a correct check digit (ISO/IEC 7812-1,
//! Luhn) and the first digits and length of a known network ([`super::network`]).
//! It is written without gaps or in groups with the same gap: a space, a
//! hyphen, `.` `_` `+` `/` `%20`, two spaces, a no-break space.
//!
//! Of random numbers with 16 digits, 3 % pass these checks, so the words near a
//! number count: after `block`, `id` or `trace` it is none, and numbers of 13
//! and of 17 to 19 digits, wide ranges and unusual groups need a word like
//! `card` or `pan`.

use super::network::{self, Network};
use crate::text::words::{self, Hint};
use crate::text::{is_word_end, is_word_start, run_start};
use std::ops::Range;

const MIN_DIGITS: usize = 12;
const MAX_DIGITS: usize = 19;

/// The most groups, as in 4-4-4-4-3 and 4-4-4-2-2.
const MAX_GROUPS: usize = 5;

/// The number whose first digit is at `start`, which no digit precedes.
pub(crate) fn find(text: &[u8], start: usize) -> Option<Range<usize>> {
    longest(text, start).filter(|found| !goes_on(text, found.end) && !is_in_pseudonym(text, start))
}

/// Whether another group of four digits follows after the same joint, as in an
/// identifier of more groups than a number has.
fn goes_on(text: &[u8], end: usize) -> bool {
    let Some(&[joint @ (b'-' | b'.' | b'_' | b'/'), ref group @ ..]) = text.get(end..end + 5) else {
        return false;
    };
    group.iter().all(u8::is_ascii_digit) && text[..end].iter().rev().nth(4) == Some(&joint)
}

/// Whether one of the last three groups begins a pseudonym of four groups,
/// which reaches into the number that begins at `start`.
fn is_in_pseudonym(text: &[u8], start: usize) -> bool {
    const GROUPS: usize = 19;
    let form = crate::kind::Kind::Card.form();
    (1..=3).filter_map(|count| start.checked_sub(count * 5)).any(|from| {
        text.get(from..from + GROUPS).is_some_and(|groups| runner_values::is_pseudonym(form, groups))
    })
}

/// The longest number that begins at `start`.
fn longest(text: &[u8], start: usize) -> Option<Range<usize>> {
    let mut digits = Digits { digits: [b'0'; MAX_DIGITS], count: 0, groups: [0; MAX_GROUPS], group_count: 0 };
    let mut gap: Option<&[u8]> = None;
    let mut at = start;
    let mut found = None;
    loop {
        let group = at;
        while let Some(&digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            if !digits.push(digit) {
                return found;
            }
            at += 1;
        }
        if at == group || !digits.end_group(at - group) {
            return found;
        }
        if let Some(needs_word) = digits.network(gap).filter(|_| is_end(text, at)) {
            // The surroundings are looked at last, since few digits get here.
            let has_word = match words::hint(text, start, 3, hint) {
                Some(Hint::Against) => return None,
                hint => hint.is_some(),
            };
            if !is_start(text, start) {
                return None;
            }
            if has_word || needs_word == Needs::Nothing {
                found = Some(start..at);
            }
        }
        match gap_at(text, at) {
            Some(next) if *gap.get_or_insert(next) == next => at += next.len(),
            _ => return found,
        }
    }
}

/// The digits of a number and the lengths of its groups.
struct Digits {
    digits: [u8; MAX_DIGITS],
    count: usize,
    groups: [usize; MAX_GROUPS],
    group_count: usize,
}

impl Digits {
    /// Adds a digit; `false` if no card has that many.
    fn push(&mut self, digit: u8) -> bool {
        let Some(place) = self.digits.get_mut(self.count) else { return false };
        *place = digit;
        self.count += 1;
        true
    }

    /// Adds a group; `false` if no number has that many.
    fn end_group(&mut self, length: usize) -> bool {
        let Some(place) = self.groups.get_mut(self.group_count) else { return false };
        *place = length;
        self.group_count += 1;
        true
    }

    /// What the digits so far need to be a card number; `None` if they are none.
    fn network(&self, gap: Option<&[u8]>) -> Option<Needs> {
        let digits = &self.digits[..self.count];
        if self.count < MIN_DIGITS || !runner_values::check::luhn(digits) {
            return None;
        }
        let is_known = network::of(digits)? == Network::Known;
        let groups = &self.groups[..self.group_count];
        let is_usual = match groups {
            [_] | [4, 6, 5 | 4] | [4, 4, 4, 4] => is_known,
            [4, 4, 4, 4, _] | [6, 13] => matches!(gap, Some(b" " | b"-")),
            _ => false,
        };
        let is_plausible = groups[0] >= 4 && groups.iter().all(|&length| length >= 2);
        match is_usual {
            true => Some(Needs::Nothing),
            false => is_plausible.then_some(Needs::Word),
        }
    }
}

/// What shows that digits are a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// The digits alone.
    Nothing,
    /// A word before them.
    Word,
}

/// The gap between groups at `at`.
fn gap_at(text: &[u8], at: usize) -> Option<&'static [u8]> {
    const GAPS: [&[u8]; 11] =
        [b"%20", b"%2D", b"\xc2\xa0", b"&nbsp;", b"  ", b" ", b"-", b".", b"_", b"+", b"/"];
    let rest = text.get(at..)?;
    GAPS.into_iter().find(|gap| rest.starts_with(gap) && rest.get(gap.len()).is_some_and(u8::is_ascii_digit))
}

/// Whether a number may begin at `start`.
fn is_start(text: &[u8], start: usize) -> bool {
    let before = |by: usize| start.checked_sub(by).map_or(b'\n', |at| text[at]);
    let is_fraction = before(1) == b'.' && before(2).is_ascii_digit();
    // A hyphen or `+` after which no word stands is a sign.
    let is_signed = before(1) == b'+' || before(1) == b'-' && !before(2).is_ascii_alphanumeric();
    let is_later_group = matches!(before(1), b'-' | b'.') && before(2).is_ascii_digit();
    if is_fraction || is_signed || is_later_group {
        return false;
    }
    if is_word_start(text, start) {
        return true;
    }
    // The first track of a magnetic stripe (ISO/IEC 7813), and `pan4111...`.
    let word = run_start(text, start, 12, |byte| byte.is_ascii_alphabetic());
    before(1) == b'B' && before(2) == b'%' || words::with_lower(&text[word..start], &hint) == Some(Hint::For)
}

/// Whether a number may end at `end`: no word and no fraction goes on.
fn is_end(text: &[u8], end: usize) -> bool {
    let has_fraction = text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    is_word_end(text, end) && !has_fraction
}

/// What a word says about a number after it.
fn hint(word: &[u8]) -> Option<Hint> {
    const FOR: [&str; 20] = [
        "card",
        "cards",
        "pan",
        "cc",
        "ccn",
        "ccnum",
        "cardnumber",
        "cardno",
        "creditcard",
        "debitcard",
        "credit",
        "debit",
        "visa",
        "mastercard",
        "maestro",
        "amex",
        "payment",
        "paid",
        "pay",
        "primaryaccountnumber",
    ];
    const AGAINST: [&str; 36] = [
        "blk",
        "block",
        "blocks",
        "id",
        "ids",
        "uid",
        "gid",
        "pid",
        "tid",
        "uuid",
        "guid",
        "trace",
        "span",
        "seq",
        "sequence",
        "ts",
        "time",
        "timestamp",
        "ns",
        "nanos",
        "imei",
        "imsi",
        "iccid",
        "ean",
        "gtin",
        "isbn",
        "track",
        "tracking",
        "session",
        "offset",
        "txid",
        "hash",
        "snowflake",
        "callid",
        "serial",
        "message",
    ];
    words::listed(word, &AGAINST, &FOR)
}

#[cfg(test)]
mod tests;
