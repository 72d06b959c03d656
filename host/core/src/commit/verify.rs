//! Reads back what was written, at the deepest level that the system allows,
//! and reports that level.

mod group_cursor;
mod group_run;
mod journal_match;
mod listed_groups;
mod read_back;
mod spot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

pub use journal_match::{touched_groups_fit, whole_file_fits};
pub use listed_groups::first_other_group;
pub use read_back::ReadBack;
use serde::{Deserialize, Serialize};

use crate::context::RunContext;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash::ordered_pool::in_order;
use crate::hash::{Cv, GROUP_BYTES, Tree};
use crate::patch::{Group, PatchView};
use crate::storage::{Aligned, Storage};
use group_cursor::GroupCursor;
use spot::Spot;

/// Groups that are read back before the next ones are looked up in the patch.
const GROUPS_AT_ONCE: usize = 512;

/// The depth of a verification, shallowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Level {
    /// The bytes are not read back.
    None,
    /// The bytes are read through the page cache. Shows that the kernel
    /// received the right bytes.
    Cached,
    /// The bytes are read after the kernel reported that no page of the file is cached.
    Evicted,
    /// The bytes are read past the page cache.
    Direct,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Cached => "cached",
            Self::Evicted => "evicted",
            Self::Direct => "direct",
        })
    }
}

/// The verification that the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyChoice {
    /// The deepest level that the filesystem supports.
    Deepest,
    /// This level, or an error.
    Exactly(Level),
}

/// Reads back the groups that a patch in in-place form touches, and compares
/// each group's chaining value with the one expected after the patch.
///
/// # Errors
/// [`Kind::Verification`] with the offset of the first group that differs; when
/// the patch lacks the expected value of a group.
pub fn touched<S: Storage>(file: &ReadBack<'_, S>, view: PatchView<'_, '_, S>, threads: usize) -> Result<()> {
    let (path, size) = (file.path(), view.after().size);
    // Where edits are dense, hardly any block could be skipped.
    let partly = file.level == Level::Direct && !view.stats().is_dense();
    let reader = view.reader();
    let mut cursor = if partly { GroupCursor::new(reader) } else { GroupCursor::of_groups(reader) };
    let mut cached = None;
    loop {
        let (mut spots, mut wanted) = (Vec::new(), Vec::new());
        while let Some(group) = cursor.peek()?.filter(|_| spots.len() < GROUPS_AT_ONCE) {
            cursor.next()?;
            if group.index * GROUP_BYTES < size {
                wanted.push(value_after(path, &group)?);
                spots.push(match partly {
                    true => Spot::written(&mut cursor, group.index, size),
                    false => Spot::whole(group.index),
                });
            }
        }
        if spots.is_empty() {
            return Ok(());
        }
        if cached.is_none() && !spots.iter().all(Spot::is_whole) {
            cached = Some(file.through_cache()?);
        }
        let found = file.cvs(&spots, cached.as_ref(), size, threads)?;
        let differing = found.iter().zip(&wanted).position(|(found, wanted)| *found != Some(*wanted));
        if let Some(at) = differing {
            return Err(differs(path, spots[at].group()));
        }
    }
}

/// Reads back the groups that a patch in in-place form touches, and compares
/// only the bytes of its edits.
///
/// # Errors
/// [`Kind::Verification`] with the offset of the first group that differs.
pub fn edits<S: Storage>(file: &ReadBack<'_, S>, view: PatchView<'_, '_, S>) -> Result<()> {
    let size = view.after().size;
    let mut memory = Aligned::new(GROUP_BYTES as usize);
    let mut cursor = GroupCursor::new(view.reader());
    while let Some(group) = cursor.next()? {
        let start = group.index * GROUP_BYTES;
        if start >= size {
            break;
        }
        let range = start..(start + GROUP_BYTES).min(size);
        let count = file.read(&file.file, start, memory.as_mut_slice())?;
        let found = &memory.as_slice()[..count];
        let mut same = true;
        cursor.new_bytes(&range, |at, new| same &= found.get(at..at + new.len()) == Some(new));
        if !same {
            return Err(differs(file.path(), group.index));
        }
    }
    Ok(())
}

/// Reads back the whole file and compares its size and its root.
///
/// # Errors
/// [`Kind::Verification`] when the size or the root differs; when the run was
/// interrupted.
pub fn whole<S: Storage>(
    file: &ReadBack<'_, S>,
    (size, root): (u64, &blake3::Hash),
    context: RunContext<'_>,
) -> Result<()> {
    let path = file.path();
    let mut tree = Tree::new();
    let runs = size.div_ceil(group_run::RUN_GROUPS * GROUP_BYTES);
    let work = || {
        let mut run = file.run(None);
        move |index| run.cvs(index * group_run::RUN_GROUPS, size)
    };
    let feed = |put: &mut dyn FnMut(u64) -> Result<()>| (0..runs).try_for_each(put);
    in_order(group_run::run_readers(context.threads, runs), work, feed, |cvs| {
        context.cancel.check()?;
        for cv in cvs? {
            tree.push(cv.ok_or_else(|| differs(path, tree.groups()))?);
        }
        Ok(())
    })?;
    // If the last group is full, the file must end there.
    let end_group = size / GROUP_BYTES;
    if file.count(end_group)? != size % GROUP_BYTES {
        return Err(differs(path, end_group));
    }
    if tree.finish() != *root {
        return Err(Error::new(
            Kind::Verification,
            format!("{} does not read back as it was written", path.shown()),
        )
        .hint("the medium or its controller is faulty: check it first"));
    }
    Ok(())
}

/// The expected chaining value of a group inside the file. Every patch in
/// in-place form has one for every group that it writes; a group without one
/// must not count as checked.
fn value_after(path: &Path, group: &Group) -> Result<Cv> {
    group.after.ok_or_else(|| {
        Error::new(
            Kind::Verification,
            format!(
                "cannot check {} at byte {}: the patch does not say what the bytes must be",
                path.shown(),
                group.index * GROUP_BYTES
            ),
        )
    })
}

fn differs(path: &Path, group: u64) -> Error {
    Error::new(
        Kind::Verification,
        format!(
            "{} does not read back as it was written, at bytes {} to {}",
            path.shown(),
            group * GROUP_BYTES,
            (group + 1) * GROUP_BYTES
        ),
    )
    .hint("the medium or its controller is faulty: check it first")
}
