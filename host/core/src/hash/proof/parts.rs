//! How a row of groups is made of subtrees.

use std::ops::Range;

/// The largest aligned subtrees of whole powers of two in a row of groups, in order.
/// Each is a node of every tree that holds the row, because none of them is the tree of
/// `whole` groups: its value would be a root, which BLAKE3 marks.
pub(super) fn parts(groups: Range<u64>, whole: u64) -> impl Iterator<Item = Range<u64>> {
    let Range { mut start, end } = groups;
    std::iter::from_fn(move || {
        let most = 1_u64.checked_shl((end.checked_sub(start)?).checked_ilog2()?)?;
        let mut count = if start == 0 { most } else { most.min(1 << start.trailing_zeros()) };
        if (start, count) == (0, whole) && count > 1 {
            count /= 2;
        }
        start += count;
        Some(start - count..start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_made_of_nodes_of_the_tree() {
        let of = |groups, whole| {
            parts(groups, whole).map(|part| (part.start, part.end - part.start)).collect::<Vec<_>>()
        };
        assert_eq!(of(0..0, 0), []);
        assert_eq!(of(0..7, 7), [(0, 4), (4, 2), (6, 1)]);
        assert_eq!(of(0..8, 8), [(0, 4), (4, 4)]);
        assert_eq!(of(0..8, 9), [(0, 8)]);
        assert_eq!(of(3..11, 11), [(3, 1), (4, 4), (8, 2), (10, 1)]);
        assert_eq!(of(5..5, 5), []);
        assert_eq!(of(0..1 << 47, 1 << 47), [(0, 1 << 46), (1 << 46, 1 << 46)]);
    }
}
