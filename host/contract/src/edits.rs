//! The answer to a window, and a collector for one.

use std::ops::Range;

use crate::Window;

/// One edit: `bytes[start..end)` of the window is replaced by the next `len`
/// replacement bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte replaced.
    pub start: u32,
    /// One past the last byte replaced; equal to `start` for an insertion.
    pub end: u32,
    /// The number of bytes that replace it.
    pub len: u32,
}

/// What to change in a window.
///
/// Nothing here is checked: the receiver of a `Change` must check the spans
/// against the window and the job, and the sum of lengths against the bytes.
/// The host does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// Some ranges replaced.
    Edits {
        /// The ranges: sorted by `start`, disjoint, and in bounds. Two
        /// insertions at one place are not disjoint.
        ///
        /// No edit may reach from one packed record into the next one; an
        /// insertion between two of them belongs to the later one. An
        /// insertion at the end of the window is only possible at the end of
        /// the file.
        spans: Vec<Span>,
        /// The replacements, in the order of `spans`, with nothing between.
        bytes: Vec<u8>,
    },
    /// The whole window (with a sequential framing: what was consumed of it)
    /// replaced by these bytes; the host finds the difference. Not allowed
    /// with an overlapping framing, with a projection, nor where prefilters
    /// leave records out.
    Replaced(Vec<u8>),
}

/// Maximum number of counts in a reply, and of names in a job.
pub const MAX_COUNTS: usize = 256;

/// One more of what a job counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Which one: an index into [`Job::counts`](crate::Job::counts).
    pub name: u32,
    /// How many.
    pub number: u64,
}

/// The answer to one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// With a sequential framing, the number of bytes consumed, from the start
    /// of the window. If this is less than the length of the window, the next window starts
    /// there and is longer; if it is more, the bytes in between are skipped: all of the rest,
    /// if it is [`u64::MAX`]. The last window must be consumed whole, and edits must lie in
    /// the consumed part. With every other framing this is ignored.
    pub consumed: u64,
    /// What to change.
    pub change: Change,
    /// What was counted in this window, up to [`MAX_COUNTS`] entries.
    pub counts: Vec<Count>,
}

impl Reply {
    /// A reply that counts nothing.
    #[must_use]
    pub fn new(consumed: u64, change: Change) -> Self {
        Self { consumed, change, counts: Vec::new() }
    }
}

/// Collects the edits of one window, in the window's own coordinates.
///
/// Edits must come in order and must not overlap. A violation does not panic,
/// because in a plugin a trap would hide the reason from the user. The
/// collector keeps the first mistake, and [`Edits::finish`] returns it.
#[derive(Debug)]
pub struct Edits {
    owned: Range<usize>,
    /// Bytes of the window.
    length: usize,
    /// Whether the window ends at the end of the file.
    last: bool,
    consumed: u64,
    spans: Vec<Span>,
    bytes: Vec<u8>,
    replaced: Option<Vec<u8>>,
    /// How many, by the index of the name.
    counts: Vec<u64>,
    mistake: Option<String>,
}

impl Edits {
    /// Creates a collector without edits. The whole window counts as consumed,
    /// unless [`Edits::consumed`] is called.
    #[must_use]
    pub fn new(window: &Window<'_>) -> Self {
        Self {
            owned: window.owned.clone(),
            length: window.bytes.len(),
            last: window.last,
            consumed: window.bytes.len() as u64,
            spans: Vec::new(),
            bytes: Vec::new(),
            replaced: None,
            counts: Vec::new(),
            mistake: None,
        }
    }

    /// Replaces a range of the window.
    pub fn replace(&mut self, range: Range<usize>, new: &[u8]) {
        self.replace_with(range, |bytes| bytes.extend_from_slice(new));
    }

    /// Replaces a range of the window with the bytes that `write` appends to
    /// the buffer. The buffer holds the replacements so far, so `write` must
    /// only append.
    pub fn replace_with(&mut self, range: Range<usize>, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        match self.check(&range, before) {
            Ok(span) => self.spans.push(span),
            Err(broken) => self.keep(broken, &range),
        }
    }

