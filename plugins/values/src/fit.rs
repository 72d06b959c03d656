//! Pseudonyms that are digits and letters in the layout of the value.

use crate::key::{Key, Stream};
use crate::kind::Kind;
use crate::permute::{Layout, Permutation};
use crate::pseudonym::{normalize, push_hex};
use crate::{check, text};

/// The first octets of every pseudonym of a hardware address. The bits of the
/// first one say: of one device, and administered locally (IEEE 802).
const MAC_OCTETS: [u8; 2] = [0xf2, 0x9d];

/// The third group of every pseudonym of a UUID: version 8 of RFC 9562, and
/// twelve bits to recognise it.
const UUID_GROUP: &[u8; 4] = b"8ed1";

/// Gaps within the numbers of cards, and social security numbers.
const CARD_GAPS: &[u8] = b" -";

/// The fewest digits of a number that has a pseudonym like a card's.
const CARD_DIGITS_MIN: usize = 12;

/// Gaps within hardware addresses.
const MAC_GAPS: &[u8] = b":-.";

/// Gaps within UUIDs, and the braces around them.
const UUID_GAPS: &[u8] = b"-{}";

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

/// The letters and digits of a value that has nothing besides them but gaps.
/// Otherwise the rest would stay in sight.
fn plain(kind: Kind, value: &[u8], gaps: &[u8]) -> Option<Vec<u8>> {
    let normal = normalize(kind, value);
    let rest = value.iter().filter(|byte| gaps.contains(byte)).count();
    (normal.len() + rest == value.len()).then_some(normal)
}

fn random_digits(stream: &mut Stream, count: usize) -> Vec<u8> {
    (0..count).map(|_| stream.digit()).collect()
}

/// The same count of digits after 99, which no issuer has (ISO/IEC 7812: 9 and
/// a country's code of ISO 3166, which ends at 894). Luhn's check fails.
pub(crate) fn card(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = plain(Kind::Card, value, CARD_GAPS).filter(|normal| normal.len() >= CARD_DIGITS_MIN)?;
    let mut stream = key.stream("card", &normal);
    let mut digits = random_digits(&mut stream, normal.len());
    digits[..2].fill(9);
    let ascii: Vec<u8> = digits.iter().map(|digit| b'0' + digit).collect();
    if check::luhn(&ascii) {
        // The check finds every wrong digit, so any other last digit fails it.
        let step = 1 + u8::try_from(stream.below(9)).unwrap_or(0);
        if let Some(last) = digits.last_mut() {
            *last = (*last + step) % 10;
        }
    }
    write_digits(value, &digits, out);
    Some(())
}

pub(crate) fn is_card(value: &[u8]) -> bool {
    plain(Kind::Card, value, CARD_GAPS).is_some_and(|digits| {
        digits.len() >= CARD_DIGITS_MIN && digits.starts_with(b"99") && !check::luhn(&digits)
    })
}

