//! One plugin of several.

use std::ops::Range;

use runner_contract::{Framing, Job};

use crate::engine::framing::{Cutter, View};
use crate::engine::prefilter::Finder;
use crate::engine::transform::Instance;
use crate::engine::validate::Found;
use crate::engine::window::{Context, block_bytes};
use crate::error::Result;
use crate::memory::Budget;

/// A plugin that has begun.
pub(super) struct Stage {
    /// Its name in messages and counts.
    pub(super) name: String,
    pub(super) job: Job,
    pub(super) instance: Instance,
    cutter: Option<Cutter>,
    finder: Option<Finder>,
}

impl Stage {
    pub(super) fn new(name: String, job: Job, instance: Instance, budget: &Budget) -> Result<Self> {
        let finder = instance.finder(&job, budget).map_err(|error| error.of_plugin(&name))?;
        Ok(Self { name, job, instance, cutter: None, finder })
    }

    /// Bytes that it must see before and after what it owns.
    pub(super) fn context_bytes(&self) -> (u64, u64) {
        self.job.framing.context_bytes()
    }

    /// Whether it looks beyond what it owns.
    pub(super) fn overlaps(&self) -> bool {
        matches!(self.job.framing, Framing::Overlapping { .. })
    }

    /// Its own context, within that of the scan.
    pub(super) fn split<'s>(&'s mut self, outer: &Context<'s>) -> (Context<'s>, &'s mut Instance) {
        let Self { job, instance, cutter, finder, .. } = self;
        let cutter = cutter.get_or_insert_with(|| Cutter::new(&job.framing, outer.record_limit));
        let context = Context { job, cutter, finder: finder.as_ref(), whole: None, ..*outer };
        (context, instance)
    }

    /// The edits of some records of a text, which it is asked for in portions:
    /// an earlier plugin may have made the text long.
    pub(super) fn edits(
        &mut self,
        outer: &Context<'_>,
        view: &View<'_>,
        records: Range<u64>,
    ) -> Result<Found> {
        let found = self.portions(outer, view, records);
        found.map_err(|error| error.of_plugin(&self.name))
    }

    fn portions(&mut self, outer: &Context<'_>, view: &View<'_>, records: Range<u64>) -> Result<Found> {
        let most = block_bytes(outer.window_bytes);
        let (context, instance) = self.split(outer);
        let mut found = Found::new(outer.budget, records.start);
        let mut start = records.start;
        loop {
            let target = start.saturating_add(most).min(records.end);
            let end = match target < records.end {
                true => outer.cutter.next_boundary(view, start, target)?.unwrap_or(records.end),
                false => records.end,
            };
            found.append(instance.edits(&context, view, start..end.min(records.end))?);
            if end >= records.end {
                return Ok(found);
            }
            start = end;
        }
    }
}
