//! IPv4 addresses.
//!
//! An address is four decimal numbers up to 255 with at most three digits each,
//! separated by dots. It may touch letters (`addr10.1.2.3`, `10.1.2.3ms`) and
//! may be followed by a dot and a port, as tcpdump and the netstat of BSD write
//! it. Versions are left alone: see [`super::version`]. In host names the
//! numbers are separated by hyphens: `dhcp-192-168-0-66`.

use super::version;
use crate::text::{escape, run_end, run_start};
use std::ops::Range;

/// The address of which the digit at `at` ends the first number.
pub(crate) fn dotted(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = number_start(text, at);
    if start >= 2 && text[start - 1] == b'.' && text[start - 2].is_ascii_digit() {
        return None;
    }
    let (octets, end) = octets(text, start, b'.')?;
    if text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
        let port = end + 1..run_end(text, end + 1, |byte| byte.is_ascii_digit());
        if !is_port(text, start, port, octets) {
            return None;
        }
    } else if version::is_version(text, start..end, octets) {
        return None;
    }
    Some(start..end)
}

/// The address in a host name of which the digit at `at` ends the first number.
pub(crate) fn dashed(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = run_start(text, at + 1, 4, |byte| byte.is_ascii_digit());
    let (octets, end) = octets(text, start, b'-')?;
    let goes_on = text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        || text.get(end) == Some(&b'-') && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    if goes_on {
        return None;
    }
    let before = text[..start].split_last().map_or(b' ', |(&byte, _)| byte);
    let is_label = match before {
        b'-' => {
            let word = run_start(text, start - 1, 32, |byte| byte.is_ascii_alphanumeric());
            text[word..start - 1].iter().any(u8::is_ascii_alphabetic)
                && (is_host_word(&text[word..start - 1], octets) || has_labels(text, end, 3))
        }
        _ if before.is_ascii_alphabetic() => has_domain(text, end),
        b'.' | b'/' | b'_' | b'+' => false,
        _ => has_domain(text, end),
    };
    is_label.then_some(start..end)
}

/// Whether the word before the numbers is that of a host. Names that providers
/// give are listed; with any other name, the numbers must not be those of a
/// date or a part.
fn is_host_word(word: &[u8], octets: [u8; 4]) -> bool {
    const HOSTS: [&str; 22] = [
        "ip",
        "dhcp",
        "host",
        "ec2",
        "static",
        "dyn",
        "dynamic",
        "client",
        "pool",
        "cable",
        "dsl",
        "adsl",
        "ppp",
        "node",
        "user",
        "customer",
        "cust",
        "broadband",
        "rev",
        "reverse",
        "vm",
        "pod",
    ];
    let is_known = HOSTS.iter().any(|host| word.eq_ignore_ascii_case(host.as_bytes()));
    let is_private =
        octets[0] == 10 || octets[..2] == [192, 168] || octets[0] == 172 && (16..32).contains(&octets[1]);
    is_known || is_private || octets[1..].iter().any(|&octet| octet > 99)
}

/// Whether a domain with a top level follows: `.hinet-ip.hinet.net`.
fn has_domain(text: &[u8], end: usize) -> bool {
    has_labels(text, end, 2)
}

/// Whether at least this number of labels with letters follow.
fn has_labels(text: &[u8], end: usize, least: usize) -> bool {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let domain = &text[end..run_end(text, end, is_host)];
    let labels =
        domain.split(|&byte| byte == b'.').filter(|label| label.iter().any(u8::is_ascii_alphabetic)).count();
    labels >= least
}

/// The start of the number whose last digit is at `at`: after an escape that
/// ends with digits, as in `%2010.0.0.1`.
fn number_start(text: &[u8], at: usize) -> usize {
    let run = run_start(text, at + 1, 8, |byte| byte.is_ascii_digit());
    escape::digits_start(text, run, at)
}

/// Four numbers from `start` on, and their end.
fn octets(text: &[u8], start: usize, separator: u8) -> Option<([u8; 4], usize)> {
    let mut octets = [0; 4];
    let mut at = start;
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            if text.get(at) != Some(&separator) {
                return None;
            }
            at += 1;
        }
        let first = text.get(at)?.wrapping_sub(b'0');
        let mut number = u16::from(first);
        if first > 9 {
            return None;
        }
        at += 1;
        let last = at + 3;
        while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            number = number * 10 + u16::from(digit);
            at += 1;
            if at == last {
                return None;
            }
        }
        *octet = u8::try_from(number).ok()?;
    }
    Some((octets, at))
}

