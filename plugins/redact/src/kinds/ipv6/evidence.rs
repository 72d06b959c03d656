//! What shows that text with colons is an address, or that it is not.

use crate::text::run_start;
use crate::text::words::{self, Hint};
use std::net::Ipv6Addr;
use std::ops::Range;

/// Whether the groups alone show that this is an address: eight groups, an
/// IPv4 address in it, `::1`, or the prefix of a network in use.
pub(super) fn is_strong(plain: &[u8], address: Ipv6Addr) -> bool {
    let is_whole = !plain.windows(2).any(|pair| pair == b"::");
    let has_digit = plain.iter().any(u8::is_ascii_digit);
    let groups = plain.split(|&byte| byte == b':').filter(|group| !group.is_empty()).count();
    // Global, unique local, link-local, multicast; 64:ff9b is NAT64.
    let first = address.segments()[0];
    let has_network =
        matches!(first, 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf | 0xff00..=0xff0f | 0x64 | 0x100);
    let is_long = first >= 0x1000 || plain.starts_with(b"64:");
    let is_short = plain.starts_with(b"::") && groups == 1 && has_digit;
    is_whole
        || plain.contains(&b'.')
        || is_short
        || has_network && is_long && has_digit
        || groups >= 4 && has_digit
}

/// Whether something beside a short address shows that it is one.
pub(super) fn has_context(text: &[u8], range: &Range<usize>) -> bool {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let is_bracketed = before.ends_with(b"[") && after.starts_with(b"]");
    let has_length = after.first() == Some(&b'/') && after.get(1).is_some_and(u8::is_ascii_digit);
    let has_zone = after.first() == Some(&b'%') && after.get(1).is_some_and(u8::is_ascii_alphanumeric);
    let is_any = text[range.clone()] == *b"::";
    is_bracketed
        || has_length
        || has_zone && !is_any
        || !is_any
            && (!before.ends_with(b":") || range.len() > 4)
            && words::hint(text, range.start, 1, hint) == Some(Hint::For)
}

fn hint(word: &[u8]) -> Option<Hint> {
    const WORDS: [&str; 36] = [
        "ip",
        "ipv",
        "inet",
        "addr",
        "address",
        "peer",
        "client",
        "host",
        "src",
        "source",
        "dst",
        "dest",
        "from",
        "server",
        "remote",
        "local",
        "route",
        "gateway",
        "gw",
        "nameserver",
        "dns",
        "listen",
        "listening",
        "bind",
        "connect",
        "ping",
        "via",
        "prefix",
        "network",
        "net",
        "node",
        "endpoint",
        "upstream",
        "to",
        "neighbor",
        "router",
    ];
    let is_one =
        words::is_in(&WORDS, word) || [&b"ip"[..], b"addr", b"host"].iter().any(|end| word.ends_with(end));
    is_one.then_some(Hint::For)
}

/// Whether the run is a part of a path: `ns::10::f`, `x::fe80::1`.
pub(super) fn is_path(text: &[u8], range: &Range<usize>) -> bool {
    let after = &text[range.end..];
    // What a mask has kept of an address.
    if text[..range.start].ends_with(b"*:") {
        return true;
    }
    let goes_on = after.starts_with(b"::") || after.starts_with(b"_");
    let word = run_start(text, range.start, 3, |byte| byte == b':');
    let is_after_path = range.start - word == 2 && word > 0 && text[word - 1].is_ascii_alphanumeric();
    goes_on || is_after_path
}

/// Whether this is an EUI-64 or a world wide name: eight groups of two digits.
pub(super) fn is_hardware(plain: &[u8]) -> bool {
    plain.len() == 23 && plain.split(|&byte| byte == b':').all(|group| group.len() == 2)
}
