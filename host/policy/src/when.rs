//! Points in time and spans, as people write them.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de::Error as _};

/// Clocks may differ by so much: what claims to be from later than this after now is
/// from the future.
pub const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// The length of a date such as `2027-01-31`.
const DATE_CHARS: usize = 10;

/// The first moment at which something does not hold any more: a date, which counts as
/// a whole in UTC, or a time of RFC 3339.
///
/// # Errors
/// The form of both.
pub fn end(text: &str) -> Result<Timestamp, String> {
    // The parser of dates takes a time as well, and forgets it.
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wrong = || format!("`{text}` is no date: write it as \"2027-01-31\" or \"2027-01-31T12:00:00Z\"");
    let date = text.parse::<Date>().ok().filter(|_| text.len() == DATE_CHARS).ok_or_else(wrong)?;
    let next = date.tomorrow().and_then(|next| format!("{next}T00:00:00Z").parse());
    next.map_err(|_| wrong())
}

/// For serde: an [`end`] that may be left out.
pub(crate) fn optional_end<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(deserializer)?;
    end(&text).map(Some).map_err(D::Error::custom)
}

/// For serde: a span such as `365d` or `12h`.
pub(crate) fn optional_span<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    span(&text).map(Some).map_err(D::Error::custom)
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is no span: write days or hours, such as \"365d\" or \"12h\"");
    let (hours, digits) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(digits), _) => (24, digits),
        (_, Some(digits)) => (1, digits),
        _ => return Err(wrong()),
    };
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    Ok(SignedDuration::from_hours(i64::from(number) * hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_ends_with_its_day() {
        assert_eq!(end("2027-01-31").unwrap().to_string(), "2027-02-01T00:00:00Z");
        assert_eq!(end("2027-01-31T12:00:00+02:00").unwrap().to_string(), "2027-01-31T10:00:00Z");
        for text in ["", "2027-02-30", "31.1.2027", "never", "2027-01-31T12:00:00", "9999-12-31"] {
            assert!(end(text).is_err(), "{text}");
        }
        assert_eq!(span("2d").unwrap(), SignedDuration::from_hours(48));
        assert_eq!(span("3h").unwrap(), SignedDuration::from_hours(3));
        for text in ["", "d", "1", "-1d", "1w", "99999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
