//! Matches the records of two texts.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};
use memchr::memmem;

use super::common;
use crate::error::Result;

/// Records matched at a time. The work may grow with the square of this number,
/// so it bounds the cost of an answer. Records further apart are not matched.
const PIECE_RECORDS: usize = 2048;

/// A text that is cut after each occurrence of a terminator.
#[derive(Debug)]
pub struct Records<'a> {
    text: &'a [u8],
    /// The start of the first record, and the end of each.
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    /// Cuts a text. Whatever follows the last terminator is a record, too.
    #[must_use]
    pub fn new(text: &'a [u8], terminator: &[u8]) -> Self {
        let mut ends = vec![0];
        match terminator {
            [] => {}
            [byte] => ends.extend(memchr::memchr_iter(*byte, text).map(|at| at + 1)),
            _ => ends.extend(memmem::find_iter(text, terminator).map(|at| at + terminator.len())),
        }
        if ends.last() != Some(&text.len()) {
            ends.push(text.len());
        }
        Self { text, ends }
    }

    /// The number of records.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len() - 1
    }

    /// The bytes of some records, as a range of the text.
    ///
    /// # Panics
    /// If there are not that many.
    #[must_use]
    pub fn bytes(&self, records: Range<usize>) -> Range<usize> {
        self.ends[records.start]..self.ends[records.end]
    }

    /// One record.
    ///
    /// # Panics
    /// If there are not that many.
    #[must_use]
    pub fn get(&self, index: usize) -> &'a [u8] {
        &self.text[self.bytes(index..index + 1)]
    }

    /// Some of the records. Ranges of bytes are those of the same text.
    ///
    /// # Panics
    /// If there are not that many.
    #[must_use]
    pub fn part(&self, records: Range<usize>) -> Self {
        Self { text: self.text, ends: self.ends[records.start..=records.end].to_vec() }
    }

    fn piece(&self, records: Range<usize>) -> impl Iterator<Item = &'a [u8]> {
        records.map(|index| self.get(index))
    }
}

/// Calls `emit(old range, new range)` for every difference between two texts, in
/// order. Records are matched, so a record that stays is in no range. Where as
/// many records come as go, each is compared with the one in its place, and
/// their common start and end are left out.
///
/// # Errors
/// Any error of `emit`.
pub fn diff_records(
    old: &[u8],
    new: &[u8],
    terminator: &[u8],
    mut emit: impl FnMut(Range<usize>, Range<usize>) -> Result<()>,
) -> Result<()> {
    let (old_records, new_records) = (Records::new(old, terminator), Records::new(new, terminator));
    // Two differences that touch are one.
    let mut pending: Option<(Range<usize>, Range<usize>)> = None;
    each_hunk(&old_records, &new_records, |olds, news| {
        pairs(&old_records, &new_records, (olds, news), |o, n| {
            match &mut pending {
                Some((before, with)) if before.end == o.start => (before.end, with.end) = (o.end, n.end),
                _ => {
                    if let Some((before, with)) = pending.replace((o, n)) {
                        emit(before, with)?;
                    }
                }
            }
            Ok(())
        })
    })?;
    pending.map_or(Ok(()), |(o, n)| emit(o, n))
}

/// The differences within a run of records that differ. Records that have none
/// to be compared with are put in, or left out, at the end.
fn pairs(
    old: &Records<'_>,
    new: &Records<'_>,
    (olds, news): (Range<usize>, Range<usize>),
    mut emit: impl FnMut(Range<usize>, Range<usize>) -> Result<()>,
) -> Result<()> {
    let pairs = olds.len().min(news.len());
    for index in 0..pairs {
        let (o, n) = (olds.start + index, news.start + index);
        let (old_record, new_record) = (old.get(o), new.get(n));
        let head = common(old_record.iter(), new_record.iter());
        let tail = common(old_record[head..].iter().rev(), new_record[head..].iter().rev());
        let (o, n) = (old.bytes(o..o + 1), new.bytes(n..n + 1));
        if old_record.len().max(new_record.len()) > head + tail {
            emit(o.start + head..o.end - tail, n.start + head..n.end - tail)?;
        }
    }
    let (o, n) = (old.bytes(olds.start + pairs..olds.end), new.bytes(news.start + pairs..news.end));
    if o.is_empty() && n.is_empty() { Ok(()) } else { emit(o, n) }
}

