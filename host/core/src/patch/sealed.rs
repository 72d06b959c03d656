//! A patch whose edits are all known: a [`Draft`] until both roots are known
//! too, then a [`Patch`].

use std::path::Path;

use super::backing::Body;
use super::format::{KIND_TRAILER, MAX_TRAILER_BYTES, MAX_TRAILERS, NAME};
use super::reader::{self, Direction, Reader};
use super::writer::Frames;
use super::{Header, PatchView, Seal, Stats};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::storage::{Access, Entry, Storage};

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
        let seal_check = self.frames.check;
        Ok(Patch { header: self.header, seal, frames: self.frames, seal_check, trailers: Vec::new() })
    }
}

/// A sealed patch. Every frame of it was checked.
pub struct Patch<'s, S: Storage> {
    header: Header,
    seal: Seal,
    frames: Frames<'s, S>,
    seal_check: blake3::Hash,
    /// Kind and payload.
    trailers: Vec<(u8, Vec<u8>)>,
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
        let reader::Frame { header, seal, seal_check, trailers, check } = reader::verify(&body)?;
        let frames = Frames { body, check, payload: Vec::new() };
        Ok(Self { header, seal, frames, seal_check, trailers })
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

    /// The check of the seal frame. It depends on every byte up to there, and
    /// on no trailer.
    #[must_use]
    pub fn seal_check(&self) -> blake3::Hash {
        self.seal_check
    }

    /// The payload of the first trailer of a kind.
    #[must_use]
    pub fn trailer(&self, kind: u8) -> Option<&[u8]> {
        self.trailers.iter().find(|trailer| trailer.0 == kind).map(|trailer| &trailer.1[..])
    }

    /// Appends a trailer: something about the patch that is no part of it. Its
    /// kind is [`TRAILER_AUTHENTICATION`](super::TRAILER_AUTHENTICATION), or
    /// another one from 0x80 on.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// # Panics
    /// When the patch is saved already; when the kind is below 0x80, the
    /// payload longer than [`MAX_TRAILER_BYTES`], or
    /// there are [`MAX_TRAILERS`] already.
    pub fn push_trailer(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        assert!(!self.is_saved(), "a saved patch does not change");
        assert!(kind >= KIND_TRAILER && payload.len() <= MAX_TRAILER_BYTES, "what no reader accepts");
        assert!(self.trailers.len() < MAX_TRAILERS, "more than a reader accepts");
        self.frames.push(kind, |frame| frame.extend_from_slice(payload))?;
        self.trailers.push((kind, payload.to_vec()));
        Ok(())
    }

    /// Whether the patch has a file that outlives this value: one that was
    /// loaded, or published.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.frames.body.is_kept()
    }

    /// The size of the patch itself.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.frames.body.bytes()
    }

    /// How many of them take no space on the disk yet.
    #[must_use]
    pub fn bytes_in_memory(&self) -> u64 {
        self.frames.body.bytes_in_memory()
    }

    /// The patch, taken in a direction.
    #[must_use]
    pub fn view(&self, direction: Direction) -> PatchView<'_, 's, S> {
        PatchView { patch: self, direction }
    }

    /// Reads the edits, or those that undo them.
    #[must_use]
    pub fn reader(&self, direction: Direction) -> Reader<'_, 's, S> {
        Reader::new(&self.frames.body, self.seal.stats.pre_size, self.seal.stats.post_size(), direction)
    }

    /// Where its file is, or will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.frames.body.path()
    }

    /// Where its file is, or will be.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        self.frames.body.entry()
    }

    /// Its open file, where it has one.
    #[must_use]
    pub fn file(&self) -> Option<&S::File> {
        self.frames.body.file()
    }

    /// The BLAKE3 of its file; of a patch that was not loaded.
    #[must_use]
    pub fn root(&self) -> blake3::Hash {
        self.frames.body.root()
    }

    /// Gives the patch a durable file, which has no name for good yet.
    ///
    /// # Errors
    /// When it cannot be written or synced.
    pub fn sync(&mut self) -> Result<()> {
        self.frames.body.sync()
    }

    /// Gives the patch a durable file under `name`, in one step.
    ///
    /// # Errors
    /// When it cannot be written, synced or named, or somebody asked to stop
    /// before it has its name; if only the sync of the directory fails, the
    /// file stays, and the patch is saved.
    pub fn publish(&mut self, name: &Entry, cancel: Cancel<'_>) -> Result<()> {
        self.frames.body.publish(name, cancel)
    }

    /// Whether a file holds this very patch, which is durable then: the copy of
    /// a run that did not end.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn is_at(&self, entry: &Entry) -> Result<bool> {
        self.frames.body.is_at(entry)
    }

    /// Writes a durable copy to a new file, which is called `temporary` until it
    /// is complete.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn copy_to(&self, entry: &Entry, temporary: &Entry) -> Result<()> {
        self.frames.body.copy_to(entry, temporary)
    }

    /// Takes the name from the patch's file, unless it is saved; the patch can
    /// be read as long as this value. Whether there was one. Not durable
    /// before the directory is synced.
    ///
    /// # Errors
    /// When the name cannot be removed.
    pub fn unname(&mut self) -> Result<bool> {
        self.frames.body.unname()
    }

    /// Removes the patch's file, durably, where it has one.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn remove(mut self) -> Result<()> {
        self.frames.body.remove()
    }
}

/// Whether an open file begins as a patch does, of whatever version.
///
/// # Errors
/// Any I/O error.
pub fn is_patch<S: Storage>(storage: &S, file: &S::File) -> std::io::Result<bool> {
    let mut start = [0; NAME.len()];
    let count = storage.read_full_at(file, &mut start, 0)?;
    Ok(start[..count] == NAME)
}
