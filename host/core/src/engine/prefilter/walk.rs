//! A search with a lazy DFA that can be stopped in the middle.
//!
//! Performs the library's own search step by step: a state of the DFA may take
//! a millisecond to build, and each byte of the file may need a new one. Where
//! states are known, this is as fast as the library.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::util::start;
use regex_automata::{Anchored, Span};

use crate::cancel::Paced;
use crate::error::Result;

/// Bytes to pass between two checks of the deadline.
const RUN_BYTES: usize = 64 << 10;
/// Bytes to search for a prefix at a time.
const SKIP_BYTES: usize = if cfg!(test) { 5 } else { 1 << 20 };

/// A search for the first end of a match.
pub(super) struct Walk<'a> {
    pub(super) dfa: &'a DFA,
    /// Finds where a match may begin.
    pub(super) prefix: Option<&'a Prefilter>,
    /// Maximum nanoseconds to build a state.
    pub(super) step_ns: usize,
    pub(super) bytes: &'a [u8],
}

/// The end of the first match.
pub(super) enum End {
    At(usize),
    Nowhere,
    /// The automaton gave up.
    Unknown,
}

impl Walk<'_> {
    /// The end of the match that ends first.
    ///
    /// # Errors
    /// When the deadline has passed, or the run was stopped.
    pub(super) fn first_end(&self, cache: &mut Cache, pace: &mut Paced<'_>) -> Result<End> {
        let config = start::Config::new().anchored(Anchored::No);
        let Ok(mut state) = self.dfa.start_state(cache, &config) else { return Ok(End::Unknown) };
        let mut at = 0;
        while at < self.bytes.len() {
            if state.is_tagged() {
                match self.skip(state, at, pace)? {
                    Some(candidate) => at = candidate,
                    None => return Ok(End::Nowhere),
                }
            } else {
                let from = at;
                (state, at) = self.run(cache, state, at);
                pace.step(at - from)?;
                if at == self.bytes.len() {
                    break;
                }
            }
            // One careful step: the state may have to be built, or may have a
            // special meaning.
            pace.step(self.step_ns)?;
            let Ok(next) = self.dfa.next_state(cache, state, self.bytes[at]) else {
                return Ok(End::Unknown);
            };
            if next.is_match() {
                // A DFA reports a match one byte late.
                return Ok(End::At(at));
            }
            if next.is_dead() {
                return Ok(End::Nowhere);
            }
            if next.is_quit() {
                return Ok(End::Unknown);
            }
            (state, at) = (next, at + 1);
        }
        match self.dfa.next_eoi_state(cache, state) {
            Ok(last) if last.is_match() => Ok(End::At(self.bytes.len())),
            Ok(_) => Ok(End::Nowhere),
            Err(_) => Ok(End::Unknown),
        }
    }

    /// Passes bytes while the following states are known and have no special
    /// meaning.
    fn run(&self, cache: &Cache, mut state: LazyStateID, mut at: usize) -> (LazyStateID, usize) {
        let end = (at + RUN_BYTES).min(self.bytes.len());
        while at < end {
            let next = self.dfa.next_state_untagged(cache, state, self.bytes[at]);
            if next.is_tagged() {
                break;
            }
            (state, at) = (next, at + 1);
        }
        (state, at)
    }

    /// In a start state: the next offset at or after `at` where a match may
    /// begin. `None` if there is none.
    fn skip(&self, state: LazyStateID, mut at: usize, pace: &mut Paced<'_>) -> Result<Option<usize>> {
        let Some(prefix) = self.prefix.filter(|_| state.is_start()) else { return Ok(Some(at)) };
        loop {
            let end = (at + SKIP_BYTES + prefix.max_needle_len()).min(self.bytes.len());
            let found = prefix.find(self.bytes, Span { start: at, end });
            let passed = found.map_or(end, |span| span.start);
            pace.step(passed - at)?;
            if found.is_some() {
                return Ok(Some(passed));
            }
            if end == self.bytes.len() {
                return Ok(None);
            }
            at += SKIP_BYTES;
        }
    }
}
