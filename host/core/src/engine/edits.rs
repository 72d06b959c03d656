//! A list of edits in memory, and what it makes of one group.

use serde::{Deserialize, Serialize};

use crate::engine::framing::View;
use crate::hash::{Cv, GROUP_BYTES, group_cv};
use crate::memory::{Budget, Denied, Lease};

/// Edits in file coordinates, sorted and disjoint, with their replacements.
#[derive(Debug, Default)]
pub(crate) struct EditList {
    items: Vec<Item>,
    /// All replacements, one after the other.
    new: Vec<u8>,
    /// The memory of both.
    lease: Lease,
}

/// One edit without its replacement.
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

/// The edits of a list: start, bytes replaced, bytes that replace them; and all
/// replacements, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedEdits {
    pub(crate) edits: Vec<(u64, u32, u32)>,
    new: Vec<u8>,
}

impl SavedEdits {
    /// Whether the list's invariants hold: what was stored may be anything.
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

/// What edits make of a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    /// None of them touches it.
    No,
    /// This is its chaining value then.
    Yes(Cv),
    /// One of them changes a length: what stands in the group cannot be told
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

    /// Appends an edit; it must start at or behind the end of the last one.
    ///
    /// # Errors
    /// When the budget has no room for it.
    pub(crate) fn push(&mut self, start: u64, old: &[u8], new: &[u8]) -> Result<(), Denied> {
        debug_assert!(
            self.items.last().is_none_or(|last| last.end() <= start),
            "edits are sorted and disjoint"
        );
        // Windows are shorter than 4 GiB, and so is what replaces them: a
        // guest's memory has no more.
        let (old_bytes, new_bytes) = (old.len() as u32, new.len() as u32);
        self.lease.reserve(&mut self.items, 1)?;
        self.lease.reserve(&mut self.new, new.len())?;
        self.items.push(Item { start, old_bytes, new_bytes, new_at: self.new.len() });
        self.new.extend_from_slice(new);
        Ok(())
    }

    /// Moves all edits of `other` behind those of this list.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.items.is_empty() {
            *self = other;
            return;
        }
        let shift = self.new.len();
        // No more than both had: what is drawn for both is enough.
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
            // Its memory is somebody else's now; what is appended next brings
            // its own.
            (self.items, self.new) = (Vec::new(), Vec::new());
            self.lease.shrink_to(0);
        } else if count > 0 {
            let bytes = self.items[count].new_at;
            self.items.drain(..count);
            self.new.drain(..bytes);
            self.items.iter_mut().for_each(|item| item.new_at -= bytes);
        }
    }

    /// The list as a value that can be stored.
    pub(crate) fn save(&self) -> SavedEdits {
        let edits = self.items.iter().map(|item| (item.start, item.old_bytes, item.new_bytes));
        SavedEdits { edits: edits.collect(), new: self.new.clone() }
    }

    /// A sound list again, with memory drawn from a budget.
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
    /// byte that it stands in front of.
    pub(crate) fn touched_to(&self) -> u64 {
        self.items.last().map_or(0, |last| last.end().max(last.start + 1))
    }

    /// What the edits make of group `index`, which is in view, of a file of so
    /// many bytes. `low` is the first edit that may touch it; it moves on with
    /// the groups. An insertion touches the group it stands in front of a byte
    /// of.
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
