//! Whether a value fits the type of its column.

use std::net::IpAddr;

use crate::types::Class;

/// Whether a decoded value fits a class. Where this cannot be told, it does.
pub(crate) fn fits(class: &Class, value: &[u8]) -> bool {
    let text = || str::from_utf8(value);
    match class {
        Class::Unknown | Class::Bytea | Class::Bits => true,
        Class::Bytes(limit) => limit.is_none_or(|limit| value.len() <= limit),
        Class::Words(words) => words.iter().any(|word| word == value),
        Class::Text(None) => true,
        // Without UTF-8, a character has at least one byte.
        Class::Text(Some(limit)) => text().map_or(value.len(), |text| text.chars().count()) <= *limit,
        Class::Integer(min, max) => {
            text().ok().and_then(integer).is_some_and(|it| (*min..=*max).contains(&it))
        }
        Class::Number => is_number(value) || is_one_of(value, &["NaN", "Infinity", "-Infinity"]),
        Class::Boolean => is_one_of(value, &["t", "f", "true", "false", "0", "1", "yes", "no", "on", "off"]),
        Class::Date => text().is_ok_and(is_date),
        Class::DateTime => text().is_ok_and(is_date_time),
        Class::Time => text().is_ok_and(is_time),
        Class::Uuid => is_uuid(value),
        Class::Json => is_json(value),
        Class::Network => text().is_ok_and(is_network),
    }
}

fn is_one_of(value: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

fn integer(text: &str) -> Option<i128> {
    text.parse().ok()
}

/// Whether it is a decimal number, with an exponent or without, as SQL has it.
pub(crate) fn is_number(value: &[u8]) -> bool {
    let unsigned = value.strip_prefix(b"-").or_else(|| value.strip_prefix(b"+")).unwrap_or(value);
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    let mut count = whole;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        count += length;
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent =
            exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
        return count > 0 && !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    count > 0 && rest.is_empty()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `YYYY-MM-DD`, also before the common era and with zeros, as MySQL has it.
fn is_date(text: &str) -> bool {
    if is_one_of(text.as_bytes(), &["infinity", "-infinity"]) {
        return true;
    }
    let text = text.strip_suffix(" BC").unwrap_or(text);
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let length = match month.parse() {
        Ok(4 | 6 | 9 | 11) => 30,
        Ok(2) => 29,
        Ok(0..=12) => 31,
        _ => return false,
    };
    is_digits(year)
        && year.len() >= 4
        && month.len() == 2
        && day.len() == 2
        && is_digits(month)
        && day.parse().is_ok_and(|day: u8| day <= length)
}

fn is_date_time(text: &str) -> bool {
    let text = text.strip_suffix(" BC").unwrap_or(text);
    match text.split_once([' ', 'T']) {
        Some((date, time)) => is_date(date) && is_time(time),
        None => is_date(text),
    }
}

/// `HH:MM:SS`, with a fraction and a zone or without. MySQL has times of more
/// than a day, and below zero.
fn is_time(text: &str) -> bool {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let zone = text.find(['+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone);
    let clock = clock.strip_suffix('Z').unwrap_or(clock);
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':');
    let (hour, minute) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let second = parts.next().unwrap_or("0");
    let below = |part: &str, limit: u16| is_digits(part) && part.parse().is_ok_and(|it: u16| it < limit);
    let zone = zone.get(1..).unwrap_or("0");
    below(hour, if sign.is_empty() { 839 } else { 840 })
        && below(minute, 60)
        && below(second, 61)
        && parts.next().is_none()
        && is_digits(fraction)
        && zone.split(':').all(|part| below(part, 100))
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let limit = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| is_digits(bits) && bits.parse::<u8>().is_ok_and(|bits| bits <= limit))
}

/// Whether it is one JSON text (RFC 8259), at most 200 levels deep.
pub(crate) fn is_json(value: &[u8]) -> bool {
    json_value(value, 0).is_some_and(|rest| rest.trim_ascii_start().is_empty())
}

/// The rest after a JSON value.
fn json_value(text: &[u8], depth: u8) -> Option<&[u8]> {
    let text = text.trim_ascii_start();
    match text.first()? {
        _ if depth > 200 => None,
        b'"' => json_string(text),
        b'{' => json_list(&text[1..], b'}', depth),
        b'[' => json_list(&text[1..], b']', depth),
        b't' => text.strip_prefix(b"true"),
        b'f' => text.strip_prefix(b"false"),
        b'n' => text.strip_prefix(b"null"),
        _ => {
            let length = text
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
                .count();
            is_json_number(&text[..length]).then_some(&text[length..])
        }
    }
}

fn is_json_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let dot = unsigned.iter().position(|byte| *byte == b'.');
    is_number(text)
        && unsigned.first().is_some_and(u8::is_ascii_digit)
        && !matches!(unsigned, [b'0', b'0'..=b'9', ..])
        && dot.is_none_or(|dot| unsigned.get(dot + 1).is_some_and(u8::is_ascii_digit))
}

fn json_string(text: &[u8]) -> Option<&[u8]> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(&text[at + 1..]),
            b'\\' => {
                match text.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 1,
                    b'u' if text.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at += 5,
                    _ => return None,
                }
                at += 1;
            }
            0..=0x1f => return None,
            _ => at += 1,
        }
    }
}

