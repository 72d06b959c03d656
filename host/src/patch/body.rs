//! Where a patch's bytes are: in memory while it is small, in a file from
//! then on. The file is removed when the body is dropped, unless it was kept.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fs::Storage;

/// A patch that is no longer never touches the disk, unless it is kept.
const MEMORY_BYTES: usize = 1 << 20;

pub(super) struct Body<'s, S: Storage> {
    storage: &'s S,
    path: PathBuf,
    /// The whole content as long as there is no file.
    memory: Vec<u8>,
    file: Option<S::File>,
    bytes: u64,
    /// Of all that was appended.
    hasher: blake3::Hasher,
    /// Whether the file is durable.
    synced: bool,
    /// Whether the file outlives this value.
    kept: bool,
}

impl<'s, S: Storage> Body<'s, S> {
    /// An empty body. The file at `path` is created exclusively, once it is
    /// needed.
    pub(super) fn new(storage: &'s S, path: PathBuf) -> Self {
        let hasher = blake3::Hasher::new();
        Self { storage, path, memory: Vec::new(), file: None, bytes: 0, hasher, synced: false, kept: false }
    }

    /// A file that exists, and stays.
    pub(super) fn existing(storage: &'s S, path: PathBuf, file: S::File, bytes: u64) -> Self {
        let mut body = Self::new(storage, path);
        (body.file, body.bytes, body.synced, body.kept) = (Some(file), bytes, true, true);
        body
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The BLAKE3 of all that was appended.
    pub(super) fn root(&self) -> blake3::Hash {
        self.hasher.finalize()
    }

    pub(super) fn bytes_in_memory(&self) -> u64 {
        self.memory.len() as u64
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() > MEMORY_BYTES {
            self.spill()?;
        }
        match &self.file {
            None => self.memory.extend_from_slice(bytes),
            Some(file) => self
                .storage
                .write_all_at(file, bytes, self.bytes)
                .map_err(|e| full_disk_hint(Error::io("write", &self.path, e)))?,
        }
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        self.synced = false;
        Ok(())
    }

    /// Fills the buffer; the range must exist.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        match &self.file {
            Some(file) => self
                .storage
                .read_exact_at(file, buffer, offset)
                .map_err(|e| Error::io(&format!("read at byte {offset} of"), &self.path, e)),
            None => {
                let start = usize::try_from(offset).expect("memory offsets fit");
                buffer.copy_from_slice(&self.memory[start..start + buffer.len()]);
                Ok(())
            }
        }
    }

    fn spill(&mut self) -> Result<()> {
        let file = self.storage.create(&self.path).map_err(|e| {
            let kind = e.kind();
            let error = full_disk_hint(Error::io("create", &self.path, e));
            match kind {
                ErrorKind::AlreadyExists => {
                    error.hint("it is left over from another run, or one is going on")
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    error.hint("its directory must be writable: what makes a run safe stands beside the file")
                }
                _ => error,
            }
        })?;
        // Set before the write, so that a failed write removes the file.
        let file = self.file.insert(file);
        self.storage
            .write_all_at(file, &self.memory, 0)
            .map_err(|e| full_disk_hint(Error::io("write", &self.path, e)))?;
        self.memory = Vec::new();
        Ok(())
    }

    /// Gives the content a durable file.
    pub(super) fn sync(&mut self) -> Result<()> {
        if self.file.is_none() {
            self.spill()?;
        }
        if let Some(file) = &self.file {
            self.storage.sync_all(file).map_err(|e| full_disk_hint(Error::io("sync", &self.path, e)))?;
        }
        self.synced = true;
        Ok(())
    }

    /// Gives the content a durable file under `name`, which stays when the
    /// body is dropped. The name appears in one step, after the content is
    /// durable: whoever sees it sees all of it.
    pub(super) fn publish(&mut self, name: &Path) -> Result<()> {
        if !self.synced {
            self.sync()?;
        }
        self.storage.rename(&self.path, name).map_err(Error::at("create", name))?;
        self.path = name.to_owned();
        // From here on the file stays, even if the sync fails: removing it
        // might not become durable either.
        self.kept = true;
        self.storage.sync_parent(name).map_err(Error::at("sync the directory of", name))
    }

    /// Removes the file, durably.
    pub(super) fn remove(&mut self) -> Result<()> {
        if self.file.take().is_some() {
            self.storage.remove(&self.path).map_err(Error::at("remove", &self.path))?;
            self.storage.sync_parent(&self.path).map_err(Error::at("sync the directory of", &self.path))?;
        }
        Ok(())
    }

    /// Writes the content to a new durable file, and leaves this body alone.
    pub(super) fn copy_to(&self, path: &Path) -> Result<()> {
        let mut copy = Body::new(self.storage, path.to_owned());
        copy.spill()?;
        let mut buffer = vec![0; 1 << 20];
        while copy.bytes < self.bytes {
            let want = usize::try_from(self.bytes - copy.bytes).unwrap_or(usize::MAX).min(buffer.len());
            self.read_exact_at(&mut buffer[..want], copy.bytes)?;
            copy.append(&buffer[..want])?;
        }
        if let Some(file) = &copy.file {
            self.storage.sync_all(file).map_err(Error::at("sync", path))?;
        }
        self.storage.sync_parent(path).map_err(Error::at("sync the directory of", path))?;
        copy.kept = true;
        Ok(())
    }
}

impl<S: Storage> Drop for Body<'_, S> {
    fn drop(&mut self) {
        if self.file.is_some() && !self.kept {
            // An error is on its way out already, or the run went well
            // without the file; a leftover is found by the next run.
            let _ = self.storage.remove(&self.path);
        }
    }
}

/// Tells a full disk from other errors.
fn full_disk_hint(error: Error) -> Error {
    use std::error::Error as _;
    let full = error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).is_some_and(|e| {
        matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    });
    if full {
        error.hint("free some space there, and run the command again; the target is untouched")
    } else {
        error
    }
}
