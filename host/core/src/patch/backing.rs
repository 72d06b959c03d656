//! Stores a patch's bytes: in memory while the patch is small, then in a file.
//! The file is removed when the backing is dropped, unless it was kept.

mod copy;

use std::io::ErrorKind;
use std::path::Path;

use super::spill::Spill;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::{Entry, Storage};

/// A patch up to this size never touches the disk, unless it is kept.
const MEMORY_BYTES: usize = 1 << 20;

pub(super) struct Backing<'s, S: Storage> {
    storage: &'s S,
    entry: Entry,
    /// The whole content, as long as there is no file.
    memory: Vec<u8>,
    file: Option<Spill<S>>,
    bytes: u64,
    /// Hashes everything that was appended.
    hasher: blake3::Hasher,
    /// Whether the file is durable.
    synced: bool,
    retention: Retention,
    /// Whether the content was there before, rather than written by this run.
    given: bool,
}

/// What happens to the file when the backing is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retention {
    /// The file is removed.
    Temporary,
    /// The file stays, because a checkpoint refers to it. The owner of the
    /// checkpoint removes both.
    Resumable,
    /// The file has already been removed, and exists only while it is open.
    Unnamed,
    /// The file stays.
    Kept,
}

impl<'s, S: Storage> Backing<'s, S> {
    /// An empty backing. The file `entry` is created exclusively, when it is
    /// needed.
    pub(super) fn new(storage: &'s S, entry: Entry) -> Self {
        Self {
            storage,
            entry,
            memory: Vec::new(),
            file: None,
            bytes: 0,
            hasher: blake3::Hasher::new(),
            synced: false,
            retention: Retention::Temporary,
            given: false,
        }
    }

    /// An existing file, which stays.
    pub(super) fn existing(storage: &'s S, entry: Entry, file: S::File, bytes: u64) -> Self {
        let mut backing = Self::new(storage, entry);
        (backing.file, backing.bytes) = (Some(Spill::existing(file, bytes)), bytes);
        (backing.synced, backing.retention, backing.given) = (true, Retention::Kept, true);
        backing
    }

    /// A file that an earlier run left; its first `bytes` bytes are used.
    pub(super) fn resumed(storage: &'s S, entry: Entry, file: S::File, bytes: u64) -> Result<Self> {
        let spill = Spill::resumed(storage, file, bytes).map_err(Error::at("read", entry.path()))?;
        let mut backing = Self::new(storage, entry);
        (backing.file, backing.bytes, backing.retention) = (Some(spill), bytes, Retention::Resumable);
        let (mut buffer, mut at) = (vec![0; 1 << 16], 0);
        while at < bytes {
            let want = usize::try_from(bytes - at).unwrap_or(usize::MAX).min(buffer.len());
            backing.read_exact_at(&mut buffer[..want], at)?;
            backing.hasher.update(&buffer[..want]);
            at += want as u64;
        }
        Ok(backing)
    }

    /// Whether the content was there before, rather than written by this run.
    pub(super) fn is_given(&self) -> bool {
        self.given
    }

    pub(super) fn path(&self) -> &Path {
        self.entry.path()
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The open file, if there is one.
    pub(super) fn file(&self) -> Option<&S::File> {
        self.file.as_ref().map(|spill| &spill.file)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The BLAKE3 hash of everything that was appended.
    pub(super) fn root(&self) -> blake3::Hash {
        self.hasher.finalize()
    }

    pub(super) fn bytes_in_memory(&self) -> u64 {
        self.file.as_ref().map_or(self.memory.len() as u64, Spill::bytes_in_memory)
    }

    pub(super) fn is_kept(&self) -> bool {
        self.retention == Retention::Kept
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() > MEMORY_BYTES {
            self.spill()?;
        }
        match &mut self.file {
            None => self.memory.extend_from_slice(bytes),
            Some(file) => file
                .append(self.storage, bytes)
                .map_err(|e| full_disk_hint(Error::io("write", self.entry.path(), e)))?,
        }
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        self.synced = false;
        Ok(())
    }

    /// Fills the buffer; the range must exist.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        match &self.file {
            Some(file) => file
                .read_exact_at(self.storage, buffer, offset)
                .map_err(|e| Error::io(&format!("read at byte {offset} of"), self.path(), e)),
            None => {
                let start = usize::try_from(offset).expect("memory offsets fit");
                buffer.copy_from_slice(&self.memory[start..start + buffer.len()]);
                Ok(())
            }
        }
    }

