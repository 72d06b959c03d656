//! The edits of one window.

use std::ops::Range;

use runner_plugin::{Edits, Failure, Window};

use crate::changes::{Change, Changes, UNKNOWN_END, bytes};

/// An edit ends at each multiple of this offset. Windows end at such offsets,
/// too, so that the edits do not depend on them.
const CUT_BYTES: u64 = 64 << 10;

/// What is counted, by the index of its name.
pub(crate) const COUNTS: [&str; 3] = ["overwritten-bytes", "inserted-bytes", "deleted-bytes"];
const OVERWRITTEN: usize = 0;
const INSERTED: usize = 1;
const DELETED: usize = 2;

impl Changes {
    /// Adds the edits of a window, after the bytes that are expected there were
    /// found.
    ///
    /// # Errors
    /// If the window holds other bytes than expected; if a stream ends before a
    /// place that is to be changed.
    pub fn edit(&self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let shown = window.offset..window.offset + window.bytes.len() as u64;
        self.check(&shown, window.bytes)?;
        if window.last && self.size.is_none() {
            self.check_end(shown.end)?;
        }
        let first = self.changes.partition_point(|change| {
            change.range.end < shown.start || change.range.end == shown.start && !change.is_insertion()
        });
        let mut tail = Vec::new();
        for change in &self.changes[first..] {
            let start = change.range.start;
            if start >= shown.end && !window.last {
                break;
            }
            if !change.is_insertion() {
                replace(change, &shown, edits);
            } else if start >= shown.end {
                change.new.write(0, change.new.length(), &mut tail);
            } else {
                let at = (start - shown.start) as usize;
                edits.replace_with(at..at, |to| change.new.write(0, change.new.length(), to));
                edits.count(INSERTED, change.new.length());
            }
        }
        if !tail.is_empty() {
            edits.insert(window.bytes.len(), &tail);
            edits.count(INSERTED, tail.len() as u64);
        }
        Ok(())
    }

    /// Compares what is shown with what is expected.
    fn check(&self, shown: &Range<u64>, found: &[u8]) -> Result<(), Failure> {
        let first = self.checks.partition_point(|check| check.reach <= shown.start);
        for check in self.checks[first..].iter().take_while(|check| check.start < shown.end) {
            let part = check.start.max(shown.start)..check.end().min(shown.end);
            if part.is_empty() {
                continue;
            }
            let expected = &check.bytes[local(&part, check.start)];
            let here = local(&part, shown.start);
            let differs = expected.iter().zip(&found[here.clone()]).position(|(one, other)| one != other);
            if let Some(at) = differs {
                let (label, want) = (&check.label, expected[at]);
                let position = here.start + at;
                let offset = part.start + at as u64;
                let what = format!(
                    "{label} expects the byte {want:02x} at offset {offset}, where the file has {:02x}",
                    found[position]
                );
                return Err(Failure::from(what).at(position));
            }
        }
        Ok(())
    }

    /// Refuses a stream that ends too early.
    fn check_end(&self, end: u64) -> Result<(), Failure> {
        let ends = self.changes.iter().flat_map(|change| [change.range.start, change.range.end]);
        let needed =
            ends.filter(|place| *place != UNKNOWN_END).chain(self.checks.iter().map(|check| check.end()));
        match needed.max() {
            Some(needed) if needed > end => {
                let has = bytes(end);
                Err(format!("an operation reaches up to offset {needed}, but the stream has {has}").into())
            }
            _ => Ok(()),
        }
    }
}

/// Replaces or deletes the part of a range that a window shows.
fn replace(change: &Change, shown: &Range<u64>, edits: &mut Edits) {
    let mut start = change.range.start.max(shown.start);
    let end = change.range.end.min(shown.end);
    let keeps = change.new.length() > 0;
    while start < end {
        let next = (start + 1).next_multiple_of(CUT_BYTES).min(end);
        let from = change.range.start;
        edits.replace_with(local(&(start..next), shown.start), |to| {
            if keeps {
                change.new.write(start - from, next - from, to);
            }
        });
        edits.count(if keeps { OVERWRITTEN } else { DELETED }, next - start);
        start = next;
    }
}

/// A range of the file, counted from `base`.
fn local(range: &Range<u64>, base: u64) -> Range<usize> {
    (range.start - base) as usize..(range.end - base) as usize
}
