//! Files that are written as a whole.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use runner_pipeline::error::{Error, Result};

pub(super) use crate::beside::{attestations_beside, beside, is_missing};

/// The mode of a new file, less what the user's mask takes away.
const MODE: u32 = 0o666;

/// Writes a file durably, and replaces one that is there: under its name is the
/// old content or the new one.
///
/// # Errors
/// Any I/O error. Then the old file is there.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = || Error::at("write", path);
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)
        .map_err(Error::at("create a file in", folder))?;
    file.write_all(bytes).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    file.persist(path).map_err(|error| Error::io("write", path, error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::at("sync the folder", folder))
}
