//! A patch whose edits are all known: a [`Draft`] until both roots are known
//! too, then a [`Patch`].

use std::path::Path;

use super::body::Body;
use super::format::MAGIC;
use super::reader::{self, Direction, Reader};
use super::writer::Frames;
use super::{Header, Seal, Stats};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::fs::{Access, Entry, Storage};

/// All edits, but no seal yet: it never happened.
pub struct Draft<'s, S: Storage> {
    header: Header,
    stats: Stats,
    frames: Frames<'s, S>,
}

impl<'s, S: Storage> Draft<'s, S> {
    pub(super) fn new(header: Header, stats: Stats, frames: Frames<'s, S>) -> Self {
        Self { header, stats, frames }
    }

    /// Counts.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Reads the edits.
    #[must_use]
    pub fn reader(&self) -> Reader<'_, 's, S> {
        Reader::new(&self.frames.body, self.stats.pre_size, self.stats.post_size(), Direction::Forward)
    }

    /// Adds the seal.
    ///
    /// # Errors
    /// When the patch cannot be written.
    pub fn seal(mut self, pre_root: blake3::Hash, post_root: blake3::Hash) -> Result<Patch<'s, S>> {
        let seal = Seal { stats: self.stats, pre_root, post_root };
        self.frames.seal(&seal)?;
        Ok(Patch { header: self.header, seal, body: self.frames.body })
    }
}

/// A sealed patch. Every frame of it was checked.
pub struct Patch<'s, S: Storage> {
    header: Header,
    seal: Seal,
    body: Body<'s, S>,
}

impl<'s, S: Storage> Patch<'s, S> {
    /// Opens a patch file, and reads all of it once to check it.
    ///
    /// # Errors
    /// [`Kind::Verification`](crate::error::Kind::Verification) when it is
    /// not a patch, of another version, cut short, or corrupt.
    pub fn load(storage: &'s S, entry: &Entry) -> Result<Self> {
        let file = storage.open(entry, Access::Read).map_err(Error::at("open", entry.path()))?;
        Self::read(storage, entry.clone(), file)
    }

    /// [`Patch::load`] of a file that is open already.
    ///
    /// # Errors
    /// As for [`Patch::load`].
    pub fn read(storage: &'s S, entry: Entry, file: S::File) -> Result<Self> {
        let bytes = storage.stat(&file).map_err(Error::at("read", entry.path()))?.identity.size;
        let body = Body::existing(storage, entry, file, bytes);
        let (header, seal) = reader::verify(&body)?;
        Ok(Self { header, seal, body })
    }

    /// What was known before the scan.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Counts and roots.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Whether the patch has a file that outlives this value: one that was
    /// loaded, or published.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.body.is_kept()
    }

    /// The size of the patch itself.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.body.bytes()
    }

    /// How many of them take no space on the disk yet.
    #[must_use]
    pub fn bytes_in_memory(&self) -> u64 {
        self.body.bytes_in_memory()
    }

    /// Reads the edits, or those that undo them.
    #[must_use]
    pub fn reader(&self, direction: Direction) -> Reader<'_, 's, S> {
        Reader::new(&self.body, self.seal.stats.pre_size, self.seal.stats.post_size(), direction)
    }

    /// Where its file is, or will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.body.path()
    }

    /// Where its file is, or will be.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        self.body.entry()
    }

    /// Its open file, where it has one.
    #[must_use]
    pub fn file(&self) -> Option<&S::File> {
        self.body.file()
    }

    /// The BLAKE3 of its file; of a patch that was not loaded.
    #[must_use]
    pub fn root(&self) -> blake3::Hash {
        self.body.root()
    }

    /// Gives the patch a durable file, which has no name for good yet.
    ///
    /// # Errors
    /// When it cannot be written or synced.
    pub fn sync(&mut self) -> Result<()> {
        self.body.sync()
    }

    /// Gives the patch a durable file under `name`, in one step.
    ///
    /// # Errors
    /// When it cannot be written, synced or named, or somebody asked to stop
    /// before it has its name; if only the sync of the directory fails, the
    /// file stays, and the patch is saved.
    pub fn publish(&mut self, name: &Entry, cancel: Cancel<'_>) -> Result<()> {
        self.body.publish(name, cancel)
    }

    /// Whether a file holds this very patch, which is durable then: the copy of
    /// a run that did not end.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn is_at(&self, entry: &Entry) -> Result<bool> {
        self.body.is_at(entry)
    }

    /// Writes a durable copy to a new file, which is called `temporary` until it
    /// is complete.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn copy_to(&self, entry: &Entry, temporary: &Entry) -> Result<()> {
        self.body.copy_to(entry, temporary)
    }

    /// Takes the name from the patch's file, unless it is saved; the patch can
    /// be read as long as this value. Whether there was one. Not durable
    /// before the directory is synced.
    ///
    /// # Errors
    /// When the name cannot be removed.
    pub fn unname(&mut self) -> Result<bool> {
        self.body.unname()
    }

    /// Removes the patch's file, durably, where it has one.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn remove(mut self) -> Result<()> {
        self.body.remove()
    }
}

/// Whether an open file begins as a patch does, of whatever version.
///
/// # Errors
/// Any I/O error.
pub fn is_patch<S: Storage>(storage: &S, file: &S::File) -> std::io::Result<bool> {
    let mut start = [0; 8];
    let count = storage.read_full_at(file, &mut start, 0)?;
    Ok(start[..count] == MAGIC[..start.len()])
}
