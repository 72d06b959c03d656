//! Dates of the Gregorian calendar: their text in a given form, the count of
//! days, and pseudonyms.

use crate::key::Key;
use crate::permute;
use crate::text::has_layout;

/// A day of the proleptic Gregorian calendar, from year 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl Day {
    /// The day, if the calendar has it.
    pub(crate) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_there = (1..=9999).contains(&year) && (1..=days_of_month(year, month)).contains(&day);
        is_there.then_some(Self { year, month, day })
    }

    /// Number of days since 1970-01-01.
    pub(crate) fn number(self) -> i64 {
        // A year from March on, so that the day added in leap years is its last.
        let (year, month) = match self.month {
            1 | 2 => (i64::from(self.year) - 1, i64::from(self.month) + 9),
            _ => (i64::from(self.year), i64::from(self.month) - 3),
        };
        // Five months from March, and from August, have 153 days.
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
    }

    /// The day with a number of days since 1970-01-01.
    pub(crate) fn of_number(number: i64) -> Option<Self> {
        // The first estimate is never too late and at most a year too early.
        let mut year = u16::try_from((number + 719_162).checked_mul(400)? / 146_097).ok()?.max(1);
        while Self::new(year + 1, 1, 1).is_some_and(|first| first.number() <= number) {
            year += 1;
        }
        let mut rest = number - Self::new(year, 1, 1)?.number();
        for month in 1..=12 {
            let length = i64::from(days_of_month(year, month));
            if rest < length {
                return Self::new(year, month, u8::try_from(rest + 1).ok()?);
            }
            rest -= length;
        }
        None
    }
}

/// Number of days of a month; 0 if there is no such month.
fn days_of_month(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    }
}

/// The form of a date at the beginning of a text: `YYYY`, `MM` and `DD`, once
/// each, and other characters between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    text: String,
    year: usize,
    month: usize,
    day: usize,
}

/// Why a text has no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoDate {
    /// It does not have the form.
    OtherForm,
    /// The calendar does not have that day.
    Impossible,
}

impl Form {
    /// Parses a form such as `DD.MM.YYYY`.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let place = |part: &str| match (text.find(part), text.rfind(part)) {
            (Some(first), Some(last)) if first == last => Ok(first),
            _ => Err(format!("the date format `{text}` must contain `{part}` once, as in `YYYY-MM-DD`")),
        };
        let form = Self { year: place("YYYY")?, month: place("MM")?, day: place("DD")?, text: text.into() };
        let others = text.replace("YYYY", "").replace("MM", "").replace("DD", "");
        match others.chars().find(|char| char.is_alphanumeric()) {
            Some(other) => Err(format!(
                "the date format `{text}` contains `{other}`; a format consists of `YYYY`, `MM`, `DD` and \
                 punctuation"
            )),
            None => Ok(form),
        }
    }

    /// The form as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The date at the beginning of a text, and the rest of the text: nothing,
    /// or a time of day. A time follows a space or a `T`; without punctuation in
    /// the date, digits may follow as well, as in `20240131174501`.
    pub(crate) fn read<'t>(&self, text: &'t [u8]) -> Result<(Day, &'t [u8]), NoDate> {
        let layout = self.text.replace(['Y', 'M', 'D'], "d");
        let (date, rest) = text.split_at_checked(layout.len()).ok_or(NoDate::OtherForm)?;
        let is_compact = layout.bytes().all(|byte| byte == b'd');
        let ends = match rest {
            [] | [b' ' | b'T' | b't' | b'Z' | b'z' | b'+' | b'-', ..] => true,
            _ if is_compact => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                matches!(digits, 2 | 4 | 6)
                    && matches!(rest.get(digits), None | Some(b'.' | b'+' | b'-' | b'Z'))
            }
            _ => false,
        };
        if !ends || !has_layout(date, layout.as_bytes()) {
            return Err(NoDate::OtherForm);
        }
        let number = |place: usize, length: usize| {
            date[place..place + length].iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
        };
        let small = |place| u8::try_from(number(place, 2)).unwrap_or(0);
        let day = Day::new(number(self.year, 4), small(self.month), small(self.day));
        Ok((day.ok_or(NoDate::Impossible)?, rest))
    }

    /// Appends a date.
    pub(crate) fn write(&self, day: Day, out: &mut Vec<u8>) {
        let text = self.text.replace("YYYY", &format!("{:04}", day.year));
        let text = text.replace("MM", &format!("{:02}", day.month)).replace("DD", &format!("{:02}", day.day));
        out.extend_from_slice(text.as_bytes());
    }
}

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
    units: u64,
    has_seconds: bool,
    /// The decimal sign and the digits after it.
    fraction: &'t [u8],
    zone: &'t [u8],
}

fn read_time(text: &[u8]) -> Option<Time<'_>> {
    let (&gap, rest) = text.split_first().filter(|(gap, _)| matches!(gap, b' ' | b'T' | b't'))?;
    let number =
        |place: usize| Some(u64::from(rest.get(place)? - b'0') * 10 + u64::from(rest.get(place + 1)? - b'0'));
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
    let place = u64::try_from(day.number() - first).ok()?;
    let other = permute::below(key, "date", &first.to_le_bytes(), place, u64::try_from(count).ok()?);
    Form::new("YYYY-MM-DD").ok()?.write(Day::of_number(first + i64::try_from(other).ok()?)?, out);
    let Some(time) = time else { return Some(()) };
    let bound = if time.has_seconds { 24 * 60 * 60 } else { 24 * 60 };
    let date = day.number().to_le_bytes();
    let units = permute::below(key, "time", &date, time.units, bound);
    out.push(time.gap);
    let text = match time.has_seconds {
        true => format!("{:02}:{:02}:{:02}", units / 3600, units / 60 % 60, units % 60),
        false => format!("{:02}:{:02}", units / 60, units % 60),
    };
    out.extend_from_slice(text.as_bytes());
    if let Some((&sign, fraction)) = time.fraction.split_first() {
        let mut digits: Vec<u8> = fraction.iter().map(|digit| digit - b'0').collect();
        permute::digits(key, "fraction", &[date, time.units.to_le_bytes()].concat(), &mut digits);
        out.push(sign);
        out.extend(digits.iter().map(|digit| b'0' + digit));
    }
    out.extend_from_slice(time.zone);
    Some(())
}
