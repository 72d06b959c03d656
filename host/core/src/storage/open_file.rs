//! An open file together with the path that errors call it by.

use std::path::Path;

use super::{Identity, Stat, Storage};
use crate::error::{Error, Result};

/// An open file of a storage, and its path, which is for messages alone.
pub struct OpenFile<'a, S: Storage> {
    /// The filesystem it is on.
    pub storage: &'a S,
    /// The descriptor.
    pub file: &'a S::File,
    /// What errors call it.
    pub path: &'a Path,
}

// Derived, they would ask the same of `S`.
impl<S: Storage> Clone for OpenFile<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Storage> Copy for OpenFile<'_, S> {}

impl<'a, S: Storage> OpenFile<'a, S> {
    /// A file of `storage` that errors call `path`.
    pub fn new(storage: &'a S, file: &'a S::File, path: &'a Path) -> Self {
        Self { storage, file, path }
    }

    /// Fills the whole buffer from `offset` on.
    ///
    /// # Errors
    /// When the file is shorter; any I/O error; both with the offset.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.storage.read_exact_at(self.file, buffer, offset).map_err(self.failed("read", offset))
    }

    /// Reads from `offset` on until the buffer is full or the file ends;
    /// returns the bytes read.
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

    /// For `map_err`: an operation at an offset has failed.
    pub(crate) fn failed(&self, verb: &str, offset: u64) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::io(&format!("{verb} at byte {offset} of"), self.path, source)
    }

    /// What the file is, and which one it is.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn stat(&self) -> Result<Stat> {
        self.storage.stat(self.file).map_err(Error::at("look at", self.path))
    }

    /// Which file it is.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn identity(&self) -> Result<Identity> {
        Ok(self.stat()?.identity)
    }

    /// Its size in bytes now.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn size(&self) -> Result<u64> {
        Ok(self.identity()?.size)
    }

    /// Makes content and size durable.
    ///
    /// # Errors
    /// Any I/O error, after which nothing is known of what reached the medium.
    pub fn sync_data(&self) -> Result<()> {
        self.storage.sync_data(self.file).map_err(Error::at("sync", self.path))
    }
}