/// Calls `emit(old range, new range)` with the indices of records that differ, in
/// order. The records between two such ranges are equal.
///
/// # Errors
/// Any error of `emit`.
pub fn each_hunk(
    old: &Records<'_>,
    new: &Records<'_>,
    mut emit: impl FnMut(Range<usize>, Range<usize>) -> Result<()>,
) -> Result<()> {
    let equal = |pair: &(usize, usize)| old.get(pair.0) == new.get(pair.1);
    let (old_count, new_count) = (old.count(), new.count());
    let head = (0..old_count).zip(0..new_count).take_while(equal).count();
    let tail = (head..old_count).rev().zip((head..new_count).rev()).take_while(equal).count();
    let (old_end, new_end) = (old_count - tail, new_count - tail);
    let (mut o, mut n) = (head, head);
    while o < old_end || n < new_end {
        let olds = o..(o + PIECE_RECORDS).min(old_end);
        let news = n..(n + PIECE_RECORDS).min(new_end);
        let last = olds.end == old_end && news.end == new_end;
        let mut hunks = hunks(old, new, olds.clone(), news.clone());
        (o, n) = (olds.end, news.end);
        // A difference at the end of a piece may have its match just after it,
        // so the next piece begins at that difference, unless that would make
        // too little progress.
        if !last
            && let Some((old, new)) = hunks.last()
            && old.end == olds.end
            && old.start - olds.start + new.start - news.start >= PIECE_RECORDS
        {
            (o, n) = (old.start, new.start);
            hunks.pop();
        }
        for (old, new) in hunks {
            emit(old, new)?;
        }
    }
    Ok(())
}

/// The records of two pieces that differ.
fn hunks(
    old: &Records<'_>,
    new: &Records<'_>,
    olds: Range<usize>,
    news: Range<usize>,
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut input = InternedInput::default();
    input.update_before(old.piece(olds.clone()));
    input.update_after(new.piece(news.clone()));
    let shift = |records: Range<u32>, by: usize| by + records.start as usize..by + records.end as usize;
    Diff::compute(Algorithm::Myers, &input)
        .hunks()
        .map(|hunk| (shift(hunk.before, olds.start), shift(hunk.after, news.start)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Edits = Vec<(Range<usize>, Range<usize>)>;

    fn edits(old: &[u8], new: &[u8], terminator: &[u8]) -> Edits {
        let mut edits = Vec::new();
        let taken = diff_records(old, new, terminator, |o, n| {
            edits.push((o, n));
            Ok(())
        });
        taken.expect("nothing fails");
        edits
    }

    fn apply(old: &[u8], new: &[u8], edits: &Edits) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), None);
        for (o, n) in edits {
            assert!(at.is_none_or(|at| at < o.start), "edits are sorted, and do not touch");
            assert_ne!(old[o.clone()], new[n.clone()], "no edit is without effect");
            out.extend_from_slice(&old[at.unwrap_or(0)..o.start]);
            out.extend_from_slice(&new[n.clone()]);
            at = Some(o.end);
        }
        out.extend_from_slice(&old[at.unwrap_or(0)..]);
        out
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"aab\n\n\0".to_vec()), 0..200)
    }

    fn terminator() -> impl Strategy<Value = Vec<u8>> {
        prop::sample::select(vec![
            b"\n".to_vec(),
            b"\0".to_vec(),
            b"\n\n".to_vec(),
            b"aa".to_vec(),
            b"".to_vec(),
        ])
    }

    proptest! {
        #[test]
        fn applying_the_edits_gives_the_new_bytes(old in text(), new in text(), terminator in terminator()) {
            prop_assert_eq!(apply(&old, &new, &edits(&old, &new, &terminator)), new);
        }

        /// As a filter does it that answers each record by itself: records are
        /// all different, some are changed, and the edits lie in those.
        #[test]
        fn a_record_that_stays_costs_no_edit(changes in prop::collection::vec(0..6_u8, 0..60), last in any::<bool>()) {
            let (mut old, mut new, mut changed) = (Vec::new(), Vec::new(), Vec::new());
            for (index, change) in changes.iter().enumerate() {
                let record = format!("record {index} of some\n");
                let answer = match change {
                    0 => String::new(),
                    1 => record.replace("some", "many"),
                    2 => format!("{record}and one more\n"),
                    _ => record.clone(),
                };
                if answer != record {
                    changed.push(old.len()..old.len() + record.len());
                }
                old.extend_from_slice(record.as_bytes());
                new.extend_from_slice(answer.as_bytes());
            }
            if !last {
                old.pop();
            }
            let edits = edits(&old, &new, b"\n");
            prop_assert_eq!(&apply(&old, &new, &edits), &new);
            let within = |at: usize| changed.iter().any(|record| (record.start..=record.end).contains(&at));
            for (o, _) in &edits {
                prop_assert!((o.start..=o.end).all(within) || o.end == old.len(), "{o:?} not in {changed:?}");
            }
        }
    }

    #[test]
    fn only_what_differs_in_a_record_is_replaced() {
        let (old, new) = (b"a 1 z\nb 2 z\nc 3 z\n", b"a 1 z\nb 42 z\nc 3\nd\n");
        assert_eq!(edits(old, new, b"\n"), [(8..8, 8..9), (15..17, 16..16), (18..18, 17..19)]);
    }
}
