//! Search over many records at once.
//!
//! [`Search::first_end`] answers with a lower bound: no match ends before it.
//! It never says `None` when there is a match.

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

/// Bytes of all literals together.
const MAX_LITERAL_BYTES: usize = 1 << 20;
/// Bytes of one literal: as they are searched for in slices that are longer.
const MAX_ONE_LITERAL_BYTES: usize = 64 << 10;
/// Bytes of a regular expression.
const MAX_EXPRESSION_BYTES: usize = 64 << 10;
/// Bytes of a compiled expression: room for some hundred Unicode classes.
const MAX_AUTOMATON_BYTES: usize = 4 << 20;
/// Bytes of the states that one worker caches while it searches.
const CACHE_BYTES: usize = 2 << 20;

/// Memory that an automaton takes for a byte of its literals, and for each
/// literal, while it is built: 66 were seen, and a copy of the literals.
const LITERAL_NEED_BYTES: usize = 96;
/// The same where it becomes a table: two forms of a state for each byte.
const TABLE_NEED_BYTES: usize = 2 << 10;
/// What a state with an entry for each byte takes meanwhile, in all forms.
const DENSE_STATE_NEED_BYTES: usize = 4 << 10;
/// So many states near the start may have an entry for each byte. They make a
/// search through 100,000 words nearly twice as fast, and would take more than
/// a gigabyte for literals that begin in all ways.
const MAX_DENSE_STATES: usize = 1 << 10;
/// Literals up to this length are searched for from left to right.
const LEFTMOST_LITERAL_BYTES: usize = 256;
/// Literals of so many bytes may have a table: 4 MiB at most.
const MAX_TABLE_LITERAL_BYTES: usize = 4 << 10;
/// Bytes that literals are searched for in at a time.
const SLICE_BYTES: usize = if cfg!(test) { 5 } else { 64 << 10 };
/// Nanoseconds that an automaton of literals takes for a byte, at most.
const AUTOMATON_NS: usize = 64;
/// Nanoseconds that it takes to pass through a state of an expression.
const STATE_NS: usize = 8;
/// States times bytes that may be looked at by a call that nothing interrupts:
/// about 100 ms.
const STATE_BYTES_AT_ONCE: usize = 16 << 20;
/// An expression with more states has no gate.
const MAX_GATE_STATES: usize = STATE_BYTES_AT_ONCE >> 10;
/// States through which a byte usually passes, at most.
const ASSUMED_STATES: usize = 16;

/// Bytes that a gate answers for at a time: enough to make a call's own cost
/// small, and few, as all of them are searched again when one record matches.
/// Tests cut finer, so that their small files have many chunks.
const CHUNK_BYTES: u64 = if cfg!(test) { 7 } else { 16 << 10 };

/// What to search for. No match is empty.
pub(super) enum Search {
    Literal(Box<memmem::Finder<'static>>),
    Literals {
        /// Finds the match that *starts* first, among those, any; or, where
        /// there are long ones, the match that *ends* first.
        automaton: AhoCorasick,
        /// The length of the shortest literal: the least that a match may
        /// hold.
        shortest: usize,
        /// The length of the longest one.
        longest: usize,
    },
    Regex(Box<Expression>),
}

/// A regular expression in two or three forms.
pub(super) struct Expression {
    /// The expression without its assertions (`^`, `\b` and so on): matches
    /// all that the expression matches, and what lies around a match does not
    /// matter, so it may be searched for over many records at once. A DFA
    /// that stops at the first match's end reads nothing twice, as one that
    /// looks for the longest match, `x[^y]*` over many lines, would.
    bulk: DFA,
    /// The states of the automaton that `bulk` is made from.
    states: usize,
    caches: Pool<Cache, NewCache>,
    /// The same, for an answer of yes or no: here when that is much faster,
    /// by a literal that `bulk` cannot make use of, as the `@` of `\w+@\w+`.
    gate: Option<meta::Regex>,
    /// The expression itself, for a record alone.
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
    /// Bytes of memory that [`Search::literals`] needs at most while it works.
    pub(super) fn literals_need_bytes(patterns: &[Vec<u8>]) -> usize {
        let bytes = patterns.iter().map(Vec::len).sum::<usize>();
        let each = if bytes <= MAX_TABLE_LITERAL_BYTES { TABLE_NEED_BYTES } else { LITERAL_NEED_BYTES };
        let dense = beginnings(patterns).min(MAX_DENSE_STATES);
        each.saturating_mul(bytes + patterns.len()) + DENSE_STATE_NEED_BYTES * dense
    }

