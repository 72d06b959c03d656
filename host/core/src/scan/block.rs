//! One block of a scan: its edits, and the hashes of its groups before and
//! after.

use std::ops::Range;

use crate::engine::edits::{EditList, Touched};
use crate::engine::framing::View;
use crate::engine::validate::Found;
use crate::hash::{Cv, GROUP_BYTES, group_cv};
use crate::profile::{self, Stage};

/// The results for one block.
pub(super) struct Block {
    /// The part of the file that it covers: whole groups, except for the last
    /// one.
    pub(super) range: Range<u64>,
    pub(super) found: Found,
    /// Chaining values of all groups in the block.
    pub(super) before: Vec<Cv>,
    /// Chaining values after the edits found here, for the groups that they
    /// touch, up to the first change of length. Edits of earlier blocks are not
    /// included.
    pub(super) after: Vec<(u64, Cv)>,
    /// What the next block must know about everything before it; see
    /// [`Cutter`](crate::engine::framing::Cutter).
    pub(super) carry: u64,
}

/// Chaining values of the groups in a range, which must be in view.
pub(super) fn hash_before(view: &View<'_>, range: &Range<u64>, file_bytes: u64) -> Vec<Cv> {
    let _span = profile::span(Stage::Hash);
    let first = range.start / GROUP_BYTES;
    let groups = view.slice(range.clone()).chunks(GROUP_BYTES as usize);
    groups.zip(first..).map(|(bytes, index)| group_cv(bytes, index, file_bytes)).collect()
}

/// Chaining values after the edits, for the groups of `range` that they touch,
/// up to the first change of length. The range must be in view.
pub(super) fn hash_after(
    view: &View<'_>,
    range: &Range<u64>,
    file_bytes: u64,
    edits: &EditList,
) -> Vec<(u64, Cv)> {
    let _span = profile::span(Stage::HashNew);
    let (mut after, mut low, mut scratch) = (Vec::new(), 0, Vec::new());
    for index in range.start / GROUP_BYTES..range.end.div_ceil(GROUP_BYTES) {
        match edits.group_after(&mut low, index, (view, file_bytes), &mut scratch) {
            Touched::No => {}
            Touched::Yes(cv) => after.push((index, cv)),
            Touched::Moved => break,
        }
    }
    after
}
