//! Checks a proof: computes both roots from its values.

use std::ops::Range;

use blake3::hazmat::{Mode, merge_subtrees_non_root, merge_subtrees_root};

use super::parts::parts;
use super::{Content, Flaw, MAX_FILE_BYTES, MAX_RANGES, Proof, groups};
use crate::hash::{Cv, GROUP_BYTES};

/// A subtree and its value.
type Known = (Range<u64>, Cv);

impl Proof {
    /// Checks that two versions of a file with these sizes and roots are the same
    /// outside of the ranges. The work depends on the length of the proof alone.
    ///
    /// # Errors
    /// The first flaw: then nothing is proven.
    pub fn check(&self, old: &Content, new: &Content) -> Result<(), Flaw> {
        self.check_sizes(old.size, new.size)?;
        self.check_ranges(old.size)?;
        for content in [old, new] {
            if content.size == 0 && content.root != blake3::hash(b"") {
                return Err(if content == old { Flaw::OldRoot } else { Flaw::NewRoot });
            }
        }
        if self.tail == Some(0) {
            return if self.values.is_empty() { Ok(()) } else { Err(Flaw::Values) };
        }
        let (all_old, all_new) = (groups(old.size), groups(new.size));
        if all_old <= 1 {
            // The value of the only group is the root itself.
            let is_known = old.root == new.root || !self.changed.is_empty();
            return match (self.values.is_empty(), is_known) {
                (false, _) => Err(Flaw::Values),
                (_, false) => Err(Flaw::NewRoot),
                _ => Ok(()),
            };
        }
        let common = self.tail.map_or(all_old, |tail| tail / GROUP_BYTES);
        let mut values = Values { rest: &self.values, changed: &self.changed };
        let (mut in_old, mut in_new) = (Vec::new(), Vec::new());
        for part in parts(0..common, all_old.min(all_new)) {
            let (before, after) = values.node(&part)?;
            in_old.push((part.clone(), before));
            in_new.push((part, after));
        }
        for part in parts(common..all_old, all_old) {
            in_old.push((part, values.next()?));
        }
        for part in parts(common..all_new, all_new) {
            in_new.push((part, values.next()?));
        }
        if !values.rest.is_empty() {
            return Err(Flaw::Values);
        }
        if root(all_old, &in_old) != old.root {
            return Err(Flaw::OldRoot);
        }
        if root(all_new, &in_new) != new.root {
            return Err(Flaw::NewRoot);
        }
        Ok(())
    }

    fn check_sizes(&self, old: u64, new: u64) -> Result<(), Flaw> {
        let is_right = old.max(new) <= MAX_FILE_BYTES
            && match self.tail {
                None => old == new,
                Some(0) => true,
                // The value of a file's only group is that of no group in a tree.
                Some(tail) => {
                    tail % GROUP_BYTES == 0
                        && tail <= old.min(new)
                        && tail < old.max(new)
                        && groups(old) > 1
                        && groups(new) > 1
                }
            };
        if is_right { Ok(()) } else { Err(Flaw::Sizes) }
    }

    fn check_ranges(&self, size: u64) -> Result<(), Flaw> {
        let end = self.tail.unwrap_or(size);
        let mut free = None;
        for range in &self.changed {
            let is_whole =
                range.start % GROUP_BYTES == 0 && (range.end % GROUP_BYTES == 0 || range.end == end);
            let follows = free.is_none_or(|free| range.start > free);
            if !is_whole || !follows || range.is_empty() || range.end > end {
                return Err(Flaw::Ranges);
            }
            free = Some(range.end);
        }
        if self.changed.len() > MAX_RANGES { Err(Flaw::Ranges) } else { Ok(()) }
    }
}

/// Values that are read in order.
struct Values<'a> {
    rest: &'a [u8],
    changed: &'a [Range<u64>],
}

impl Values<'_> {
    fn next(&mut self) -> Result<Cv, Flaw> {
        let (value, rest) = self.rest.split_first_chunk().ok_or(Flaw::Values)?;
        self.rest = rest;
        Ok(*value)
    }

    /// The values of a part in both versions. Its depth is at most that of a file's
    /// tree, and each leaf reads a value, so it ends with the values.
    fn node(&mut self, part: &Range<u64>) -> Result<(Cv, Cv), Flaw> {
        let (start, end) = (part.start * GROUP_BYTES, part.end * GROUP_BYTES);
        let at = self.changed.partition_point(|range| range.end <= start);
        match self.changed.get(at).filter(|range| range.start < end) {
            None => self.next().map(|value| (value, value)),
            // The last group of a file may end early. A range holds whole groups, so a
            // single group is always taken here, or above.
            Some(range) if range.start <= start && groups(range.end) >= part.end => {
                Ok((self.next()?, self.next()?))
            }
            Some(_) => {
                let middle = part.start + (part.end - part.start) / 2;
                let (left, right) = (self.node(&(part.start..middle))?, self.node(&(middle..part.end))?);
                Ok((merged(&left.0, &right.0), merged(&left.1, &right.1)))
            }
        }
    }
}

/// The value of an inner node that is no root.
pub(super) fn merged(left: &Cv, right: &Cv) -> Cv {
    merge_subtrees_non_root(left, right, Mode::Hash)
}

/// The root of a tree of at least two groups, which all belong to one of the subtrees.
fn root(groups: u64, known: &[Known]) -> blake3::Hash {
    let left = left_groups(groups);
    let mut known = known.iter();
    let (first, second) = (join(0..left, &mut known), join(left..groups, &mut known));
    merge_subtrees_root(&first, &second, Mode::Hash)
}

/// The value of a node, of which the next subtrees are parts.
fn join(node: Range<u64>, known: &mut std::slice::Iter<'_, Known>) -> Cv {
    if let Some((part, value)) = known.as_slice().first()
        && *part == node
    {
        known.next();
        return *value;
    }
    // Parts are nodes of the tree, so a single group is one of them.
    debug_assert!(node.end - node.start > 1, "every group is known");
    let middle = node.start + left_groups(node.end - node.start);
    let (left, right) = (join(node.start..middle, known), join(middle..node.end, known));
    merged(&left, &right)
}

/// The groups of the left child: the largest power of two below their number
/// (BLAKE3, section 2.1: <https://github.com/BLAKE3-team/BLAKE3-specs>).
fn left_groups(groups: u64) -> u64 {
    1 << (groups - 1).ilog2()
}
