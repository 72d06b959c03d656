//! Why a scan stops before the end.

use crate::lexer::Wrong;
use runner_plugin::Failure;

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The input is not JSON.
    Syntax,
    /// The input is beyond a limit, or a rule cannot be applied to a value.
    Job,
}

/// Why the input cannot be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    about: About,
    /// The position in the bytes at hand.
    pub(crate) at: usize,
    /// What is wrong, and what to do.
    pub(crate) what: String,
}

impl Fault {
    /// A limit, or a rule that cannot be applied.
    pub(crate) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { about: About::Job, at, what: what.into() }
    }

    /// The input is not JSON.
    pub(crate) fn syntax(at: usize, what: impl Into<String>) -> Self {
        Self { about: About::Syntax, at, what: what.into() }
    }

    /// Whether the input is not JSON.
    pub(crate) fn is_syntax(&self) -> bool {
        self.about == About::Syntax
    }

    /// What the user sees, with a hint at the end.
    pub(crate) fn failure(&self, hint: &str) -> Failure {
        let prefix = if self.about == About::Syntax { "not JSON: " } else { "" };
        Failure::from(format!("{prefix}{}{hint}", self.what)).at(self.at)
    }
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self::syntax(wrong.at, wrong.what)
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
