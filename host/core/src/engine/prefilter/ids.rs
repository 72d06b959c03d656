//! Which prefilters a record matches.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use runner_contract::{Pattern, Prefilter};

use super::search::Search;

/// Decides for a single record which prefilters match in it.
pub(super) struct Ids {
    /// Literals in their own case, and literals in either case.
    literals: Vec<Literals>,
    /// Each with the bit of its id.
    expressions: Vec<(Search, u64)>,
}

/// An automaton for the literals of several prefilters.
struct Literals {
    automaton: AhoCorasick,
    /// The bit of the id, for each literal.
    bits: Vec<u64>,
    /// All of them.
    all: u64,
}

impl Ids {
    /// # Errors
    /// As for [`super::Finder::new`].
    pub(super) fn new(prefilters: &[Prefilter]) -> Result<Self, String> {
        let mut expressions = Vec::new();
        for prefilter in prefilters {
            if let Pattern::Regex(expression) = &prefilter.pattern {
                expressions.push((Search::regex(expression)?, 1 << prefilter.id));
            }
        }
        let mut literals = Vec::new();
        for of_any_case in [false, true] {
            literals.extend(Literals::new(prefilters, of_any_case)?);
        }
        Ok(Self { literals, expressions })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let literals = self.literals.iter().map(|literals| literals.automaton.memory_usage()).sum::<usize>();
        literals + self.expressions.iter().map(|(search, _)| search.memory_bytes()).sum::<usize>()
    }

    /// A bit for each id that matches.
    pub(super) fn of(&self, record: &[u8]) -> u64 {
        let literals = self.literals.iter().fold(0, |ids, literals| ids | literals.of(record));
        let matches =
            |(search, _): &&(Search, u64)| search.first_end(record).is_some() && search.confirm(record);
        self.expressions.iter().filter(matches).fold(literals, |ids, (_, bit)| ids | bit)
    }
}

impl Literals {
    fn new(prefilters: &[Prefilter], of_any_case: bool) -> Result<Option<Self>, String> {
        let (mut literals, mut bits) = (Vec::new(), Vec::new());
        for prefilter in prefilters {
            if let Pattern::Literals { patterns, ignore_ascii_case } = &prefilter.pattern
                && *ignore_ascii_case == of_any_case
            {
                literals.extend(patterns.iter().map(Vec::as_slice));
                bits.resize(literals.len(), 1 << prefilter.id);
            }
        }
        if literals.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(of_any_case)
            .build(literals)
            .map_err(|error| format!("the literals of its prefilters cannot be used: {error}"))?;
        let all = bits.iter().fold(0, |all, bit| all | bit);
        Ok(Some(Self { automaton, bits, all }))
    }

    fn of(&self, record: &[u8]) -> u64 {
        let mut ids = 0;
        for found in self.automaton.find_overlapping_iter(record) {
            ids |= self.bits[found.pattern().as_usize()];
            if ids == self.all {
                break;
            }
        }
        ids
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}
