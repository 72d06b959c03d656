//! What [`RecordEdits::sub`](crate::RecordEdits::sub) can look for.

use std::ops::Range;

use runner_contract::Failure;

/// Something that finds places in bytes: a text, a byte string, or, with the
/// feature `regex`, a `regex::bytes::Regex`.
pub trait Search {
    /// Finds the first match that starts at `from` or after it, and puts the range
    /// of the whole match into `groups`, followed by those of its groups. `from` is
    /// at most the length of `bytes`.
    fn search(&self, bytes: &[u8], from: usize, groups: &mut Vec<Option<Range<usize>>>) -> bool;
}

impl Search for [u8] {
    fn search(&self, bytes: &[u8], from: usize, groups: &mut Vec<Option<Range<usize>>>) -> bool {
        let found = memchr::memmem::find(&bytes[from..], self);
        groups.clear();
        groups.extend(found.map(|at| Some(from + at..from + at + self.len())));
        found.is_some()
    }
}

impl<const LENGTH: usize> Search for [u8; LENGTH] {
    fn search(&self, bytes: &[u8], from: usize, groups: &mut Vec<Option<Range<usize>>>) -> bool {
        self.as_slice().search(bytes, from, groups)
    }
}

impl Search for str {
    fn search(&self, bytes: &[u8], from: usize, groups: &mut Vec<Option<Range<usize>>>) -> bool {
        self.as_bytes().search(bytes, from, groups)
    }
}

#[cfg(feature = "regex")]
impl Search for regex::bytes::Regex {
    fn search(&self, bytes: &[u8], from: usize, groups: &mut Vec<Option<Range<usize>>>) -> bool {
        let mut places = self.capture_locations();
        let found = self.captures_read_at(&mut places, bytes, from).is_some();
        groups.clear();
        if found {
            groups.extend((0..places.len()).map(|group| places.get(group).map(|(start, end)| start..end)));
        }
        found
    }
}

/// A match.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) groups: &'a [Option<Range<usize>>],
}

impl<'a> Found<'a> {
    /// The bytes of the match.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        &self.bytes[self.range()]
    }

    /// Where it is in the record.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.groups.first().cloned().flatten().unwrap_or_default()
    }

    /// The bytes of a group of a regular expression, if it took part in the match;
    /// group 0 is the whole match.
    #[must_use]
    pub fn group(&self, group: usize) -> Option<&'a [u8]> {
        self.groups.get(group)?.clone().map(|range| &self.bytes[range])
    }

    /// A failure at this match.
    #[must_use]
    pub fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::from(message.into()).at(self.range().start)
    }
}
