//! A number of each side, which the other one can read.

use std::sync::atomic::Ordering;

use crate::area::Number;

/// A number that this side keeps, such as what it takes of something that both
/// share, and that of the other side. Both begin at 0.
#[derive(Debug, Clone)]
pub struct Tally {
    mine: Number,
    other: Number,
}

impl Tally {
    pub(crate) fn new(mine: Number, other: Number) -> Self {
        Self { mine, other }
    }

    /// Adds to the number of this side.
    pub fn add(&self, count: u64) {
        self.mine.get().fetch_add(count, Ordering::SeqCst);
    }

    /// Subtracts from the number of this side.
    pub fn subtract(&self, count: u64) {
        self.mine.get().fetch_sub(count, Ordering::SeqCst);
    }

    /// The number of the other side: at the parent, whatever the worker likes.
    #[must_use]
    pub fn other(&self) -> u64 {
        self.other.get().load(Ordering::SeqCst)
    }
}
