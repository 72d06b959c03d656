//! Computes the difference between a window and its replacement, as edits.
//! Pure.

mod records;

use std::ops::Range;

pub use self::records::{Records, diff_records, each_hunk};
use crate::error::Result;

/// Differing runs closer than this are joined into one edit.
const JOIN_BYTES: usize = 8;

/// Calls `emit(old range, new range)` for every difference, in order; nothing
/// is emitted when both are equal. If the lengths are equal, bytes are compared
/// in place. Otherwise the common start and end are skipped, and the lines in
/// between are matched.
///
/// # Errors
/// Any error of `emit`.
pub fn diff(
    old: &[u8],
    new: &[u8],
    mut emit: impl FnMut(Range<usize>, Range<usize>) -> Result<()>,
) -> Result<()> {
    if old.len() == new.len() {
        return bytewise(old, new, &mut emit);
    }
    let head = common(old.iter(), new.iter());
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = common(old_rest.iter().rev(), new_rest.iter().rev());
    let (old_rest, new_rest) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    if old_rest.is_empty() || new_rest.is_empty() {
        return emit(head..head + old_rest.len(), head..head + new_rest.len());
    }
    let (old_lines, new_lines) = (Records::new(old_rest, b"\n"), Records::new(new_rest, b"\n"));
    each_hunk(&old_lines, &new_lines, |old, new| {
        let (old, new) = (old_lines.bytes(old), new_lines.bytes(new));
        emit(head + old.start..head + old.end, head + new.start..head + new.end)
    })
}

fn bytewise(
    old: &[u8],
    new: &[u8],
    emit: &mut impl FnMut(Range<usize>, Range<usize>) -> Result<()>,
) -> Result<()> {
    let mut at = 0;
    while let Some(skip) = differing(&old[at..], &new[at..]) {
        let start = at + skip;
        let mut end = start + 1;
        while let Some(gap) = differing(&old[end..], &new[end..]).filter(|&gap| gap < JOIN_BYTES) {
            end += gap + 1;
        }
        emit(start..end, start..end)?;
        at = end;
    }
    Ok(())
}

/// The offset of the first difference.
fn differing(old: &[u8], new: &[u8]) -> Option<usize> {
    const STEP: usize = 32;
    let equal = old.chunks_exact(STEP).zip(new.chunks_exact(STEP)).take_while(|(a, b)| a == b).count() * STEP;
    let rest = old[equal..].iter().zip(&new[equal..]).position(|(a, b)| a != b)?;
    Some(equal + rest)
}

fn common<'a>(old: impl Iterator<Item = &'a u8>, new: impl Iterator<Item = &'a u8>) -> usize {
    old.zip(new).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn each(old: &[u8], new: &[u8], mut emit: impl FnMut(Range<usize>, Range<usize>)) {
        diff(old, new, |o, n| {
            emit(o, n);
            Ok(())
        })
        .expect("nothing fails");
    }

    fn apply(old: &[u8], new: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        each(old, new, |o, n| {
            assert!(at <= o.start, "edits are sorted and disjoint");
            assert_ne!(old[o.clone()], new[n.clone()], "no edit is without effect");
            out.extend_from_slice(&old[at..o.start]);
            out.extend_from_slice(&new[n]);
            at = o.end;
        });
        out.extend_from_slice(&old[at..]);
        out
    }

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_new_bytes(
            old in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'\n')], 0..200),
            new in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'\n')], 0..200),
        ) {
            prop_assert_eq!(apply(&old, &new), new);
        }

        #[test]
        fn edits_of_equal_length_stay_in_place(
            old in proptest::collection::vec(0..3_u8, 100),
            new in proptest::collection::vec(0..3_u8, 100),
        ) {
            each(&old, &new, |o, n| assert_eq!(o, n));
            prop_assert_eq!(apply(&old, &new), new);
        }
    }

    /// Many pieces, with matches across their ends and without.
    #[test]
    fn long_texts_are_matched_piece_by_piece() {
        let lines = |count: u32, step: u32| -> Vec<u8> {
            (0..count).flat_map(|i| format!("{}\n", i / step).into_bytes()).collect()
        };
        let old = lines(10_000, 1);
        let text = std::str::from_utf8(&old).unwrap();
        let marked = text.replace("7\n", "7\nmore\n");
        let mut edits = 0;
        each(&old, marked.as_bytes(), |_, _| edits += 1);
        assert_eq!(edits, 1000, "one for each line that was put in");
        let cut = text.replace("99\n", "");
        for new in [marked.as_bytes(), cut.as_bytes(), &lines(30_000, 3), &lines(9_000, 9), b"\n"] {
            assert_eq!(apply(&old, new), new);
            assert_eq!(apply(new, &old), old);
        }
    }
}
