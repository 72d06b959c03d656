//! A list of edits in memory, and its effect on one group.

use serde::{Deserialize, Serialize};

use crate::engine::framing::View;
use crate::hash::{Cv, GROUP_BYTES, group_cv};
use crate::memory::{Budget, Denied, Lease};

/// Edits in file coordinates, sorted and disjoint, with their replacements.
#[derive(Debug, Default)]
pub(crate) struct EditList {
    items: Vec<Item>,
    /// All replaced bytes, concatenated: as the plugin saw them and as they were
    /// hashed. Empty in a list without them.
    old: Vec<u8>,
    /// All replacements, concatenated.
    new: Vec<u8>,
    /// The memory of all three vectors.
    lease: Lease,
    /// Whether the list is one without replaced bytes.
    is_without_old: bool,
}

/// One edit, without its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) start: u64,
    pub(crate) old_bytes: u32,
    pub(crate) new_bytes: u32,
    old_at: usize,
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
/// bytes of both, concatenated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedEdits {
    pub(crate) edits: Vec<(u64, u32, u32)>,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl SavedEdits {
    /// Whether the list's invariants hold: stored data may be anything.
    pub(crate) fn is_sound(&self, file_bytes: u64) -> bool {
        let (mut reach, mut old_bytes, mut new_bytes) = (0, 0_u64, 0_u64);
        self.edits.iter().all(|&(start, old, new)| {
            let end = start.saturating_add(old.into());
            let fits = start >= reach && end <= file_bytes;
            (reach, old_bytes, new_bytes) = (end, old_bytes + u64::from(old), new_bytes + u64::from(new));
            fits
        }) && old_bytes == self.old.len() as u64
            && new_bytes == self.new.len() as u64
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

    /// The same for edits without the bytes that they replace, for another
    /// process, which has its own.
    pub(crate) fn without_old(budget: &Budget) -> Self {
        Self { is_without_old: true, ..Self::new(budget) }
    }

    /// An empty lease of the same budget.
    pub(crate) fn lease(&self) -> Lease {
        self.lease.another()
    }

    /// Makes room for so many more edits, with so many old and new bytes.
    ///
    /// # Errors
    /// When the budget has no room for them.
    pub(crate) fn reserve(&mut self, edits: usize, old_bytes: usize, new_bytes: usize) -> Result<(), Denied> {
        self.lease.reserve(&mut self.items, edits)?;
        self.lease.reserve(&mut self.old, old_bytes)?;
        self.lease.reserve(&mut self.new, new_bytes)
    }

    /// Appends an edit, which must start at or after the end of the last one.
    ///
    /// # Errors
    /// When the budget has no room for it.
    #[inline]
    pub(crate) fn push(&mut self, start: u64, old: &[u8], new: &[u8]) -> Result<(), Denied> {
        debug_assert!(
            self.items.last().is_none_or(|last| last.end() <= start),
            "edits are sorted and disjoint"
        );
        // Windows and their replacements are shorter than 4 GiB, because the
        // memory of a guest is no larger.
        let (old_bytes, new_bytes) = (old.len() as u32, new.len() as u32);
        let old = if self.is_without_old { &[] } else { old };
        self.lease.reserve(&mut self.items, 1)?;
        self.lease.reserve(&mut self.old, old.len())?;
        self.lease.reserve(&mut self.new, new.len())?;
        let (old_at, new_at) = (self.old.len(), self.new.len());
        self.items.push(Item { start, old_bytes, new_bytes, old_at, new_at });
        self.old.extend_from_slice(old);
        self.new.extend_from_slice(new);
        Ok(())
    }

    /// Moves all edits of `other` to the end of this list.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.items.is_empty() {
            *self = other;
            return;
        }
        let (old_at, new_at) = (self.old.len(), self.new.len());
        let moved =
            |item: &Item| Item { old_at: item.old_at + old_at, new_at: item.new_at + new_at, ..*item };
        // The result has no more items than both lists had, so what both have
        // drawn is enough.
        self.items.reserve_exact(other.items.len());
        self.old.reserve_exact(other.old.len());
        self.new.reserve_exact(other.new.len());
        self.items.extend(other.items.iter().map(moved));
        self.old.append(&mut other.old);
        self.new.append(&mut other.new);
        self.lease.join(other.lease);
        let items = self.items.capacity() * size_of::<Item>();
        self.lease.shrink_to(items + self.old.capacity() + self.new.capacity());
    }

    /// Drops the first `count` edits.
    pub(crate) fn drop_front(&mut self, count: usize) {
        if count == self.items.len() {
            // The list's memory is given back; the next list that is appended
            // brings its own.
            (self.items, self.old, self.new) = (Vec::new(), Vec::new(), Vec::new());
            self.lease.shrink_to(0);
        } else if count > 0 {
            let Item { old_at, new_at, .. } = self.items[count];
            self.items.drain(..count);
            self.old.drain(..old_at);
            self.new.drain(..new_at);
            for item in &mut self.items {
                item.old_at -= old_at;
                item.new_at -= new_at;
            }
        }
    }

    /// The list as a serializable value.
    pub(crate) fn save(&self) -> SavedEdits {
        SavedEdits { edits: self.spans().collect(), old: self.old.clone(), new: self.new.clone() }
    }

    /// Restores a sound list, with memory drawn from a budget.
    ///
    /// # Errors
    /// When the budget has no room for it.
    pub(crate) fn restore(saved: &SavedEdits, budget: &Budget) -> Result<Self, Denied> {
        let (mut list, mut old_at, mut new_at) = (Self::new(budget), 0, 0);
        list.lease.reserve(&mut list.items, saved.edits.len())?;
        list.lease.reserve(&mut list.old, saved.old.len())?;
        list.lease.reserve(&mut list.new, saved.new.len())?;
        for &(start, old_bytes, new_bytes) in &saved.edits {
            list.items.push(Item { start, old_bytes, new_bytes, old_at, new_at });
            (old_at, new_at) = (old_at + old_bytes as usize, new_at + new_bytes as usize);
        }
        list.old.extend_from_slice(&saved.old);
        list.new.extend_from_slice(&saved.new);
        Ok(list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether another list makes the same edits.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.spans().eq(other.spans()) && self.new == other.new
    }

    pub(crate) fn get(&self, index: usize) -> Option<Item> {
        self.items.get(index).copied()
    }

    /// The last edit.
    pub(crate) fn last(&self) -> Option<Item> {
        self.items.last().copied()
    }

    /// # Panics
    /// In a list without them.
    pub(crate) fn old_bytes(&self, item: &Item) -> &[u8] {
        &self.old[item.old_at..item.old_at + item.old_bytes as usize]
    }

    pub(crate) fn new_bytes(&self, item: &Item) -> &[u8] {
        &self.new[item.new_at..item.new_at + item.new_bytes as usize]
    }

    /// Start, old length and new length of each edit.
    pub(crate) fn spans(&self) -> impl ExactSizeIterator<Item = (u64, u32, u32)> {
        self.items.iter().map(|item| (item.start, item.old_bytes, item.new_bytes))
    }

    /// The replacements of all edits, concatenated.
    pub(crate) fn all_new_bytes(&self) -> &[u8] {
        // Edits that were dropped from the front took their bytes with them.
        &self.new
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
