//! Takes blocks in order: resolves collisions between them, updates both hash
//! trees, and writes the patch.

use std::ops::Range;

use super::block::{self, Block};
use super::{Scan, Scanned, State};
use crate::engine::chain::Traces;
use crate::engine::counts::Counts;
use crate::engine::edits::{EditList, Touched};
use crate::engine::transform::Instance;
use crate::engine::validate::Found;
use crate::error::Result;
use crate::hash::proof::{After, Builder};
use crate::hash::{Cv, GROUP_BYTES, Tree};
use crate::patch::{EDIT_PATCH_BYTES, Edit, Group, Roots, Writer};
use crate::profile::{self, Stage};
use crate::storage::Storage;

/// Pages are released in portions of this size.
const RELEASE_BYTES: u64 = 16 << 20;
/// Number of edits written between two checks for interruption.
const CHECK_EVERY: usize = 1 << 18;

pub(super) struct Collector<'a, 's, S: Storage> {
    scan: &'a Scan<'a>,
    writer: Writer<'s, S>,
    before: Tree,
    after: Tree,
    /// The group with the first change of length.
    moved: Option<u64>,
    /// Edits that may still touch a group: those of the current block, and
    /// those of records that extend from earlier blocks.
    edits: EditList,
    /// Number of edits in that list that are already in the patch.
    written: usize,
    /// The end of the last edit in the file, including edits without effect.
    reach: u64,
    /// The end of the last block, and its chaining values.
    last: (u64, Vec<Cv>),
    /// Pages up to this offset have been released.
    released: u64,
    /// What the plugin has counted.
    counts: Counts,
    /// The collector's own instance, for blocks that must be transformed again.
    instance: Option<Instance>,
    /// How far several plugins got.
    traces: Traces,
    /// What a proof needs of the groups, if one is wanted.
    proof: Option<Builder>,
}

impl<'a, 's, S: Storage> Collector<'a, 's, S> {
    pub(super) fn new(scan: &'a Scan<'a>, writer: Writer<'s, S>) -> Self {
        Self {
            scan,
            writer,
            before: Tree::new(),
            after: Tree::new(),
            moved: None,
            edits: EditList::default(),
            written: 0,
            reach: 0,
            last: (0, Vec::new()),
            released: 0,
            counts: Counts::default(),
            instance: None,
            traces: Traces::default(),
            proof: scan.options.prove.then(Builder::new),
        }
    }

    /// The state so far, with the carry at the end of the last block.
    pub(super) fn state(&mut self, carry: u64) -> Result<State> {
        let partial = self.writer.suspend()?;
        let (at, last) = self.last.clone();
        Ok(State {
            at,
            carry,
            last,
            before: self.before.clone(),
            after: self.after.clone(),
            moved: self.moved,
            edits: self.edits.save(),
            written: self.written,
            reach: self.reach,
            counts: self.counts.clone(),
            traces: self.traces.clone(),
            partial,
        })
    }

    /// Continues from a checked state, from which the writer was resumed.
    ///
    /// # Errors
    /// When the budget has no room for its edits.
    pub(super) fn resume(&mut self, state: State) -> Result<()> {
        let State { at, last, before, after, moved, edits, written, reach, counts, traces, .. } = state;
        (self.counts, self.traces) = (counts, traces);
        self.released = at;
        self.last = (at, last);
        (self.before, self.after, self.moved) = (before, after, moved);
        self.edits = EditList::restore(&edits, self.scan.options.memory.budget)?;
        (self.written, self.reach) = (written, reach);
        Ok(())
    }

    pub(super) fn take(&mut self, mut block: Block) -> Result<()> {
        let _span = profile::span(Stage::Merge);
        if block.found.first.is_some_and(|first| first < self.reach) {
            // Only an overlapping framing lets an edit extend into the range
            // that the next block owns.
            block.found = self.ask_again(&block.range)?;
            let whole = self.scan.view();
            block.after = block::hash_after(&whole, &block.range, whole.limit(), &block.found.edits);
        }
        if let Some(started) = block.found.trace.as_ref().and_then(|trace| self.traces.restart(trace)) {
            block.found = self.again_as_first(&block.found, started)?;
            let whole = self.scan.view();
            block.after = block::hash_after(&whole, &block.range, whole.limit(), &block.found.edits);
        }
        if let Some(trace) = &block.found.trace {
            self.traces.add(trace);
        }
        if block.found.first.is_some() {
            self.reach = block.found.reach;
        }
        self.counts.append(&block.found.counts);
        let foreign_reach = self.edits.touched_to();
        self.edits.append(block.found.edits);
        self.groups(&block.range, &block.before, &block.after, foreign_reach)?;
        self.last = (block.range.end, block.before);
        // Releasing is done in portions, because each time all cores must flush
        // these pages.
        if self.knows_roots() && block.range.end - self.released >= RELEASE_BYTES {
            self.scan.mapping.release(self.released..block.range.end);
            self.released = block.range.end;
        }
        Ok(())
    }

    fn instance(&mut self) -> Result<&mut Instance> {
        Ok(match &mut self.instance {
            Some(instance) => instance,
            none => none.insert((self.scan.make)()?),
        })
    }

