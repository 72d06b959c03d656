//! Decides whether a match is final, although the rest of the file is not known
//! yet.
//!
//! An automaton reads the text once. When it reaches a state that nothing can
//! follow, no further byte could change the match: it is the one that a search
//! over the whole file finds. Otherwise the text is kept from the first place at
//! which a match may still begin. That place is found by a search backwards for
//! the beginnings of matches.

use std::fmt::Display;
use std::ops::Range;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use crate::beginnings::beginnings;

/// Memory for the states of each automaton. With less, they would be computed
/// again and again.
const CACHE_BYTES: usize = 8 << 20;

/// What is known about the first match in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It ends here, whatever follows.
    Ends(usize),
    /// None begins before this place; whether one begins there is not known.
    Open(usize),
    /// There is none, whatever follows.
    Never,
    /// The automaton cannot tell: characters beyond ASCII, beside `\b`.
    Unknown,
}

/// Decides for one expression.
#[derive(Debug)]
pub(crate) struct Decider {
    forward: DFA,
    forward_cache: Cache,
    prefilter: Option<Prefilter>,
    backward: DFA,
    backward_cache: Cache,
}

impl Decider {
    /// # Errors
    /// If the expression is too large.
    pub(crate) fn new(hir: &Hir) -> Result<Self, String> {
        let message = |error: &dyn Display| error.to_string();
        let prefilter = Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, hir).filter(Prefilter::is_fast);
        let config = DFA::config()
            .unicode_word_boundary(true)
            .specialize_start_states(prefilter.is_some())
            .cache_capacity(CACHE_BYTES)
            .skip_cache_capacity_check(true);
        let nfa = thompson::Config::new().utf8(false).which_captures(WhichCaptures::None);
        let build = |hir: &Hir, nfa: thompson::Config, config| {
            let nfa =
                thompson::Compiler::new().configure(nfa).build_from_hir(hir).map_err(|e| message(&e))?;
            DFA::builder().configure(config).build_from_nfa(nfa).map_err(|error| message(&error))
        };
        let forward = build(hir, nfa.clone(), config.clone().match_kind(MatchKind::LeftmostFirst))?;
        let backward = build(&beginnings(hir), nfa.reverse(true), config.match_kind(MatchKind::All))?;
        let (forward_cache, backward_cache) = (forward.create_cache(), backward.create_cache());
        Ok(Self { forward, forward_cache, prefilter, backward, backward_cache })
    }

    /// The verdict about the first match at or after `from`, in a text that
    /// more follows.
    pub(crate) fn first(&mut self, text: &[u8], from: usize) -> Verdict {
        match self.end(text, from) {
            Some(End::Final(end)) => Verdict::Ends(end),
            Some(End::Never) => Verdict::Never,
            Some(End::Open) => Verdict::Open(self.begin(text, from..text.len())),
            None => Verdict::Unknown,
        }
    }

    /// The first place in a range at which a match may begin that goes on after
    /// the range, or depends on what follows; the end of the range, if there is
    /// none. The place may be too early.
    pub(crate) fn begin(&mut self, text: &[u8], range: Range<usize>) -> usize {
        let input = Input::new(text).range(range.clone()).anchored(Anchored::Yes);
        match self.backward.try_search_rev(&mut self.backward_cache, &input) {
            Ok(start) => start.map_or(range.end, |start| start.offset()),
            // It has no quit bytes, and never gives up.
            Err(_) => range.start,
        }
    }

    /// `None` at a byte beyond ASCII, if the expression has `\b`.
    fn end(&mut self, text: &[u8], from: usize) -> Option<End> {
        let Self { forward, forward_cache: cache, prefilter, .. } = self;
        let start =
            |cache: &mut Cache, at| forward.start_state_forward(cache, &Input::new(text).range(at..)).ok();
        let mut state = start(cache, from)?;
        let mut end = None;
        let mut at = from;
        while at < text.len() {
            if state.is_start()
                && let Some(prefilter) = prefilter
            {
                let next = match prefilter.find(text, (at..text.len()).into()) {
                    Some(candidate) => candidate.start,
                    // A match may begin in the last bytes.
                    None => text.len().saturating_sub(prefilter.max_needle_len()).max(at),
                };
                if next > at {
                    at = next;
                    state = start(cache, at)?;
                    if at == text.len() {
                        break;
                    }
                }
            }
            state = forward.next_state(cache, state, text[at]).ok()?;
            if state.is_tagged() {
                if state.is_match() {
                    end = Some(at);
                } else if state.is_dead() {
                    return Some(end.map_or(End::Never, End::Final));
                } else if state.is_quit() {
                    return None;
                }
            }
            at += 1;
        }
        Some(End::Open)
    }
}

enum End {
    Final(usize),
    Open,
    Never,
}
