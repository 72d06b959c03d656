//! Writes a patch, edit by edit, in source order.

use super::backing::Backing;
use super::format::{
    self, BATCH_TARGET_BYTES, BatchData, KIND_BATCH, KIND_HEADER, KIND_SEAL, MAX_EDIT_BYTES,
};
use super::tally::Tally;
use super::{Batch, Draft, Edit, Group, Header, Roots, Seal, Stats};
use crate::error::Result;
use crate::storage::{Entry, Storage};

/// A patch that is being written. Dropped unfinished, it leaves nothing behind.
///
/// Invariant: the edits so far are sorted, disjoint and in bounds. (Two edits
/// may insert at the same offset: the second one's bytes follow the first
/// one's.)
pub struct Writer<'s, S: Storage> {
    pub(super) frames: Frames<'s, S>,
    pub(super) header: Header,
    pub(super) roots: Roots,
    pub(super) pending: BatchData,
    pub(super) tally: Tally,
}

/// The frames of a patch and the check of the last one.
pub(super) struct Frames<'s, S: Storage> {
    pub(super) backing: Backing<'s, S>,
    pub(super) check: blake3::Hash,
    pub(super) payload: Vec<u8>,
}

impl<S: Storage> Frames<'_, S> {
    /// Appends a frame.
    pub(super) fn push(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.payload.clear();
        fill(&mut self.payload);
        self.check = format::check(&self.check, kind, &self.payload);
        self.backing.append(&format::frame_head(kind, self.payload.len()))?;
        self.backing.append(&self.payload)?;
        self.backing.append(self.check.as_bytes())
    }

    /// Appends the last frame.
    pub(super) fn seal(&mut self, seal: &Seal) -> Result<()> {
        let json = serde_json::to_vec(seal).expect("a seal has only JSON types");
        self.push(KIND_SEAL, |payload| payload.extend_from_slice(&json))
    }
}

impl<'s, S: Storage> Writer<'s, S> {
    /// Starts a patch of the file that `header` identifies. It is kept in
    /// memory while it is short, and then in a new file at `spill`.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(storage: &'s S, spill: Entry, header: Header) -> Result<Self> {
        Self::with_roots(storage, spill, header, Roots::Whole)
    }

    /// Like [`Writer::new`], for a patch with these roots.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn with_roots(storage: &'s S, spill: Entry, header: Header, roots: Roots) -> Result<Self> {
        let mut frames = Frames {
            backing: Backing::new(storage, spill),
            check: format::first_check(roots),
            payload: Vec::new(),
        };
        frames.backing.append(&roots.magic())?;
        let json = serde_json::to_vec(&header).expect("a header has only JSON types");
        frames.push(KIND_HEADER, |payload| payload.extend_from_slice(&json))?;
        let tally = Tally::new(header.identity.size());
        Ok(Self { frames, header, roots, pending: BatchData::default(), tally })
    }

    /// The statistics so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.tally.stats
    }

    /// The end of the last edit, in the source.
    #[must_use]
    pub fn reach(&self) -> u64 {
        self.tally.reach
    }

    /// Appends an edit; an edit that is empty on both sides is left out. Its
    /// old bytes must be those of the source.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When the edit is out of order or out of bounds: callers must check their
    /// input first.
    pub fn edit(&mut self, edit: Edit<'_>) -> Result<()> {
        let Tally { reach, stats, .. } = &self.tally;
        assert!(*reach <= edit.start && edit.end() <= stats.pre_size, "edit out of order or bounds");
        if edit.old.len().max(edit.new.len()) <= MAX_EDIT_BYTES {
            return self.piece(&edit);
        }
        // The difference in length comes first, so that the change of length
        // starts where the edit does, and the rest keeps the length.
        let (old, new) = (edit.old.len(), edit.new.len());
        let (gone, old_rest) = edit.old.split_at(old.saturating_sub(new));
        let (come, new_rest) = edit.new.split_at(new.saturating_sub(old));
        for new in come.chunks(MAX_EDIT_BYTES) {
            self.piece(&Edit { start: edit.start, old: &[], new })?;
        }
        let mut start = edit.start;
        for old in gone.chunks(MAX_EDIT_BYTES) {
            self.piece(&Edit { start, old, new: &[] })?;
            start += old.len() as u64;
        }
        for (old, new) in old_rest.chunks(MAX_EDIT_BYTES).zip(new_rest.chunks(MAX_EDIT_BYTES)) {
            self.piece(&Edit { start, old, new })?;
            start += old.len() as u64;
        }
        Ok(())
    }

    fn piece(&mut self, edit: &Edit<'_>) -> Result<()> {
        if edit.old.is_empty() && edit.new.is_empty() {
            return Ok(());
        }
        self.tally.edit(edit);
        self.pending.push(edit);
        self.flush_if_full()
    }

    /// Appends a group that edits touch, after all edits that start in it or
    /// before it, and before all later edits.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When the group is out of order.
    pub fn group(&mut self, group: Group) -> Result<()> {
        assert!(group.index >= self.tally.next_group, "group out of order");
        self.tally.group(&group);
        self.pending.groups.push(group);
        self.flush_if_full()
    }

    /// Appends all edits and groups of a batch of another patch.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When an edit or a group is out of order or out of bounds.
    pub fn batch(&mut self, batch: &Batch) -> Result<()> {
        let (mut reach, size) = (self.tally.reach, self.tally.stats.pre_size);
        for edit in batch.edits() {
            assert!(reach <= edit.start && edit.end() <= size, "edit out of order or bounds");
            reach = edit.end();
        }
        let first = batch.groups().first();
        assert!(first.is_none_or(|group| group.index >= self.tally.next_group), "group out of order");
        self.flush()?;
        self.tally.batch(batch.edits(), batch.groups());
        batch.edits().for_each(|edit| self.pending.push(&edit));
        self.pending.groups.extend_from_slice(batch.groups());
        self.flush()
    }

    fn flush_if_full(&mut self) -> Result<()> {
        if self.pending.payload_bytes() >= BATCH_TARGET_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            let pending = &self.pending;
            self.frames.push(KIND_BATCH, |payload| pending.encode(payload))?;
            self.pending.clear();
        }
        Ok(())
    }

    /// Ends the list of edits.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When an edit lies in a group that was not appended, or an untouched
    /// group was appended, or a group lacks a required value: such a patch
    /// would be written without being checked.
    pub fn finish(mut self) -> Result<Draft<'s, S>> {
        self.flush()?;
        let stats = self.tally.end().unwrap_or_else(|what| panic!("a patch with {what}"));
        Ok(Draft::new(self.header, stats, self.roots, self.frames))
    }
}
