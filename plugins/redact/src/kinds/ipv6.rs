//! IPv6 addresses, in every form of RFC 4291 section 2.2, with colons as such
//! or as `%3A`, and reversed names under `ip6.arpa`.
//!
//! An address is what `std::net::Ipv6Addr` parses, between the boundaries of
//! words or after a label (`addr:fe80::1`). A zone (`%eth0`) and a port after
//! a dot or a colon are not part of it. Paths of programming languages
//! (`dead::beef`) look like short addresses: these need a word, a bracket, a
//! prefix length or a port beside them.

mod evidence;

use crate::text::{char_at, is_word_start, run_start};
use evidence::{has_context, is_hardware, is_path, is_strong};
use std::net::Ipv6Addr;
use std::ops::Range;

/// The longest text of an address: six groups and an IPv4 address.
const MAX_BYTES: usize = 45;

/// The most bytes of a run that may hold an address: each colon may be `%253A`.
const MAX_RUN: usize = 128;

/// A run of hexadecimal digits, colons and dots, decoded.
struct Run {
    /// The characters.
    plain: Vec<u8>,
    /// Where each character begins in the text, and the end of the run.
    places: Vec<usize>,
}

impl Run {
    /// The run from `start` on.
    fn read(text: &[u8], start: usize) -> Self {
        let (mut plain, mut places, mut at) = (Vec::new(), Vec::new(), start);
        while let Some(char) = char_at(text, at).filter(|_| at < start + MAX_RUN) {
            let byte = char.ascii();
            let is_part = byte.is_ascii_hexdigit() && !char.is_escape
                || byte == b':'
                || byte == b'.' && !char.is_escape;
            if !is_part {
                break;
            }
            plain.push(byte);
            places.push(at);
            at += char.length;
        }
        places.push(at);
        Self { plain, places }
    }
}

/// The address whose first colon is at `colon`.
pub(crate) fn find(text: &[u8], colon: usize) -> Option<Range<usize>> {
    let start = start(text, colon)?;
    if is_masked(text, start) {
        return None;
    }
    let run = Run::read(text, start);
    let length = address_length(text, &run)?;
    let address = parse(&run.plain[..length])?;
    let range = start..run.places[length];
    let is_shown = is_strong(&run.plain[..length], address) || has_context(text, &range);
    (is_shown && !is_path(text, &range) && !is_hardware(&run.plain[..length])).then_some(range)
}

/// Whether the digits or colons at `start` are what a mask kept of an address:
/// `****:***::b0b3`, `****:*1ae::1`, `**80::1`.
fn is_masked(text: &[u8], start: usize) -> bool {
    let stars = run_start(text, start, 4, |byte| byte == b'*');
    let digits = text[start..].iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
    stars < start && (digits == 0 || start - stars + digits == 4 || text[..stars].last() == Some(&b':'))
}

/// Where the address begins whose first colon is at `colon`.
fn start(text: &[u8], colon: usize) -> Option<usize> {
    // A group has at most four digits; a longer word is a label.
    let word = (colon.saturating_sub(4)..=colon)
        .find(|&at| text[at..colon].iter().all(u8::is_ascii_hexdigit) && is_word_start(text, at));
    let doubles =
        |at: usize| char_at(text, at).filter(|char| char.code == u32::from(b':')).map(|char| char.length);
    let first = doubles(colon)?;
    match word {
        Some(word) if word < colon || doubles(colon + first).is_some() => {
            // `::::1` and `:::80` are no addresses.
            let is_tripled = word == colon
                && doubles(colon + first).and_then(|second| doubles(colon + first + second)).is_some();
            (!is_tripled).then_some(word)
        }
        // The word is a label, and one colon belongs to it. Of three colons,
        // two belong to the address: `addr:::1`.
        _ => {
            let mut at = colon + first;
            let mut count = 1;
            let mut last = first;
            while let Some(length) = doubles(at) {
                at += length;
                count += 1;
                last = length;
            }
            match count {
                1 => Some(at),
                3 => Some(at - 2 * last),
                _ => None,
            }
        }
    }
}

/// The number of characters of the address that the run begins with.
fn address_length(text: &[u8], run: &Run) -> Option<usize> {
    let mut end = run.plain.len();
    let next = text.get(run.places[run.plain.len()]);
    if next.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        // The last group is the beginning of a word: `fe80::1:eth0`.
        end = run.plain.iter().rposition(|byte| matches!(byte, b':' | b'.'))?;
    }
    while end > 0 && run.plain[end - 1] == b'.' {
        end -= 1;
    }
    let part = &run.plain[..end];
    let without_colon = part.strip_suffix(b":").filter(|rest| !rest.ends_with(b":")).unwrap_or(part);
    if let Some(port) = port_start(without_colon) {
        return Some(port);
    }
    // The last colon in `from fe80::1: refused` is not part of the address.
    [end, end.saturating_sub(1)].into_iter().find(|&end| parse(&part[..end]).is_some())
}

