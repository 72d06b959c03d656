//! Writes a patch in in-place form over its target. Idempotent: it may be
//! stopped anywhere and run again, in either direction, as long as the
//! journal stands.

use std::path::Path;

use super::behind::behind;
use super::pieces::Pieces;
use crate::error::{Error, Result};
use crate::fs::Storage;
use crate::patch::{Direction, Patch};
use crate::profile::{self, Stage};

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
            each_edit(patch, direction, |offset, bytes| pieces.put(offset, bytes))?;
            pieces.finish()
        })?;
    } else {
        each_edit(patch, direction, |offset, bytes| {
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

/// Calls `put` with where each edit's bytes go, front to back.
fn each_edit<S: Storage>(
    patch: &Patch<'_, S>,
    direction: Direction,
    mut put: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut reader = patch.reader(direction);
    let mut shift = 0_i64;
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            // Bytes that stay do not move in in-place form, so this offset is
            // that of the start, up to the last edits at the end of the file.
            let offset = edit.start.wrapping_add_signed(shift);
            shift += edit.new.len() as i64 - edit.old.len() as i64;
            if !edit.new.is_empty() {
                put(offset, edit.new)?;
            }
        }
    }
    Ok(())
}