/// Whether the fifth number is the port of an address, rather than another
/// number of a version or an object identifier.
fn is_port(text: &[u8], start: usize, port: Range<usize>, octets: [u8; 4]) -> bool {
    let digits = &text[port.clone()];
    let number = digits.iter().take(6).fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let goes_on = text.get(port.end).is_some_and(u8::is_ascii_alphanumeric)
        || text.get(port.end) == Some(&b'.') && text.get(port.end + 1).is_some_and(u8::is_ascii_digit);
    if goes_on || digits.len() > 5 || number > 65_535 || digits.len() > 1 && digits[0] == b'0' {
        return false;
    }
    let after = &text[port.end..];
    let is_flow = after.starts_with(b" > ")
        || after.starts_with(b" < ")
        || text[..start].ends_with(b"> ")
        || text[..start].ends_with(b"IP ");
    let is_netstat = || {
        let line = crate::text::line_start(text, start, 256);
        [&b"tcp"[..], b"udp"].iter().any(|protocol| text[line..].starts_with(protocol))
    };
    // The first number of an object identifier is at most 2.
    is_flow || is_netstat() || octets[0] >= 10 && number > 255
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    #[test]
    fn addresses_are_found() {
        for (text, values) in [
            ("10.0.0.1 - -", "10.0.0.1"),
            ("http://192.168.1.254:8080/8.8.8.8", "192.168.1.254 8.8.8.8"),
            ("ip_1.2.3.4.log, 001.002.003.004.", "1.2.3.4 001.002.003.004"),
            ("1.2.3.4-1.2.3.9 4.3.2.1.in-addr.arpa", "1.2.3.4 1.2.3.9 4.3.2.1"),
            ("x%20192.0.2.4 10.0.0.0/8 /0.0.0.0", "192.0.2.4 10.0.0.0 0.0.0.0"),
            ("IP 10.0.0.1.443 > 10.0.0.2.51234: Flags", "10.0.0.1 10.0.0.2"),
            ("tcp4       0      0  10.0.0.5.22   198.51.100.7.50122   ESTABLISHED", "10.0.0.5 198.51.100.7"),
            ("addr10.1.2.3 10.1.2.3ms host129.206.196.21.x", "10.1.2.3 10.1.2.3 129.206.196.21"),
            ("dhcp-192-168-0-66 ec2-52-80-34-196.cn-north-1.compute", "192-168-0-66 52-80-34-196"),
            ("rhost=220-135-151-1.hinet-ip.hinet.net", "220-135-151-1"),
            ("c-73-22-11-9.hsd1.il.comcast.net", "73-22-11-9"),
            ("calvisitor-10-105-160-95 kernel[0]", "10-105-160-95"),
            (
                "c \x1b[32m10.1.2.3\x1b[0m =3D10.1.2.3 %2F10.1.2.4 %252F10.1.2.5 \\u003c10.1.2.6 \\x3e10.1.2.7",
                "10.1.2.3 10.1.2.3 10.1.2.4 10.1.2.5 10.1.2.6 10.1.2.7",
            ),
            ("localhost/127.0.0.1:8080 a /5.6.7.8:50010", "127.0.0.1 5.6.7.8"),
            ("client 1.1.1.1, {\"clientIp\":\"1.2.3.4\"}", "1.1.1.1 1.2.3.4"),
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
            "SSH-2.0-server_81.2.3.4",
            "libssl.so.81.1.1.1",
            "foo-1.12.2.5.jar",
            "Version=4.0.0.0, Culture=neutral",
            "8.5.1.2",
            "2.5.29.17",
            "oid 1.3.6.1.4.1.311",
            "section 3.1.2.4",
            "amd64~~6.1.1.0",
            "kernel 6.1.0.13",
            "2026-11-26-10-00-00",
            "part-12-34-56-78",
            "upgraded to version 192.3.1.0",
            "1.2.3.4-beta1",
            "app 2.0.0.1rc1",
            "date 26.11.20.26",
            "nuget Foo.Bar 2.1.0.0",
        ] {
            assert_eq!(found(&[Kind::Ipv4], text), "", "in {text}");
        }
    }

    proptest! {
        #[test]
        fn finds_what_the_standard_library_writes(address: Ipv4Addr, before in "(ip=|client |http://|src:)", after in "[ \"):,/]?") {
            // Pseudonyms are in this range.
            prop_assume!(!(240..255).contains(&address.octets()[0]));
            prop_assert_eq!(found(&[Kind::Ipv4], &format!("{before}{address}{after}")), address.to_string());
        }

        #[test]
        fn what_is_found_is_an_address(text in "([0-3a./%\n-]|25[4-6]|[.]0[.]0[.]0|1[.]0[.]7[.]|%20|ip=){0,16}") {
            for value in found(&[Kind::Ipv4], &text).split_whitespace() {
                let octets: Vec<_> = value.split(['.', '-']).map(str::parse::<u8>).collect();
                prop_assert!(octets.len() == 4 && octets.iter().all(Result::is_ok), "{} in {}", value, text);
            }
        }
    }
}
