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
        let drawn = self.key.stream("shift-date", group).below(u64::from(self.days_max) * 2);
        let days = i64::try_from(drawn).unwrap_or(0) - range;
        if days < 0 { days } else { days + 1 }
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
