//! Checks for free space before anything is written.

use crate::commit::strategy::{Plan, Strategy};
use crate::error::{Error, Kind, Result};
use crate::escape::{Raw as _, count, group_digits};
use crate::hash::GROUP_BYTES;
use crate::patch::Patch;
use crate::storage::{Entry, Storage};
use crate::target::Target;

/// Checks that `bytes` bytes can be written to a new file.
pub(crate) fn check_room<S: Storage>(storage: &S, entry: &Entry, bytes: u64) -> Result<()> {
    let path = entry.path();
    let free = storage.free_bytes(entry).map_err(Error::at("query the filesystem of", path))?;
    if bytes <= free {
        return Ok(());
    }
    Err(no_room(&format!("for {}", path.shown()), bytes, free))
}

fn no_room(what: &str, bytes: u64, free: u64) -> Error {
    let missing = bytes - free;
    Error::new(
        Kind::Io,
        format!(
            "not enough space {what}: it needs {}, {} are free, {} are missing",
            count(bytes, "byte"),
            group_digits(free),
            group_digits(missing)
        ),
    )
    .hint("the file is untouched; free some space, or let `runner apply` write the result to another filesystem with `-o OUT`")
}

/// Checks that a file can be overwritten if that allocates new space. After the
/// commit point a full filesystem would leave the file partly changed, with no
/// space to roll it back either.
pub(super) fn check_room_to_overwrite<S: Storage>(
    target: &Target<'_, S>,
    patch: &Patch<'_, S>,
    plan: &Plan,
) -> Result<()> {
    let (storage, path, stats) = (target.storage, target.path(), &patch.seal().stats);
    // Edits close to each other are written together, in up to whole groups. A
    // tail is written from its first group to its end.
    let tail = if plan.strategy == Strategy::Tail { stats.post_size() - stats.tail_start() } else { 0 };
    let groups = stats.groups.saturating_mul(GROUP_BYTES).saturating_add(tail);
    let written = groups.min(stats.pre_size.max(stats.post_size()));
    let needed = written + patch.bytes_in_memory() + plan.space_bytes;
    let free = storage.free_bytes(&target.names.new).map_err(Error::at("query the filesystem of", path))?;
    if needed <= free || !storage.overwrite_allocates(&target.file).map_err(Error::at("inspect", path))? {
        return Ok(());
    }
    Err(no_room(
        &format!("to overwrite {} (its filesystem allocates new space for that)", path.shown()),
        needed,
        free,
    ))
}