/// With a `+`: the same count of digits after +89, which ITU has not assigned
/// (list of ITU-T Recommendation E.164 assigned country codes). Otherwise: the
/// digits 1 at the first and, of ten digits or more, the fourth place, where no
/// number of North America has a 1.
pub(crate) fn phone(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = plain(Kind::Phone, value, b"+() -./").filter(|normal| normal.len() >= 7)?;
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
/// 25.5 bits. Neither social security numbers nor taxpayer numbers are like it:
/// areas from 900 on are never issued (Social Security Administration, "SSN
/// Randomization"), and the taxpayer numbers in that range have groups from 50
/// on (Internal Revenue Service, publication 1915).
pub(crate) fn ssn(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = plain(Kind::Ssn, value, CARD_GAPS).filter(|normal| normal.len() == 9)?;
    let mut stream = key.stream("ssn", &normal);
    let (area, group, serial) = (stream.below(100), 1 + stream.below(49), 1 + stream.below(9999));
    let number = format!("9{area:02}{group:02}{serial:04}");
    let digits: Vec<u8> = number.bytes().map(|byte| byte - b'0').collect();
    write_digits(value, &digits, out);
    Some(())
}

pub(crate) fn is_ssn(value: &[u8]) -> bool {
    plain(Kind::Ssn, value, CARD_GAPS).is_some_and(|digits| {
        digits.len() == 9
            && digits[0] == b'9'
            && (&b"01"[..]..=b"49").contains(&&digits[3..5])
            && digits[5..] != *b"0000"
    })
}

/// `ZZ00`, then a digit for each digit and a letter for each letter. No country
/// has the code `ZZ` (ISO 3166-1 leaves it to users), and check digits are from
/// 02 to 98.
pub(crate) fn iban(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = plain(Kind::Iban, value, b" ").filter(|normal| normal.len() >= 15)?;
    let mut stream = key.stream("iban", &normal);
    let other: Vec<u8> = normal
        .iter()
        .enumerate()
        .map(|(place, byte)| match (place, byte) {
            (0 | 1, _) => b'Z',
            (2 | 3, _) => b'0',
            (_, b'0'..=b'9') => b'0' + stream.digit(),
            _ => b'A' + stream.below(26).to_le_bytes()[0],
        })
        .collect();
    write_alphanumeric(value, &other, out);
    Some(())
}

pub(crate) fn is_iban(value: &[u8]) -> bool {
    plain(Kind::Iban, value, b" ").is_some_and(|normal| normal.len() >= 15 && normal.starts_with(b"zz00"))
}

/// `f2:9d` and 32 bits, with the gaps of the value.
pub(crate) fn mac(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = plain(Kind::Mac, value, MAC_GAPS).filter(|normal| normal.len() == 12)?;
    let [a, b, c, d] = key.stream("mac", &normal).bytes();
    let mut hex = Vec::with_capacity(normal.len());
    [MAC_OCTETS[0], MAC_OCTETS[1], a, b, c, d].into_iter().for_each(|octet| push_hex(octet, &mut hex));
    write_alphanumeric(value, &hex, out);
    Some(())
}

pub(crate) fn is_mac(value: &[u8]) -> bool {
    plain(Kind::Mac, value, MAC_GAPS)
        .is_some_and(|hex| hex.len() == 12 && hex.starts_with(b"f29d") && is_hex(&hex))
}

/// A UUID of version 8 with a fixed third group and 110 bits.
pub(crate) fn uuid(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let normal = plain(Kind::Uuid, value, UUID_GAPS).filter(|normal| normal.len() == 32)?;
    let mut bytes: [u8; 16] = key.stream("uuid", &normal).bytes();
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut hex = Vec::with_capacity(normal.len());
    bytes.into_iter().for_each(|byte| push_hex(byte, &mut hex));
    hex[12..16].copy_from_slice(UUID_GROUP);
    write_alphanumeric(value, &hex, out);
    Some(())
}

pub(crate) fn is_uuid(value: &[u8]) -> bool {
    plain(Kind::Uuid, value, UUID_GAPS).is_some_and(|hex| {
        hex.len() == 32
            && hex[12..16] == *UUID_GROUP
            && matches!(hex[16], b'8' | b'9' | b'a' | b'b')
            && is_hex(&hex)
    })
}

fn is_hex(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
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
/// numbers of the same layout share a pseudonym. Sign, point and exponent stay;
/// the first digit is zero if and only if it was. An integer that fits 16, 24,
/// 32, 53 or 64 bits still fits them.
pub(crate) fn number(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (mantissa, exponent) = text::split_number(value)?;
    let mut digits = compact(mantissa, u8::is_ascii_digit);
    digits.iter_mut().for_each(|digit| *digit -= b'0');
    // The place of the point and the exponent are parts of the layout.
    let fraction = mantissa.iter().rev().position(|&byte| byte == b'.').unwrap_or(0) as u64;
    let tweak = [&fraction.to_le_bytes(), exponent].concat();
    let is_integer = exponent.is_empty() && !mantissa.contains(&b'.');
    let layout = if is_integer { Layout::Integer } else { Layout::Decimal };
    Permutation { key, domain: "number permutation", tweak: &tweak }.number(&mut digits, layout);
    write_digits(mantissa, &digits, out);
    out.extend_from_slice(exponent);
    Some(())
}
