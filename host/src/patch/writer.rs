//! Writes a patch, edit by edit, in source order.

use super::body::Body;
use super::format::{
    self, BATCH_TARGET_BYTES, BatchData, KIND_BATCH, KIND_HEADER, KIND_SEAL, MAGIC, MAX_EDIT_BYTES,
};
use super::{Batch, Draft, Edit, Group, Header, Seal, Stats};
use crate::error::Result;
use crate::fs::{Entry, Storage};

/// A patch that is being written. Dropped unfinished, it leaves nothing
/// behind.
///
/// Invariant: edits so far are sorted and disjoint and lie in the source;
/// `reach` is the end of the last one. (Two edits may insert at one place:
/// the second one's bytes follow the first one's.)
pub struct Writer<'s, S: Storage> {
    pub(super) frames: Frames<'s, S>,
    pub(super) header: Header,
    pub(super) pending: BatchData,
    pub(super) stats: Stats,
    pub(super) reach: u64,
    pub(super) next_group: u64,
}

/// The frames of a patch and the check of the last one.
pub(super) struct Frames<'s, S: Storage> {
    pub(super) body: Body<'s, S>,
    pub(super) check: blake3::Hash,
    pub(super) payload: Vec<u8>,
}

impl<S: Storage> Frames<'_, S> {
    /// Appends a frame.
    fn push(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.payload.clear();
        fill(&mut self.payload);
        self.check = format::check(&self.check, kind, &self.payload);
        self.body.append(&format::frame_head(kind, self.payload.len()))?;
        self.body.append(&self.payload)?;
        self.body.append(self.check.as_bytes())
    }

    /// Appends the last frame.
    pub(super) fn seal(&mut self, seal: &Seal) -> Result<()> {
        let json = serde_json::to_vec(seal).expect("a seal has only JSON types");
        self.push(KIND_SEAL, |payload| payload.extend_from_slice(&json))
    }
}

impl<'s, S: Storage> Writer<'s, S> {
    /// Starts a patch of a file that `header` identifies. It is kept in
    /// memory while it is short, and then in a new file at `spill`.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(storage: &'s S, spill: Entry, header: Header) -> Result<Self> {
        let mut frames =
            Frames { body: Body::new(storage, spill), check: format::first_check(), payload: Vec::new() };
        frames.body.append(&MAGIC)?;
        let json = serde_json::to_vec(&header).expect("a header has only JSON types");
        frames.push(KIND_HEADER, |payload| payload.extend_from_slice(&json))?;
        let stats = Stats::new(header.identity.size);
        Ok(Self { frames, header, pending: BatchData::default(), stats, reach: 0, next_group: 0 })
    }

    /// Counts so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The end of the last edit, in the source.
    #[must_use]
    pub fn reach(&self) -> u64 {
        self.reach
    }

    /// Appends an edit. Its old bytes must be those of the source.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When the edit is out of order or out of bounds: callers check what
    /// they were given before.
    pub fn edit(&mut self, edit: Edit<'_>) -> Result<()> {
        assert!(self.reach <= edit.start && edit.end() <= self.stats.pre_size, "edit out of order or bounds");
        if edit.old.len().max(edit.new.len()) <= MAX_EDIT_BYTES {
            return self.piece(&edit);
        }
        // The difference in length comes first, so that what changes the
        // length starts where the edit does, and the rest keeps it.
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
        self.stats.count(edit, self.reach);
        self.pending.push(edit);
        self.reach = edit.end();
        self.flush_if_full()
    }

    /// Appends a group that edits touch, after all edits that start in it or
    /// before it.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When the group is out of order.
    pub fn group(&mut self, group: Group) -> Result<()> {
        assert!(group.index >= self.next_group, "group out of order");
        self.next_group = group.index + 1;
        self.stats.groups += 1;
        self.pending.groups.push(group);
        self.flush_if_full()
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
    pub fn finish(mut self) -> Result<Draft<'s, S>> {
        self.flush()?;
        self.stats.end(self.reach);
        Ok(Draft::new(self.header, self.stats, self.frames))
    }
}

impl Stats {
    /// Those of no edits, of a file of this size.
    pub(super) fn new(pre_size: u64) -> Self {
        Self {
            edits: 0,
            groups: 0,
            old_bytes: 0,
            new_bytes: 0,
            pre_size,
            first_length_change: None,
            in_place_form: true,
        }
    }

    /// Counts an edit; `reach` is the end of the one before.
    pub(super) fn count(&mut self, edit: &Edit<'_>, reach: u64) {
        self.edits += 1;
        self.old_bytes += edit.old.len() as u64;
        self.new_bytes += edit.new.len() as u64;
        if self.first_length_change.is_some() {
            self.in_place_form &= edit.start == reach;
        } else if edit.old.len() != edit.new.len() {
            self.first_length_change = Some(edit.start);
        }
    }

    /// Counts a batch; `reach` is the end of the last edit.
    pub(super) fn add(&mut self, batch: &Batch, reach: &mut u64) {
        for edit in batch.edits() {
            self.count(&edit, *reach);
            *reach = edit.end();
        }
        self.groups += batch.groups().len() as u64;
    }

    /// Ends the count; `reach` is the end of the last edit.
    pub(super) fn end(&mut self, reach: u64) {
        if self.first_length_change.is_some() {
            self.in_place_form &= reach == self.pre_size;
        }
    }
}
