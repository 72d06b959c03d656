//! Writes a patch in in-place form over its target. Idempotent: it may be
//! stopped anywhere and run again, in either direction, as long as the
//! journal stands.

use std::path::Path;

use super::coalesce::Pieces;
use super::length::{self, Ends, State};
use super::write_behind::write_behind;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch};
use crate::profile::{self, Stage};
use crate::storage::{Access, Entry, Identity, Storage};
use crate::target::interference::{cut_short, grown};

/// The descriptor that a file is written through: the only one of the file in
/// this process while its length is set.
pub enum Hand<'a, F> {
    /// The locked one.
    Locked(&'a F),
    /// A new one each time, of the file that was read, as a sync of the locked
    /// one may have failed. The
    /// length is set through the locked one: that needs no sync to be believed.
    Fresh(&'a F, &'a Identity),
}

impl<F> Hand<'_, F> {
    /// The descriptor that holds the lock.
    pub(crate) fn locked(&self) -> &F {
        match self {
            Self::Locked(file) | Self::Fresh(file, _) => file,
        }
    }

    fn with<S: Storage<File = F>>(
        &self,
        storage: &S,
        entry: &Entry,
        work: impl FnOnce(&F) -> Result<()>,
    ) -> Result<()> {
        let written = match self {
            Self::Locked(file) => return work(file),
            Self::Fresh(_, written) => written,
        };
        let path = entry.path();
        let file = storage.open(entry, Access::Write).map_err(Error::at("open", path))?;
        let identity = storage.stat(&file).map_err(Error::at("look at", path))?.identity;
        // The journal's bytes belong to the file that was read, and to no other.
        if !identity.same_inode(written) {
            return Err(Error::new(Kind::Usage, format!("{} was replaced meanwhile", path.shown())));
        }
        work(&file)
    }
}

/// Writes the edits, sets the length, and makes both durable. What others have
/// appended stays.
///
/// # Errors
/// When others append where the length must change, or have the file open;
/// any I/O error: then the target is in an unknown state, and only the journal
/// can tell.
///
/// # Panics
/// When the patch is not in in-place form.
pub fn write<S: Storage>(
    storage: &S,
    entry: &Entry,
    hand: &Hand<'_, S::File>,
    journal: &Patch<'_, S>,
    direction: Direction,
    threads: usize,
) -> Result<()> {
    let (path, stats) = (entry.path(), &journal.seal().stats);
    assert!(stats.in_place_form, "only patches in in-place form are written in place");
    let ends = Ends::of(stats);
    let locked = (hand.locked(), path);
    let Some(standing) = length::standing(storage, locked, journal)? else {
        let size = storage.stat(locked.0).map_err(Error::at("look at", path))?.identity.size;
        return Err(cut_short(path, size));
    };
    let resizes = ends.resize(standing, direction);
    if resizes && standing.appended_bytes() > 0 {
        return Err(grown(path, standing.appended_bytes()));
    }
    let long = ends.to_long(direction);
    if long {
        if resizes {
            length::set(storage, locked, ends.short, ends.long)?;
            hand.with(storage, entry, |file| sync(storage, file, path))?;
        }
        length::mark(storage, journal, State::Long)?;
    }
    hand.with(storage, entry, |file| {
        profile::time(Stage::Write, || {
            edits(storage, (file, path), journal, direction, threads)?;
            if resizes && !long {
                length::clear(storage, (file, path), ends)?;
            }
            Ok::<(), Error>(())
        })?;
        sync(storage, file, path)
    })?;
    if resizes && !long {
        length::mark(storage, journal, State::Either)?;
        length::set(storage, locked, ends.long, ends.short)?;
        hand.with(storage, entry, |file| sync(storage, file, path))?;
    }
    Ok(())
}

fn sync<S: Storage>(storage: &S, file: &S::File, path: &Path) -> Result<()> {
    let _span = profile::span(Stage::Sync);
    storage.sync_data(file).map_err(Error::at("sync", path))
}

/// Writes what a direction leads to over what stands there.
fn edits<S: Storage>(
    storage: &S,
    (target, path): (&S::File, &Path),
    journal: &Patch<'_, S>,
    direction: Direction,
    threads: usize,
) -> Result<()> {
    let stats = &journal.seal().stats;
    if stats.is_dense() {
        let sure_bytes = Ends::of(stats).short;
        return write_behind(storage, (target, path), threads, |behind| {
            let mut pieces = Pieces::new(behind, storage, (target, path), sure_bytes);
            each_edit(journal, direction, |offset, bytes| pieces.put(offset, bytes))?;
            pieces.finish()
        });
    }
    each_edit(journal, direction, |offset, bytes| {
        storage
            .write_all_at(target, bytes, offset)
            .map_err(|e| Error::io(&format!("write at byte {offset} of"), path, e))
    })
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
