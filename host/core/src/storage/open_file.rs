//! An open file together with its path for errors.

use std::path::Path;

use super::{Identity, Stat, Storage};
use crate::error::{Error, Result};

/// An open file of a storage, with its path, which is only for messages.
pub struct OpenFile<'a, S: Storage> {
    /// The filesystem of the file.
    pub storage: &'a S,
    /// The descriptor.
    pub file: &'a S::File,
    /// The name of the file in errors.
    pub path: &'a Path,
}

// A derived implementation would require the same trait of `S`.
impl<S: Storage> Clone for OpenFile<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Storage> Copy for OpenFile<'_, S> {}

impl<'a, S: Storage> OpenFile<'a, S> {
    /// A file of `storage`, which errors call `path`.
    pub fn new(storage: &'a S, file: &'a S::File, path: &'a Path) -> Self {
        Self { storage, file, path }
    }

    /// Fills the whole buffer from `offset` on.
    ///
    /// # Errors
    /// When the file is shorter; any I/O error. Both errors contain the offset.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.storage.read_exact_at(self.file, buffer, offset).map_err(self.failed("read", offset))
    }

    /// Reads from `offset` on until the buffer is full or the file ends.
    /// Returns the number of bytes read.
    ///
    /// # Errors
    /// Any I/O error, with the offset.
    pub fn read_full_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.storage.read_full_at(self.file, buffer, offset).map_err(self.failed("read", offset))
    }

    /// Writes all bytes at `offset`.
    ///
    /// # Errors
    /// Any I/O error, with the offset.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.storage.write_all_at(self.file, bytes, offset).map_err(self.failed("write", offset))
    }

    /// For `map_err`: the error for a failed operation at an offset.
    pub(crate) fn failed(&self, verb: &str, offset: u64) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::io(&format!("{verb} at byte {offset} of"), self.path, source)
    }

    /// The metadata and the identity of the file.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn stat(&self) -> Result<Stat> {
        self.storage.stat(self.file).map_err(Error::at("inspect", self.path))
    }

    /// The identity of the file.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn identity(&self) -> Result<Identity> {
        Ok(self.stat()?.identity)
    }

    /// The present size in bytes.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn size(&self) -> Result<u64> {
        Ok(self.identity()?.size)
    }

    /// Makes content and size durable.
    ///
    /// # Errors
    /// Any I/O error; then it is unknown what has reached the medium.
    pub fn sync_data(&self) -> Result<()> {
        self.storage.sync_data(self.file).map_err(Error::at("sync", self.path))
    }
}
