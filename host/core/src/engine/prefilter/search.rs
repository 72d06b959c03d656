//! Searches many records at once.
//!
//! [`Search::first_end`] returns a lower bound: no match ends before it. It
//! never returns `None` when there is a match.

mod expression;
mod literals;

use std::fmt;

use aho_corasick::AhoCorasick;
use aho_corasick::MatchKind::Standard;
use memchr::memmem;

use self::expression::Expression;

/// What to search for. No match is empty.
pub(super) enum Search {
    Literal(Box<memmem::Finder<'static>>),
    Literals {
        /// Finds a match that *starts* first; if there are long literals, a
        /// match that *ends* first.
        automaton: AhoCorasick,
        /// The length of the shortest literal, and so of the shortest match.
        shortest: usize,
    },
    Regex(Box<Expression>),
}

/// Whether a literal matches ASCII letters of either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    AsciiInsensitive,
}

impl Search {
    /// The memory of the search, without the workers' caches.
    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Self::Literal(finder) => finder.needle().len(),
            Self::Literals { automaton, .. } => automaton.memory_usage(),
            Self::Regex(expression) => expression.memory_bytes(),
        }
    }

    /// A non-zero offset before which no match in `bytes` ends; `None` only
    /// when there is no match.
    pub(super) fn first_end(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Literal(finder) => Some(finder.find(bytes)? + finder.needle().len()),
            Self::Literals { automaton, shortest } => {
                let found = automaton.find(bytes)?;
                Some(match automaton.match_kind() {
                    Standard => found.end(),
                    _ => found.start() + shortest,
                })
            }
            Self::Regex(expression) => expression.first_end(bytes),
        }
    }

    /// The number of bytes to pass to [`Search::may_match`] at a time.
    pub(super) fn chunk_bytes(&self) -> u64 {
        match self {
            Self::Regex(expression) if expression.gate.is_some() => expression.chunk_bytes(),
            Self::Literal(_) | Self::Literals { .. } | Self::Regex(_) => u64::MAX,
        }
    }

    /// Whether these bytes are worth a search: always, unless a quick check
    /// finds that nothing in them matches.
    pub(super) fn may_match(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Regex(expression) => {
                expression.gate.as_ref().is_none_or(|gate| expression.is_match(gate, bytes))
            }
            Self::Literal(_) | Self::Literals { .. } => true,
        }
    }

    /// Whether a record in which [`Search::first_end`] found something can
    /// match by itself. Exact for expressions, except for records so long that
    /// the check may take too long. Literals are not checked again, because
    /// hardly any spans records.
    pub(super) fn confirm(&self, record: &[u8]) -> bool {
        match self {
            Self::Literal(_) | Self::Literals { .. } => true,
            Self::Regex(expression) => expression.is_match(&expression.exact, record),
        }
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Literal(_) => "Literal",
            Self::Literals { .. } => "Literals",
            Self::Regex(_) => "Regex",
        })
    }
}