    pub(super) fn literals(patterns: &[Vec<u8>], case: Case) -> Result<Self, String> {
        let bytes = patterns.iter().map(Vec::len).sum::<usize>();
        if bytes > MAX_LITERAL_BYTES {
            return Err(format!("the literals of its prefilter are more than {MAX_LITERAL_BYTES} bytes"));
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        if longest > MAX_ONE_LITERAL_BYTES {
            return Err(format!("a literal of its prefilter is longer than {MAX_ONE_LITERAL_BYTES} bytes"));
        }
        if let ([pattern], Case::Sensitive) = (patterns, case) {
            return Ok(Self::Literal(Box::new(memmem::Finder::new(pattern).into_owned())));
        }
        // To find the leftmost match, the automaton reads on as far as the
        // longest literal may reach, each time. That must not be far.
        let kind = if longest <= LEFTMOST_LITERAL_BYTES { LeftmostFirst } else { Standard };
        // A table with an entry for each state and byte is fast, and would
        // have a gigabyte where literals are long.
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

    /// Memory that it holds, without what workers cache.
    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Self::Literal(finder) => finder.needle().len(),
            Self::Literals { automaton, .. } => automaton.memory_usage(),
            Self::Regex(expression) => expression.memory_bytes(),
        }
    }

    /// An offset, not zero, before which no match in `bytes` ends; `None`
    /// only when there is no match.
    ///
    /// # Errors
    /// When the time is over, or the run was stopped.
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

    /// The number of bytes to ask [`Search::may_match`] about at a time.
    pub(super) fn chunk_bytes(&self) -> u64 {
        match self {
            Self::Regex(expression) if expression.gate.is_some() => expression.chunk_bytes(),
            Self::Literal(_) | Self::Literals { .. } | Self::Regex(_) => u64::MAX,
        }
    }

    /// Whether it is worth to search these bytes: always, unless a fast look
    /// finds that nothing in them matches.
    ///
    /// # Errors
    /// When the time is over, or the run was stopped.
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
    /// match by itself. Exact for expressions, but for records that are so
    /// long that it may take too long to tell; literals are not looked at
    /// again, as hardly any lies across records.
    ///
    /// # Errors
    /// When the time is over, or the run was stopped.
    pub(super) fn confirm(&self, record: &[u8], pace: &mut Paced<'_>) -> Result<bool, Error> {
        match self {
            Self::Literal(_) | Self::Literals { .. } => Ok(true),
            Self::Regex(expression) => expression.is_match(&expression.exact, record, pace),
        }
    }
}

/// In how many ways literals begin: states after one byte, and after two.
fn beginnings(patterns: &[Vec<u8>]) -> usize {
    let begins: BTreeSet<_> =
        patterns.iter().flat_map(|p| [&p[..p.len().min(1)], &p[..p.len().min(2)]]).collect();
    begins.len()
}

/// What `find` finds in bytes that are searched slice by slice. Slices overlap,
/// so that a match of up to `longest` bytes lies in one of them. A byte takes
/// about `byte_ns`.
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
        // A slow prefix search is slower than the automaton it would spare.
        let prefix = prefilter::Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, &plain)
            .filter(prefilter::Prefilter::is_fast);
        let gate = match &prefix {
            // Of larger ones, too few bytes can be looked at in a time.
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
        // The bulk's own, and the automaton it is made from.
        self.bulk.memory_usage() + self.bulk.get_nfa().memory_usage() + self.exact.memory_usage() + gate
    }

    /// Bytes that the slowest engine looks at in a short time.
    fn at_once_bytes(&self) -> usize {
        STATE_BYTES_AT_ONCE / self.states.max(1)
    }

    fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES.min(self.at_once_bytes() as u64)
    }

    /// Whether an engine finds a match; also where the bytes are so many that
    /// it may take too long to tell, as nothing interrupts it.
    fn is_match(&self, engine: &meta::Regex, bytes: &[u8], pace: &mut Paced<'_>) -> Result<bool, Error> {
        if bytes.len() > self.at_once_bytes() {
            return Ok(true);
        }
        // In the worst case a step for each state and byte; usually one for
        // each byte.
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
            // The automaton has no bytes to quit at and never gives up; if it
            // did, this would still be a true answer.
            End::Unknown => Ok((!bytes.is_empty()).then_some(1)),
        }
    }
}

/// The patterns without those that are there already. To build an automaton of
/// many equal ones takes time in the square of their number.
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

/// The expression with every assertion taken for granted. The parser bounds
/// the depth.
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
