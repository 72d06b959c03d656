//! Counts the contents of a patch while it is written or read, and checks that
//! every byte of every edit lies in a listed group.
//!
//! A written file is read back, and a target is matched, group by group. So an
//! edit without a group, or a group without a value, would be written without
//! ever being checked. The rules:
//!
//! - An edit touches the groups of its old bytes. An insertion touches the
//!   group of the byte after it, which at the end of the file may not exist
//!   yet. Values before are listed for all groups of the old file; values after
//!   for the groups before the first change of length.
//! - If no remaining byte moves, an edit also touches the groups of its new
//!   bytes. A patch that lists all these groups, with all their values, is in
//!   in-place form. Only such a patch is written in place.
//!
//! A patch lists exactly these groups. A group comes after the edits that start
//! in it or before it, and before the next edit that starts after it. So memory
//! is constant.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{Edit, Group, Stats};
use crate::hash::GROUP_BYTES;

/// The count of a patch up to some edit or group.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) stats: Stats,
    /// End of the last edit, in the old file.
    pub(super) reach: u64,
    /// The first group that may be listed next.
    pub(super) next_group: u64,
    /// The amount that the edits so far add to offsets.
    shift: i64,
    /// Whether no remaining byte moves.
    stays: bool,
    by_old: Cover,
    by_both: Cover,
    values: Values,
}

impl Tally {
    /// A tally without edits, for a file of this size.
    pub(super) fn new(pre_size: u64) -> Self {
        let stats = Stats {
            edits: 0,
            groups: 0,
            old_bytes: 0,
            new_bytes: 0,
            pre_size,
            first_length_change: None,
            in_place_form: true,
        };
        Self {
            stats,
            reach: 0,
            next_group: 0,
            shift: 0,
            stays: true,
            by_old: Cover::default(),
            by_both: Cover::default(),
            values: Values::default(),
        }
    }

    /// Counts an edit.
    pub(super) fn edit(&mut self, edit: &Edit<'_>) {
        let touched = self.count(edit);
        self.by_old.touch(touched.by_old);
        self.by_both.touch(touched.by_both);
    }

    /// Counts a group.
    pub(super) fn group(&mut self, group: &Group) {
        self.by_old.list(group.index);
        self.by_both.list(group.index);
        self.value(group);
    }

    /// Counts a batch, in which edits and groups are in separate lists.
    pub(super) fn batch<'e>(&mut self, edits: impl Iterator<Item = Edit<'e>>, groups: &[Group]) {
        let (mut by_old, mut by_both) = (groups, groups);
        for edit in edits {
            let touched = self.count(&edit);
            // A group comes before the edits that start after it.
            self.by_old.list_before(touched.by_old.start, &mut by_old);
            self.by_both.list_before(touched.start, &mut by_both);
            self.by_old.touch(touched.by_old);
            self.by_both.touch(touched.by_both);
        }
        self.by_old.list_before(u64::MAX, &mut by_old);
        self.by_both.list_before(u64::MAX, &mut by_both);
        groups.iter().for_each(|group| self.value(group));
    }

    /// Counts an edit.
    fn count(&mut self, edit: &Edit<'_>) -> Touched {
        let stats = &mut self.stats;
        stats.edits += 1;
        stats.old_bytes += edit.old.len() as u64;
        stats.new_bytes += edit.new.len() as u64;
        if stats.first_length_change.is_some() {
            self.stays &= edit.start == self.reach;
        } else if edit.old.len() != edit.new.len() {
            stats.first_length_change = Some(edit.start);
        }
        let place = edit.start.wrapping_add_signed(self.shift);
        self.shift += edit.new.len() as i64 - edit.old.len() as i64;
        self.reach = edit.end();
        let (old, new) = (groups(edit.start, edit.old.len()), groups(place, edit.new.len()));
        let start = old.start.min(new.start);
        let by_both = match (edit.old.is_empty(), edit.new.is_empty()) {
            (false, false) => start..old.end.max(new.end),
            (true, false) => new,
            (_, true) => old.clone(),
        };
        Touched { by_old: old, by_both, start }
    }

    fn value(&mut self, group: &Group) {
        self.stats.groups += 1;
        self.next_group = group.index + 1;
        let there = group.index < self.stats.pre_size.div_ceil(GROUP_BYTES);
        self.values.bad_before |= group.before.is_some() != there;
        if group.after.is_some() {
            self.values.after_end = group.index + 1;
        } else {
            self.values.first_none.get_or_insert(group.index);
        }
    }

    /// Finishes the count.
    ///
    /// # Errors
    /// The description of a surplus or missing group or value.
    pub(super) fn end(mut self) -> Result<Stats, &'static str> {
        let stats = &self.stats;
        let stays = self.stays && (stats.first_length_change.is_none() || self.reach == stats.pre_size);
        let after = stats.post_size().div_ceil(GROUP_BYTES);
        let known = stats.first_length_change.map_or(after, |at| after.min(at / GROUP_BYTES));
        let by_both = stays && self.by_both.is_whole();
        if !by_both && !self.by_old.is_whole() {
            return Err("an edit in no group that it lists, or a group without an edit");
        }
        let in_place_form = by_both && self.values.are_known_up_to(after);
        let usual_form = self.by_old.is_whole() && self.values.are_known_up_to(known);
        if !in_place_form && !usual_form {
            return Err("a group that lacks a required value, or has one that it cannot have");
        }
        self.stats.in_place_form = in_place_form;
        Ok(self.stats)
    }
}

