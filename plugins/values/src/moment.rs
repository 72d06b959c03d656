//! Dates of ISO 8601 with hyphens, alone or with a time of day, and their
//! pseudonyms.

use crate::date::{Day, Form};
use crate::key::Key;
use crate::permute::Permutation;
use crate::text::has_layout;

/// A date with hyphens, and the rest.
fn read_iso(value: &[u8]) -> Option<(Day, &[u8])> {
    let (date, rest) = value.split_at_checked(10).filter(|(date, _)| has_layout(date, b"dddd-dd-dd"))?;
    let number = |range: std::ops::Range<usize>| {
        date[range].iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
    };
    let small = |range| u8::try_from(number(range)).unwrap_or(0);
    Some((Day::new(number(0..4), small(5..7), small(8..10))?, rest))
}

/// A time of day in a text, with its zone.
struct Time<'t> {
    /// The space or `T` before it.
    gap: u8,
    /// Number of seconds, or of minutes if there are no seconds.
    units: u128,
    has_seconds: bool,
    /// The decimal sign and the digits after it.
    fraction: &'t [u8],
    zone: &'t [u8],
}

fn read_time(text: &[u8]) -> Option<Time<'_>> {
    let (&gap, rest) = text.split_first().filter(|(gap, _)| matches!(gap, b' ' | b'T' | b't'))?;
    let number = |place: usize| {
        Some(u128::from(rest.get(place)? - b'0') * 10 + u128::from(rest.get(place + 1)? - b'0'))
    };
    let has_layout = |layout: &[u8]| rest.get(..layout.len()).is_some_and(|rest| has_layout(rest, layout));
    let (mut units, mut rest_at, mut has_seconds) = (0, 5, false);
    if has_layout(b"dd:dd:dd") {
        (has_seconds, rest_at) = (true, 8);
        units = number(6).filter(|&seconds| seconds < 60)?;
    } else if !has_layout(b"dd:dd") {
        return None;
    }
    let minutes = number(0).filter(|&hours| hours < 24)? * 60 + number(3).filter(|&minutes| minutes < 60)?;
    units += minutes * if has_seconds { 60 } else { 1 };
    let after = &rest[rest_at..];
    let is_fraction = has_seconds && matches!(after, [b'.' | b',', b'0'..=b'9', ..]);
    let digits = after.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = after.split_at(if is_fraction { digits + 1 } else { 0 });
    let offset = zone.strip_prefix(b" ").unwrap_or(zone);
    let is_zone = match offset {
        [] => zone.is_empty(),
        b"Z" | b"z" | b"UTC" | b"GMT" => true,
        [b'+' | b'-', digits @ ..] => {
            [&b"dd"[..], b"dddd", b"dd:dd"].iter().any(|layout| crate::text::has_layout(digits, layout))
        }
        _ => false,
    };
    is_zone.then_some(Time { gap, units, has_seconds, fraction, zone })
}

/// Whether a whole value is a date with hyphens, alone or with a time of day.
pub(crate) fn is_iso(value: &[u8]) -> bool {
    read_iso(value).is_some_and(|(_, rest)| rest.is_empty() || read_time(rest).is_some())
}

/// Another date of the same century, and another time of day, by permutations:
/// no two dates share a pseudonym. Zone and precision stay.
pub(crate) fn pseudonym(key: &Key, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (day, rest) = read_iso(value)?;
    let time = if rest.is_empty() { None } else { Some(read_time(rest)?) };
    let first_year = (day.year / 100 * 100).max(1);
    let first = Day::new(first_year, 1, 1)?.number();
    let count = Day::new(day.year / 100 * 100 + 99, 12, 31)?.number() - first + 1;
    let place = u128::try_from(day.number() - first).ok()?;
    let days = Permutation { key, domain: "date permutation", tweak: &first.to_le_bytes() };
    let other = days.below(place, u128::try_from(count).ok()?);
    Form::new("YYYY-MM-DD").ok()?.write(Day::of_number(first + i64::try_from(other).ok()?)?, out);
    let Some(time) = time else { return Some(()) };
    let bound = if time.has_seconds { 24 * 60 * 60 } else { 24 * 60 };
    let date = day.number().to_le_bytes();
    let units = Permutation { key, domain: "time permutation", tweak: &date }.below(time.units, bound);
    out.push(time.gap);
    let text = match time.has_seconds {
        true => format!("{:02}:{:02}:{:02}", units / 3600, units / 60 % 60, units % 60),
        false => format!("{:02}:{:02}", units / 60, units % 60),
    };
    out.extend_from_slice(text.as_bytes());
    if let Some((&sign, fraction)) = time.fraction.split_first() {
        let mut digits: Vec<u8> = fraction.iter().map(|digit| digit - b'0').collect();
        let tweak = [&date[..], &time.units.to_le_bytes()].concat();
        Permutation { key, domain: "fraction permutation", tweak: &tweak }.digits(&mut digits);
        out.push(sign);
        out.extend(digits.iter().map(|digit| b'0' + digit));
    }
    out.extend_from_slice(time.zone);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn dates_of_a_century_are_permuted() {
        let key = Key::new("a secret").expect("a key");
        let (first, last) = (Day::new(1900, 1, 1).expect("a day"), Day::new(1999, 12, 31).expect("a day"));
        let form = Form::new("YYYY-MM-DD").expect("a form");
        let mut found = BTreeSet::new();
        for number in (first.number()..=last.number()).step_by(29) {
            let mut text = Vec::new();
            form.write(Day::of_number(number).expect("a day"), &mut text);
            let mut out = Vec::new();
            pseudonym(&key, &text, &mut out).expect("a date");
            assert!(out.starts_with(b"19") && is_iso(&out), "{}", out.escape_ascii());
            assert!(found.insert(out), "two dates have one pseudonym");
        }
    }

    #[test]
    fn wrong_times_are_no_dates() {
        for text in [
            "2024-01-31T24:00",
            "2024-01-31T23:60",
            "2024-01-31T23:59:60",
            "2024-01-31T23:5",
            "2024-01-31T23:59 ",
            "2024-01-31T23:59.5",
            "2024-01-31T23:59:00.",
            "2024-01-31x",
            "2024-02-30",
        ] {
            assert!(!is_iso(text.as_bytes()), "{text}");
        }
    }
}
