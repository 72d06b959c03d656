//! Pseudonyms that are digits and letters in the layout of the value.

use crate::key::{Key, Stream};
use crate::kind::Kind;
use crate::pseudonym::{normalize, push_hex};
use crate::{check, permute, text};

/// The first octets of every pseudonym of a hardware address. The bits of the
/// first one say: of one device, and administered locally (IEEE 802).
const MAC_OCTETS: [u8; 2] = [0xf2, 0x9d];

/// The third group of every pseudonym of a UUID: version 8 of RFC 9562, and
/// twelve bits to recognise it.
const UUID_GROUP: &[u8; 4] = b"8ed1";

/// The bytes of a value that satisfy `is`.
pub(crate) fn compact(value: &[u8], is: impl Fn(&u8) -> bool) -> Vec<u8> {
    value.iter().copied().filter(is).collect()
}

/// Writes the value with other digits, in their order.
fn write_digits(value: &[u8], digits: &[u8], out: &mut Vec<u8>) {
    let mut digits = digits.iter();
    out.extend(value.iter().map(|&byte| match byte {
        b'0'..=b'9' => digits.next().map_or(byte, |digit| b'0' + digit),
        _ => byte,
    }));
}

fn random_digits(stream: &mut Stream, count: usize) -> Vec<u8> {
    (0..count).map(|_| stream.digit()).collect()
}

/// The same count of digits after 99, which no issuer has (ISO/IEC 7812: 9 and
/// a country's code of ISO 3166, which ends at 894). Luhn's check fails.
pub(crate) fn card(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = normalize(Kind::Card, value);
    if normal.len() < 12 {
        return None;
    }
    let mut stream = key.stream("card", &normal);
    let mut digits = random_digits(&mut stream, normal.len());
    digits[..2].fill(9);
    let ascii: Vec<u8> = digits.iter().map(|digit| b'0' + digit).collect();
    if check::luhn(&ascii) {
        // Another last digit always fails, as the check finds one wrong digit.
        let step = 1 + u8::try_from(stream.below(9)).unwrap_or(0);
        if let Some(last) = digits.last_mut() {
            *last = (*last + step) % 10;
        }
    }
    write_digits(value, &digits, out);
    Some(())
}

pub(crate) fn is_card_pseudonym(value: &[u8]) -> bool {
    let digits = normalize(Kind::Card, value);
    let is_plain = value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
    is_plain && digits.len() >= 12 && digits.starts_with(b"99") && !check::luhn(&digits)
}

/// With a `+`: the same count of digits after +89, which ITU has not assigned
/// (E.164 assigned country codes). Otherwise: the digits 1 at the first and,
/// of ten digits or more, the fourth place, where no number of North America
/// has a 1.
pub(crate) fn phone(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = normalize(Kind::Phone, value);
    if normal.len() < 5 {
        return None;
    }
    let mut digits = random_digits(&mut key.stream("phone", &normal), normal.len());
    if value.starts_with(b"+") {
        digits[..2].copy_from_slice(&[8, 9]);
    } else {
        digits[0] = 1;
        if digits.len() >= 10 {
            digits[3] = 1;
        }
    }
    write_digits(value, &digits, out);
    Some(())
}

/// Three digits from 900 on, a group from 01 to 49, a serial from 0001 on:
/// 25.5 bits. Neither social security numbers nor taxpayer numbers are like it.
pub(crate) fn ssn(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = normalize(Kind::Ssn, value);
    if normal.len() != 9 {
        return None;
    }
    let mut stream = key.stream("ssn", &normal);
    let number = format!("9{:02}{:02}{:04}", stream.below(100), 1 + stream.below(49), 1 + stream.below(9999));
    let digits: Vec<u8> = number.bytes().map(|byte| byte - b'0').collect();
    write_digits(value, &digits, out);
    Some(())
}

/// `ZZ00`, then a digit for each digit and a letter for each letter. Neither
/// the country nor the check digits are possible.
pub(crate) fn iban(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = normalize(Kind::Iban, value);
    if normal.len() < 15 {
        return None;
    }
    let mut stream = key.stream("iban", &normal);
    let mut place = 0;
    out.extend(value.iter().map(|&byte| {
        if !byte.is_ascii_alphanumeric() {
            return byte;
        }
        place += 1;
        match (place, byte) {
            (1 | 2, _) => b'Z',
            (3 | 4, _) => b'0',
            (_, b'0'..=b'9') => b'0' + stream.digit(),
            _ => b'A' + stream.below(26).to_le_bytes()[0],
        }
    }));
    Some(())
}

/// `f2:9d` and 32 bits, with the gaps of the value.
pub(crate) fn mac(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = normalize(Kind::Mac, value);
    if normal.len() != 12 {
        return None;
    }
    let [a, b, c, d] = key.stream("mac", &normal).bytes();
    let mut hex = Vec::with_capacity(normal.len());
    [MAC_OCTETS[0], MAC_OCTETS[1], a, b, c, d].into_iter().for_each(|octet| push_hex(octet, &mut hex));
    write_alphanumeric(value, &hex, out);
    Some(())
}

pub(crate) fn is_mac_pseudonym(value: &[u8]) -> bool {
    normalize(Kind::Mac, value).starts_with(b"f29d")
}

/// A UUID of version 8 with a fixed third group and 110 bits.
pub(crate) fn uuid(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = normalize(Kind::Uuid, value);
    if normal.len() != 32 {
        return None;
    }
    let mut bytes: [u8; 16] = key.stream("uuid", &normal).bytes();
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut hex = Vec::with_capacity(normal.len());
    bytes.into_iter().for_each(|byte| push_hex(byte, &mut hex));
    hex[12..16].copy_from_slice(UUID_GROUP);
    write_alphanumeric(value, &hex, out);
    Some(())
}

pub(crate) fn is_uuid_pseudonym(value: &[u8]) -> bool {
    let normal = normalize(Kind::Uuid, value);
    normal.get(12..16) == Some(UUID_GROUP) && matches!(normal.get(16), Some(b'8'..=b'9' | b'a'..=b'b'))
}

/// Writes the value with other letters and digits, in their order.
fn write_alphanumeric(value: &[u8], other: &[u8], out: &mut Vec<u8>) {
    let mut other = other.iter();
    out.extend(value.iter().map(|&byte| match byte {
        _ if byte.is_ascii_alphanumeric() => other.next().copied().unwrap_or(byte),
        _ => byte,
    }));
}

/// As many digits before and after the decimal point, by a permutation: no two
/// numbers of the same layout share a pseudonym. Sign and point stay; the first
/// digit is zero if and only if it was.
pub(crate) fn number(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if !text::is_number(value) {
        return None;
    }
    let mut digits: Vec<u8> =
        value.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
    // The place of the point is a part of the layout.
    let fraction = value.iter().rev().position(|&byte| byte == b'.').unwrap_or(0) as u64;
    permute::keep_leading_zero(key, "number", &fraction.to_le_bytes(), &mut digits);
    write_digits(value, &digits, out);
    Some(())
}
