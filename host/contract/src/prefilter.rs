//! What a record must contain to be worth showing.

/// Maximum number of prefilters of a job. Their ids are smaller than this.
pub const MAX_PREFILTERS: usize = 64;

/// What a record must contain to be worth showing. The host searches natively,
/// so good prefilters are what makes a plugin fast.
///
/// The claim is one-sided. A record that matches no prefilter of its job is
/// never shown, so it must be one that the plugin would leave alone. A record
/// that is shown may still need no edit.
///
/// Under a framing without records the claim is made for each edit instead.
/// With [`Framing::Overlapping`](crate::Framing::Overlapping) the match must
/// lie in the byte at the edit's start and the `after` bytes that follow it;
/// with [`Framing::Bytes`](crate::Framing::Bytes) it must lie within the edit.
/// [`Framing::Sequential`](crate::Framing::Sequential) allows no prefilter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Prefilter {
    /// Less than [`MAX_PREFILTERS`], and different from the ids of the job's
    /// other prefilters.
    pub id: u8,
    /// What is searched for.
    pub pattern: Pattern,
}

/// What a prefilter searches for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Pattern {
    /// At least one of these byte strings.
    Literals {
        /// The byte strings: at least one, and none of them empty.
        patterns: Vec<Vec<u8>>,
        /// Whether ASCII letters match either case.
        ignore_ascii_case: bool,
    },
    /// A match of this regular expression. The syntax is that of the `regex`
    /// crate, matched against bytes, with `^` and `$` at line ends and Unicode
    /// classes on. The expression must not match the empty string.
    Regex(String),
}

impl Pattern {
    /// Any of these literals, in the case given.
    #[must_use]
    pub fn literals<L: Into<Vec<u8>>>(patterns: impl IntoIterator<Item = L>) -> Self {
        let patterns = patterns.into_iter().map(Into::into).collect();
        Self::Literals { patterns, ignore_ascii_case: false }
    }

    /// Any of these literals, with ASCII letters in either case.
    #[must_use]
    pub fn literals_of_any_case<L: Into<Vec<u8>>>(patterns: impl IntoIterator<Item = L>) -> Self {
        let patterns = patterns.into_iter().map(Into::into).collect();
        Self::Literals { patterns, ignore_ascii_case: true }
    }
}
