//! What a plugin asks for when it begins on a file.

use std::ops::Range;

use crate::{Framing, Pattern, Prefilter, Projection};

/// Maximum number of [ranges](Job::ranges) of a job.
pub const MAX_RANGES: usize = 1 << 16;

/// What a plugin asks for when it begins on a file.
///
/// ```
/// use runner_contract::{Framing, Job};
///
/// let job = Job::new(Framing::lines()).literals(["level="]).length_preserving().text();
/// assert_eq!(job.validate(), Ok(()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Job {
    /// Where records end.
    pub framing: Framing,
    /// Which records can match at all. Without any, every record is shown.
    pub prefilters: Vec<Prefilter>,
    /// Whether records that match no prefilter are shown as well. Then the
    /// prefilters only say which records matched.
    pub show_all: bool,
    /// What the plugin promises.
    pub claims: Claims,
    /// Whether an empty file is shown as one empty window. Otherwise the plugin
    /// is never called for it.
    pub show_empty: bool,
    /// Names of what the plugin counts, up to
    /// [`MAX_COUNTS`](crate::MAX_COUNTS): printable ASCII without blanks, up to
    /// [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES) each.
    pub counts: Vec<String>,
    /// Which fields of each record are shown; all of it if there is none.
    pub projection: Option<Projection>,
    /// With [`Framing::Bytes`], the only ranges of the file that the plugin
    /// needs: sorted, disjoint, up to [`MAX_RANGES`]. Nothing else is shown, and
    /// nothing else is read but what a root needs.
    pub ranges: Option<Vec<Range<u64>>>,
}

/// What a plugin promises about its edits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Claims {
    /// The plugin reads text: UTF-8, or an encoding that has ASCII as a part.
    /// The host refuses a file that is compressed or in UTF-16, instead of
    /// showing it.
    pub text: bool,
    /// Every edit replaces bytes by as many bytes. The host enforces it: it
    /// refuses a reply that breaks the claim.
    pub length_preserving: bool,
    /// A second run with the same parameters changes nothing.
    pub idempotent: bool,
    /// The same parameters, head and window give the same answer in any
    /// instance. Every framing but [`Framing::Sequential`] demands it anyway.
    pub deterministic: bool,
}

impl Job {
    /// Every record is shown, edits may change the length, and nothing is
    /// claimed.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            prefilters: Vec::new(),
            show_all: false,
            claims: Claims { text: false, length_preserving: false, idempotent: false, deterministic: false },
            show_empty: false,
            counts: Vec::new(),
            projection: None,
            ranges: None,
        }
    }

    /// Adds a prefilter, with the next id: 0 for the first one, 1 for the
    /// second one, and so on.
    #[must_use]
    pub fn prefilter(mut self, pattern: Pattern) -> Self {
        // A job with more than 256 prefilters is refused for their number.
        let id = u8::try_from(self.prefilters.len()).unwrap_or(u8::MAX);
        self.prefilters.push(Prefilter { id, pattern });
        self
    }

    /// Adds prefilters, as [`Job::prefilter`] does.
    #[must_use]
    pub fn prefilters(self, patterns: impl IntoIterator<Item = Pattern>) -> Self {
        patterns.into_iter().fold(self, Self::prefilter)
    }

    /// Adds a case-sensitive prefilter of literals.
    #[must_use]
    pub fn literals<L: Into<Vec<u8>>>(self, patterns: impl IntoIterator<Item = L>) -> Self {
        self.prefilter(Pattern::literals(patterns))
    }

    /// Shows records that match no prefilter as well.
    #[must_use]
    pub fn show_all(mut self) -> Self {
        self.show_all = true;
        self
    }

    /// Claims that every edit keeps the length.
    #[must_use]
    pub const fn length_preserving(mut self) -> Self {
        self.claims.length_preserving = true;
        self
    }

    /// Says that the plugin reads text.
    #[must_use]
    pub fn text(mut self) -> Self {
        self.claims.text = true;
        self
    }

    /// Claims that a second run changes nothing.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.claims.idempotent = true;
        self
    }

    /// Claims that the answer to a window depends on nothing but the
    /// parameters, the head and the window.
    #[must_use]
    pub fn deterministic(mut self) -> Self {
        self.claims.deterministic = true;
        self
    }

    /// Asks for a call for an empty file, too.
    #[must_use]
    pub fn show_empty(mut self) -> Self {
        self.show_empty = true;
        self
    }

    /// Sets the names of what is counted.
    #[must_use]
    pub fn counts<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.counts = names.into_iter().map(Into::into).collect();
        self
    }

    /// Shows only some fields of each record.
    #[must_use]
    pub fn project(mut self, delimiter: u8, fields: impl IntoIterator<Item = u32>) -> Self {
        self.projection = Some(Projection { delimiter, fields: fields.into_iter().collect() });
        self
    }

    /// Shows only these ranges of the file.
    #[must_use]
    pub fn ranges(mut self, ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        self.ranges = Some(ranges.into_iter().collect());
        self
    }

    /// Whether records may be left out, because they match no prefilter.
    #[must_use]
    pub fn leaves_records_out(&self) -> bool {
        !self.prefilters.is_empty() && !self.show_all
    }

    /// Whether a window says which prefilters its records match.
    #[must_use]
    pub fn reports_matches(&self) -> bool {
        self.framing.has_records()
            && (self.prefilters.len() > 1 || !self.prefilters.is_empty() && self.show_all)
    }
}
