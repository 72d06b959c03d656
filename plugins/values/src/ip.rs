//! IP addresses: their recognition, their one form, and pseudonyms that keep
//! common prefixes.

use crate::key::Key;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest text of an IPv6 address: six groups and an IPv4 address.
const MAX_BYTES: usize = 45;

/// Whether a whole value is an IPv4 address.
pub(crate) fn is_ipv4(value: &[u8]) -> bool {
    parse_ipv4(value).is_some()
}

/// Whether a whole value is an IPv6 address, with or without a zone.
pub(crate) fn is_ipv6(value: &[u8]) -> bool {
    parse_ipv6(split_zone(value).0).is_some()
}

/// Parses four decimal octets of one to three digits. Leading zeros have no
/// meaning: `010` is 10.
pub(crate) fn parse_ipv4(value: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = value.split(|&byte| byte == b'.');
    for octet in &mut octets {
        let part = parts.next().filter(|part| (1..=3).contains(&part.len()))?;
        if !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = part.iter().fold(0_u16, |number, digit| number * 10 + u16::from(digit - b'0'));
        *octet = u8::try_from(number).ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// Parses an address without a zone.
pub(crate) fn parse_ipv6(value: &[u8]) -> Option<Ipv6Addr> {
    if value.len() > MAX_BYTES || !value.contains(&b':') {
        return None;
    }
    str::from_utf8(value).ok()?.parse().ok()
}

/// An address, and its zone with the `%`: `fe80::1%eth0`.
pub(crate) fn split_zone(value: &[u8]) -> (&[u8], &[u8]) {
    value.split_at(value.iter().position(|&byte| byte == b'%').unwrap_or(value.len()))
}

/// A permutation that keeps common prefixes, as Crypto-PAn does: two addresses
/// that share their first n bits have pseudonyms that share their first n bits,
/// and no more.
///
/// Bit i is flipped by a pseudorandom bit of the i bits before it. Crypto-PAn
/// takes that bit from AES, here it is one of 255 bits from BLAKE3, one for
/// each place in an octet and each beginning of the octet. So the results
/// differ from those of Crypto-PAn.
pub(crate) fn keep_prefix<const N: usize>(key: &Key, domain: &str, address: [u8; N]) -> [u8; N] {
    std::array::from_fn(|place| {
        let flips: [u8; 32] = key.stream(domain, &address[..place]).bytes();
        let octet = address[place];
        let mut out = 0;
        // The bits so far, after a leading 1: the number of a node in a binary
        // tree of 255 nodes.
        let mut node = 1_usize;
        for bit in (0..8).rev().map(|shift| octet >> shift & 1) {
            out = out << 1 | (bit ^ flips[node / 8] >> (node % 8) & 1);
            node = node << 1 | usize::from(bit);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The permutation as Crypto-PAn's authors write it, bit by bit.
    fn model<const N: usize>(key: &Key, address: [u8; N]) -> [u8; N] {
        let bit = |place: usize| address[place / 8] >> (7 - place % 8) & 1;
        let mut out = [0; N];
        for place in 0..N * 8 {
            let node = (place / 8 * 8..place).fold(1, |node, before| node << 1 | usize::from(bit(before)));
            let flips: [u8; 32] = key.stream("test", &address[..place / 8]).bytes();
            let flip = flips[node / 8] >> (node % 8) & 1;
            out[place / 8] |= (bit(place) ^ flip) << (7 - place % 8);
        }
        out
    }

    fn common_bits(a: u32, b: u32) -> u32 {
        (a ^ b).leading_zeros()
    }

    #[test]
    fn octets_have_one_to_three_digits_up_to_255() {
        assert_eq!(parse_ipv4(b"010.0.00.255"), Some(Ipv4Addr::new(10, 0, 0, 255)));
        for text in ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.0004", "1.2.3.", "1.2.3.+4", "1.2.3.4 "] {
            assert_eq!(parse_ipv4(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn common_prefixes_stay_and_no_more(a in any::<u32>(), b in any::<u32>(), shared in 0..32_u32, secret in "[a-z]{1,4}") {
            let key = Key::new(&secret).expect("a key");
            let b = a ^ (b >> shared);
            let keep = |address: u32| u32::from_be_bytes(keep_prefix(&key, "test", address.to_be_bytes()));
            prop_assert_eq!(common_bits(keep(a), keep(b)), common_bits(a, b));
        }

        #[test]
        fn equals_the_model(address in any::<[u8; 16]>()) {
            let key = Key::new("a secret").expect("a key");
            prop_assert_eq!(keep_prefix(&key, "test", address), model(&key, address));
        }
    }
}
