//! Writes past the page cache where that is possible.

use std::io::{self, ErrorKind};

use super::Storage;

/// Write access to a file past the page cache. It is opened at the first use.
#[derive(Debug)]
pub struct Direct<F> {
    file: Option<F>,
    tried: bool,
}

impl<F> Default for Direct<F> {
    fn default() -> Self {
        Self { file: None, tried: false }
    }
}

impl<F> Direct<F> {
    /// Writes all bytes to `file`: past the page cache, or through it if the
    /// filesystem does not support that.
    ///
    /// # Errors
    /// Any I/O error except `Interrupted`.
    pub fn write_all_at<S>(&mut self, storage: &S, file: &F, bytes: &[u8], offset: u64) -> io::Result<()>
    where
        S: Storage<File = F>,
    {
        if !std::mem::replace(&mut self.tried, true) {
            self.file = storage.direct(file).ok();
        }
        if let Some(direct) = &self.file {
            match storage.write_all_at(direct, bytes, offset) {
                // The medium has larger blocks than ours, a write was cut short
                // within a block, or the filesystem accepted the flag without
                // supporting it.
                Err(e) if e.kind() == ErrorKind::InvalidInput => self.file = None,
                done => return done,
            }
        }
        storage.write_all_at(file, bytes, offset)
    }
}
