//! Reads back what was written, from as deep as the system allows, and says
//! how deep that was.

mod group_cursor;
mod journal_match;
mod read_back;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

pub use journal_match::{touched_groups_fit, whole_file_fits};
pub use read_back::ReadBack;
use serde::{Deserialize, Serialize};

use crate::context::RunContext;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash::ordered_pool::in_order;
use crate::hash::{Cv, GROUP_BYTES, Tree};
use crate::patch::{Group, PatchView, Version};
use crate::storage::Storage;
use group_cursor::GroupCursor;
use read_back::Spot;

/// Groups that are read back before the next ones are looked for in the patch.
const GROUPS_AT_ONCE: usize = 512;

/// How deep a verification reaches, shallowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not read back.
    None,
    /// Read through the page cache: shows that the right bytes were handed to
    /// the kernel.
    Cached,
    /// Read after the kernel said that no page of the file is cached.
    Evicted,
    /// Read past the page cache.
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

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyChoice {
    /// The deepest level that the filesystem can do.
    Deepest,
    /// This one, or an error.
    Exactly(Level),
}

/// Reads back the groups that a patch in in-place form touches, and compares
/// each one's chaining value with what it must be after the patch.
///
/// # Errors
/// [`Kind::Verification`] with the offset of the first group that differs; when
/// the patch does not say what one of them must be.
pub fn touched<S: Storage>(file: &ReadBack<'_, S>, view: PatchView<'_, '_, S>, threads: usize) -> Result<()> {
    let (path, size) = (file.path(), view.after().size);
    // Where edits are dense, hardly a block is left out.
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

/// Reads back the whole file and compares its root.
///
/// # Errors
/// [`Kind::Verification`] when size or root differ; when the run was
/// interrupted.
pub fn whole<S: Storage>(file: &ReadBack<'_, S>, wanted: &Version, context: RunContext<'_>) -> Result<()> {
    let (path, size) = (file.path(), wanted.size);
    let mut tree = Tree::new();
    let runs = size.div_ceil(read_back::RUN_GROUPS * GROUP_BYTES);
    let work = || {
        let mut run = file.run(None);
        move |index| run.cvs(index * read_back::RUN_GROUPS, size)
    };
    let feed = |put: &mut dyn FnMut(u64) -> Result<()>| (0..runs).try_for_each(put);
    in_order(read_back::run_readers(context.threads, runs), work, feed, |cvs| {
        context.cancel.check()?;
        for cv in cvs? {
            tree.push(cv.ok_or_else(|| differs(path, tree.groups()))?);
        }
        Ok(())
    })?;
    // Where the last group is full, what comes behind it must be nothing.
    let behind = size / GROUP_BYTES;
    if file.count(behind)? != size % GROUP_BYTES {
        return Err(differs(path, behind));
    }
    if tree.finish() != wanted.root {
        return Err(Error::new(
            Kind::Verification,
            format!("{} reads back different from what was written", path.shown()),
        )
        .hint("the medium or its controller is at fault: check it before anything else"));
    }
    Ok(())
}

/// What a group that is there must be. Every patch in in-place form says it of
/// every group that it writes; without it nothing may count as checked.
fn value_after(path: &Path, group: &Group) -> Result<Cv> {
    group.after.ok_or_else(|| {
        Error::new(
            Kind::Verification,
            format!(
                "cannot check {} at byte {}: the patch does not say what must be there",
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
            "{} reads back different from what was written, at bytes {} to {}",
            path.shown(),
            group * GROUP_BYTES,
            (group + 1) * GROUP_BYTES
        ),
    )
    .hint("the medium or its controller is at fault: check it before anything else")
}