/// The rest after an array or object whose content is `text`.
fn json_list(text: &[u8], close: u8, depth: u8) -> Option<&[u8]> {
    let mut rest = text.trim_ascii_start();
    if *rest.first()? == close {
        return Some(&rest[1..]);
    }
    loop {
        if close == b'}' {
            rest = rest.trim_ascii_start();
            rest = json_string(rest.strip_prefix(b"\"").and(Some(rest))?)?;
            rest = rest.trim_ascii_start().strip_prefix(b":")?;
        }
        rest = json_value(rest, depth + 1)?.trim_ascii_start();
        match rest.split_first()? {
            (b',', after) => rest = after,
            (byte, after) if *byte == close => return Some(after),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_classes() {
        let cases: &[(Class, &[&str], &[&str])] = &[
            (Class::Text(Some(2)), &["", "äö"], &["abc"]),
            (Class::Integer(-128, 127), &["0", "-128", "+5"], &["128", "1.0", "", "***", "1e2"]),
            (Class::Number, &["1", "-0.5", ".5", "5.", "1e-9", "NaN"], &["", "-", "1e", "**", "."]),
            (Class::Boolean, &["t", "FALSE", "1"], &["*", ""]),
            (Class::Date, &["2024-02-29", "0000-00-00", "infinity"], &["2024-13-01", "****-**-**", "24-1-1"]),
            (
                Class::DateTime,
                &["2024-01-01 10:00:00.5+02", "2024-01-01", "2024-01-01T00:00:00Z"],
                &["2024-01-01 25", "x"],
            ),
            (Class::Time, &["-838:59:59", "10:00:00+05:30"], &["10", "10:60:00", "aa:00:00"]),
            (Class::Uuid, &["9b2f0f6e-26d2-4c5c-a9f4-0a1d5b3b8f10"], &["9b2f0f6e26d24c5ca9f40a1d5b3b8f10"]),
            (Class::Network, &["10.0.0.1", "::1/64"], &["10.0.0.1/33", "*.*"]),
            (
                Class::Json,
                &["{}", " [1, -2.5e3, \"\\u00e4\", {\"a\": null}] ", "\"x\""],
                &["", "***", "{\"a\"}", "[1,]", "01", "{} x", "1."],
            ),
        ];
        for (class, good, bad) in cases {
            for value in *good {
                assert!(fits(class, value.as_bytes()), "{class:?} {value}");
            }
            for value in *bad {
                assert!(!fits(class, value.as_bytes()), "{class:?} {value}");
            }
        }
    }
}
