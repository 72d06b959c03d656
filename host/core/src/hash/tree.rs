//! Computes the hash of a whole file, group by group.
//!
//! A group's chaining value depends only on its bytes and its index, so workers
//! hash groups in any order, and [`Tree`] joins them in file order. The result
//! is the plain BLAKE3 of the file, as `b3sum` prints it.

use blake3::Hasher;
use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use serde::{Deserialize, Serialize};

/// Bytes of a group, the leaf of the hash tree: 65,536 bytes are one group;
/// 65,537 bytes are two, and the second one has one byte.
///
/// A power of two times BLAKE3's own 1 KiB chunks, so that every group except
/// the last is a whole subtree.
pub const GROUP_BYTES: u64 = 65_536;

/// The chaining value of a group or of a larger subtree.
pub type Cv = [u8; 32];

/// The chaining value of group `index` of a file of `file_bytes` bytes.
///
/// If a file has a single group, that group is also the root, which BLAKE3
/// marks: its value is the hash of the file itself, and [`Tree`] returns it
/// unchanged.
///
/// `bytes` must be the whole group: [`GROUP_BYTES`] bytes, fewer only at the
/// end of the file, and never empty (an empty file has no groups).
#[must_use]
pub fn group_cv(bytes: &[u8], index: u64, file_bytes: u64) -> Cv {
    debug_assert_eq!(bytes.len() as u64, GROUP_BYTES.min(file_bytes - index * GROUP_BYTES));
    if file_bytes <= GROUP_BYTES {
        return *blake3::hash(bytes).as_bytes();
    }
    Hasher::new().set_input_offset(index * GROUP_BYTES).update(bytes).finalize_non_root()
}

/// Joins the groups' chaining values, in file order, into the file's hash.
///
/// Memory is logarithmic in the number of groups. A clone is a snapshot that
/// can be continued independently.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Roots of whole subtrees, the largest (leftmost) first. After `n` groups,
    /// the first `n - 1` of them form one subtree for each set bit of `n - 1`.
    /// The last group is kept separate: it must not be merged before it is
    /// known whether that merge is the root's.
    stack: Vec<Cv>,
    groups: u64,
}

impl Tree {
    /// The tree without groups.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Groups pushed so far.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.groups
    }

    /// Whether the invariant holds: a stored tree may be anything.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let whole = self.groups.checked_sub(1).map_or(0, |others| others.count_ones() as usize + 1);
        self.stack.len() == whole
    }

    /// Appends the next group.
    pub fn push(&mut self, cv: Cv) {
        while self.stack.len() > self.groups.count_ones() as usize {
            let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) else { break };
            self.stack.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
        self.stack.push(cv);
        self.groups += 1;
    }

    /// The hash of a file that consists of the groups pushed so far.
    ///
    /// The result is meaningful only if `group_cv` was given the size of this
    /// file, at least as far as the size decides whether the first group is the
    /// only one.
    #[must_use]
    pub fn finish(&self) -> blake3::Hash {
        let Some((root_left, rest)) = self.stack.split_first() else {
            return blake3::hash(b"");
        };
        // Merging from the right keeps the accumulated subtree on the right.
        let right = rest
            .iter()
            .copied()
            .rev()
            .reduce(|right, left| merge_subtrees_non_root(&left, &right, Mode::Hash));
        match right {
            Some(right) => merge_subtrees_root(root_left, &right, Mode::Hash),
            None => blake3::Hash::from_bytes(*root_left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(len: u64) -> Vec<u8> {
        (0..len).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
    }

    fn tree_of(bytes: &[u8]) -> Tree {
        let mut tree = Tree::new();
        for (index, group) in bytes.chunks(GROUP_BYTES as usize).enumerate() {
            tree.push(group_cv(group, index as u64, bytes.len() as u64));
        }
        tree
    }

    #[test]
    fn equals_blake3_round_group_boundaries() {
        for groups in [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 33] {
            for delta in [-1_i64, 0, 1, 1024] {
                let Some(len) = (groups * GROUP_BYTES).checked_add_signed(delta) else { continue };
                let bytes = content(len);
                assert_eq!(tree_of(&bytes).finish(), blake3::hash(&bytes), "{len} bytes");
            }
        }
    }

    #[test]
    fn stack_stays_logarithmic() {
        let mut tree = Tree::new();
        for _ in 0..100_000 {
            tree.push([7; 32]);
            assert!(tree.stack.len() <= 18, "{} entries", tree.stack.len());
            assert!(tree.is_sound() && tree.groups() > 0);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn equals_blake3(len in 0..9 * GROUP_BYTES) {
            let bytes = content(len);
            prop_assert_eq!(tree_of(&bytes).finish(), blake3::hash(&bytes));
        }

        #[test]
        fn clone_and_finish_leave_the_original_as_it_was(cut in 0_usize..12) {
            let bytes = content(11 * GROUP_BYTES + 5);
            let mut tree = Tree::new();
            for (index, group) in bytes.chunks(GROUP_BYTES as usize).enumerate() {
                if index == cut {
                    let _ = tree.finish();
                    tree = tree.clone();
                }
                tree.push(group_cv(group, index as u64, bytes.len() as u64));
            }
            prop_assert_eq!(tree.finish(), blake3::hash(&bytes));
        }
    }
}
