//! A patch whose edits are complete: a [`Draft`] until both roots are known,
//! then a [`Patch`].

use std::path::Path;

use super::backing::Backing;
use super::format::{KIND_TRAILER, MAX_TRAILER_BYTES, MAX_TRAILERS, NAME};
use super::reader::{self, Direction, Reader};
use super::writer::Frames;
use super::{Header, PatchView, Roots, Seal, Stats};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash::proof::Proof;
use crate::storage::{Access, Entry, FileType, Storage};

/// All edits, but no seal yet, without which a patch is void.
pub struct Draft<'s, S: Storage> {
    header: Header,
    stats: Stats,
    roots: Roots,
    frames: Frames<'s, S>,
}

impl<'s, S: Storage> Draft<'s, S> {
    pub(super) fn new(header: Header, stats: Stats, roots: Roots, frames: Frames<'s, S>) -> Self {
        Self { header, stats, roots, frames }
    }

    /// The statistics of the edits.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Reads the edits.
    #[must_use]
    pub fn reader(&self) -> Reader<'_, 's, S> {
        Reader::new(&self.frames.backing, self.stats.pre_size, self.stats.post_size(), Direction::Forward)
    }

    /// Adds the seal, with what the plugin has counted.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When the patch was begun as one without roots.
    pub fn seal(
        self,
        pre_root: blake3::Hash,
        post_root: blake3::Hash,
        counts: Vec<(String, u64)>,
    ) -> Result<Patch<'s, S>> {
        self.seal_with(Some((pre_root, post_root)), counts)
    }

    /// Adds the seal, with both roots or with none, as the patch was begun.
    ///
    /// # Errors
    /// When the patch cannot be written.
    ///
    /// # Panics
    /// When the patch was begun differently; when a patch without roots is not
    /// in in-place form.
    pub fn seal_with(
        mut self,
        roots: Option<(blake3::Hash, blake3::Hash)>,
        counts: Vec<(String, u64)>,
    ) -> Result<Patch<'s, S>> {
        let Self { header, stats, roots: kind, .. } = self;
        assert_eq!(
            roots.is_some(),
            kind == Roots::Whole,
            "the version of the format says which roots there are"
        );
        assert!(roots.is_some() || stats.in_place_form, "without roots, each group needs its values");
        let (pre_root, post_root) = roots.unzip();
        let seal = Seal { stats, pre_root, post_root, counts };
        self.frames.seal(&seal)?;
        let seal_check = self.frames.check;
        let (frames, trailers) = (self.frames, Vec::new());
        Ok(Patch { header, seal, roots: kind, frames, seal_check, trailers, proof: None })
    }
}

/// A sealed patch. Every frame was verified.
pub struct Patch<'s, S: Storage> {
    header: Header,
    seal: Seal,
    roots: Roots,
    frames: Frames<'s, S>,
    seal_check: blake3::Hash,
    /// Kind and payload.
    trailers: Vec<(u8, Vec<u8>)>,
    proof: Option<Proof>,
}

impl<'s, S: Storage> Patch<'s, S> {
    /// Opens a patch file, and reads it once in full to verify it.
    ///
    /// # Errors
    /// [`Kind::Verification`](crate::error::Kind::Verification) when the file
    /// is not a patch, has a different version, is cut short, or is corrupt;
    /// [`Kind::Usage`] when it is not a regular file; any I/O error.
    pub fn load(storage: &'s S, entry: &Entry) -> Result<Self> {
        let file = storage.open(entry, Access::Read).map_err(Error::at("open", entry.path()))?;
        Self::read(storage, entry.clone(), file)
    }

    /// Like [`Patch::load`], for a file that is already open.
    ///
    /// # Errors
    /// As for [`Patch::load`].
    pub fn read(storage: &'s S, entry: Entry, file: S::File) -> Result<Self> {
        let stat = storage.stat(&file).map_err(Error::at("read", entry.path()))?;
        if stat.file_type != FileType::Regular {
            let path = entry.path().shown();
            return Err(Error::new(Kind::Usage, format!("{path} is {}, not a patch", stat.file_type))
                .hint("a patch is a regular file, because it is read several times"));
        }
        let bytes = stat.identity.size;
        let backing = Backing::existing(storage, entry, file, bytes);
        let reader::Frame { header, seal, roots, seal_check, trailers, check } = reader::verify(&backing)?;
        let frames = Frames { backing, check, payload: Vec::new() };
        Ok(Self { header, seal, roots, frames, seal_check, trailers, proof: None })
    }

    /// The content of the first frame.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Statistics and roots.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Which root hashes the patch has.
    #[must_use]
    pub fn roots(&self) -> Roots {
        self.roots
    }

