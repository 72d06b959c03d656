//! Determines how the end of an incomplete stream may still match.
//!
//! An edit at `s` comes with a match that starts at or after `s` and ends at or
//! before `s + reach`. So a match whose first bytes are in view, from `h` on,
//! allows edits from `h + length - reach` on. A match of which nothing is in
//! view yet allows edits from that distance before the end of the view on.

use runner_contract::Pattern;

use crate::engine::framing::View;

/// Maximum size of all literals together, in bytes, for which the end of the
/// view is compared with all their beginnings. In the worst case, each pause of
/// the input takes the square of this number of comparisons.
const MAX_BYTES: usize = 2 << 10;

/// The literals of a prefilter, and how far from an edit a match may end.
#[derive(Debug)]
pub(super) struct Tail {
    literals: Vec<Vec<u8>>,
    ignore_ascii_case: bool,
    reach: u64,
}

impl Tail {
    /// Returns `None` if there are too many possible beginnings.
    pub(super) fn new(pattern: &Pattern, reach: u64) -> Option<Self> {
        let Pattern::Literals { patterns, ignore_ascii_case } = pattern else { return None };
        if patterns.iter().map(Vec::len).sum::<usize>() > MAX_BYTES {
            return None;
        }
        Some(Self { literals: patterns.clone(), ignore_ascii_case: *ignore_ascii_case, reach })
    }

    /// The first offset at or after `from` at which an edit may start with a
    /// match that does not end in view; the end of the view, if there is none.
    pub(super) fn settled(&self, view: &View<'_>, from: u64) -> u64 {
        let limit = view.limit();
        let earliest = |literal: &Vec<u8>| {
            let length = literal.len() as u64;
            let first = from.max((limit + 1).saturating_sub(length));
            let begun = (first..limit).find(|at| self.begins(literal, view.slice(*at..limit)));
            (begun.unwrap_or(limit) + length).saturating_sub(self.reach)
        };
        self.literals.iter().map(earliest).min().unwrap_or(from).clamp(from, limit)
    }

    fn begins(&self, literal: &[u8], bytes: &[u8]) -> bool {
        let start = &literal[..bytes.len()];
        if self.ignore_ascii_case { start.eq_ignore_ascii_case(bytes) } else { start == bytes }
    }
}
