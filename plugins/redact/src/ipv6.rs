//! IPv6 addresses, in every form of RFC 4291 section 2.2.
//!
//! An address is text that `std::net::Ipv6Addr` parses, between the boundaries
//! of words or after a label (`addr:fe80::1`). A zone (`%eth0`) is kept. At
//! least one decimal digit is required: without one, text such as `ab::cd` and
//! `std::vector` is a path of a programming language far more often than an
//! address. Clock times, hardware addresses and fingerprints do not have the
//! right number of groups, but an EUI-64 (`00:11:22:33:44:55:66:77`) does, so
//! it is treated as an address.

use crate::sweep::{Seen, each_place};
use crate::text::{is_word_start, run_end};
use std::net::Ipv6Addr;
use std::ops::Range;

/// The longest text of an address: six groups and an IPv4 address.
const MAX_BYTES: usize = 45;

/// Finds every address.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    let mut seen = 0;
    // A colon that ends a run cannot begin an address. The byte after it is
    // mostly below the dot, or a slash.
    let goes_on = |seen: Seen<'_>| (seen.byte(0) == b':') & (seen.byte(1) >= b'.') & (seen.byte(1) != b'/');
    each_place(text, goes_on, |colon| {
        if colon < seen {
            return;
        }
        seen = run_end(text, colon, is_address);
        if has_colons(&text[colon..seen]) {
            at_colon(text, colon, seen).into_iter().for_each(&mut *found);
        }
    });
}

/// Whether a byte may be part of an address.
fn is_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

/// Whether there are enough colons for an address. Most text with fewer colons
/// is a clock time.
fn has_colons(text: &[u8]) -> bool {
    text.iter().filter(|&&byte| byte == b':').count() >= 6 || text.windows(2).any(|pair| pair == b"::")
}

/// The address in the run of hexadecimal digits, colons and dots that ends at
/// `run` and whose first colon is at `colon`, if there is one.
fn at_colon(bytes: &[u8], colon: usize, run: usize) -> Option<Range<usize>> {
    // A group has at most four digits; a longer word is a label.
    let word = (colon.saturating_sub(5)..=colon).rev().find(|&at| is_word_start(bytes, at)).unwrap_or(0);
    let is_group = colon - word <= 4 && bytes[word..colon].iter().all(u8::is_ascii_hexdigit);
    let start = if is_group && (word < colon || bytes.get(colon + 1) == Some(&b':')) {
        word
    } else {
        // The word is a label, and one colon belongs to it. Of three colons,
        // two belong to the address: `addr:::1`.
        let group = run_end(bytes, colon, |byte| byte == b':');
        if group - colon == 3 { group - 2 } else { group }
    };
    let mut end = run;
    if bytes.get(run).is_some_and(u8::is_ascii_alphanumeric) {
        // The last group is the beginning of a word: `fe80::1:eth0`.
        end = bytes[start..run]
            .iter()
            .rposition(|byte| matches!(byte, b':' | b'.'))
            .map_or(start, |at| start + at);
    }
    while end > start && bytes[end - 1] == b'.' {
        end -= 1;
    }
    // The last colon in `from fe80::1: refused` is not part of the address.
    [end, end.saturating_sub(1)]
        .into_iter()
        .filter(|&end| end > start)
        .find(|&end| parse(&bytes[start..end]).is_some())
        .filter(|&end| bytes[start..end].iter().any(u8::is_ascii_digit))
        .map(|end| start..end)
}

/// Parses a whole text as an address.
pub(crate) fn parse(text: &[u8]) -> Option<Ipv6Addr> {
    if text.len() > MAX_BYTES {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;
    use proptest::prelude::*;
    use std::net::Ipv6Addr;

    #[test]
    fn addresses_are_found() {
        for (text, values) in [
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("from fe80::1: refused", "fe80::1"),
            ("addr:fe80::1%eth0 ::1.", "fe80::1 ::1"),
            ("x=fe80::1:eth0 a.b ::ffff:10.0.0.1", "fe80::1 ::ffff:10.0.0.1"),
            ("2001:0DB8:0:0:0:0:0:1, fe80::", "2001:0DB8:0:0:0:0:0:1 fe80::"),
            ("%20fe80::1 \\nfe80::2", "fe80::1 fe80::2"),
            ("12:34:56 2001:db8::1 12:34", "2001:db8::1"),
            ("net 2001:db8::/32", "2001:db8::"),
        ] {
            assert_eq!(found(&[Kind::Ipv6], text), values, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "12:34:56",
            "22/Nov/2026:23:03:11",
            "std::vector",
            "a::b",
            "Foo::1",
            "::",
            "x::1",
            "fe80::1x::",
            "00:1a:2b:3c:4d:5e",
            "43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8",
            "fe80:::1",
            "1::2::3",
            "MD5:43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8",
            "12345::1:2x",
        ] {
            assert_eq!(found(&[Kind::Ipv6], text), "", "in {text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_an_address(text in "([0-9a-fx:.%\n]|::|%20|fe80|[0-9]:){0,24}") {
            for value in found(&[Kind::Ipv6], &text).split_whitespace() {
                prop_assert!(value.parse::<Ipv6Addr>().is_ok(), "{} in {}", value, text);
            }
        }

        #[test]
        fn finds_what_the_standard_library_writes(
            groups in prop::array::uniform8(prop_oneof![Just(0), any::<u16>()]),
            before in "([ \"(=,]|addr:|id=|%3D|12:34:56 )?",
            after in "([ \"):,/.]|%eth0|:x|\\]:80| 12:34)?",
        ) {
            let address = Ipv6Addr::from(groups);
            let text = address.to_string();
            prop_assume!(text.contains(|byte: char| byte.is_ascii_digit()));
            // `fe80::` and a colon cannot be distinguished from a malformed
            // address.
            prop_assume!(!(text.ends_with(':') && after.starts_with(':')));
            prop_assert_eq!(found(&[Kind::Ipv6], &format!("{before}{text}{after}")), text);
        }
    }
}
