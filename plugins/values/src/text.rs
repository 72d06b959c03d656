//! The recognition of values that are digits and letters in a fixed layout.

use crate::{check, fit};

/// Whether a value is digits with an optional sign and an optional fraction.
pub(crate) fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").or(value.strip_prefix(b"+")).unwrap_or(value);
    let mut parts = digits.split(|&byte| byte == b'.');
    let is_part = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    parts.next().is_some_and(is_part) && parts.next().is_none_or(is_part) && parts.next().is_none()
}

/// The sign and digits of a number, and its exponent with the `e`. In contrast
/// to [`is_number`], there may be an exponent, and digits may be missing on one
/// side of the point: `.5`, `1.`, `-1.5e+10`.
pub(crate) fn split_number(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = value.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(value.len());
    let (mantissa, exponent) = value.split_at(end);
    let unsigned = |text: &[u8]| usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = &mantissa[unsigned(mantissa)..];
    let points = digits.iter().filter(|&&byte| byte == b'.').count();
    let is_mantissa = digits.len() > points
        && points <= 1
        && digits.iter().all(|&byte| byte.is_ascii_digit() || byte == b'.');
    let power = exponent.get(1..).map_or(&[][..], |power| &power[unsigned(power)..]);
    let is_exponent = exponent.is_empty() || !power.is_empty() && power.iter().all(u8::is_ascii_digit);
    (is_mantissa && is_exponent).then_some((mantissa, exponent))
}

/// Whether a value has the layout: `d` a digit, `h` a hexadecimal digit, other
/// bytes themselves.
pub(crate) fn has_layout(value: &[u8], layout: &[u8]) -> bool {
    value.len() == layout.len()
        && value.iter().zip(layout).all(|(&byte, &place)| match place {
            b'd' => byte.is_ascii_digit(),
            b'h' => byte.is_ascii_hexdigit(),
            b'?' => true,
            _ => byte == place,
        })
}

/// Whether a value is a UUID with hyphens, in braces or without them.
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    let bare = value.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(value);
    has_layout(bare, b"hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh")
}

/// Whether a value is a hardware address of six octets.
pub(crate) fn is_mac(value: &[u8]) -> bool {
    [&b"hh:hh:hh:hh:hh:hh"[..], b"hh-hh-hh-hh-hh-hh", b"hhhh.hhhh.hhhh"]
        .iter()
        .any(|layout| has_layout(value, layout))
}

/// Whether a value is a social security number with gaps, or its pseudonym.
/// The areas 000, 666 and from 900 on, the group 00 and the serial 0000 are
/// never issued (Social Security Administration, "SSN Randomization").
pub(crate) fn is_ssn(value: &[u8]) -> bool {
    let layouts = [&b"ddd-dd-dddd"[..], b"ddd dd dddd"];
    if !layouts.iter().any(|layout| has_layout(value, layout)) {
        return false;
    }
    let is_issued = !matches!(&value[..3], b"000" | b"666" | [b'9', ..])
        && &value[4..6] != b"00"
        && !value.ends_with(b"0000");
    is_issued || fit::is_ssn(value)
}

/// Whether a value is an IBAN, in upper case, with a space after each fourth
/// character or without spaces; or the pseudonym of one.
pub(crate) fn is_iban(value: &[u8]) -> bool {
    if value.len() > 42 || !value.iter().take(2).all(u8::is_ascii_uppercase) {
        return false;
    }
    let has_gaps = value.get(4) == Some(&b' ');
    let is_place = |(place, &byte): (usize, &u8)| match byte {
        b' ' => has_gaps && place % 5 == 4,
        _ => (byte.is_ascii_uppercase() || byte.is_ascii_digit()) && !(has_gaps && place % 5 == 4),
    };
    if value.ends_with(b" ") || !value.iter().enumerate().all(is_place) {
        return false;
    }
    let compact = fit::compact(value, |&byte| byte != b' ');
    let has_length = (15..=34).contains(&compact.len()) && compact[2..4].iter().all(u8::is_ascii_digit);
    has_length && (fit::is_iban(value) || check::iban(&compact))
}

/// Whether a value is a payment card number: 13 to 19 digits with single spaces
/// or hyphens between them, of a known network, that pass Luhn's check.
pub(crate) fn is_card(value: &[u8]) -> bool {
    let Some(digits) = spaced_digits(value, b" -") else { return false };
    (13..=19).contains(&digits.len()) && check::card_network(&digits) && check::luhn(&digits)
}

/// Whether a value is a telephone number: with a `+`, 7 to 15 digits (ITU
/// E.164) with gaps or without; without it, 10 to 15 digits with gaps, or
/// `555-0100`. Gaps are single spaces, hyphens or dots, and parentheses around
/// one group. With a `+`, slashes are gaps as well; otherwise they are dates.
pub(crate) fn is_phone(value: &[u8]) -> bool {
    let (has_plus, rest) = value.strip_prefix(b"+").map_or((false, value), |rest| (true, rest));
    if rest.len() > 30 {
        return false;
    }
    let mut parentheses = 0;
    let mut plain = Vec::with_capacity(rest.len());
    for &byte in rest {
        match (byte, parentheses) {
            (b'(', 0) | (b')', 1) => parentheses += 1,
            (b'(' | b')', _) => return false,
            _ => plain.push(byte),
        }
    }
    if parentheses == 1 {
        return false;
    }
    let Some(digits) = spaced_digits(&plain, if has_plus { b" -./" } else { b" -." }) else { return false };
    match digits.len() {
        7..=15 if has_plus => true,
        10..=15 => digits.len() < rest.len(),
        _ => has_layout(value, b"ddd-dddd"),
    }
}

/// The digits of a value that begins and ends with a digit and has single
/// `gaps` between digits.
fn spaced_digits(value: &[u8], gaps: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if !is_digit(value.first()) || !is_digit(value.last()) {
        return None;
    }
    let mut digits = Vec::with_capacity(value.len());
    for pair in value.windows(2) {
        if !pair[0].is_ascii_digit() && !pair[1].is_ascii_digit() {
            return None;
        }
    }
    for &byte in value {
        match byte {
            b'0'..=b'9' => digits.push(byte),
            _ if gaps.contains(&byte) => {}
            _ => return None,
        }
    }
    Some(digits)
}
