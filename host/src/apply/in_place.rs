//! Writes a patch in in-place form over its target. Idempotent: it may be
//! stopped anywhere and run again, in either direction, as long as the
//! journal stands.

use std::ops::Range;
use std::path::Path;

use super::behind::behind;
use super::pieces::Pieces;
use crate::error::{Error, Result};
use crate::fs::{ALIGN_BYTES, Storage};
use crate::patch::{Batch, Direction, Patch};
use crate::profile::{self, Stage};

/// The kernel's pages are of this size, or multiples of it.
const PAGE_BYTES: u64 = ALIGN_BYTES as u64;

/// Writes the edits, sets the length, and makes both durable.
///
/// # Errors
/// Any I/O error: then the target is in an unknown state, and only the
/// journal can tell.
///
/// # Panics
/// When the patch is not in in-place form.
pub fn write<S: Storage>(
    storage: &S,
    path: &Path,
    target: &S::File,
    patch: &Patch<'_, S>,
    direction: Direction,
    threads: usize,
) -> Result<()> {
    let stats = &patch.seal().stats;
    assert!(stats.in_place_form, "only patches in in-place form are written in place");
    let writing = profile::span(Stage::Write);
    if stats.is_dense() {
        let sure_bytes = stats.pre_size.min(stats.post_size());
        behind(storage, (target, path), threads, |behind| {
            let mut pieces = Pieces::new(behind, storage, (target, path), sure_bytes);
            each_edit(patch, direction, |_| {}, |offset, bytes| pieces.put(offset, bytes))?;
            pieces.finish()
        })?;
    } else {
        // A page of which a part is written must be there. Where they are not
        // cached, the medium is faster when it is asked for many at once.
        let soon = |range: Range<u64>| storage.will_need(target, range);
        each_edit(patch, direction, soon, |offset, bytes| {
            storage
                .write_all_at(target, bytes, offset)
                .map_err(|e| Error::io(&format!("write at byte {offset} of"), path, e))
        })?;
    }
    let size = match direction {
        Direction::Forward => stats.post_size(),
        Direction::Reverse => stats.pre_size,
    };
    if stats.post_size() != stats.pre_size {
        storage.set_len(target, size).map_err(Error::at("resize", path))?;
    }
    drop(writing);
    let _span = profile::span(Stage::Sync);
    storage.sync_data(target).map_err(Error::at("sync", path))
}

/// Calls `put` with where each edit's bytes go, front to back; and before a
/// batch of them, `soon` with the ends of each, which lie in pages that are
/// written in part.
fn each_edit<S: Storage>(
    patch: &Patch<'_, S>,
    direction: Direction,
    soon: impl Fn(Range<u64>),
    mut put: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut reader = patch.reader(direction);
    let mut shift = 0_i64;
    while let Some(batch) = reader.next_batch()? {
        for (offset, new) in places(batch, &mut shift.clone()) {
            let end = offset + new.len() as u64;
            if new.len() as u64 <= PAGE_BYTES {
                soon(offset..end);
            } else {
                soon(offset..offset + 1);
                soon(end - 1..end);
            }
        }
        for (offset, new) in places(batch, &mut shift) {
            put(offset, new)?;
        }
    }
    Ok(())
}

/// Where the new bytes of a batch go. Bytes that stay do not move in in-place
/// form, so that is where the edit starts, up to the last edits at the end of
/// the file.
fn places<'b>(batch: &'b Batch, shift: &'b mut i64) -> impl Iterator<Item = (u64, &'b [u8])> {
    let places = batch.edits().map(|edit| {
        let offset = edit.start.wrapping_add_signed(*shift);
        *shift += edit.new.len() as i64 - edit.old.len() as i64;
        (offset, edit.new)
    });
    places.filter(|(_, new)| !new.is_empty())
}
