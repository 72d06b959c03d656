//! Applies prefilters to single records.

use regex::bytes::{Regex, RegexBuilder};

use crate::{Pattern, Prefilter};

/// The prefilters of a job.
pub(super) struct Matcher(Vec<(u8, One)>);

enum One {
    Literals { patterns: Vec<Vec<u8>>, ignore_ascii_case: bool },
    Regex(Regex),
}

impl Matcher {
    /// A matcher for the prefilters of a validated job.
    ///
    /// # Errors
    /// If a regular expression is not valid, or matches the empty string.
    pub(super) fn new(prefilters: &[Prefilter]) -> Result<Self, String> {
        let one = |prefilter: &Prefilter| Ok((prefilter.id, One::new(&prefilter.pattern)?));
        prefilters.iter().map(one).collect::<Result<_, String>>().map(Self)
    }

    /// A bit for the id of each prefilter that matches.
    pub(super) fn ids(&self, record: &[u8]) -> u64 {
        let matching = self.0.iter().filter(|(_, one)| one.is_match(record));
        matching.fold(0, |ids, (id, _)| ids | 1 << id)
    }

    /// Whether any of them matches; also if there are none.
    pub(super) fn is_match(&self, record: &[u8]) -> bool {
        self.0.is_empty() || self.ids(record) != 0
    }
}

impl One {
    fn new(pattern: &Pattern) -> Result<Self, String> {
        match pattern {
            Pattern::Literals { patterns, ignore_ascii_case } => {
                Ok(Self::Literals { patterns: patterns.clone(), ignore_ascii_case: *ignore_ascii_case })
            }
            Pattern::Regex(expression) => {
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

    fn is_match(&self, record: &[u8]) -> bool {
        match self {
            Self::Literals { patterns, ignore_ascii_case } => patterns.iter().any(|pattern| {
                record.windows(pattern.len()).any(|shown| {
                    shown == pattern || (*ignore_ascii_case && shown.eq_ignore_ascii_case(pattern))
                })
            }),
            Self::Regex(regex) => regex.is_match(record),
        }
    }
}
