//! Versions, object identifiers, sections and dates of four numbers, which look
//! like IPv4 addresses.
//!
//! The evidence is weighed in this order: what touches the numbers (`v1.2.3.4`,
//! `foo-1.2.3.4.jar`, `//1.2.3.4`, `1.2.3.4:80`), the nearest word before them
//! that says something, and the numbers themselves: without other evidence,
//! four numbers below 32 are a version.

use crate::text::words::{self, Hint};
use crate::text::{escape, run_start};
use std::ops::Range;

/// Words before an address.
const FOR: &[&str] = &[
    "ip",
    "ips",
    "ipv",
    "addr",
    "addrs",
    "address",
    "addresses",
    "host",
    "hosts",
    "hostname",
    "client",
    "clients",
    "peer",
    "peers",
    "remote",
    "local",
    "localhost",
    "src",
    "source",
    "dst",
    "dest",
    "destination",
    "server",
    "servers",
    "from",
    "via",
    "dns",
    "gateway",
    "gw",
    "router",
    "route",
    "ping",
    "connect",
    "connected",
    "connecting",
    "connection",
    "listen",
    "listening",
    "bind",
    "inet",
    "nat",
    "net",
    "network",
    "subnet",
    "netmask",
    "mask",
    "node",
    "nameserver",
    "resolver",
    "proxy",
    "upstream",
    "forwarded",
    "rhost",
    "lhost",
    "sip",
    "ssh",
    "tcp",
    "udp",
    "endpoint",
    "lease",
    "dhcp",
    "arp",
    "has",
    "tell",
    "http",
    "https",
    "ftp",
    "login",
    "user",
    "nodes",
];

/// Words before a version, an object identifier, a section or a date.
const AGAINST: &[&str] = &[
    "version",
    "versions",
    "ver",
    "vers",
    "v",
    "release",
    "build",
    "driver",
    "firmware",
    "kernel",
    "assembly",
    "nuget",
    "package",
    "packages",
    "pkg",
    "oid",
    "oids",
    "section",
    "sections",
    "sec",
    "chapter",
    "clause",
    "figure",
    "fig",
    "table",
    "appendix",
    "paragraph",
    "upgrade",
    "upgraded",
    "upgrading",
    "installed",
    "install",
    "installing",
    "lib",
    "library",
    "jar",
    "sdk",
    "runtime",
    "framework",
    "date",
    "rev",
    "revision",
    "schema",
    "culture",
    "edition",
    "bios",
    "chrome",
    "windows",
    "firefox",
    "python",
    "java",
    "php",
    "ruby",
    "perl",
    "release",
    "plugin",
    "since",
    "ntlm",
    "productversion",
];

/// Whether four numbers are no address.
pub(crate) fn is_version(text: &[u8], range: Range<usize>, octets: [u8; 4]) -> bool {
    let Range { start, end } = range;
    let (before, after) = (&text[..start], &text[end..]);
    if is_glued_version(text, start)
        || is_banner(text, start)
        || has_version_suffix(after)
        || is_identifier(octets) && !is_padded(&text[start..end])
    {
        return true;
    }
    if before.ends_with(b"//")
        || before.ends_with(b"@")
        || before.ends_with(b"[") && after.starts_with(b"]")
        || has_port(after)
    {
        return false;
    }
    if after.starts_with(b", Culture") || is_named_file(text, start, after) || is_product(text, start, after)
    {
        return true;
    }
    match words::hint(text, start, 3, hint) {
        Some(Hint::For) => return false,
        Some(Hint::Against) => return true,
        None => {}
    }
    octets.iter().all(|&octet| octet < 32) && !has_other_evidence(text, start..end, octets)
}

/// What a word before the numbers says.
fn hint(word: &[u8]) -> Option<Hint> {
    if words::is_in(AGAINST, word) || word.ends_with(b"version") {
        Some(Hint::Against)
    } else if words::is_in(FOR, word)
        || [&b"ip"[..], b"addr", b"host", b"address"].iter().any(|end| word.ends_with(end))
    {
        Some(Hint::For)
    } else {
        None
    }
}

/// `v1.2.3.4`, `~1.2.3.4`, `rev1.2.3.4`.
fn is_glued_version(text: &[u8], start: usize) -> bool {
    if escape::before(text, start).is_some() {
        return false;
    }
    let word = run_start(text, start, 12, |byte| byte.is_ascii_alphabetic());
    let is_word = words::with_lower(&text[word..start], &|word: &[u8]| {
        words::is_in(
            &["v", "ver", "version", "r", "rev", "rc", "release", "build", "jdk", "php", "python", "go"],
            word,
        )
        .then_some(())
    });
    is_word.is_some() || start > 0 && matches!(text[start - 1], b'~' | b'^')
}