    /// What is the same in both versions, if that was to be proven when the patch was
    /// made. It is not stored.
    #[must_use]
    pub fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }

    /// The same with a proof.
    #[must_use]
    pub(crate) fn proven(self, proof: Option<Proof>) -> Self {
        Self { proof, ..self }
    }

    /// The check of the seal frame. It depends on every byte up to the seal,
    /// and on no trailer.
    #[must_use]
    pub fn seal_check(&self) -> blake3::Hash {
        self.seal_check
    }

    /// The payload of the first trailer of a kind.
    #[must_use]
    pub fn trailer(&self, kind: u8) -> Option<&[u8]> {
        self.trailers.iter().find(|trailer| trailer.0 == kind).map(|trailer| &trailer.1[..])
    }

    /// Appends a trailer: data about the patch that is not part of it. Its kind
    /// is [`TRAILER_AUTHENTICATION`](super::TRAILER_AUTHENTICATION), or a
    /// different one from 0x80 on.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// # Panics
    /// When the patch is already saved; when the kind is below 0x80, the
    /// payload is longer than [`MAX_TRAILER_BYTES`], or there are already
    /// [`MAX_TRAILERS`].
    pub fn push_trailer(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        assert!(!self.is_saved(), "a saved patch does not change");
        assert!(kind >= KIND_TRAILER && payload.len() <= MAX_TRAILER_BYTES, "what no reader accepts");
        assert!(self.trailers.len() < MAX_TRAILERS, "more than a reader accepts");
        self.frames.push(kind, |frame| frame.extend_from_slice(payload))?;
        self.trailers.push((kind, payload.to_vec()));
        Ok(())
    }

    /// Whether the patch has a file that outlives this value: one that was
    /// loaded or published.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.frames.backing.is_kept()
    }

    /// The size of the patch itself.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.frames.backing.bytes()
    }

    /// The number of these bytes that take no space on the disk yet.
    #[must_use]
    pub fn bytes_in_memory(&self) -> u64 {
        self.frames.backing.bytes_in_memory()
    }

    /// The patch, seen in a direction.
    #[must_use]
    pub fn view(&self, direction: Direction) -> PatchView<'_, 's, S> {
        PatchView { patch: self, direction }
    }

    /// Reads the edits in a direction.
    #[must_use]
    pub fn reader(&self, direction: Direction) -> Reader<'_, 's, S> {
        Reader::new(&self.frames.backing, self.seal.stats.pre_size, self.seal.stats.post_size(), direction)
    }

    /// The path of the file that the patch has or will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.frames.backing.path()
    }

    /// The entry of the file that the patch has or will have.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        self.frames.backing.entry()
    }

    /// The open file, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<&S::File> {
        self.frames.backing.file()
    }

    /// The BLAKE3 hash of the patch's file. Only valid for a patch that was not
    /// loaded.
    #[must_use]
    pub fn root(&self) -> blake3::Hash {
        self.frames.backing.root()
    }

    /// Makes the patch durable in a file that does not have its final name yet.
    ///
    /// # Errors
    /// When it cannot be written or synced.
    pub fn sync(&mut self) -> Result<()> {
        self.frames.backing.sync()
    }

    /// Makes the patch durable in a file under `name`, in one step.
    ///
    /// # Errors
    /// When the file cannot be written, synced or named, or the run was
    /// interrupted before that. If only the sync of the directory fails, the
    /// file stays, and the patch is saved.
    pub fn publish(&mut self, name: &Entry, cancel: Cancel<'_>) -> Result<()> {
        self.frames.backing.publish(name, cancel)
    }

    /// Whether a file has exactly the content of this patch: the copy of an
    /// interrupted run. Then the file is also made durable.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn is_at(&self, entry: &Entry) -> Result<bool> {
        self.frames.backing.is_at(entry)
    }

    /// Writes a durable copy to a new file, which is called `temporary` until
    /// it is complete.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn copy_to(&self, entry: &Entry, temporary: &Entry) -> Result<()> {
        self.frames.backing.copy_to(entry, temporary)
    }

    /// Removes the name of the patch's file, unless the patch is saved. The
    /// patch can be read as long as this value exists. Returns whether there
    /// was a name. The removal is not durable before the directory is synced.
    ///
    /// # Errors
    /// When the name cannot be removed.
    pub fn unname(&mut self) -> Result<bool> {
        self.frames.backing.unname()
    }

    /// Removes the patch's file, durably, if there is one.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn remove(mut self) -> Result<()> {
        self.frames.backing.remove()
    }
}

/// Whether an open file begins as a patch of any version does.
///
/// # Errors
/// Any I/O error.
pub fn is_patch<S: Storage>(storage: &S, file: &S::File) -> std::io::Result<bool> {
    let mut start = [0; NAME.len()];
    let count = storage.read_full_at(file, &mut start, 0)?;
    Ok(start[..count] == NAME)
}
