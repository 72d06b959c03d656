//! Shifts of dates: the same number of days for all dates of a group, such as
//! a person.

use crate::date::{Day, Form, NoDate};
use crate::key::Key;

/// What happens to dates that cannot be shifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Impossible {
    /// They are an error.
    #[default]
    Refuse,
    /// They stay as they are, and are not hidden.
    Keep,
}

/// Shifts dates by a secret number of days.
#[derive(Debug, Clone)]
pub struct Shift {
    key: Key,
    days_max: u32,
    forms: Vec<Form>,
    impossible: Impossible,
}

impl Shift {
    /// A shift by up to `days_max` days to either side, and by at least one.
    /// `formats` such as `DD.MM.YYYY` are tried in order; without any, they are
    /// `YYYY-MM-DD` and `YYYYMMDD`.
    ///
    /// # Errors
    /// If `days_max` is 0, or above a million, or if a format is wrong.
    pub fn new(key: Key, days_max: u32, formats: &[&str], impossible: Impossible) -> Result<Self, String> {
        if !(1..=1_000_000).contains(&days_max) {
            return Err("the largest shift must be from 1 to 1000000 days".into());
        }
        let formats = if formats.is_empty() { &["YYYY-MM-DD", "YYYYMMDD"] } else { formats };
        let forms = formats.iter().map(|format| Form::new(format)).collect::<Result<_, _>>()?;
        Ok(Self { key, days_max, forms, impossible })
    }

    /// The number of days for a group. It depends on the key, the group and the
    /// largest shift alone, and is never 0.
    #[must_use]
    pub fn days(&self, group: &[u8]) -> i64 {
        let range = i64::from(self.days_max);
        let drawn = self.key.stream("date shift", group).below(u64::from(self.days_max) * 2);
        let days = i64::try_from(drawn).unwrap_or(0) - range;
        if days < 0 { days } else { days + 1 }
    }

    /// Whether a value begins with a day of the calendar in one of the formats.
    #[must_use]
    pub fn is_date(&self, value: &[u8]) -> bool {
        self.forms.iter().any(|form| form.read(value).is_ok())
    }

    /// Appends the shifted date. The text after the date, such as a time of day
    /// with its zone, stays. The length stays.
    ///
    /// # Errors
    /// If the value is not a date of the formats, or the shifted one is not
    /// between the years 1 and 9999, unless these are kept.
    pub fn write(&self, value: &[u8], group: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let mut fault = "is not a date";
        for form in &self.forms {
            match form.read(value) {
                Ok((day, rest)) => {
                    let Some(shifted) = Day::of_number(day.number() + self.days(group)) else {
                        fault = "is too close to the first or the last year to be shifted";
                        break;
                    };
                    form.write(shifted, out);
                    out.extend_from_slice(rest);
                    return Ok(());
                }
                Err(NoDate::Impossible) => {
                    fault = "is a day that the calendar does not have";
                    break;
                }
                Err(NoDate::OtherForm) => {}
            }
        }
        if self.impossible == Impossible::Keep {
            out.extend_from_slice(value);
            return Ok(());
        }
        let forms: Vec<String> = self.forms.iter().map(|form| format!("`{}`", form.text())).collect();
        Err(format!(
            "a value {fault} (format {}); give another `format`, or `impossible=keep` to leave such values",
            forms.join(" or ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shift(days_max: u32, formats: &[&str]) -> Shift {
        Shift::new(Key::new("a secret").expect("a key"), days_max, formats, Impossible::Refuse)
            .expect("a shift")
    }

    fn shifted(shift: &Shift, value: &str, group: &str) -> Result<String, String> {
        let mut out = Vec::new();
        shift.write(value.as_bytes(), group.as_bytes(), &mut out)?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn every_number_of_days_but_none_occurs() {
        let shift = shift(3, &[]);
        let mut found: Vec<i64> = (0..200).map(|group: i32| shift.days(&group.to_le_bytes())).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [-3, -2, -1, 1, 2, 3]);
    }

    #[test]
    fn what_cannot_be_shifted_is_an_error_and_does_not_show_the_value() {
        let shift = shift(365, &["DD.MM.YYYY", "YYYY-MM-DD"]);
        for (value, error) in [
            (
                "30.02.2024",
                "a value is a day that the calendar does not have (format `DD.MM.YYYY` or `YYYY-MM-DD`)",
            ),
            ("Bob", "a value is not a date"),
            ("20240131", "a value is not a date"),
            ("0000-00-00", "a value is a day that the calendar does not have"),
        ] {
            let found = shifted(&shift, value, "").expect_err(value);
            assert!(found.starts_with(error) && !found.contains(value), "{value}: {found}");
        }
        let keep = Shift { impossible: Impossible::Keep, ..shift };
        assert_eq!(shifted(&keep, "30.02.2024", ""), Ok("30.02.2024".into()));
    }

    #[test]
    fn dates_near_the_ends_of_time_are_an_error() {
        let shift = shift(1, &[]);
        let groups: Vec<String> = (0..20).map(|group| group.to_string()).collect();
        let results: Vec<_> = groups.iter().map(|group| shifted(&shift, "9999-12-31", group)).collect();
        assert!(results.contains(&Ok("9999-12-30".into())));
        assert!(results.iter().flatten().all(|date| date == "9999-12-30"));
        assert!(results.iter().any(Result::is_err));
    }

    #[test]
    fn mistakes_are_named() {
        let key = || Key::new("a secret").expect("a key");
        for days in [0, 1_000_001, u32::MAX] {
            assert!(Shift::new(key(), days, &[], Impossible::Keep).is_err(), "{days}");
        }
        assert!(Shift::new(key(), 1, &["YY"], Impossible::Keep).is_err());
    }

    proptest! {
        #[test]
        fn distances_within_a_group_stay(first in -700_000..2_900_000_i64, distance in 0..1000_i64, group in ".{0,5}", time in "(|[T ][0-9:.]{1,9}(Z|[+]01:00)?)") {
            for format in ["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY", "MM/DD/YYYY", "DD/Mon/YYYY"] {
                let form = Form::new(format).expect("a form");
                let shift = shift(400, &[format]);
                let number = |number: i64| {
                    let mut text = Vec::new();
                    form.write(Day::of_number(number).expect("a day"), &mut text);
                    let text = String::from_utf8(text).expect("UTF-8") + &time;
                    let new = shifted(&shift, &text, &group).expect("a date");
                    assert!(new.ends_with(&time) && new.len() == text.len());
                    form.read(new.as_bytes()).expect("a date").0.number()
                };
                let (a, b) = (number(first), number(first + distance));
                prop_assert_eq!(b - a, distance);
                prop_assert_eq!(a - first, shift.days(group.as_bytes()));
                prop_assert!(a != first && (a - first).abs() <= 400);
            }
        }

        #[test]
        fn any_value_is_shifted_or_refused(value in "[0-9T:. /Z+-]{0,24}") {
            if let Ok(new) = shifted(&shift(30, &["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY"]), &value, "") {
                prop_assert_eq!(new.len(), value.len());
            }
        }
    }
}
