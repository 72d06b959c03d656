//! Dates of the Gregorian calendar: their text in a given form, and the count
//! of days.

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
        let mut year = u16::try_from(number.checked_add(719_162)?.checked_mul(400)? / 146_097).ok()?.max(1);
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

/// The names of months in `Mon`.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The form of a date at the beginning of a text: `YYYY`, `MM` or `Mon`, and
/// `DD`, once each, and other characters between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    text: String,
    /// The same with `d` for each digit.
    layout: Vec<u8>,
    /// Whether the month is a name of three letters.
    has_name: bool,
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
        let has_name = text.contains("Mon");
        let form = Self {
            year: place("YYYY")?,
            month: place(if has_name { "Mon" } else { "MM" })?,
            has_name,
            day: place("DD")?,
            layout: text.replace("Mon", "???").replace(['Y', 'M', 'D'], "d").into_bytes(),
            text: text.into(),
        };
        let others = text.replace("YYYY", "").replace(form.month_text(), "").replace("DD", "");
        match others.chars().find(|char| char.is_alphanumeric()) {
            Some(other) => Err(format!(
                "the date format `{text}` contains `{other}`; a format consists of `YYYY`, `MM` or `Mon`, \
                 `DD` and punctuation"
            )),
            None => Ok(form),
        }
    }

    fn month_text(&self) -> &'static str {
        if self.has_name { "Mon" } else { "MM" }
    }

    /// The form as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The date at the beginning of a text, and the rest of the text: nothing,
    /// or a time of day. A time follows a space or a `T`; without punctuation in
    /// the date, digits may follow as well, as in `20240131174501`.
    pub(crate) fn read<'t>(&self, text: &'t [u8]) -> Result<(Day, &'t [u8]), NoDate> {
        let (date, rest) = text.split_at_checked(self.layout.len()).ok_or(NoDate::OtherForm)?;
        let is_compact = self.layout.iter().all(|&byte| byte == b'd');
        let ends = match rest {
            [] | [b' ' | b'T' | b't' | b'Z' | b'z' | b'+' | b'-', ..] => true,
            _ if is_compact => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                matches!(digits, 2 | 4 | 6)
                    && matches!(rest.get(digits), None | Some(b'.' | b'+' | b'-' | b'Z'))
            }
            _ => false,
        };
        if !ends || !has_layout(date, &self.layout) {
            return Err(NoDate::OtherForm);
        }
        let number = |place: usize, length: usize| {
            date[place..place + length].iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
        };
        let small = |place| u8::try_from(number(place, 2)).unwrap_or(0);
        let month = if self.has_name {
            let name = &date[self.month..self.month + 3];
            let month = MONTHS.iter().zip(1..).find(|(month, _)| month.as_bytes() == name);
            month.ok_or(NoDate::OtherForm)?.1
        } else {
            small(self.month)
        };
        let day = Day::new(number(self.year, 4), month, small(self.day));
        Ok((day.ok_or(NoDate::Impossible)?, rest))
    }

    /// Appends a date.
    pub(crate) fn write(&self, day: Day, out: &mut Vec<u8>) {
        let text = self.text.replace("YYYY", &format!("{:04}", day.year));
        let month = match MONTHS.get(usize::from(day.month) - 1) {
            Some(name) if self.has_name => (*name).to_owned(),
            _ => format!("{:02}", day.month),
        };
        let text = text.replace("DD", &format!("{:02}", day.day)).replace(self.month_text(), &month);
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_a_count_from_the_first_one() {
        let mut number = -719_162;
        for year in 1..=9999_u16 {
            for month in 1..=12 {
                // Pope Gregory's rule, in other words than above.
                let is_leap = if year % 100 == 0 { year % 400 == 0 } else { year % 4 == 0 };
                let length = [31, 28 + u8::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
                for day in 1..=length[usize::from(month) - 1] {
                    let found = Day::new(year, month, day).expect("a day");
                    assert_eq!(found.number(), number, "{found:?}");
                    // The first and the last days of months and years, and some.
                    if day == 1 || day >= 28 || number % 16 == 0 {
                        assert_eq!(Day::of_number(number), Some(found));
                    }
                    number += 1;
                }
                assert_eq!(Day::new(year, month, length[usize::from(month) - 1] + 1), None);
            }
        }
        assert_eq!(Day::new(1970, 1, 1).map(Day::number), Some(0));
        for number in [-719_163, number, i64::MIN, i64::MAX] {
            assert_eq!(Day::of_number(number), None);
        }
    }

    #[test]
    fn forms_read_what_they_write() {
        for text in ["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY", "MM/DD/YYYY"] {
            let form = Form::new(text).expect("a form");
            let day = Day::new(987, 6, 5).expect("a day");
            let mut out = Vec::new();
            form.write(day, &mut out);
            assert_eq!(out.len(), text.len());
            assert_eq!(form.read(&out), Ok((day, &[][..])), "{text}");
        }
        for text in ["", "YYYY-MM", "YYYY-MM-DD DD", "YYYY-MM-DDT", "DD.MM.YY"] {
            assert!(Form::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_may_follow_a_date_and_nothing_else() {
        let read = |form: &str, text: &str| {
            let form = Form::new(form).expect("a form");
            form.read(text.as_bytes()).map(|(_, rest)| String::from_utf8_lossy(rest).into_owned())
        };
        assert_eq!(read("YYYY-MM-DD", "2024-02-29T23:59Z"), Ok("T23:59Z".into()));
        assert_eq!(read("YYYY-MM-DD", "2024-02-29+01:00"), Ok("+01:00".into()));
        assert_eq!(read("YYYYMMDD", "20240229174501.5"), Ok("174501.5".into()));
        assert_eq!(read("YYYYMMDD", "202402291"), Err(NoDate::OtherForm));
        assert_eq!(read("YYYY-MM-DD", "2024-02-290"), Err(NoDate::OtherForm));
        assert_eq!(read("YYYY-MM-DD", "2024-02-2"), Err(NoDate::OtherForm));
        assert_eq!(read("YYYY-MM-DD", "2023-02-29"), Err(NoDate::Impossible));
        assert_eq!(read("YYYY-MM-DD", "0000-00-00 00:00"), Err(NoDate::Impossible));
    }
}
