//! Writes past the page cache, where that can be done.

use std::io::{self, ErrorKind};

use super::Storage;

/// The way past the page cache to one file. It is opened when it is first
/// used.
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
    /// Writes all bytes to `file`: past the page cache, or, where its
    /// filesystem does not allow that, through it.
    ///
    /// # Errors
    /// Any I/O error but `Interrupted`.
    pub fn write_all_at<S>(&mut self, storage: &S, file: &F, bytes: &[u8], offset: u64) -> io::Result<()>
    where
        S: Storage<File = F>,
    {
        if !std::mem::replace(&mut self.tried, true) {
            self.file = storage.direct(file).ok();
        }
        if let Some(direct) = &self.file {
            match storage.write_all_at(direct, bytes, offset) {
                // The medium has larger blocks than ours, a write was cut
                // short within one, or the filesystem does not mean the flag
                // that it has taken.
                Err(e) if e.kind() == ErrorKind::InvalidInput => self.file = None,
                done => return done,
            }
        }
        storage.write_all_at(file, bytes, offset)
    }
}
