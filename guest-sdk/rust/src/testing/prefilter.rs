//! Applies prefilters to single records.

use regex::bytes::{Regex, RegexBuilder};

use crate::Prefilter;

/// Decides which records are shown.
pub(super) enum Matcher {
    All,
    Literals { patterns: Vec<Vec<u8>>, ignore_ascii_case: bool },
    Regex(Regex),
}

impl Matcher {
    /// A matcher for the prefilter of a validated job.
    ///
    /// # Errors
    /// If the regular expression is not valid, or matches the empty string.
    pub(super) fn new(prefilter: &Prefilter) -> Result<Self, String> {
        match prefilter {
            Prefilter::None => Ok(Self::All),
            Prefilter::Literals { patterns, ignore_ascii_case } => {
                Ok(Self::Literals { patterns: patterns.clone(), ignore_ascii_case: *ignore_ascii_case })
            }
            Prefilter::Regex(expression) => {
                let regex = RegexBuilder::new(expression).multi_line(true).build();
                let regex =
                    regex.map_err(|error| format!("the prefilter is not a valid expression: {error}"))?;
                if regex.is_match(b"") {
                    return Err("the prefilter matches the empty string".into());
                }
                Ok(Self::Regex(regex))
            }
        }
    }

    pub(super) fn is_match(&self, record: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Literals { patterns, ignore_ascii_case } => patterns.iter().any(|pattern| {
                record.windows(pattern.len()).any(|shown| {
                    shown == pattern || (*ignore_ascii_case && shown.eq_ignore_ascii_case(pattern))
                })
            }),
            Self::Regex(regex) => regex.is_match(record),
        }
    }
}