    /// Inserts bytes before the byte at `at`. The place between two records
    /// belongs to the later one, so only at the end of the file may `at` be
    /// the window's length.
    pub fn insert(&mut self, at: usize, new: &[u8]) {
        self.replace(at..at, new);
    }

    /// Removes a range of the window.
    pub fn delete(&mut self, range: Range<usize>) {
        self.replace(range, b"");
    }

    /// Replaces the whole window; see [`Change::Replaced`]. Not allowed
    /// together with other edits.
    pub fn replace_all(&mut self, new: Vec<u8>) {
        if self.replaced.replace(new).is_some() {
            self.mistake.get_or_insert("the window was replaced twice".into());
        }
    }

    /// Sets how many bytes of the window were consumed, for a sequential
    /// framing; see [`Reply::consumed`].
    pub fn consumed(&mut self, bytes: u64) {
        self.consumed = bytes;
    }

    /// Adds to a count; `name` is an index into the names of the job.
    pub fn count(&mut self, name: usize, number: u64) {
        if name >= MAX_COUNTS {
            self.mistake.get_or_insert(format!("count {name} is not one of the {MAX_COUNTS} possible"));
            return;
        }
        if self.counts.len() <= name {
            self.counts.resize(name + 1, 0);
        }
        self.counts[name] += number;
    }

    /// Says that the plugin has made a mistake; the first one is the answer to
    /// the window. It is for helpers that check more than this collector does.
    pub fn mistake(&mut self, what: impl Into<String>) {
        self.mistake.get_or_insert_with(|| what.into());
    }

    /// Whether there are no edits so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.replaced.is_none()
    }

    /// The reply to the window.
    ///
    /// # Errors
    /// The first mistake, which is a bug in the plugin.
    pub fn finish(self) -> Result<Reply, String> {
        if let Some(mistake) = self.mistake {
            return Err(format!("mistake in the plugin: {mistake}"));
        }
        let change = match self.replaced {
            Some(_) if !self.spans.is_empty() => {
                return Err("mistake in the plugin: a window was both edited and replaced".into());
            }
            Some(new) => Change::Replaced(new),
            None if self.spans.is_empty() => Change::Unchanged,
            None => Change::Edits { spans: self.spans, bytes: self.bytes },
        };
        let counts = self.counts.iter().enumerate().filter(|(_, number)| **number > 0);
        let counts = counts.map(|(name, &number)| Count { name: name as u32, number }).collect();
        Ok(Reply { consumed: self.consumed, change, counts })
    }

    /// The span of an edit whose replacement begins at `from` in the buffer.
    #[inline]
    fn check(&self, range: &Range<usize>, from: usize) -> Result<Span, Broken> {
        let Range { start, end } = *range;
        if start > end || end > self.length {
            return Err(Broken::Bounds);
        }
        let at_end = self.last && start == self.owned.end && start == self.length;
        if !self.owned.contains(&start) && !at_end {
            return Err(Broken::Owned);
        }
        if let Some(previous) = self.spans.last() {
            let (before, after) = (previous.start as usize, previous.end as usize);
            if start < after || (start == before && start == end) {
                return Err(Broken::Order(*previous));
            }
        }
        let length = self.bytes.len().checked_sub(from).ok_or(Broken::Buffer)?;
        let narrow = |value| u32::try_from(value).map_err(|_| Broken::Length);
        Ok(Span { start: narrow(start)?, end: narrow(end)?, len: narrow(length)? })
    }

    /// Keeps a mistake if it is the first one.
    #[cold]
    fn keep(&mut self, broken: Broken, range: &Range<usize>) {
        let Range { start, end } = range;
        self.mistake.get_or_insert_with(|| match broken {
            Broken::Bounds => format!("an edit of {start}..{end} in a window of {} bytes", self.length),
            Broken::Owned => {
                let Range { start: from, end: to } = &self.owned;
                format!("an edit of {start}..{end} starts outside the owned range {from}..{to}")
            }
            Broken::Order(Span { start: before, end: after, .. }) => {
                format!("an edit of {start}..{end} after one of {before}..{after}")
            }
            Broken::Buffer => "replacements were removed from the buffer".into(),
            Broken::Length => "more than 4 GiB in one edit".into(),
        });
    }
}

