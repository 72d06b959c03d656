//! Dates with a year of four digits: `2026-11-26`, `2026/11/26`, `26.11.2026`,
//! `26/Nov/2026`. The order of day and month in `11/12/2026` is not known, so
//! such a date is none.

use crate::text::is_word_start;
use std::ops::Range;

/// The formats of dates that are found.
pub(crate) const FORMATS: [&str; 4] = ["YYYY-MM-DD", "YYYY/MM/DD", "DD.MM.YYYY", "DD/Mon/YYYY"];

/// What looks like a date and has its first separator at `at`. Whether the
/// calendar has that day is not checked.
pub(crate) fn find(text: &[u8], at: usize) -> Option<Range<usize>> {
    let digits =
        |from: usize, to: usize| text.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let separator = *text.get(at)?;
    let is = |by: usize| text.get(at + by) == Some(&separator);
    let range = if at >= 4 && is(3) && matches!(separator, b'-' | b'/') && digits(at - 4, at) {
        (digits(at + 1, at + 3) && digits(at + 4, at + 6)).then_some(at - 4..at + 6)?
    } else {
        let month = if separator == b'.' && digits(at + 1, at + 3) { 2 } else { 3 };
        let has_name = || separator == b'/' && text[at + 1..at + 4].iter().all(u8::is_ascii_alphabetic);
        let is_date = at >= 2
            && digits(at - 2, at)
            && is(month + 1)
            && digits(at + month + 2, at + month + 6)
            && (month == 2 || has_name());
        is_date.then(|| at - 2..at + month + 6)?
    };
    let goes_on = match text[range.end..] {
        [byte, digit, ..] if byte == separator => digit.is_ascii_digit(),
        [byte, ..] => byte.is_ascii_digit(),
        [] => false,
    };
    let is_joined =
        matches!(text[..range.start], [.., digit, byte] if byte == separator && digit.is_ascii_digit());
    (!goes_on && !is_joined && is_word_start(text, range.start)).then_some(range)
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn dates_are_found() {
        for (text, value) in [
            ("born 1984-02-29, x", "1984-02-29"),
            ("{\"ts\":\"2026-11-26T10:00:00Z\"}", "2026-11-26"),
            ("10.0.0.1 - - [26/Nov/2026:10:00:00 +0000]", "26/Nov/2026"),
            ("2026/11/26 10:00:00 [error]", "2026/11/26"),
            ("am 26.11.2026.", "26.11.2026"),
            ("2026-11-26", "2026-11-26"),
        ] {
            assert_eq!(found(&[Kind::Date], text), value, "in {text}");
        }
        for text in [
            "11/12/2026",
            "2026-1-2",
            "1.26.11.2026",
            "26.11.20261",
            "12026-11-26",
            "26/11x/2026",
            "2026-11-26-01",
        ] {
            assert_eq!(found(&[Kind::Date], text), "", "in {text}");
        }
    }
}
