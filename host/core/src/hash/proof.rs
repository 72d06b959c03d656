//! A proof that two versions of a file are the same outside of some ranges, for those
//! who have neither of them, but their sizes and BLAKE3 roots.
//!
//! Both versions are hash trees of groups ([`GROUP_BYTES`]). Before the first change of
//! length, a subtree without a changed group has one chaining value, which stands in
//! both trees; one in which every group has changed has two. All other inner nodes, and
//! both roots, follow from these values. Who finds the two roots in that way knows that
//! all bytes below the shared values are equal, and at equal offsets.
//!
//! After a change of length, all bytes move. Groups that hold the same bytes at other
//! offsets have other chaining values, so nothing is proven there: from
//! [`Proof::tail`] on, everything counts as changed. The values of that part are listed
//! for each version on its own.
//!
//! ```text
//! parts(a..b) = the largest aligned subtrees of 2^k groups in a..b, without the root
//! node        = unchanged: value [32]
//!             | changed as a whole: old value [32], new value [32]
//!             | left node, right node
//! values      = node of each of parts(0..tail), old value [32] of each of parts(tail..),
//!               new value [32] of each of parts(tail..)
//! ```
//!
//! The ranges say which of the three a node is, so there is one form for each set of
//! ranges, and no number in it can be wrong. If the tail is the whole file, there are
//! no values. Pure code.

mod builder;
mod check;
mod parts;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

pub use self::builder::{After, Builder};
use super::GROUP_BYTES;

/// The greatest size of the values of a proof, in bytes. Ranges are widened until the
/// values fit.
pub const MAX_VALUES_BYTES: usize = 4 << 20;
/// The greatest number of ranges: each takes two values at least.
pub const MAX_RANGES: usize = MAX_VALUES_BYTES / 64;
/// The greatest size of a file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 63;

/// What two versions of a file have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The ranges outside of which nothing has changed, in bytes: sorted, neither
    /// overlapping nor adjacent, of whole groups.
    pub changed: Vec<Range<u64>>,
    /// From this byte on, at the beginning of a group, nothing is proven. `None` if
    /// both versions have the same size and nothing has moved.
    pub tail: Option<u64>,
    /// Chaining values.
    pub values: Vec<u8>,
}

/// One version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Size in bytes.
    pub size: u64,
    /// The BLAKE3 of all bytes.
    pub root: blake3::Hash,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The sizes cannot be those of the two versions.
    Sizes,
    /// A range is out of order, not of whole groups, or outside the file.
    Ranges,
    /// There are too many values, or too few.
    Values,
    /// The values do not give the root of the old version.
    OldRoot,
    /// The values do not give the root of the new version.
    NewRoot,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sizes => "the sizes do not fit the ranges",
            Self::Ranges => "a range is out of order, not of whole groups, or outside the file",
            Self::Values => "the number of hash values does not fit the ranges",
            Self::OldRoot => "the hash values do not give the root of the old content",
            Self::NewRoot => "the hash values do not give the root of the new content",
        })
    }
}

impl Proof {
    /// The proof that proves nothing, for a file that was replaced as a whole.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self { changed: Vec::new(), tail: Some(0), values: Vec::new() }
    }

    /// Whether all of these bytes of the old version lie where changes are listed.
    #[must_use]
    pub fn covers(&self, bytes: &Range<u64>) -> bool {
        let end = self.tail.map_or(bytes.end, |tail| bytes.end.min(tail));
        if bytes.start >= end {
            return self.tail.is_some_and(|tail| bytes.start >= tail) || bytes.is_empty();
        }
        let at = self.changed.partition_point(|range| range.end <= bytes.start);
        self.changed.get(at).is_some_and(|range| range.start <= bytes.start && end <= range.end)
    }
}

/// The number of groups of a file.
fn groups(size: u64) -> u64 {
    size.div_ceil(GROUP_BYTES)
}