/// Where the port begins after an address: `.443` of tcpdump, or `:58430`
/// without brackets. Four digits may also be a group: they are a port if they
/// are the number of a well-known service and the groups before them are
/// abbreviated.
fn port_start(part: &[u8]) -> Option<usize> {
    const SERVICES: [&[u8]; 22] = [
        b"22", b"25", b"53", b"80", b"123", b"143", b"389", b"443", b"465", b"587", b"636", b"993", b"995",
        b"3306", b"3389", b"5432", b"6379", b"8000", b"8080", b"8443", b"9090", b"9200",
    ];
    let separator = part.iter().rposition(|byte| matches!(byte, b':' | b'.'))?;
    let (address, digits) = (&part[..separator], &part[separator + 1..]);
    let is_number =
        (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) && digits[0] != b'0';
    let is_port = match part[separator] {
        b'.' => !address.contains(&b'.'),
        _ => digits.len() == 5 || SERVICES.contains(&digits) && !address.ends_with(b":") && address.len() > 2,
    };
    let number = digits.iter().fold(0_u32, |number, digit| {
        number.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0')))
    });
    (is_number && number < 65_536 && is_port && parse(address).is_some()).then_some(separator)
}

/// The nibbles before the `ip6.arpa` at `at`.
pub(crate) fn reversed(text: &[u8], at: usize) -> Option<Range<usize>> {
    if !text.get(at..at + 8)?.eq_ignore_ascii_case(b"ip6.arpa") || at < 2 || text[at - 1] != b'.' {
        return None;
    }
    let start = run_start(text, at, 64, |byte| byte.is_ascii_hexdigit() || byte == b'.');
    let nibbles = &text[start..at - 1];
    let is_nibbles =
        nibbles.split(|&byte| byte == b'.').all(|nibble| nibble.len() == 1) && nibbles.len() >= 15;
    is_nibbles.then_some(start..at - 1)
}

/// Parses a whole text as an address.
fn parse(text: &[u8]) -> Option<Ipv6Addr> {
    if text.len() > MAX_BYTES {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

/// The first colon of the run of hexadecimal digits and colons that `colon` is
/// in. An escaped colon is the first of its run.
pub(crate) fn first_colon(text: &[u8], colon: usize) -> usize {
    if text[colon] != b':' {
        return colon;
    }
    let start = run_start(text, colon, MAX_BYTES, |byte| byte.is_ascii_hexdigit() || byte == b':');
    text[start..colon].iter().position(|&byte| byte == b':').map_or(colon, |place| start + place)
}

/// The end of the run of digits and colons, as such or escaped, that `colon`
/// is in.
pub(crate) fn run_end(text: &[u8], colon: usize) -> usize {
    let mut at = colon;
    while let Some(char) = char_at(text, at).filter(|_| at < colon + MAX_RUN) {
        if !matches!(char.ascii(), b':' | b'.') && !char.ascii().is_ascii_hexdigit() {
            break;
        }
        at += char.length;
    }
    at
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
            ("**2001:db8::1** ****:***::b0b3 ****:*1ae::1 **80::1", "2001:db8::1"),
            ("from fe80::1: refused", "fe80::1"),
            ("addr:fe80::1%eth0 ::1.", "fe80::1 ::1"),
            ("x=fe80::1:eth0 a.b ::ffff:10.0.0.1", "fe80::1 ::ffff:10.0.0.1"),
            ("2001:0DB8:0:0:0:0:0:1, fe80::", "2001:0DB8:0:0:0:0:0:1 fe80::"),
            (
                "%20fe80::1 \\nfe80::2 =3D2001:db8::3 \\u003c2001:db8::4 \\x3c2001:db8::5",
                "fe80::1 fe80::2 2001:db8::3 2001:db8::4 2001:db8::5",
            ),
            ("12:34:56 2001:db8::1 12:34", "2001:db8::1"),
            ("net 2001:db8::/32", "2001:db8::"),
            ("peer ab::cd ok, peer dead:beef::cafe, [::]:80 ::/0", "ab::cd dead:beef::cafe :: ::"),
            ("?ip=2001%3Adb8%3A%3A1&x [fe80::1%25eth0]", "2001%3Adb8%3A%3A1 fe80::1"),
            ("IP6 2001:db8::1.443 > 2001:db8::2.51234: Flags", "2001:db8::1 2001:db8::2"),
            (
                "haproxy[7]: 2001:db8::1234:58430 [x, 2001:db8::1:443 ::1:8080",
                "2001:db8::1234 2001:db8::1 ::1",
            ),
            ("\x1b[32m2001:db8::1\x1b[0m", "2001:db8::1"),
            (
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2",
            ),
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
            "00:11:22:33:44:55:66:77 wwn",
            "add::fee1",
            "ns::10::f",
            "dead::code",
            "b::c::d",
            ":::80->80/tcp :::22 :::*",
            "2026:11:26:10:00:00",
            "urn:uuid:x",
        ] {
            assert_eq!(found(&[Kind::Ipv6], text), "", "in {text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_an_address(text in "([0-9a-fx:.\n]|::|%20|fe80|[0-9]:){0,24}") {
            for value in found(&[Kind::Ipv6], &text).split_whitespace() {
                prop_assert!(value.parse::<Ipv6Addr>().is_ok(), "{} in {}", value, text);
            }
        }

        #[test]
        fn finds_what_the_standard_library_writes(
            groups in prop::array::uniform7(prop_oneof![Just(0), any::<u16>()]),
            // Four decimal digits at the end may be a port.
            last in 0xa000_u16..,
            before in "(ip |addr:|peer=|ip%3D)",
            after in "([ \"),/.]|%eth0|\\]:80| 12:34)?",
        ) {
            let [a, b, c, d, e, f, g] = groups;
            let text = Ipv6Addr::from([a, b, c, d, e, f, g, last]).to_string();
            let found = found(&[Kind::Ipv6], &format!("{before}{text}{after}"));
            prop_assert_eq!(found, text);
        }
    }
}
