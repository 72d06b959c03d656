//! What a plugin asks for when it begins on a file.

use crate::{Framing, MAX_CONTEXT_BYTES, MAX_DELIMITER_BYTES};

/// What a plugin asks for when it begins on a file.
///
/// ```
/// use runner_contract::{Framing, Job};
///
/// let job = Job::new(Framing::lines()).literals(["level="]).length_preserving();
/// assert_eq!(job.validate(), Ok(()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Job {
    /// Where records end.
    pub framing: Framing,
    /// Which records can match at all.
    pub prefilter: Prefilter,
    /// The claim that every edit replaces bytes by as many bytes. The host
    /// enforces it: it refuses a reply that breaks the claim.
    pub length_preserving: bool,
}

impl Job {
    /// Every record is shown, and edits may change the length.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, prefilter: Prefilter::None, length_preserving: false }
    }

    /// Sets the prefilter.
    #[must_use]
    pub fn prefilter(mut self, prefilter: Prefilter) -> Self {
        self.prefilter = prefilter;
        self
    }

    /// Sets a case-sensitive prefilter of literals.
    #[must_use]
    pub fn literals<L: Into<Vec<u8>>>(self, patterns: impl IntoIterator<Item = L>) -> Self {
        let patterns = patterns.into_iter().map(Into::into).collect();
        self.prefilter(Prefilter::Literals { patterns, ignore_ascii_case: false })
    }

    /// Claims that every edit keeps the length.
    #[must_use]
    pub fn length_preserving(mut self) -> Self {
        self.length_preserving = true;
        self
    }

    /// Checks the job against the contract. The host calls this after `begin`.
    /// Whether a regular expression is valid is left to the host, which
    /// compiles it.
    ///
    /// # Errors
    /// A message that names the broken rule.
    pub fn validate(&self) -> Result<(), String> {
        self.framing.validate()?;
        if self.framing == Framing::Sequential && self.prefilter != Prefilter::None {
            return Err("a sequential framing allows no prefilter".into());
        }
        if let Prefilter::Literals { patterns, .. } = &self.prefilter
            && (patterns.is_empty() || patterns.iter().any(Vec::is_empty))
        {
            return Err("its prefilter has no literals, or an empty one".into());
        }
        Ok(())
    }
}

impl Framing {
    fn validate(&self) -> Result<(), String> {
        match self {
            Self::Delimited(delimiter) if delimiter.is_empty() => {
                Err("the delimiter of its framing is empty".into())
            }
            Self::Delimited(delimiter) if delimiter.len() > MAX_DELIMITER_BYTES => {
                Err(format!("the delimiter of its framing is longer than {MAX_DELIMITER_BYTES} bytes"))
            }
            Self::Quoted { delimiter, quote } if delimiter == quote => {
                Err("delimiter and quote of its framing are the same byte".into())
            }
            Self::Fixed { size: 0, .. } => Err("the record size of its framing is zero".into()),
            Self::LengthPrefixed { width, .. } if !(1..=8).contains(width) => Err(format!(
                "the length field of its framing is {width} bytes wide; it must have 1 to 8 bytes"
            )),
            Self::Overlapping { before, after } if *before.max(after) > MAX_CONTEXT_BYTES => {
                Err(format!("its framing asks for more than {MAX_CONTEXT_BYTES} bytes of context"))
            }
            _ => Ok(()),
        }
    }
}

/// What a record must contain to be worth showing. The host searches natively,
/// so a good prefilter is what makes a plugin fast.
///
/// The claim is one-sided. A record that does not match is never shown, so it
/// must be one that the plugin would leave alone. A record that is shown may
/// still need no edit.
///
/// Under a framing without records the claim is made for each edit instead.
/// With [`Framing::Overlapping`] the match must lie in the byte at the edit's
/// start and the `after` bytes that follow it; with [`Framing::Bytes`] it must
/// lie within the edit. [`Framing::Sequential`] allows no prefilter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Prefilter {
    /// Every record is shown.
    None,
    /// A record is shown if it contains at least one of these byte strings.
    Literals {
        /// The byte strings: at least one, and none of them empty.
        patterns: Vec<Vec<u8>>,
        /// Whether ASCII letters match either case.
        ignore_ascii_case: bool,
    },
    /// A record is shown if this regular expression matches in it. The syntax
    /// is that of the `regex` crate, matched against bytes, with `^` and `$`
    /// at line ends and Unicode classes on. The expression must not match the
    /// empty string.
    Regex(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(job: Job, why: &str) {
        let error = job.validate().expect_err(why);
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn builders_set_what_they_name() {
        let job = Job::new(Framing::Bytes).literals(["a", "b"]).length_preserving();
        let patterns = vec![b"a".to_vec(), b"b".to_vec()];
        let prefilter = Prefilter::Literals { patterns, ignore_ascii_case: false };
        assert_eq!(job, Job { framing: Framing::Bytes, prefilter, length_preserving: true });
    }

    #[test]
    fn limits_are_inclusive() {
        for framing in [
            Framing::Delimited(vec![b'a'; MAX_DELIMITER_BYTES]),
            Framing::Overlapping { before: MAX_CONTEXT_BYTES, after: MAX_CONTEXT_BYTES },
        ] {
            assert_eq!(Job::new(framing).validate(), Ok(()));
        }
    }

    #[test]
    fn framings_that_break_the_contract_are_refused() {
        let prefixed = |width| Framing::LengthPrefixed {
            header: 0,
            offset: 0,
            width,
            order: crate::ByteOrder::Little,
            adjustment: 0,
        };
        let quoted = Framing::Quoted { delimiter: b'"', quote: b'"' };
        for (framing, why) in [
            (Framing::Delimited(Vec::new()), "delimiter of its framing is empty"),
            (Framing::Delimited(vec![b'a'; MAX_DELIMITER_BYTES + 1]), "longer than 255 bytes"),
            (quoted, "are the same byte"),
            (Framing::Fixed { header: 0, size: 0 }, "record size of its framing is zero"),
            (prefixed(0), "0 bytes wide"),
            (prefixed(9), "9 bytes wide"),
            (Framing::Overlapping { before: 0, after: MAX_CONTEXT_BYTES + 1 }, "1048576 bytes of context"),
        ] {
            refused(Job::new(framing), why);
        }
    }

    #[test]
    fn prefilters_that_break_the_contract_are_refused() {
        refused(Job::new(Framing::Sequential).literals(["a"]), "allows no prefilter");
        refused(Job::new(Framing::Bytes).literals([""]), "no literals, or an empty one");
        refused(Job::new(Framing::Bytes).literals::<&str>([]), "no literals, or an empty one");
    }
}