/// The groups that an edit touches.
struct Touched {
    /// Those of its old bytes.
    by_old: Range<u64>,
    /// Those of its old and new bytes.
    by_both: Range<u64>,
    /// The group in which it starts, in the old file or in the new one. It never
    /// decreases from edit to edit, while the start of `by_both` may: after a
    /// deletion, which has no new bytes, the next edit may touch a group before it.
    start: u64,
}

/// The groups of a range of bytes; for an empty range, the group of the byte
/// after it.
fn groups(start: u64, bytes: usize) -> Range<u64> {
    start / GROUP_BYTES..(start + (bytes as u64).max(1)).div_ceil(GROUP_BYTES)
}

/// Whether the listed groups are the ones that edits touch.
#[derive(Debug)]
struct Cover {
    /// Groups that the edits so far touch, and that are not listed yet. Edits
    /// are sorted, so the groups form one run unless one was left out.
    waiting: Range<u64>,
    /// The first group that may be listed next.
    next: u64,
    whole: bool,
}

impl Default for Cover {
    fn default() -> Self {
        Self { waiting: 0..0, next: 0, whole: true }
    }
}

impl Cover {
    /// Records that an edit touches these groups.
    fn touch(&mut self, groups: Range<u64>) {
        if self.waiting.is_empty() {
            self.whole &= groups.start >= self.next;
            self.waiting = groups;
        } else {
            self.whole &= self.waiting.start <= groups.start && groups.start <= self.waiting.end;
            self.waiting.end = self.waiting.end.max(groups.end);
        }
    }

    fn list(&mut self, index: u64) {
        self.whole &= self.waiting.contains(&index) && index == self.waiting.start;
        self.waiting.start = index + 1;
        self.next = index + 1;
    }

    /// Lists the groups of a batch before an index.
    fn list_before(&mut self, index: u64, groups: &mut &[Group]) {
        while let Some((first, rest)) = groups.split_first().filter(|(first, _)| first.index < index) {
            self.list(first.index);
            *groups = rest;
        }
    }

    fn is_whole(&self) -> bool {
        self.whole && self.waiting.is_empty()
    }
}

/// The values of the listed groups.
#[derive(Debug, Default)]
struct Values {
    /// A value before is missing, or belongs to a group that does not exist.
    bad_before: bool,
    /// The end of the groups that have a value after.
    after_end: u64,
    /// The first group without a value after.
    first_none: Option<u64>,
}

impl Values {
    /// Whether exactly the groups before an index have a value after.
    fn are_known_up_to(&self, index: u64) -> bool {
        !self.bad_before && self.after_end <= index && self.first_none.is_none_or(|none| none >= index)
    }
}
