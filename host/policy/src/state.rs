//! The lists that were accepted, in a file of the user.

use runner_pipeline::error::Result;
use runner_pipeline::storage::{Entry, Storage};
use runner_store::own_file;

use crate::revocation::Lists;

/// The name of the file.
pub const LISTS: &str = "lists.toml";
/// The greatest size of the file, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Reads the lists; none if there is no file.
///
/// # Errors
/// [`Kind::Refused`](runner_pipeline::error::Kind::Refused) if another user may have
/// written it; if it is damaged; any I/O error.
pub fn lists<S: Storage>(storage: &S, entry: &Entry) -> Result<Lists> {
    match own_file::read(storage, entry, MAX_BYTES)? {
        Some(bytes) => Lists::parse(&bytes, entry.path()).map_err(|error| {
            error.hint(
                "it is written by this program alone: restore it, or move it away and accept the lists again",
            )
        }),
        None => Ok(Lists::default()),
    }
}

/// Replaces the lists in one step, durably. Only one process may do so at a time.
///
/// # Errors
/// Any I/O error; then the old ones are there.
pub fn save<S: Storage>(storage: &S, entry: &Entry, lists: &Lists) -> Result<()> {
    own_file::replace(storage, entry, lists.to_text().as_bytes())
}
