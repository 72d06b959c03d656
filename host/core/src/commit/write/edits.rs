//! Writes a patch in in-place form over its target. Idempotent: while the
//! journal exists, the writing may be stopped anywhere and repeated, in either
//! direction.

use super::coalesce::Pieces;
use super::length::{self, Ends, FileEnd, State};
use super::write_behind::write_behind;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::PatchView;
use crate::profile::{self, Stage};
use crate::storage::{Access, Entry, Identity, OpenFile, Storage};
use crate::target::Target;
use crate::target::interference::{cut_short, grown};

/// A file that is written in place.
pub struct InPlaceFile<'a, S: Storage> {
    storage: &'a S,
    entry: &'a Entry,
    /// The descriptor that holds the lock, and the only one that this process
    /// has of the file while it sets the length.
    locked: &'a S::File,
    /// Set when a sync of the locked descriptor may have failed. Then that
    /// descriptor's reports cannot be trusted: bytes are written through a new
    /// descriptor each time, after checking that it belongs to this file. The
    /// length is still set through the locked descriptor, which needs no sync
    /// for that.
    distrusted: Option<&'a Identity>,
    /// Bytes between edits are never read and written back.
    only_edits: bool,
}

impl<'a, S: Storage> InPlaceFile<'a, S> {
    /// A target, written through its locked descriptor.
    pub fn new(target: &'a Target<'_, S>) -> Self {
        let Target { storage, names, file, .. } = target;
        Self { storage, entry: &names.target, locked: file, distrusted: None, only_edits: false }
    }

    /// The same file, after a write through that descriptor has failed.
    pub fn distrusted(target: &'a Target<'_, S>) -> Self {
        Self { distrusted: Some(target.identity()), ..Self::new(target) }
    }

    /// The same file, of which nothing but the edits is written, even if that
    /// takes many small writes.
    #[must_use]
    pub fn only_edits(self) -> Self {
        Self { only_edits: true, ..self }
    }

    /// The file's name.
    pub(crate) fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// The locked descriptor.
    pub(crate) fn locked(&self) -> OpenFile<'a, S> {
        OpenFile::new(self.storage, self.locked, self.entry.path())
    }

    fn with(&self, work: impl FnOnce(OpenFile<'_, S>) -> Result<()>) -> Result<()> {
        let Some(written) = self.distrusted else { return work(self.locked()) };
        let path = self.entry.path();
        let file = self.storage.open(self.entry, Access::Write).map_err(Error::at("open", path))?;
        let file = OpenFile::new(self.storage, &file, path);
        // The journal's bytes belong only to the file that was read.
        if !file.identity()?.same_inode(written) {
            return Err(Error::new(
                Kind::ChangedByOthers,
                format!("{} was replaced during the run", path.shown()),
            ));
        }
        work(file)
    }
}

/// Writes the edits, sets the length, and makes both durable. Bytes that other
/// processes appended are kept.
///
/// # Errors
/// When other processes appended bytes where the length must change, or have
/// the file open; any I/O error. Then the target is in an unknown state, and
/// only the journal can restore it.
///
/// # Panics
/// When the patch is not in in-place form.
pub fn write<S: Storage>(
    file: &InPlaceFile<'_, S>,
    view: PatchView<'_, '_, S>,
    threads: usize,
) -> Result<()> {
    let (journal, storage, path) = (view.patch, file.storage, file.entry.path());
    assert!(view.stats().in_place_form, "only patches in in-place form are written in place");
    let ends = Ends::of(view.stats());
    let locked = file.locked();
    let Some(file_end) = length::file_end(locked, journal)? else {
        return Err(cut_short(path, locked.size()?));
    };
    let resizes = ends.resize(file_end, view.direction);
    if resizes && file_end.appended_bytes() > 0 {
        return Err(grown(path, file_end.appended_bytes()));
    }
    let long = ends.to_long(view.direction);
    // The size of the file now, if it must change.
    let size = match file_end {
        FileEnd::Growing(size) => size,
        _ if long => ends.short,
        _ => ends.long,
    };
    if long {
        if resizes {
            length::set(locked, size, ends.long)?;
            file.with(sync)?;
        }
        length::mark(storage, journal, State::Long)?;
    }
    file.with(|target| {
        profile::time(Stage::Write, || {
            if file.only_edits || !view.stats().is_dense() {
                each_edit(view, |offset, bytes| target.write_all_at(bytes, offset))?;
            } else {
                dense_edits(target, view, threads)?;
            }
            // A file that was growing ends with zeros already.
            let clears = resizes && !long && size == ends.long;
            if clears { length::clear(target, ends) } else { Ok(()) }
        })?;
        sync(target)
    })?;
    if resizes && !long {
        length::mark(storage, journal, State::Either)?;
        length::set(locked, size, ends.short)?;
        file.with(sync)?;
    }
    Ok(())
}

fn sync<S: Storage>(file: OpenFile<'_, S>) -> Result<()> {
    profile::time(Stage::Sync, || file.sync_data())
}

/// Writes edits that lie close together.
fn dense_edits<S: Storage>(
    target: OpenFile<'_, S>,
    view: PatchView<'_, '_, S>,
    threads: usize,
) -> Result<()> {
    let sure_bytes = Ends::of(view.stats()).short;
    write_behind(target, threads, |sink| {
        let mut pieces = Pieces::new(sink, target, sure_bytes);
        each_edit(view, |offset, bytes| pieces.put(offset, bytes))?;
        pieces.finish()
    })
}

/// Calls `put` with each edit's offset and bytes, front to back.
fn each_edit<S: Storage>(
    view: PatchView<'_, '_, S>,
    mut put: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut reader = view.reader();
    let mut shift = 0_i64;
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            // In in-place form the bytes between edits do not move, so the
            // offset equals `edit.start`, except for the last edits at the end
            // of the file.
            let offset = edit.start.wrapping_add_signed(shift);
            shift += edit.new.len() as i64 - edit.old.len() as i64;
            if !edit.new.is_empty() {
                put(offset, edit.new)?;
            }
        }
    }
    Ok(())
}
