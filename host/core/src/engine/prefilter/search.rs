//! Searches many records at once.
//!
//! [`Search::first_end`] returns a lower bound: no match ends before it. It
//! never returns `None` when there is a match.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use aho_corasick::MatchKind::{LeftmostFirst, Standard};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::{prefilter, syntax};
use regex_automata::{MatchKind, meta};
use regex_syntax::ast;
use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

use super::walk::{End, Walk};
use super::weight::weigh;
use crate::cancel::Paced;
use crate::error::Error;

/// Maximum size of all literals together, in bytes.
const MAX_LITERAL_BYTES: usize = 1 << 20;
/// Maximum size of one literal, in bytes. Slices to be searched are longer than
/// that.
const MAX_ONE_LITERAL_BYTES: usize = 64 << 10;
/// Maximum size of a regular expression, in bytes.
const MAX_EXPRESSION_BYTES: usize = 64 << 10;
/// Maximum size of a compiled expression, in bytes: enough for some hundred
/// Unicode classes.
const MAX_AUTOMATON_BYTES: usize = 4 << 20;
/// Size of the states that one worker caches while it searches, in bytes.
const CACHE_BYTES: usize = 2 << 20;

/// Memory that an automaton needs while it is built, per byte of its literals
/// and per literal: 66 bytes were measured, plus a copy of the literals.
const LITERAL_NEED_BYTES: usize = 96;
/// The same for an automaton that becomes a table: two forms of a state per
/// byte.
const TABLE_NEED_BYTES: usize = 2 << 10;
/// Memory during the build for a state with an entry for each byte value, in
/// all its forms.
const DENSE_STATE_NEED_BYTES: usize = 4 << 10;
/// Maximum number of states near the start with an entry for each byte value.
/// Such states make a search for 100,000 words nearly twice as fast, but would
/// need more than a gigabyte for literals that begin in many different ways.
const MAX_DENSE_STATES: usize = 1 << 10;
/// Literals up to this length are searched for from left to right.
const LEFTMOST_LITERAL_BYTES: usize = 256;
/// Literals up to this many bytes may have a table: 4 MiB at most.
const MAX_TABLE_LITERAL_BYTES: usize = 4 << 10;
/// Number of bytes to search for literals at a time.
const SLICE_BYTES: usize = if cfg!(test) { 5 } else { 64 << 10 };
/// Maximum nanoseconds per byte for an automaton of literals.
const AUTOMATON_NS: usize = 64;
/// Nanoseconds to pass through one state of an expression.
const STATE_NS: usize = 8;
/// Maximum number of states times bytes for a call that cannot be interrupted:
/// about 100 ms.
const STATE_BYTES_AT_ONCE: usize = 16 << 20;
/// An expression with more states has no gate.
const MAX_GATE_STATES: usize = STATE_BYTES_AT_ONCE >> 10;
/// Maximum number of states that a byte usually passes through.
const ASSUMED_STATES: usize = 16;

/// Bytes that a gate decides about at a time: enough to make the cost of a call
/// small, but few, because all of them are searched again when one record
/// matches. Tests use a smaller value, so that their small files have many
/// chunks.
const CHUNK_BYTES: u64 = if cfg!(test) { 7 } else { 16 << 10 };

/// What to search for. No match is empty.
pub(super) enum Search {
    Literal(Box<memmem::Finder<'static>>),
    Literals {
        /// Finds a match that *starts* first; if there are long literals, a
        /// match that *ends* first.
        automaton: AhoCorasick,
        /// The length of the shortest literal, and so of the shortest match.
        shortest: usize,
        /// The length of the longest literal.
        longest: usize,
    },
    Regex(Box<Expression>),
}

/// A regular expression in two or three forms.
pub(super) struct Expression {
    /// The expression without its assertions (`^`, `\b` and so on). It matches
    /// everything that the full expression matches, and does not depend on the
    /// surroundings of a match, so it can be searched for over many records at
    /// once. A DFA that stops at the end of the first match reads nothing
    /// twice, whereas a search for the longest match, such as `x[^y]*` over
    /// many lines, would.
    bulk: DFA,
    /// Number of states of the automaton that `bulk` is built from.
    states: usize,
    caches: Pool<Cache, NewCache>,
    /// The same expression for a yes-or-no answer. Present when that is much
    /// faster, due to a literal that `bulk` cannot use, such as the `@` in
    /// `\w+@\w+`.
    gate: Option<meta::Regex>,
    /// The full expression, for a single record.
    exact: meta::Regex,
}

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// Whether a literal matches ASCII letters of either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    AsciiInsensitive,
}

impl Search {
    /// The most memory that [`Search::literals`] needs while it works, in
    /// bytes.
    pub(super) fn literals_need_bytes(patterns: &[Vec<u8>]) -> usize {
        let bytes = patterns.iter().map(Vec::len).sum::<usize>();
        let each = if bytes <= MAX_TABLE_LITERAL_BYTES { TABLE_NEED_BYTES } else { LITERAL_NEED_BYTES };
        let dense = beginnings(patterns).min(MAX_DENSE_STATES);
        each.saturating_mul(bytes + patterns.len()) + DENSE_STATE_NEED_BYTES * dense
    }

