//! Numbers that states give to people: social security numbers of the United
//! States, and, after a word that names them, national insurance numbers of
//! the United Kingdom, the `BSN` of the Netherlands and the `PESEL` of Poland.

use crate::text::words::{self, Hint};
use crate::text::{is_word_end, is_word_start, run_end};
use std::ops::Range;

/// The social security number whose first digit is at `start`: with hyphens,
/// or, after a word that names it, with spaces or without gaps. The ranges 000,
/// 666 and from 900 on, the group 00 and the serial 0000 are never issued
/// (Social Security Administration, "SSN Randomization").
pub(crate) fn ssn(text: &[u8], start: usize) -> Option<Range<usize>> {
    let gap = *text.get(start + 3)?;
    let length = if gap.is_ascii_digit() { 9 } else { 11 };
    let digits = match *text.get(start..start + length)? {
        [a, b, c, _, d, e, second, f, g, h, i] => {
            let has_gaps = second == gap && matches!(gap, b'-' | b' ' | b'.');
            has_gaps.then_some([a, b, c, d, e, f, g, h, i])?
        }
        ref value => value.try_into().ok()?,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let is_issued = !matches!(digits[..3], [b'0', b'0', b'0'] | [b'6', b'6', b'6'] | [b'9', ..])
        && digits[3..5] != *b"00"
        && digits[5..] != *b"0000";
    let is_named = |word| is_word(text, word, &["ssn", "social", "ss", "sin"]);
    let has_word = || words::before(text, start).take(3).any(is_named);
    (is_issued && is_alone(text, start, start + length) && (gap == b'-' || has_word()))
        .then_some(start..start + length)
}

/// The number of a country whose first digit is at `start`, named by a word
/// before it.
pub(crate) fn named(text: &[u8], start: usize) -> Option<Range<usize>> {
    let end = run_end(&text[..text.len().min(start + 12)], start, |byte| byte.is_ascii_digit());
    let digits = &text[start..end];
    let says = |names: &[&str]| words::before(text, start).take(2).any(|word| is_word(text, word, names));
    let is_one = match digits.len() {
        9 => {
            eleven(digits, &[9, 8, 7, 6, 5, 4, 3, 2, -1]) == 0
                && says(&["bsn", "burgerservicenummer", "sofi"])
        }
        11 => has_pesel_check(digits) && says(&["pesel"]),
        _ => false,
    };
    (is_one && is_alone(text, start, end)).then_some(start..end)
}

/// The national insurance number whose two letters are at `start`.
pub(crate) fn insurance(text: &[u8], start: usize) -> Option<Range<usize>> {
    let value = text.get(start..start + 9)?;
    let is_layout = value[..2].iter().all(u8::is_ascii_uppercase)
        && value[2..8].iter().all(u8::is_ascii_digit)
        && matches!(value[8], b'A'..=b'D');
    let has_word = || {
        words::hint(text, start, 2, |word| {
            words::is_in(&["nino", "insurance", "ni", "nin"], word).then_some(Hint::For)
        })
        .is_some()
    };
    (is_layout && is_alone(text, start, start + 9) && has_word()).then_some(start..start + 9)
}

fn is_word(text: &[u8], word: Range<usize>, names: &[&str]) -> bool {
    words::with_lower(&text[word], &|word: &[u8]| words::is_in(names, word).then_some(())).is_some()
}

/// Whether no other number or word touches the value.
fn is_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before = text[..start].last();
    let is_joined = before.is_some_and(|byte| matches!(byte, b'-' | b'.' | b'/' | b'+' | b'#'));
    let goes_on =
        matches!(text.get(end..end + 2), Some([b'-' | b'.' | b'/' | b':', byte]) if byte.is_ascii_digit());
    is_word_start(text, start) && is_word_end(text, end) && !is_joined && !goes_on
}

/// The weighted sum of digits modulo 11.
fn eleven(digits: &[u8], weights: &[i32]) -> i32 {
    digits.iter().zip(weights).map(|(digit, weight)| i32::from(digit - b'0') * weight).sum::<i32>() % 11
}

/// The check digit of PESEL: weights 1, 3, 7, 9 over ten digits.
fn has_pesel_check(digits: &[u8]) -> bool {
    let weights = [1, 3, 7, 9].into_iter().cycle();
    let sum: u32 =
        digits[..10].iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    (10 - sum % 10) % 10 == u32::from(digits[10] - b'0')
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn numbers_are_found() {
        for (text, value) in [
            ("ssn 123-45-6789 x", "123-45-6789"),
            ("ssn 219 09 9999 x", "219 09 9999"),
            ("SSN: 219099999", "219099999"),
            ("nino QQ123456C x", "QQ123456C"),
            ("bsn 111222333 x", "111222333"),
            ("pesel 44051401359 x", "44051401359"),
        ] {
            assert_eq!(found(&[Kind::Ssn, Kind::Id], text), value, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-0000",
            "123-45-67890",
            "1-123-45-6789",
            "219 09 9999",
            "219099999",
            "pesel 44051401358",
            "bsn 111222334",
            "x 44051401359",
            "2123-45-6789",
            "123-45-6789-1",
        ] {
            assert_eq!(found(&[Kind::Ssn, Kind::Id], text), "", "in {text}");
        }
    }
}
