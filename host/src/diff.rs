//! The difference between a window and its replacement, as edits. Pure.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Differing runs closer than this become one edit.
const JOIN_BYTES: usize = 8;

/// Calls `emit(old range, new range)` for every difference, in order. Nothing
/// is emitted when both are equal. Of equal lengths, bytes are compared in
/// place; otherwise lines are matched, after what both have in common at
/// either end is left out.
pub fn diff(old: &[u8], new: &[u8], mut emit: impl FnMut(Range<usize>, Range<usize>)) {
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
    let mut input = InternedInput::default();
    input.update_before(old_rest.split_inclusive(|&byte| byte == b'\n'));
    input.update_after(new_rest.split_inclusive(|&byte| byte == b'\n'));
    let (old_ends, new_ends) = (line_ends(old_rest), line_ends(new_rest));
    for hunk in Diff::compute(Algorithm::Histogram, &input).hunks() {
        let bytes = |ends: &[usize], lines: Range<u32>| {
            head + ends[lines.start as usize]..head + ends[lines.end as usize]
        };
        emit(bytes(&old_ends, hunk.before), bytes(&new_ends, hunk.after));
    }
}

fn bytewise(old: &[u8], new: &[u8], emit: &mut impl FnMut(Range<usize>, Range<usize>)) {
    let mut at = 0;
    while let Some(skip) = differing(&old[at..], &new[at..]) {
        let start = at + skip;
        let mut end = start + 1;
        while let Some(gap) = differing(&old[end..], &new[end..]).filter(|&gap| gap < JOIN_BYTES) {
            end += gap + 1;
        }
        emit(start..end, start..end);
        at = end;
    }
}

/// Where the first difference is.
fn differing(old: &[u8], new: &[u8]) -> Option<usize> {
    const STEP: usize = 32;
    let equal = old.chunks_exact(STEP).zip(new.chunks_exact(STEP)).take_while(|(a, b)| a == b).count() * STEP;
    let rest = old[equal..].iter().zip(&new[equal..]).position(|(a, b)| a != b)?;
    Some(equal + rest)
}

fn common<'a>(old: impl Iterator<Item = &'a u8>, new: impl Iterator<Item = &'a u8>) -> usize {
    old.zip(new).take_while(|(a, b)| a == b).count()
}

/// Where each line begins, and where the last one ends.
fn line_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        ends.push(ends[ends.len() - 1] + line.len());
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(old: &[u8], new: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        diff(old, new, |o, n| {
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
            diff(&old, &new, |o, n| assert_eq!(o, n));
            prop_assert_eq!(apply(&old, &new), new);
        }
    }
}