    pub(super) fn literals(patterns: &[Vec<u8>], case: Case) -> Result<Self, String> {
        let bytes = patterns.iter().map(Vec::len).sum::<usize>();
        if bytes > MAX_LITERAL_BYTES {
            return Err(format!(
                "the literals of its prefilter are more than {MAX_LITERAL_BYTES} bytes together"
            ));
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        if longest > MAX_ONE_LITERAL_BYTES {
            return Err(format!("a literal of its prefilter is longer than {MAX_ONE_LITERAL_BYTES} bytes"));
        }
        if let ([pattern], Case::Sensitive) = (patterns, case) {
            return Ok(Self::Literal(Box::new(memmem::Finder::new(pattern).into_owned())));
        }
        // To find the leftmost match, the automaton each time reads as far as
        // the longest literal may extend. That must not be far.
        let kind = if longest <= LEFTMOST_LITERAL_BYTES { LeftmostFirst } else { Standard };
        // A table with an entry for each state and byte is fast, but would take
        // a gigabyte for long literals.
        let table = (bytes <= MAX_TABLE_LITERAL_BYTES).then_some(AhoCorasickKind::DFA);
        let automaton = AhoCorasick::builder()
            .match_kind(kind)
            .kind(table.or(Some(AhoCorasickKind::ContiguousNFA)))
            .dense_depth(if beginnings(patterns) <= MAX_DENSE_STATES { 2 } else { 1 })
            .ascii_case_insensitive(case == Case::AsciiInsensitive)
            .build(distinct(patterns, case))
            .map_err(|error| format!("the literals of its prefilter cannot be used: {error}"))?;
        Ok(Self::Literals { shortest: automaton.min_pattern_len(), longest, automaton })
    }

    pub(super) fn regex(expression: &str) -> Result<Self, String> {
        if expression.len() > MAX_EXPRESSION_BYTES {
            return Err(format!(
                "the expression of its prefilter is longer than {MAX_EXPRESSION_BYTES} bytes"
            ));
        }
        let malformed =
            |error: &dyn fmt::Display| format!("the expression of its prefilter is malformed: {error}");
        let tree = ast::parse::Parser::new().parse(expression).map_err(|error| malformed(&error))?;
        weigh(&tree)?;
        let config = syntax::Config::new().multi_line(true).utf8(false);
        let hir = syntax::parse_with(expression, &config).map_err(|error| malformed(&error))?;
        if hir.properties().minimum_len() == Some(0) {
            return Err("the expression of its prefilter matches the empty string".into());
        }
        let expression = Expression::compile(&hir)
            .map_err(|error| format!("the expression of its prefilter cannot be used: {error}"))?;
        Ok(Self::Regex(Box::new(expression)))
    }

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
    ///
    /// # Errors
    /// When the deadline has passed, or the run was stopped.
    pub(super) fn first_end(&self, bytes: &[u8], pace: &mut Paced<'_>) -> Result<Option<usize>, Error> {
        match self {
            Self::Literal(finder) => {
                let length = finder.needle().len();
                in_slices(bytes, length, 1, pace, |slice| Some(finder.find(slice)? + length))
            }
            Self::Literals { automaton, shortest, longest } => {
                in_slices(bytes, *longest, AUTOMATON_NS, pace, |slice| {
                    let found = automaton.find(slice)?;
                    Some(match automaton.match_kind() {
                        Standard => found.end(),
                        _ => found.start() + shortest,
                    })
                })
            }
            Self::Regex(expression) => expression.first_end(bytes, pace),
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
    ///
    /// # Errors
    /// When the deadline has passed, or the run was stopped.
    pub(super) fn may_match(&self, bytes: &[u8], pace: &mut Paced<'_>) -> Result<bool, Error> {
        match self {
            Self::Regex(expression) => match &expression.gate {
                Some(gate) => expression.is_match(gate, bytes, pace),
                None => Ok(true),
            },
            Self::Literal(_) | Self::Literals { .. } => Ok(true),
        }
    }

    /// Whether a record in which [`Search::first_end`] found something can
    /// match by itself. Exact for expressions, except for records so long that
    /// the check may take too long. Literals are not checked again, because
    /// hardly any spans records.
    ///
    /// # Errors
    /// When the deadline has passed, or the run was stopped.
    pub(super) fn confirm(&self, record: &[u8], pace: &mut Paced<'_>) -> Result<bool, Error> {
        match self {
            Self::Literal(_) | Self::Literals { .. } => Ok(true),
            Self::Regex(expression) => expression.is_match(&expression.exact, record, pace),
        }
    }
}

/// The number of different literal beginnings: states after one byte and after
/// two.
fn beginnings(patterns: &[Vec<u8>]) -> usize {
    let begins: BTreeSet<_> =
        patterns.iter().flat_map(|p| [&p[..p.len().min(1)], &p[..p.len().min(2)]]).collect();
    begins.len()
}

/// Returns what `find` finds in bytes that are searched slice by slice. Slices
/// overlap, so that a match of up to `longest` bytes lies within one of them. A
/// byte takes about `byte_ns`.
fn in_slices(
    bytes: &[u8],
    longest: usize,
    byte_ns: usize,
    pace: &mut Paced<'_>,
    find: impl Fn(&[u8]) -> Option<usize>,
) -> Result<Option<usize>, Error> {
    let stride = SLICE_BYTES.max(longest);
    let mut from = 0;
    loop {
        let end = (from + stride + longest - 1).min(bytes.len());
        let found = find(&bytes[from..end]);
        pace.step(found.unwrap_or(end - from) * byte_ns)?;
        if found.is_some() || end == bytes.len() {
            return Ok(found.map(|at| from + at));
        }
        from += stride;
    }
}

impl Expression {
    fn compile(hir: &Hir) -> Result<Self, Box<dyn std::error::Error>> {
        let exact = whole_engine(hir)?;
        let plain = without_assertions(hir);
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .nfa_size_limit(Some(MAX_AUTOMATON_BYTES))
                    .which_captures(WhichCaptures::None),
            )
            .build_from_hir(&plain)?;
        let states = nfa.states().len();
        // A slow prefix search is slower than the automaton that it would save.
        let prefix = prefilter::Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, &plain)
            .filter(prefilter::Prefilter::is_fast);
        let gate = match &prefix {
            // For larger automata, too few bytes could be checked at a time.
            None if states <= MAX_GATE_STATES => {
                Some(whole_engine(&plain)?).filter(meta::Regex::is_accelerated)
            }
            _ => None,
        };
        let bulk = DFA::builder()
            .configure(
                DFA::config().prefilter(prefix).cache_capacity(CACHE_BYTES).skip_cache_capacity_check(true),
            )
            .build_from_nfa(nfa)?;
        let dfa = bulk.clone();
        let caches = Pool::new(Box::new(move || dfa.create_cache()) as NewCache);
        Ok(Self { bulk, states, caches, gate, exact })
    }

    fn memory_bytes(&self) -> usize {
        let gate = self.gate.as_ref().map_or(0, meta::Regex::memory_usage);
        // The memory of `bulk` itself, and of the automaton that it is built
        // from.
        self.bulk.memory_usage() + self.bulk.get_nfa().memory_usage() + self.exact.memory_usage() + gate
    }

    /// The number of bytes that the slowest engine searches in a short time.
    fn at_once_bytes(&self) -> usize {
        STATE_BYTES_AT_ONCE / self.states.max(1)
    }

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES.min(self.at_once_bytes() as u64)
    }