/// The rule that an edit breaks.
enum Broken {
    Bounds,
    Owned,
    /// It does not come after this one.
    Order(Span),
    Buffer,
    Length,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window<'static> = Window {
        offset: 0,
        bytes: b"0123456789",
        owned: 2..8,
        last: false,
        first: true,
        matches: &[],
        fields: &[],
    };

    fn mistake(act: impl FnOnce(&mut Edits)) -> String {
        let mut edits = Edits::new(&WINDOW);
        act(&mut edits);
        edits.finish().expect_err("a mistake")
    }

    #[test]
    fn edits_become_two_flat_lists() {
        let mut edits = Edits::new(&WINDOW);
        edits.insert(2, b"x");
        edits.replace(2..4, b"yz");
        edits.delete(7..10);
        let spans = [(2, 2, 1), (2, 4, 2), (7, 10, 0)];
        let spans = spans.map(|(start, end, len)| Span { start, end, len }).to_vec();
        let change = Change::Edits { spans, bytes: b"xyz".to_vec() };
        assert_eq!(edits.finish(), Ok(Reply::new(10, change)));
    }

    #[test]
    fn counts_are_added_up_by_name() {
        let mut edits = Edits::new(&WINDOW);
        edits.count(2, 1);
        edits.count(0, 3);
        edits.count(2, 4);
        let counts = vec![Count { name: 0, number: 3 }, Count { name: 2, number: 5 }];
        assert_eq!(edits.finish().map(|reply| reply.counts), Ok(counts));
        assert!(mistake(|edits| edits.count(MAX_COUNTS, 1)).contains("is not one of the 256 possible"));
    }

    #[test]
    fn the_first_mistake_is_the_answer() {
        let text = mistake(|edits| {
            edits.delete(5..6);
            edits.delete(4..5);
            edits.delete(0..99);
        });
        assert_eq!(text, "mistake in the plugin: an edit of 4..5 after one of 5..6");
    }

    #[test]
    fn edits_must_be_in_the_window_and_start_in_the_owned_range() {
        assert!(mistake(|edits| edits.delete(7..11)).contains("a window of 10 bytes"));
        assert!(mistake(|edits| edits.delete(1..3)).contains("outside the owned range 2..8"));
        assert!(mistake(|edits| edits.delete(8..9)).contains("outside the owned range 2..8"));
    }

    #[test]
    fn two_insertions_at_one_place_are_a_mistake() {
        let twice = |edits: &mut Edits| {
            edits.insert(3, b"a");
            edits.insert(3, b"b");
        };
        assert!(mistake(twice).contains("an edit of 3..3 after one of 3..3"));
    }

    #[test]
    fn the_buffer_of_replacements_must_only_grow() {
        let shrink = |edits: &mut Edits| {
            edits.insert(2, b"xy");
            edits.replace_with(3..4, Vec::clear);
        };
        assert!(mistake(shrink).contains("removed from the buffer"));
    }

    #[test]
    fn only_the_end_of_the_file_takes_an_insertion_after_the_window() {
        for last in [false, true] {
            let mut edits = Edits::new(&Window { owned: 0..10, last, ..WINDOW });
            edits.insert(10, b"\n");
            assert_eq!(edits.finish().is_ok(), last);
        }
    }

    #[test]
    fn a_window_is_either_edited_or_replaced() {
        let both = |edits: &mut Edits| {
            edits.delete(3..4);
            edits.replace_all(Vec::new());
        };
        assert!(mistake(both).contains("both edited and replaced"));
    }
}
