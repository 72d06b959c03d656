//! Joins two lists of edits that are made one after the other into one list.
//! Pure.
//!
//! The first list is about a text, the second one about what the first one makes
//! of it. Edits that overlap become one, without the bytes at its end and its
//! start that stay. Edits that only touch stay apart, except insertions at one
//! place. So the edits of a record do not depend on those of other records.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::engine::edits::{EditList, Item};
use crate::engine::framing::View;
use crate::memory::{Budget, Denied};

/// The edits of `view` that have the effect of `first` and then `second`, each
/// of which is sorted and disjoint.
///
/// `first` lies in the view. An offset of `second` is `shift` more than the
/// offset to which `first` moves that byte.
///
/// # Errors
/// When the budget has no room for the edits.
pub(super) fn compose(
    view: &View<'_>,
    first: &EditList,
    (second, shift): (&EditList, i64),
    budget: &Budget,
) -> Result<EditList, Denied> {
    let mut out = Out { view, list: EditList::new(budget), insertion: None, bytes: Vec::new() };
    let mut walk = Walk { first, second, at: (0, 0), moved: shift };
    let (mut cluster, mut new) = (Cluster::default(), Vec::new());
    loop {
        match (walk.next_first(), walk.next_second()) {
            (None, None) => break,
            (Some((_, one)), Some((_, two))) if one.meets(two) => {
                let old = walk.collect(&mut cluster);
                cluster.write(first, second, &mut new);
                out.push_trimmed(old, &new)?;
            }
            (Some((item, one)), two) if two.is_none_or(|(_, two)| one.end <= two.start) => {
                out.push(item.start..item.end(), first.new_bytes(&item))?;
                walk.pass_first(&item);
            }
            (_, Some((item, two))) => {
                out.push(back(two.start, walk.moved)..back(two.end, walk.moved), second.new_bytes(&item))?;
                walk.at.1 += 1;
            }
            // Without a second edit, the first one came before.
            (Some(_), None) => break,
        }
    }
    out.close()?;
    Ok(out.list)
}

/// What an edit covers in the text between the two lists: the bytes that one of
/// the first list has made, or that one of the second list replaces.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

impl Span {
    /// Whether two edits must become one. What covers no bytes must be inside
    /// the other one.
    fn meets(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// The next edit of each list.
struct Walk<'a> {
    first: &'a EditList,
    second: &'a EditList,
    at: (usize, usize),
    /// How far the next edit of the first list is moved by those before it.
    moved: i64,
}

impl Walk<'_> {
    fn next_first(&self) -> Option<(Item, Span)> {
        let item = self.first.get(self.at.0)?;
        let start = item.start.saturating_add_signed(self.moved);
        Some((item, Span { start, end: start + u64::from(item.new_bytes) }))
    }

    fn next_second(&self) -> Option<(Item, Span)> {
        let item = self.second.get(self.at.1)?;
        Some((item, Span { start: item.start, end: item.end() }))
    }

    fn pass_first(&mut self, item: &Item) {
        self.at.0 += 1;
        self.moved += i64::from(item.new_bytes) - i64::from(item.old_bytes);
    }

    /// Collects the next edits, which meet, and all that meet the last of them.
    /// Returns what they replace together.
    fn collect(&mut self, cluster: &mut Cluster) -> Range<u64> {
        cluster.first.clear();
        cluster.second.clear();
        let (mut start, mut end) = (0, 0);
        loop {
            let one = self
                .next_first()
                .filter(|(_, one)| cluster.second.last().is_none_or(|(_, last)| one.meets(*last)));
            // The first round takes the next edit of the first list.
            if let Some((item, one)) = one {
                if cluster.first.is_empty() {
                    let two = self.next_second().map_or(one.start, |(_, two)| two.start);
                    start = if one.start <= two { item.start } else { back(two, self.moved) };
                }
                self.pass_first(&item);
                end = item.end();
                cluster.first.push((item, one));
                // Before the second list has an edit here, one is enough.
                if !cluster.second.is_empty() {
                    continue;
                }
            }
            let last = cluster.first.last().map(|(_, last)| *last);
            match self.next_second().filter(|(_, two)| last.is_some_and(|last| last.meets(*two))) {
                Some((item, two)) => {
                    self.at.1 += 1;
                    cluster.second.push((item, two));
                }
                None => break,
            }
        }
        if let (Some((_, one)), Some((_, two))) = (cluster.first.last(), cluster.second.last())
            && two.end > one.end
        {
            end = back(two.end, self.moved);
        }
        start..end
    }
}

/// Edits that meet, directly or through others.
#[derive(Default)]
struct Cluster {
    first: Vec<(Item, Span)>,
    second: Vec<(Item, Span)>,
}

impl Cluster {
    /// Writes what they make together.
    fn write(&self, first: &EditList, second: &EditList, new: &mut Vec<u8>) {
        new.clear();
        let mut rest = &self.first[..];
        let mut done = 0;
        // What the second list does not replace here was made by the first one.
        let mut copy = |new: &mut Vec<u8>, from: u64, to: u64| {
            while let Some((item, span)) = rest.first() {
                let (start, end) = (from.max(span.start), to.min(span.end));
                if start < end {
                    let bytes = first.new_bytes(item);
                    new.extend_from_slice(&bytes[(start - span.start) as usize..(end - span.start) as usize]);
                }
                if span.end > to {
                    break;
                }
                rest = &rest[1..];
            }
        };
        for (item, span) in &self.second {
            copy(new, done, span.start);
            new.extend_from_slice(second.new_bytes(item));
            done = span.end;
        }
        copy(new, done, u64::MAX);
    }
}

/// The list that is made.
struct Out<'a> {
    view: &'a View<'a>,
    list: EditList,
    /// The place of an insertion that may be followed by another one there, and
    /// its bytes.
    insertion: Option<u64>,
    bytes: Vec<u8>,
}

impl Out<'_> {
    fn push(&mut self, old: Range<u64>, new: &[u8]) -> Result<(), Denied> {
        if old.is_empty() {
            if self.insertion != Some(old.start) {
                self.close()?;
                self.insertion = Some(old.start);
            }
            self.bytes.extend_from_slice(new);
            return Ok(());
        }
        self.close()?;
        let replaced = self.view.slice(old.clone());
        if replaced == new { Ok(()) } else { self.list.push(old.start, replaced, new) }
    }

    /// Leaves out the bytes that stay at the end and at the start. An insertion
    /// is left only where a byte after it stays: it belongs to the record of
    /// that byte.
    fn push_trimmed(&mut self, old: Range<u64>, new: &[u8]) -> Result<(), Denied> {
        let replaced = self.view.slice(old.clone());
        let tail = common(replaced.iter().rev(), new.iter().rev());
        let (replaced, new) = (&replaced[..replaced.len() - tail], &new[..new.len() - tail]);
        if replaced.is_empty() && new.is_empty() {
            return Ok(());
        }
        let most = if tail == 0 { replaced.len().saturating_sub(1) } else { replaced.len() };
        let head = common(replaced[..most].iter(), new.iter());
        self.push(old.start + head as u64..old.start + replaced.len() as u64, &new[head..])
    }

    fn close(&mut self) -> Result<(), Denied> {
        if let Some(at) = self.insertion.take()
            && !self.bytes.is_empty()
        {
            self.list.push(at, b"", &self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }
}

fn back(offset: u64, moved: i64) -> u64 {
    offset.saturating_add_signed(-moved)
}

fn common<'a>(one: impl Iterator<Item = &'a u8>, other: impl Iterator<Item = &'a u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}