    /// Whether an engine finds a match. Also true if there are so many bytes
    /// that the search, which cannot be interrupted, may take too long.
    fn is_match(&self, engine: &meta::Regex, bytes: &[u8], pace: &mut Paced<'_>) -> Result<bool, Error> {
        if bytes.len() > self.at_once_bytes() {
            return Ok(true);
        }
        // In the worst case one step per state and byte; usually one per byte.
        pace.step(bytes.len() * self.states.min(ASSUMED_STATES))?;
        Ok(engine.is_match(bytes))
    }

    fn first_end(&self, bytes: &[u8], pace: &mut Paced<'_>) -> Result<Option<usize>, Error> {
        let walk = Walk {
            dfa: &self.bulk,
            prefix: self.bulk.get_config().get_prefilter(),
            step_ns: self.states.saturating_mul(STATE_NS),
            bytes,
        };
        match walk.first_end(&mut self.caches.get(), pace)? {
            End::At(at) => Ok(Some(at)),
            End::Nowhere => Ok(None),
            // The automaton has no quit bytes and never gives up. If it did,
            // this would still be a correct answer.
            End::Unknown => Ok((!bytes.is_empty()).then_some(1)),
        }
    }
}

/// The patterns without duplicates. The time to build an automaton is quadratic
/// in the number of equal patterns.
fn distinct(patterns: &[Vec<u8>], case: Case) -> BTreeSet<Cow<'_, [u8]>> {
    let folded = |pattern| match case {
        Case::AsciiInsensitive => Cow::Owned(<[u8]>::to_ascii_lowercase(pattern)),
        Case::Sensitive => Cow::Borrowed(pattern),
    };
    patterns.iter().map(Vec::as_slice).map(folded).collect()
}

fn whole_engine(hir: &Hir) -> Result<meta::Regex, Box<meta::BuildError>> {
    let config = meta::Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(MAX_AUTOMATON_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES);
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(Box::new)
}

/// The expression with every assertion assumed to hold. The parser bounds the
/// recursion depth.
fn without_assertions(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(without_assertions(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => {
            Hir::capture(Capture { sub: Box::new(without_assertions(&capture.sub)), ..capture.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_assertions).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_assertions).collect()),
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
