//! IPv4 addresses.
//!
//! An address is four decimal numbers up to 255, separated by dots, with at
//! most three digits each (leading zeros count). Not found: numbers next to a
//! fifth one (`1.2.3.4.5` is a version or an object identifier), and browser
//! versions such as `Chrome/120.0.0.0`.

use crate::sweep::{Seen, each_place};
use crate::text::{is_word_end, is_word_start};
use std::ops::Range;

/// Finds every address by its first dot.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    let may_hold = |seen: Seen<'_>| {
        let has_next = (seen.byte(3) == b'.') | (seen.byte(4) == b'.') | (seen.byte(5) == b'.');
        seen.is_digit(0) & (seen.byte(1) == b'.') & seen.is_digit(2) & has_next
    };
    each_place(text, may_hold, |last| {
        let first = last.saturating_sub(2);
        let digits = text[first..=last].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let starts = last + 1 - digits..=last;
        for start in starts.filter(|&start| is_word_start(text, start)) {
            at_word(text, start).into_iter().for_each(&mut *found);
        }
    });
}

/// The address that begins with the word at `start`.
fn at_word(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if is_number_before_dot(bytes, start) {
        return None;
    }
    let mut octets = [0u16; 4];
    let mut at = start;
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let number = at;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            *octet = *octet * 10 + u16::from(digit - b'0');
            at += 1;
            if at - number > 3 {
                return None;
            }
        }
        if at == number || *octet > 255 {
            return None;
        }
    }
    let more = bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    if more || !is_word_end(bytes, at) || is_product_version(bytes, start, octets) {
        return None;
    }
    Some(start..at)
}

/// Whether a digit and a dot precede `start`.
fn is_number_before_dot(bytes: &[u8], start: usize) -> bool {
    start >= 2 && bytes[start - 1] == b'.' && bytes[start - 2].is_ascii_digit()
}

/// Whether this is the `120.0.0.0` of `Chrome/120.0.0.0`: browsers no longer
/// send more than the first number, and no host has an address that ends so.
fn is_product_version(bytes: &[u8], start: usize, octets: [u16; 4]) -> bool {
    octets[1..] == [0, 0, 0]
        && start >= 2
        && bytes[start - 1] == b'/'
        && bytes[start - 2].is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::{Boundaries, assert_scan_equals, found};
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    #[test]
    fn addresses_are_found() {
        for (text, values) in [
            ("10.0.0.1 - -", "10.0.0.1"),
            ("http://192.168.1.254:8080/8.8.8.8", "192.168.1.254 8.8.8.8"),
            ("ip_1.2.3.4.log, 001.002.003.004.", "1.2.3.4 001.002.003.004"),
            ("1.2.3.4-1.2.3.9 4.3.2.1.in-addr.arpa", "1.2.3.4 1.2.3.9 4.3.2.1"),
            ("x%201.2.3.4 10.0.0.0/8 /0.0.0.0", "1.2.3.4 10.0.0.0 0.0.0.0"),
        ] {
            assert_eq!(found(&[Kind::Ipv4], text), values, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "1.2.3.4.5",
            "1.2.3",
            "1.2.3.256",
            "v1.2.3.4",
            "1.2.3.4a",
            "1.2.3.0004",
            "1..2.3.4",
            "Chrome/120.0.0.0",
        ] {
            assert_eq!(found(&[Kind::Ipv4], text), "", "in {text}");
        }
    }

    proptest! {
        #[test]
        fn equals_a_quadratic_search(text in "([0-3a./%\n]|25[4-6]|[.]0[.]0[.]0|1[.]0[.]7[.]|%20){0,16}") {
            let boundaries = Boundaries::of(text.as_bytes());
            let is_octet = |part: &str| (1..=3).contains(&part.len()) && part.parse::<u8>().is_ok();
            assert_scan_equals(Kind::Ipv4, &text, |range, bytes| {
                let value = String::from_utf8_lossy(bytes);
                let (before, after) = (&text[..range.start], &text[range.end..]);
                let goes_on = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_numeric));
                let went_before = before.strip_suffix('.').is_some_and(|rest| rest.ends_with(char::is_numeric));
                let is_version = value.ends_with(".0.0.0")
                    && value.split('.').count() == 4
                    && value.split('.').skip(1).all(|part| part.trim_matches('0').is_empty())
                    && before.strip_suffix('/').is_some_and(|rest| rest.ends_with(char::is_alphabetic));
                value.split('.').all(is_octet) && value.split('.').count() == 4
                    && boundaries.is_word_start(range.start) && boundaries.is_word_end(range.end)
                    && !goes_on && !went_before && !is_version
            });
        }

        #[test]
        fn finds_what_the_standard_library_writes(address: Ipv4Addr, before in "[ \"(=,]?", after in "[ \"):,/]?") {
            prop_assert_eq!(found(&[Kind::Ipv4], &format!("{before}{address}{after}")), address.to_string());
        }
    }
}
