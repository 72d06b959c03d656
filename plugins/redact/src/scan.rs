//! Finds all values in lines of text.
//!
//! Each kind has a separate pass, so that only the requested kinds take time.
//! No value contains a line end, so lines can be searched together.
//!
//! Overlapping values, as in `Bearer eyJ...`, are redacted as one value, from
//! the first byte of either to the last, so that nothing of either is visible.
//! Its kind is that of the value that begins first; of those, the longest; of
//! those, the first in the order of [`Kind`].

use crate::kind::{Kind, Kinds};
use crate::{bearer, card, email, ipv4, ipv6, key, style};
use std::cmp::Reverse;
use std::ops::Range;

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its range.
    pub(crate) range: Range<usize>,
    /// Its kind.
    pub(crate) kind: Kind,
}

/// The values of these kinds in `text`, in order and disjoint.
pub(crate) fn scan(text: &[u8], kinds: Kinds) -> Vec<Found> {
    let mut found = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|&kind| kinds.has(kind)) {
        let add = &mut |range: Range<usize>| {
            if !is_pseudonym(kind, text, &range) {
                found.push(Found { range, kind });
            }
        };
        match kind {
            Kind::Email => email::find(text, add),
            Kind::Ipv4 => ipv4::find(text, add),
            Kind::Ipv6 => ipv6::find(text, add),
            Kind::Card => card::find(text, add),
            Kind::Key => key::find(text, add),
            Kind::Bearer => bearer::find(text, add),
        }
    }
    merge(found)
}

/// Whether a value is only a part of a pseudonym from an earlier run: its
/// digits may look like a card number, and it may follow `Bearer`.
fn is_pseudonym(kind: Kind, text: &[u8], range: &Range<usize>) -> bool {
    match kind {
        Kind::Card => style::is_pseudonym(&text[range.start.saturating_sub("card_".len())..range.end]),
        Kind::Bearer => style::is_pseudonym(&text[range.clone()]),
        _ => false,
    }
}

/// Sorts the values, and joins those that overlap.
fn merge(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_unstable_by_key(|value| (value.range.start, Reverse(value.range.end), value.kind));
    found.dedup_by(|later, earlier| {
        let overlaps = later.range.start < earlier.range.end;
        if overlaps {
            earlier.range.end = earlier.range.end.max(later.range.end);
        }
        overlaps
    });
    found
}