/// `SSH-2.0-server_1.2.3.4`: the software's version (RFC 4253 section 4.2); and
/// `libssl.so.1.1.1.1`.
fn is_banner(text: &[u8], start: usize) -> bool {
    if text[..start].ends_with(b".so.") {
        return true;
    }
    let word = run_start(text, start, 48, |byte| byte.is_ascii_graphic());
    text[word..start].starts_with(b"SSH-") && text.get(word + 4).is_some_and(u8::is_ascii_digit)
}

/// `1.2.3.4-beta`, `1.2.3.4rc1`, `1.2.3.4.Final`, `1.2.3.4.jar`.
fn has_version_suffix(after: &[u8]) -> bool {
    const WORDS: [&str; 17] = [
        "rc", "alpha", "beta", "pre", "dev", "post", "final", "snapshot", "release", "ga", "jar", "dll",
        "whl", "deb", "rpm", "zip", "exe",
    ];
    let rest = match after {
        [b'-' | b'.' | b'+' | b'_' | b'~', rest @ ..] => rest,
        _ => after,
    };
    let length = rest.iter().take(12).take_while(|byte| byte.is_ascii_alphabetic()).count();
    words::with_lower(&rest[..length], &|word: &[u8]| words::is_in(&WORDS, word).then_some(())).is_some()
}

/// The roots of object identifiers: internet (RFC 1155) and the attributes and
/// extensions of X.500.
fn is_identifier(octets: [u8; 4]) -> bool {
    octets == [1, 3, 6, 1] || matches!(octets, [2, 5, 4 | 29, _])
}

/// `foo-1.2.3.4.tar.gz`: a name, and after the numbers a dot and a word.
fn is_named_file(text: &[u8], start: usize, after: &[u8]) -> bool {
    let is_extension = matches!(after, [b'.', letter, ..] if letter.is_ascii_alphabetic());
    if start < 2 || !matches!(text[start - 1], b'-' | b'_') || !text[start - 2].is_ascii_alphanumeric() {
        return false;
    }
    let is_address = words::hint(text, start, 1, hint) == Some(Hint::For);
    is_extension && !is_address
}

/// `Chrome/120.0.0.0`: the product and version of RFC 9110. Java writes hosts
/// as `localhost/127.0.0.1:80`.
fn is_product(text: &[u8], start: usize, after: &[u8]) -> bool {
    let is_end = after.first().is_none_or(|&byte| byte != b':');
    let word = start.checked_sub(1).filter(|&slash| text[slash] == b'/').map(|slash| {
        &text[run_start(text, slash, 24, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
        })..slash]
    });
    is_end && word.is_some_and(|word| word.first().is_some_and(u8::is_ascii_uppercase))
}

/// `:443`, and `/24` of a network.
fn has_port(after: &[u8]) -> bool {
    match after {
        [b':', digit, ..] => digit.is_ascii_digit(),
        [b' ', rest @ ..] => rest.starts_with(b"port "),
        [b'/', digits @ ..] => {
            let count = digits.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
            (1..=2).contains(&count)
                && !digits.get(count).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
        }
        _ => false,
    }
}

/// `001.002.003.004`: versions are not padded.
fn is_padded(value: &[u8]) -> bool {
    value.split(|&byte| byte == b'.').any(|octet| octet.len() == 3 && octet[0] == b'0')
}

/// Evidence for an address of small numbers.
fn has_other_evidence(text: &[u8], range: Range<usize>, octets: [u8; 4]) -> bool {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let is_special = matches!(
        octets,
        [0, 0, 0, 0] | [10, ..] | [1, 1, 1, 1] | [1, 0, 0, 1] | [8, 8, 8, 8] | [8, 8, 4, 4] | [9, 9, 9, 9]
    );
    let is_range = matches!(after, [b'-', digit, ..] if digit.is_ascii_digit())
        || matches!(before, [.., digit, b'-'] if digit.is_ascii_digit());
    let begins_line =
        before.last().is_none_or(|&byte| byte == b'\n') && matches!(after, [b' ' | b'\t' | b',', ..]);
    is_special
        || is_range
        || begins_line
        || is_padded(&text[range.clone()])
        || after.starts_with(b".in-addr.arpa")
}
