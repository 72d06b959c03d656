//! Which of the matches are replaced, by their number.

/// Counts matches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter {
    /// Only the one with this number, from 1.
    pub(crate) nth: Option<u64>,
    /// At most so many.
    pub(crate) max: Option<u64>,
    seen: u64,
}

impl Counter {
    pub(crate) fn new(nth: Option<u64>, max: Option<u64>) -> Self {
        Self { nth, max, seen: 0 }
    }

    /// Counts a match, and returns whether it is to be replaced.
    pub(crate) fn takes(&mut self) -> bool {
        self.seen += 1;
        self.nth.is_none_or(|nth| self.seen == nth) && self.max.is_none_or(|max| self.seen <= max)
    }

    /// Whether no later match is replaced.
    pub(crate) fn is_done(&self) -> bool {
        self.nth.is_some_and(|nth| self.seen >= nth) || self.max.is_some_and(|max| self.seen >= max)
    }

    /// Starts over.
    pub(crate) fn reset(&mut self) {
        self.seen = 0;
    }
}
