//! Writes a patch in in-place form over its target. Idempotent: it may be
//! stopped anywhere and run again, in either direction, as long as the
//! journal stands.

use std::path::Path;

use crate::error::{Error, Result};
use crate::fs::Storage;
use crate::hash::GROUP_BYTES;
use crate::patch::{Batch, Direction, Patch};

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
) -> Result<()> {
    let stats = &patch.seal().stats;
    assert!(stats.in_place_form, "only patches in in-place form are written in place");
    let mut reader = patch.reader(direction);
    let mut shift = 0_i64;
    let mut run = Run::default();
    while let Some(batch) = reader.next_batch()? {
        write_batch(storage, path, target, batch, &mut shift, &mut run)?;
    }
    let size = match direction {
        Direction::Forward => stats.post_size(),
        Direction::Reverse => stats.pre_size,
    };
    if stats.post_size() != stats.pre_size {
        storage.set_len(target, size).map_err(Error::at("resize", path))?;
    }
    storage.sync_data(target).map_err(Error::at("sync", path))
}

fn write_batch<S: Storage>(
    storage: &S,
    path: &Path,
    target: &S::File,
    batch: &Batch,
    shift: &mut i64,
    run: &mut Run,
) -> Result<()> {
    for edit in batch.edits() {
        // Bytes that stay do not move in in-place form, so this offset is
        // that of the start, up to the last edits at the end of the file.
        let offset = edit.start.wrapping_add_signed(*shift);
        *shift += edit.new.len() as i64 - edit.old.len() as i64;
        if !run.takes(offset, edit.new.len()) {
            run.flush(storage, path, target)?;
        }
        run.push(storage, path, target, offset, edit.new)?;
    }
    run.flush(storage, path, target)
}

/// Neighbouring edits within one group, written in one go: where edits are
/// dense, one read and one write a group beat a write an edit.
#[derive(Default)]
struct Run {
    offset: u64,
    bytes: Vec<u8>,
}

impl Run {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    fn takes(&self, offset: u64, bytes: usize) -> bool {
        !self.bytes.is_empty()
            && offset / GROUP_BYTES == self.offset / GROUP_BYTES
            && offset + bytes as u64 - self.offset <= GROUP_BYTES
    }

    fn push<S: Storage>(
        &mut self,
        storage: &S,
        path: &Path,
        target: &S::File,
        offset: u64,
        bytes: &[u8],
    ) -> Result<()> {
        if self.bytes.is_empty() {
            self.offset = offset;
        }
        let gap_start = self.bytes.len();
        if offset > self.end() {
            // The bytes between two edits are the same before and after.
            let gap = usize::try_from(offset - self.end()).expect("a run is at most a group long");
            let at = self.end();
            self.bytes.resize(gap_start + gap, 0);
            storage
                .read_exact_at(target, &mut self.bytes[gap_start..], at)
                .map_err(|e| Error::io(&format!("read at byte {at} of"), path, e))?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush<S: Storage>(&mut self, storage: &S, path: &Path, target: &S::File) -> Result<()> {
        if !self.bytes.is_empty() {
            storage
                .write_all_at(target, &self.bytes, self.offset)
                .map_err(|e| Error::io(&format!("write at byte {} of", self.offset), path, e))?;
            self.bytes.clear();
        }
        Ok(())
    }
}
