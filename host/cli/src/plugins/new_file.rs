//! Files that are written as a whole.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Result};
use tempfile::NamedTempFile;

pub(super) use crate::beside::{attestations_beside, beside, is_missing};

/// The mode of a new file, less what the user's mask takes away. What others can write to
/// is neither a pin nor a key to trust.
const MODE: u32 = 0o644;

/// Writes a file durably, and replaces one that is there: under its name is the
/// old content or the new one.
///
/// # Errors
/// Any I/O error. Then the old file is there.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut pending = Pending::create(path)?;
    pending.write(bytes)?;
    pending.file.persist(path).map_err(|error| Error::io("write", path, error.error))?;
    sync(folder_of(path))
}

/// A file that has its name once it is complete. If it is dropped before, there is none.
pub(crate) struct Pending {
    path: PathBuf,
    file: NamedTempFile,
}

impl Pending {
    /// Creates it, without its name, in the folder in which it is to be.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let folder = folder_of(path);
        let file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder)
            .map_err(Error::at("create a file in", folder))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes all of it, and gives it its name, durably.
    ///
    /// # Errors
    /// If there is a file of this name; any I/O error.
    pub(crate) fn publish(mut self, bytes: &[u8]) -> Result<()> {
        self.write(bytes)?;
        let Self { path, file } = self;
        file.persist_noclobber(&path).map_err(|error| Error::io("write", &path, error.error))?;
        sync(folder_of(&path))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.as_file().sync_all());
        written.map_err(Error::at("write", &self.path))
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::at("sync the folder", folder))
}
