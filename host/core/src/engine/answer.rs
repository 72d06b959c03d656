//! Checks the edits that a process answers that is not trusted.
//!
//! Edits that pass lie in the range that was asked for, are sorted and
//! disjoint, and keep the claim about lengths. The bytes that they replace are
//! taken from this process's own view of the file. So whatever the other
//! process does, the file gets edits of its own blocks, and they are reported.

use std::ops::Range;

use runner_contract::{Framing, Job};

use crate::engine::framing::View;
use crate::engine::validate::Found;
use crate::error::{Error, Kind, Result};
use crate::memory::Budget;

/// The edits of one block, as they arrive.
pub struct Answer<'a> {
    view: &'a View<'a>,
    /// Where edits may start.
    owned: Range<u64>,
    /// Where they must end.
    limit: u64,
    job: &'a Job,
    /// The end of the last edit, and whether it is an insertion.
    last: (u64, bool),
    found: Found,
}

impl<'a> Answer<'a> {
    /// Expects the edits for `owned`, which is in view.
    pub(crate) fn new(job: &'a Job, view: &'a View<'a>, owned: Range<u64>, budget: &Budget) -> Self {
        let limit = match job.framing {
            Framing::Overlapping { after, .. } => owned.end.saturating_add(after.into()).min(view.limit()),
            _ => owned.end,
        };
        let last = (owned.start, false);
        let found = Found::new(budget, owned.start);
        Self { view, owned, limit, job, last, found }
    }

