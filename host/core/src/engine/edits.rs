//! A list of edits in memory, and its effect on one group.

use serde::{Deserialize, Serialize};

use crate::engine::framing::View;
use crate::hash::{Cv, GROUP_BYTES, group_cv};
use crate::memory::{Budget, Denied, Lease};

/// Edits in file coordinates, sorted and disjoint, with their replacements.
#[derive(Debug, Default)]
pub(crate) struct EditList {
    items: Vec<Item>,
    /// All replacements, concatenated.
    new: Vec<u8>,
    /// The memory of both vectors.
    lease: Lease,
}

/// One edit, without its replacement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) start: u64,
    pub(crate) old_bytes: u32,
    pub(crate) new_bytes: u32,
    new_at: usize,
}

impl Item {
    pub(crate) fn end(&self) -> u64 {
        self.start + u64::from(self.old_bytes)
    }

    fn keeps_length(&self) -> bool {
        self.old_bytes == self.new_bytes
    }
}

/// The edits of a list (start, replaced bytes, replacement bytes), and all
/// replacements, concatenated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedEdits {
    pub(crate) edits: Vec<(u64, u32, u32)>,
    new: Vec<u8>,
}

impl SavedEdits {
    /// Whether the list's invariants hold: stored data may be anything.
    pub(crate) fn is_sound(&self, file_bytes: u64) -> bool {
        let (mut reach, mut new_bytes) = (0, 0_u64);
        self.edits.iter().all(|&(start, old, new)| {
            let end = start.saturating_add(old.into());
            let fits = start >= reach && end <= file_bytes;
            (reach, new_bytes) = (end, new_bytes + u64::from(new));
            fits
        }) && new_bytes == self.new.len() as u64
    }
}

/// The effect of edits on a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    /// No edit touches the group.
    No,
    /// The chaining value of the group after the edits.
    Yes(Cv),
    /// An edit changes a length: the group's new content cannot be determined
    /// from here.
    Moved,
}

impl EditList {
    /// An empty list whose memory is drawn from a budget.
    pub(crate) fn new(budget: &Budget) -> Self {
        Self { lease: budget.lease(), ..Self::default() }
    }

    /// An empty lease of the same budget.
    pub(crate) fn lease(&self) -> Lease {
        self.lease.another()
    }

    /// Appends an edit, which must start at or after the end of the last one.
    ///
    /// # Errors
    /// When the budget has no room for it.
    pub(crate) fn push(&mut self, start: u64, old: &[u8], new: &[u8]) -> Result<(), Denied> {
        debug_assert!(
            self.items.last().is_none_or(|last| last.end() <= start),
            "edits are sorted and disjoint"
        );
        // Windows and their replacements are shorter than 4 GiB, because the
        // memory of a guest is no larger.
        let (old_bytes, new_bytes) = (old.len() as u32, new.len() as u32);
        self.lease.reserve(&mut self.items, 1)?;
        self.lease.reserve(&mut self.new, new.len())?;
        self.items.push(Item { start, old_bytes, new_bytes, new_at: self.new.len() });
        self.new.extend_from_slice(new);
        Ok(())
    }

    /// Moves all edits of `other` to the end of this list.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.items.is_empty() {
            *self = other;
            return;
        }
        let shift = self.new.len();
        // The result has no more items than both lists had, so what both have
        // drawn is enough.
        self.items.reserve_exact(other.items.len());
        self.new.reserve_exact(other.new.len());
        self.items.extend(other.items.iter().map(|item| Item { new_at: item.new_at + shift, ..*item }));
        self.new.append(&mut other.new);
        self.lease.join(other.lease);
        self.lease.shrink_to(self.items.capacity() * size_of::<Item>() + self.new.capacity());
    }

    /// Drops the first `count` edits.
    pub(crate) fn drop_front(&mut self, count: usize) {
        if count == self.items.len() {
            // The list's memory is given back; the next list that is appended
            // brings its own.
            (self.items, self.new) = (Vec::new(), Vec::new());
            self.lease.shrink_to(0);
        } else if count > 0 {
            let bytes = self.items[count].new_at;
            self.items.drain(..count);
            self.new.drain(..bytes);
            self.items.iter_mut().for_each(|item| item.new_at -= bytes);
        }
    }

    /// The list as a serializable value.
    pub(crate) fn save(&self) -> SavedEdits {
        let edits = self.items.iter().map(|item| (item.start, item.old_bytes, item.new_bytes));
        SavedEdits { edits: edits.collect(), new: self.new.clone() }
    }

    /// Restores a sound list, with memory drawn from a budget.
    ///
    /// # Errors
    /// When the budget has no room for it.
    pub(crate) fn restore(saved: &SavedEdits, budget: &Budget) -> Result<Self, Denied> {
        let (mut list, mut new_at) = (Self::new(budget), 0);
        list.lease.reserve(&mut list.items, saved.edits.len())?;
        list.lease.reserve(&mut list.new, saved.new.len())?;
        for &(start, old_bytes, new_bytes) in &saved.edits {
            list.items.push(Item { start, old_bytes, new_bytes, new_at });
            new_at += new_bytes as usize;
        }
        list.new.extend_from_slice(&saved.new);
        Ok(list)
    }

    pub(crate) fn get(&self, index: usize) -> Option<Item> {
        self.items.get(index).copied()
    }

    /// The last edit.
    pub(crate) fn last(&self) -> Option<Item> {
        self.items.last().copied()
    }

    pub(crate) fn new_bytes(&self, item: &Item) -> &[u8] {
        &self.new[item.new_at..item.new_at + item.new_bytes as usize]
    }

    /// The offset up to which edits touch the file. An insertion touches the
    /// byte after it.
    pub(crate) fn touched_to(&self) -> u64 {
        self.items.last().map_or(0, |last| last.end().max(last.start + 1))
    }

    /// The effect of the edits on group `index`, which is in view, of a file of
    /// `file_bytes` bytes. `low` is the index of the first edit that may touch
    /// the group; it advances with the groups. An insertion touches the group
    /// of the byte after it.
    pub(crate) fn group_after(
        &self,
        low: &mut usize,
        index: u64,
        (view, file_bytes): (&View<'_>, u64),
        scratch: &mut Vec<u8>,
    ) -> Touched {
        let start = index * GROUP_BYTES;
        let end = start + GROUP_BYTES;
        while self.items.get(*low).is_some_and(|item| item.end() <= start && item.start < start) {
            *low += 1;
        }
        let touching = self.items[*low..].iter().take_while(|item| item.start < end);
        if touching.clone().next().is_none() {
            return Touched::No;
        }
        scratch.clear();
        scratch.extend_from_slice(view.slice(start..end));
        for item in touching {
            if !item.keeps_length() {
                return Touched::Moved;
            }
            let (from, to) = (item.start.max(start), item.end().min(end));
            let new = &self.new_bytes(item)[(from - item.start) as usize..(to - item.start) as usize];
            scratch[(from - start) as usize..(to - start) as usize].copy_from_slice(new);
        }
        Touched::Yes(group_cv(scratch, index, file_bytes))
    }
}
