//! The files beside a plugin's file: its signatures and its attestations.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use runner_pipeline::error::Result;
use runner_pipeline::storage::read_small;
use runner_trust::attestation;
use runner_trust::format::Format;

/// The file with the signature of a plugin's file.
pub(crate) fn beside(plugin: &Path, format: Format) -> PathBuf {
    with_suffix(plugin, format.suffix())
}

/// The file with the attestations of a plugin's file.
pub(crate) fn attestations_beside(plugin: &Path) -> PathBuf {
    with_suffix(plugin, attestation::SUFFIX)
}

fn with_suffix(plugin: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(plugin);
    name.push(suffix);
    name.into()
}

/// Whether nothing has this name, no broken link either.
pub(crate) fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The content of a file of at most `limit_bytes` bytes; `None` if there is none.
///
/// # Errors
/// If it is no regular file, or too long; any I/O error.
pub(crate) fn read_if_there(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
    if is_missing(path) { Ok(None) } else { read_small(path, limit_bytes).map(Some) }
}
