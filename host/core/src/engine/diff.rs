//! Computes the difference between a window and its replacement, as edits.
//! Pure.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::error::Result;

/// Differing runs closer than this are joined into one edit.
const JOIN_BYTES: usize = 8;
/// Lines matched at a time. The work may grow with the square of this number,
/// so it bounds the cost of an answer. Lines further apart are not matched.
const PIECE_LINES: usize = 2048;

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
    let (old_lines, new_lines) = (Lines::of(old_rest), Lines::of(new_rest));
    let (mut o, mut n) = (0, 0);
    while o < old_lines.count() || n < new_lines.count() {
        let olds = o..(o + PIECE_LINES).min(old_lines.count());
        let news = n..(n + PIECE_LINES).min(new_lines.count());
        let last = olds.end == old_lines.count() && news.end == new_lines.count();
        let mut hunks = line_diff(&old_lines, &new_lines, olds.clone(), news.clone());
        (o, n) = (olds.end, news.end);
        // A difference at the end of a piece may have its match just after it,
        // so the next piece begins at that difference, unless that would make
        // too little progress.
        if !last
            && let Some((old, new)) = hunks.last()
            && old.end == olds.end
            && old.start - olds.start + new.start - news.start >= PIECE_LINES
        {
            (o, n) = (old.start, new.start);
            hunks.pop();
        }
        for (old, new) in hunks {
            let (old, new) = (old_lines.bytes(old), new_lines.bytes(new));
            emit(head + old.start..head + old.end, head + new.start..head + new.end)?;
        }
    }
    Ok(())
}

/// The lines of a text.
struct Lines<'a> {
    text: &'a [u8],
    /// The start of each line, and the end of the last one.
    ends: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut ends = vec![0];
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            ends.push(ends[ends.len() - 1] + line.len());
        }
        Self { text, ends }
    }

    fn count(&self) -> usize {
        self.ends.len() - 1
    }

    fn bytes(&self, lines: Range<usize>) -> Range<usize> {
        self.ends[lines.start]..self.ends[lines.end]
    }

    fn piece(&self, lines: Range<usize>) -> impl Iterator<Item = &'a [u8]> {
        self.text[self.bytes(lines)].split_inclusive(|&byte| byte == b'\n')
    }
}

/// The lines that differ.
fn line_diff(
    old: &Lines<'_>,
    new: &Lines<'_>,
    olds: Range<usize>,
    news: Range<usize>,
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut input = InternedInput::default();
    input.update_before(old.piece(olds.clone()));
    input.update_after(new.piece(news.clone()));
    let shift = |lines: Range<u32>, by: usize| by + lines.start as usize..by + lines.end as usize;
    Diff::compute(Algorithm::Myers, &input)
        .hunks()
        .map(|hunk| (shift(hunk.before, olds.start), shift(hunk.after, news.start)))
        .collect()
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