    fn spill(&mut self) -> Result<()> {
        let file = self.storage.create(&self.entry).map_err(|e| {
            let kind = e.kind();
            if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
                return Error::new(Kind::Io, format!("cannot create {}", self.path().shown()))
                    .because(e)
                    .hint("its directory must be writable: a run keeps its safety files next to the target");
            }
            let error = full_disk_hint(Error::io("create", self.path(), e));
            match kind {
                ErrorKind::AlreadyExists => error.hint("an earlier run left it, or another run is active"),
                _ => error,
            }
        })?;
        // The field is set before the write, so that a failed write removes the
        // file.
        let file = self.file.insert(Spill::new(file));
        file.append(self.storage, &self.memory)
            .map_err(|e| full_disk_hint(Error::io("write", self.entry.path(), e)))?;
        self.memory = Vec::new();
        Ok(())
    }

    /// Makes the content so far durable, in a file that stays when the backing
    /// is dropped.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        if self.file.is_none() {
            self.spill()?;
        }
        self.retention = Retention::Resumable;
        match &mut self.file {
            Some(spill) => spill
                .flush(self.storage)
                .and_then(|()| self.storage.sync_data(&spill.file))
                .map_err(|e| full_disk_hint(Error::io("sync", self.entry.path(), e))),
            None => Ok(()),
        }
    }

    /// Cuts off everything after the part that is used.
    pub(super) fn cut(&self) -> Result<()> {
        match &self.file {
            Some(spill) => {
                self.storage.set_len(&spill.file, self.bytes).map_err(Error::at("resize", self.path()))
            }
            None => Ok(()),
        }
    }

    /// Removes the name of a file that is not kept; the content remains as long
    /// as this value. Returns whether there was a name.
    pub(super) fn unname(&mut self) -> Result<bool> {
        if self.file.is_none() || matches!(self.retention, Retention::Kept | Retention::Unnamed) {
            return Ok(false);
        }
        self.storage.remove(&self.entry).map_err(Error::at("remove", self.path()))?;
        self.retention = Retention::Unnamed;
        Ok(true)
    }

    /// Makes the content durable in a file.
    pub(super) fn sync(&mut self) -> Result<()> {
        if self.file.is_none() {
            self.spill()?;
        }
        if let Some(spill) = &mut self.file {
            spill
                .flush(self.storage)
                .and_then(|()| self.storage.sync_all(&spill.file))
                .map_err(|e| full_disk_hint(Error::io("sync", self.entry.path(), e)))?;
        }
        self.synced = true;
        Ok(())
    }

    /// Makes the content durable in a file under `name`, which stays when the
    /// backing is dropped. The name appears in one step, after the content is
    /// durable, so any reader sees the whole content. Because the sync may take
    /// long, the request to stop is checked once more right before the rename.
    pub(super) fn publish(&mut self, name: &Entry, cancel: Cancel<'_>) -> Result<()> {
        if !self.synced {
            self.sync()?;
        }
        cancel.check()?;
        self.storage.rename(&self.entry, name).map_err(Error::at("create", name.path()))?;
        self.entry = name.clone();
        // From here on the file stays even if the sync fails: its removal might
        // not become durable either.
        self.retention = Retention::Kept;
        self.storage.sync_parent(name).map_err(Error::at("sync the directory of", name.path()))
    }

    /// Removes the file, durably.
    pub(super) fn remove(&mut self) -> Result<()> {
        if self.file.take().is_some() {
            self.storage.remove(&self.entry).map_err(Error::at("remove", self.path()))?;
            self.storage.sync_parent(&self.entry).map_err(Error::at("sync the directory of", self.path()))?;
        }
        Ok(())
    }
}

impl<S: Storage> Drop for Backing<'_, S> {
    fn drop(&mut self) {
        if self.file.is_some() && self.retention == Retention::Temporary {
            // Either an error is already being reported, or the run succeeded
            // without the file. The next run finds a leftover.
            let _ = self.storage.remove(&self.entry);
        }
    }
}

/// Adds a hint to errors caused by a full disk.
fn full_disk_hint(error: Error) -> Error {
    use std::error::Error as _;
    let full = error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).is_some_and(|e| {
        matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    });
    if full {
        error.hint("free some space there and run the command again; the target is untouched")
    } else {
        error
    }
}
