//! A search for literals.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::MatchKind::{LeftmostFirst, Standard};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem;

use super::{Case, Search};

/// Maximum size of all literals together, in bytes.
const MAX_LITERAL_BYTES: usize = 1 << 20;
/// Maximum size of one literal, in bytes.
const MAX_ONE_LITERAL_BYTES: usize = 64 << 10;
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

impl Search {
    /// The most memory that [`Search::literals`] needs while it works, in
    /// bytes.
    pub(in crate::engine::prefilter) fn literals_need_bytes(patterns: &[Vec<u8>]) -> usize {
        let bytes = patterns.iter().map(Vec::len).sum::<usize>();
        let each = if bytes <= MAX_TABLE_LITERAL_BYTES { TABLE_NEED_BYTES } else { LITERAL_NEED_BYTES };
        let dense = beginnings(patterns).min(MAX_DENSE_STATES);
        each.saturating_mul(bytes + patterns.len()) + DENSE_STATE_NEED_BYTES * dense
    }

    pub(in crate::engine::prefilter) fn literals(patterns: &[Vec<u8>], case: Case) -> Result<Self, String> {
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
        Ok(Self::Literals { shortest: automaton.min_pattern_len(), automaton })
    }
}

/// The number of different literal beginnings: states after one byte and after
/// two.
fn beginnings(patterns: &[Vec<u8>]) -> usize {
    let begins: BTreeSet<_> =
        patterns.iter().flat_map(|p| [&p[..p.len().min(1)], &p[..p.len().min(2)]]).collect();
    begins.len()
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