    /// Whether every group of the file is given to the collector.
    fn knows_roots(&self) -> bool {
        self.scan.roots == Roots::Whole
    }

    fn ask_again(&mut self, range: &Range<u64>) -> Result<Found> {
        if self.reach >= range.end {
            return Ok(Found::default());
        }
        let (scan, records) = (self.scan, self.reach..range.end);
        // Only an overlapping framing gets here, under which the block's end is
        // that of its last owned byte.
        self.instance()?.edits(&scan.context, &scan.view(), records)
    }

    /// The edits of a block before which several plugins have left nothing for
    /// some of them: only `started` have seen records.
    fn again_as_first(&mut self, found: &Found, started: usize) -> Result<Found> {
        let scan = self.scan;
        let Some(trace) = &found.trace else { return Ok(Found::default()) };
        let records = trace.records.clone();
        let instance = self.instance()?;
        if let Some(chain) = instance.chain() {
            chain.restart(started);
        }
        instance.edits(&scan.context, &scan.view(), records)
    }

    /// Checks that no plugin had to know that others remove everything after a
    /// block.
    fn check_ends(&mut self) -> Result<()> {
        let scan = self.scan;
        for open in self.traces.open_ends(scan.view().limit()) {
            if let Some(chain) = self.instance()?.chain() {
                chain.check_end(&scan.context, &scan.view(), open)?;
            }
        }
        Ok(())
    }

    /// Writes edits and groups in a fixed order: a group comes right before the
    /// first edit that starts after it.
    fn groups(
        &mut self,
        range: &Range<u64>,
        before: &[Cv],
        after: &[(u64, Cv)],
        foreign_reach: u64,
    ) -> Result<()> {
        let (mut low, mut scratch, whole) = (0, Vec::new(), self.scan.view());
        let mut after = after.iter().copied().peekable();
        for (&cv, index) in before.iter().zip(range.start / GROUP_BYTES..) {
            let end = (index + 1) * GROUP_BYTES;
            self.write_edits(|start| start < end)?;
            if self.knows_roots() {
                self.before.push(cv);
            }
            let known = after.next_if(|&(group, _)| group == index);
            let touched = match known {
                Some((_, cv)) if foreign_reach <= index * GROUP_BYTES => Touched::Yes(cv),
                _ => self.edits.group_after(&mut low, index, (&whole, whole.limit()), &mut scratch),
            };
            if touched == Touched::Moved {
                self.moved.get_or_insert(index);
            }
            let cv_after = match (self.moved, &touched) {
                (Some(_), _) => None,
                (None, Touched::Yes(cv)) => Some(*cv),
                (None, _) => Some(cv),
            };
            if let Some(cv) = cv_after.filter(|_| self.knows_roots()) {
                self.after.push(cv);
            }
            if let Some(proof) = &mut self.proof {
                proof.push(
                    cv,
                    match (cv_after, &touched) {
                        (None, _) => After::Moved,
                        (Some(_), Touched::No) => After::Same,
                        (Some(after), _) => After::Changed(after),
                    },
                );
            }
            if touched != Touched::No {
                self.writer.group(Group { index, before: Some(cv), after: cv_after })?;
            }
        }
        // Edits that touch no later group are no longer needed.
        let mut passed = 0;
        while self.edits.get(passed).is_some_and(|edit| edit.end() <= range.end && edit.start < range.end) {
            passed += 1;
        }
        debug_assert!(passed <= self.written);
        self.edits.drop_front(passed);
        self.written -= passed;
        Ok(())
    }

    fn write_edits(&mut self, due: impl Fn(u64) -> bool) -> Result<()> {
        while let Some(item) = self.edits.get(self.written).filter(|item| due(item.start)) {
            if self.written > 0 && self.written.is_multiple_of(CHECK_EVERY) {
                self.scan.options.cancel.check()?;
            }
            let old = self.edits.old_bytes(&item);
            let bytes = u64::from(item.old_bytes) + u64::from(item.new_bytes);
            let stats = self.writer.stats();
            let taken = stats.patch_bytes().saturating_add(EDIT_PATCH_BYTES).saturating_add(bytes);
            self.scan.options.memory.space.room(taken, stats.pre_size, "patch")?;
            self.writer.edit(Edit { start: item.start, old, new: self.edits.new_bytes(&item) })?;
            self.written += 1;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Scanned<'s, S>> {
        // An insertion at the very end may be in a group that does not exist
        // yet.
        let written = self.written;
        self.check_ends()?;
        self.write_edits(|_| true)?;
        let groups = self.scan.view().limit().div_ceil(GROUP_BYTES);
        if self.written > written {
            self.writer.group(Group { index: groups, before: None, after: None })?;
        }
        let knows_roots = self.knows_roots();
        debug_assert!(!knows_roots || self.before.groups() == groups, "every group was given");
        let draft = self.writer.finish()?;
        let moved = draft.stats().first_length_change.map(|at| (at / GROUP_BYTES).min(groups));
        let after_groups = self.moved.or(moved).unwrap_or(groups);
        let counts = self.counts.named(&self.scan.context.job.counts);
        let pre_root = knows_roots.then(|| self.before.finish());
        Ok(Scanned { draft, pre_root, after: self.after, after_groups, counts, proof: self.proof })
    }
}