    /// Where the first edit may start.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.owned.start
    }

    /// Makes room for so many edits, with so many old and new bytes together.
    ///
    /// # Errors
    /// When the budget has no room for them.
    pub fn expect(&mut self, edits: usize, old_bytes: u64, new_bytes: usize) -> Result<()> {
        // No more can be replaced than there is.
        let old_bytes = old_bytes.min(self.limit.saturating_sub(self.owned.start));
        let old_bytes = usize::try_from(old_bytes).unwrap_or(usize::MAX);
        Ok(self.found.edits.reserve(edits, old_bytes, new_bytes)?)
    }

    /// Takes an edit: `new` replaces `old_bytes` bytes from file offset `start`.
    ///
    /// # Errors
    /// [`Kind::Plugin`] if the edit must not be made; when the budget has no
    /// room for it.
    pub fn edit(&mut self, start: u64, old_bytes: u32, new: &[u8]) -> Result<()> {
        let end = start.saturating_add(old_bytes.into());
        let is_insertion = start == end;
        let (reach, inserted) = self.last;
        if start < reach || is_insertion && inserted && start == reach {
            return Err(breach(&format!(
                "an edit at offset {start} that overlaps another, or is not in order"
            )));
        }
        let at_end = self.view.end && start == self.view.limit() && self.owned.end == start;
        if start >= self.owned.end && !at_end || end > self.limit {
            return Err(breach(&format!(
                "an edit of the bytes {start} to {end}, which are not in its block"
            )));
        }
        if self.job.claims.length_preserving && new.len() != old_bytes as usize {
            return Err(breach(&format!("a change of length at offset {start}, which the plugin rules out")));
        }
        self.found.push(start, self.view.slice(start..end), new)?;
        self.last = (end, is_insertion);
        Ok(())
    }

    /// Takes a count: the index of its name, and the number.
    ///
    /// # Errors
    /// [`Kind::Plugin`] if the job has no such name.
    pub fn count(&mut self, name: u32, number: u64) -> Result<()> {
        let name = name as usize;
        if name >= self.job.counts.len() {
            return Err(breach(&format!("count {name}, which the job does not name")));
        }
        self.found.counts.add(name, number);
        Ok(())
    }

    /// Takes the start of the first edit and the end of the last one, edits
    /// without effect included. To be called after the edits.
    ///
    /// # Errors
    /// [`Kind::Plugin`] if that does not match the edits and the block.
    pub fn touched(&mut self, first: u64, reach: u64) -> Result<()> {
        let before_edits = self.found.first.is_none_or(|edit| first <= edit);
        let in_range = self.owned.start <= first && first <= reach && reach <= self.limit;
        if !before_edits || !in_range || reach < self.last.0 {
            return Err(breach(&format!("edits from offset {first} to {reach}, where they are not")));
        }
        (self.found.first, self.found.reach) = (Some(first), reach);
        Ok(())
    }

    /// Takes the end of what a sequential plugin has consumed. To be called
    /// last.
    ///
    /// # Errors
    /// [`Kind::Plugin`] if there are edits after it, those without effect
    /// included.
    pub(crate) fn consumed(&mut self, to: u64) -> Result<()> {
        let inserted = self.last.1;
        let reach = self.last.0.max(self.found.reach);
        let is_last = self.view.end && to == self.view.limit();
        if reach > to || self.last.0 == to && inserted && !is_last {
            return Err(breach(&format!(
                "edits up to offset {reach}, having consumed the bytes before {to}"
            )));
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Found {
        self.found
    }
}

/// The error for an answer that this program, run as it is, never gives.
#[must_use]
pub fn breach(what: &str) -> Error {
    Error::new(Kind::Plugin, format!("the process that runs the plugin answered with {what}"))
        .hint("the plugin may have broken out of its sandbox, so do not use it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: u64 = 40;

    fn framings() -> impl Strategy<Value = Framing> {
        prop_oneof![
            Just(Framing::Bytes),
            Just(Framing::Overlapping { before: 3, after: 5 }),
            Just(Framing::lines()),
            Just(Framing::Sequential),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        /// Whatever arrives, what passes can be made: in order, in its block,
        /// over the bytes of this process's own view.
        #[test]
        fn what_passes_can_be_made(
            framing in framings(),
            keeps_length in any::<bool>(),
            base in 0_u64..4,
            owned in (4_u64..20, 1_u64..20),
            at_end in any::<bool>(),
            edits in prop::collection::vec((0_u64..30, 0_u32..6, prop::collection::vec(any::<u8>(), 0..4)), 0..6),
            odd in prop_oneof![9 => Just(0_u64), 1 => Just(u64::MAX - 40)],
            touched in prop::option::of((0_u64..50, 0_u64..50)),
            consumed in prop::option::of(0_u64..50),
        ) {
            let content: Vec<u8> = (0..SIZE as u8).collect();
            let owned = owned.0..if at_end { SIZE } else { owned.0 + owned.1 };
            let view = View { base, bytes: &content[base as usize..], end: true };
            let mut job = Job::new(framing);
            job.claims.length_preserving = keeps_length;
            let mut answer = Answer::new(&job, &view, owned.clone(), &Budget::UNLIMITED);
            let (mut from, mut taken) = (owned.start, Vec::new());
            for (gap, old, new) in edits {
                let start = (from + gap).wrapping_add(odd);
                if answer.edit(start, old, &new).is_ok() {
                    from = start + u64::from(old);
                    taken.push((start, old, new));
                }
            }
            let kept = touched.is_none_or(|(first, reach)| answer.touched(first, reach).is_ok());
            let consumed = consumed.filter(|at| answer.consumed(*at).is_ok());
            let found = answer.finish();

            let limit = match job.framing {
                Framing::Overlapping { after, .. } => (owned.end + u64::from(after)).min(SIZE),
                _ => owned.end,
            };
            let mut last = (owned.start, false);
            for (start, old, new) in &taken {
                let end = start + u64::from(*old);
                prop_assert!(*start >= last.0 && !(last.1 && *old == 0 && *start == last.0));
                prop_assert!(*start < owned.end || *start == SIZE && owned.end == SIZE);
                prop_assert!(end <= limit && (!keeps_length || new.len() == *old as usize));
                last = (end, *old == 0);
            }
            let changed = |(start, old, new): &&(u64, u32, Vec<u8>)| content[*start as usize..][..*old as usize] != **new;
            let spans: Vec<_> = taken.iter().filter(changed).map(|(start, old, new)| (*start, *old, new.len() as u32)).collect();
            prop_assert_eq!(found.spans().collect::<Vec<_>>(), spans);
            if let (true, Some((first, reach))) = (kept, touched) {
                prop_assert_eq!(found.touched(), Some((first, reach)));
                prop_assert!(first >= owned.start && reach >= last.0 && reach <= limit);
                prop_assert!(taken.first().is_none_or(|edit| first <= edit.0));
            }
            if let Some(consumed) = consumed {
                prop_assert!(consumed >= last.0);
                prop_assert!(!kept || touched.is_none_or(|(_, reach)| consumed >= reach));
            }
        }
    }
}
