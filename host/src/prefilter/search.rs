//! Search over many records at once.
//!
//! [`Search::first_end`] answers with a lower bound: no match ends before it.
//! It never says `None` when there is a match.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use aho_corasick::AhoCorasick;
use memchr::memmem;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::{prefilter, syntax};
use regex_automata::{Input, MatchKind, meta};
use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

/// Bytes of all literals together.
const MAX_LITERAL_BYTES: usize = 1 << 20;
/// Bytes of a regular expression.
const MAX_EXPRESSION_BYTES: usize = 64 << 10;
/// Bytes of a compiled expression: room for some hundred Unicode classes.
const MAX_AUTOMATON_BYTES: usize = 4 << 20;
/// Bytes of the states that one worker caches while it searches.
const CACHE_BYTES: usize = 2 << 20;

/// Bytes that a gate answers for at a time: enough to make a call's own cost
/// small, and few, as all of them are searched again when one record matches.
/// Tests cut finer, so that their small files have many chunks.
const CHUNK_BYTES: u64 = if cfg!(test) { 7 } else { 16 << 10 };

/// What to search for. No match is empty.
pub(super) enum Search {
    Literal(Box<memmem::Finder<'static>>),
    Literals {
        /// Finds the match that *starts* first; among those, any.
        automaton: AhoCorasick,
        /// The length of the shortest literal: the least that a match may
        /// hold.
        shortest: usize,
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
    caches: Pool<Cache, NewCache>,
    /// The same, for an answer of yes or no: here when that is much faster,
    /// by a literal that `bulk` cannot make use of, as the `@` of `\w+@\w+`.
    gate: Option<meta::Regex>,
    /// The expression itself, for a record alone.
    exact: meta::Regex,
}

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl Search {
    pub(super) fn literals(patterns: &[Vec<u8>], ignore_ascii_case: bool) -> Result<Self, String> {
        if patterns.iter().map(Vec::len).sum::<usize>() > MAX_LITERAL_BYTES {
            return Err(format!("the literals of its prefilter are more than {MAX_LITERAL_BYTES} bytes"));
        }
        if let ([pattern], false) = (patterns, ignore_ascii_case) {
            return Ok(Self::Literal(Box::new(memmem::Finder::new(pattern).into_owned())));
        }
        let automaton = AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .ascii_case_insensitive(ignore_ascii_case)
            .build(distinct(patterns, ignore_ascii_case))
            .map_err(|error| format!("the literals of its prefilter cannot be used: {error}"))?;
        Ok(Self::Literals { shortest: automaton.min_pattern_len(), automaton })
    }

    pub(super) fn regex(expression: &str) -> Result<Self, String> {
        if expression.len() > MAX_EXPRESSION_BYTES {
            return Err(format!(
                "the expression of its prefilter is longer than {MAX_EXPRESSION_BYTES} bytes"
            ));
        }
        let config = syntax::Config::new().multi_line(true).utf8(false);
        let hir = syntax::parse_with(expression, &config)
            .map_err(|error| format!("the expression of its prefilter is malformed: {error}"))?;
        if hir.properties().minimum_len() == Some(0) {
            return Err("the expression of its prefilter matches the empty string".into());
        }
        let expression = Expression::compile(&hir)
            .map_err(|error| format!("the expression of its prefilter cannot be used: {error}"))?;
        Ok(Self::Regex(Box::new(expression)))
    }

    /// An offset, not zero, before which no match in `bytes` ends; `None`
    /// only when there is no match.
    pub(super) fn first_end(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Literal(finder) => Some(finder.find(bytes)? + finder.needle().len()),
            Self::Literals { automaton, shortest } => Some(automaton.find(bytes)?.start() + shortest),
            Self::Regex(expression) => expression.first_end(bytes),
        }
    }

    /// The number of bytes to ask [`Search::may_match`] about at a time.
    pub(super) fn chunk_bytes(&self) -> u64 {
        match self {
            Self::Regex(expression) if expression.gate.is_some() => CHUNK_BYTES,
            Self::Literal(_) | Self::Literals { .. } | Self::Regex(_) => u64::MAX,
        }
    }

    /// Whether it is worth to search these bytes: always, unless a fast look
    /// finds that nothing in them matches.
    pub(super) fn may_match(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Regex(expression) => expression.gate.as_ref().is_none_or(|gate| gate.is_match(bytes)),
            Self::Literal(_) | Self::Literals { .. } => true,
        }
    }

    /// Whether a record in which [`Search::first_end`] found something can
    /// match by itself. Exact for expressions; literals are not looked at
    /// again, as hardly any lies across records.
    pub(super) fn confirm(&self, record: &[u8]) -> bool {
        match self {
            Self::Literal(_) | Self::Literals { .. } => true,
            Self::Regex(expression) => expression.exact.is_match(record),
        }
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
        // A slow prefix search is slower than the automaton it would spare.
        let prefix = prefilter::Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, &plain)
            .filter(prefilter::Prefilter::is_fast);
        let gate = match &prefix {
            Some(_) => None,
            None => Some(whole_engine(&plain)?).filter(meta::Regex::is_accelerated),
        };
        let bulk = DFA::builder()
            .configure(
                DFA::config().prefilter(prefix).cache_capacity(CACHE_BYTES).skip_cache_capacity_check(true),
            )
            .build_from_nfa(nfa)?;
        let dfa = bulk.clone();
        let caches = Pool::new(Box::new(move || dfa.create_cache()) as NewCache);
        Ok(Self { bulk, caches, gate, exact })
    }

    fn first_end(&self, bytes: &[u8]) -> Option<usize> {
        let input = Input::new(bytes).earliest(true);
        match self.bulk.try_search_fwd(&mut self.caches.get(), &input) {
            Ok(hit) => hit.map(|hit| hit.offset()),
            // The automaton has no bytes to quit at and never gives up; if it
            // did, this would still be a true answer.
            Err(_) => (!bytes.is_empty()).then_some(1),
        }
    }
}

/// The patterns without those that are there already. To build an automaton of
/// many equal ones takes time in the square of their number.
fn distinct(patterns: &[Vec<u8>], ignore_ascii_case: bool) -> BTreeSet<Vec<u8>> {
    let folded = |pattern: &Vec<u8>| {
        if ignore_ascii_case { pattern.to_ascii_lowercase() } else { pattern.clone() }
    };
    patterns.iter().map(folded).collect()
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
