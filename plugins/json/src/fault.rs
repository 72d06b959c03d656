//! Why a scan stops before the end.

use crate::lexer::Wrong;

/// An error in the input, or one of the paths for this input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The position in the bytes at hand.
    pub(crate) at: usize,
    /// What is wrong, and what to do.
    pub(crate) what: String,
}

impl Fault {
    pub(crate) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self::new(wrong.at, wrong.what)
    }
}

/// Why a scan stops.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Everything before this position is done.
    More(usize),
    /// The input cannot be processed.
    Fault(Box<Fault>),
}

impl From<Fault> for Stop {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Wrong> for Stop {
    #[cold]
    fn from(wrong: Wrong) -> Self {
        Fault::from(wrong).into()
    }
}
