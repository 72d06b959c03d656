//! A search for a regular expression.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::{prefilter, syntax};
use regex_automata::{Input, MatchKind, meta};
use regex_syntax::ast;
use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

use super::Search;
use crate::engine::prefilter::weight::weigh;

/// Maximum size of a regular expression, in bytes.
const MAX_EXPRESSION_BYTES: usize = 64 << 10;
/// Maximum size of a compiled expression, in bytes: enough for some hundred
/// Unicode classes.
const MAX_AUTOMATON_BYTES: usize = 4 << 20;
/// Size of the states that one worker caches while it searches, in bytes.
const CACHE_BYTES: usize = 2 << 20;
/// Maximum number of states times bytes for one call of an engine: about 100 ms.
const STATE_BYTES_AT_ONCE: usize = 16 << 20;
/// An expression with more states has no gate.
const MAX_GATE_STATES: usize = STATE_BYTES_AT_ONCE >> 10;
/// Bytes that a gate decides about at a time: enough to make the cost of a call
/// small, but few, because all of them are searched again when one record
/// matches. Tests use a smaller value, so that their small files have many
/// chunks.
const CHUNK_BYTES: u64 = if cfg!(test) { 7 } else { 16 << 10 };

impl Search {
    pub(in crate::engine::prefilter) fn regex(expression: &str) -> Result<Self, String> {
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
}

/// A regular expression in two or three forms.
pub(in crate::engine::prefilter) struct Expression {
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
    pub(super) gate: Option<meta::Regex>,
    /// The full expression, for a single record.
    pub(super) exact: meta::Regex,
}

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

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

    pub(super) fn memory_bytes(&self) -> usize {
        let gate = self.gate.as_ref().map_or(0, meta::Regex::memory_usage);
        // The memory of `bulk` itself, and of the automaton that it is built
        // from.
        self.bulk.memory_usage() + self.bulk.get_nfa().memory_usage() + self.exact.memory_usage() + gate
    }

    /// The number of bytes that the slowest engine searches in a short time.
    fn at_once_bytes(&self) -> usize {
        STATE_BYTES_AT_ONCE / self.states.max(1)
    }

    pub(super) fn chunk_bytes(&self) -> u64 {
        CHUNK_BYTES.min(self.at_once_bytes() as u64)
    }

    /// Whether an engine finds a match. Also true if there are so many bytes
    /// that the search may take too long.
    pub(super) fn is_match(&self, engine: &meta::Regex, bytes: &[u8]) -> bool {
        bytes.len() > self.at_once_bytes() || engine.is_match(bytes)
    }

    pub(super) fn first_end(&self, bytes: &[u8]) -> Option<usize> {
        let input = Input::new(bytes).earliest(true);
        match self.bulk.try_search_fwd(&mut self.caches.get(), &input) {
            Ok(found) => found.map(|end| end.offset()),
            // The automaton has no quit bytes and never gives up. If it did,
            // this would still be a correct answer.
            Err(_) => (!bytes.is_empty()).then_some(1),
        }
    }
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
