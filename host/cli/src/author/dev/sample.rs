//! The start of a file, as a file of its own.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Result};
use runner_pipeline::escape::{count, shown};
use runner_pipeline::storage::open_small;

/// The start of a file.
pub(super) struct Sample {
    pub(super) path: PathBuf,
    /// The whole file is in it.
    pub(super) is_whole: bool,
    bytes: u64,
}

impl Sample {
    /// Copies the first bytes of a file into a folder: whole lines, if it has
    /// lines.
    ///
    /// # Errors
    /// If it is no regular file; any I/O error.
    pub(super) fn new(file: &Path, bytes: u64, folder: &Path) -> Result<Self> {
        let opened: File = open_small(file, u64::MAX)?;
        let size = opened.metadata().map_err(Error::at("read the metadata of", file))?.len();
        let mut content = Vec::new();
        opened.take(bytes).read_to_end(&mut content).map_err(Error::at("read", file))?;
        let is_whole = content.len() as u64 >= size;
        if !is_whole && let Some(end) = memchr::memrchr(b'\n', &content) {
            content.truncate(end + 1);
        }
        let path = folder.join("sample");
        fs::write(&path, &content).map_err(Error::at("write", &path))?;
        Ok(Self { path, is_whole, bytes: content.len() as u64 })
    }

    /// What it is, for people.
    pub(super) fn what(&self, file: &Path) -> String {
        let file = shown(file);
        if self.is_whole {
            file.to_string()
        } else {
            format!("the first {} of {file}", count(self.bytes, "byte"))
        }
    }
}
