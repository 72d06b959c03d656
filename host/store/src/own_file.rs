//! Small files that only this user can have written, and that no crash spoils: each is
//! written under another name, and gets its name once it is durable and was read back.

use std::io::ErrorKind;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{Access, Entry, Storage, check_own};

/// Under this name is written what does not count yet.
pub(crate) const INCOMING: &str = "incoming.new";

/// Replaces a file in one step, durably: under its name is the old content or the new
/// one. Only one process may do so in a folder at a time.
///
/// # Errors
/// [`Kind::Verification`] if it was not written as it should be; any I/O error. Then the
/// old file is there.
pub fn replace<S: Storage>(storage: &S, entry: &Entry, bytes: &[u8]) -> Result<()> {
    write(storage, entry, bytes)?;
    sync_names(storage, entry)
}

/// Makes the names in the folder of an entry durable.
pub(crate) fn sync_names<S: Storage>(storage: &S, entry: &Entry) -> Result<()> {
    storage.sync_parent(entry).map_err(Error::at("sync the folder of", entry.path()))
}

/// Reads a file that only this user can have written; `None` if there is none. Of one
/// that is longer, one byte more than `limit_bytes` is returned.
///
/// # Errors
/// [`Kind::Refused`] if another user may have written it; any I/O error.
pub fn read<S: Storage>(storage: &S, entry: &Entry, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
    let path = entry.path();
    let file = match storage.open(entry, Access::Read) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Error::at("open", path))?,
    };
    let stat = storage.stat(&file).map_err(Error::at("inspect", path))?;
    check_own(&stat).map_err(|why| {
        Error::new(Kind::Refused, format!("{} cannot be trusted", path.shown())).because(why).hint(
            "this program makes such files for this user alone: find out who has changed that, and remove it",
        )
    })?;
    let bytes = stat.identity.size.min(limit_bytes.saturating_add(1));
    let mut content = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
    let count = storage.read_full_at(&file, &mut content, 0).map_err(Error::at("read", path))?;
    content.truncate(count);
    Ok(Some(content))
}

/// Writes a file under another name, makes its content durable, reads it back, and gives
/// it its name.
pub(crate) fn write<S: Storage>(storage: &S, entry: &Entry, bytes: &[u8]) -> Result<()> {
    let incoming = entry.sibling(INCOMING);
    let failed = || Error::at("write", entry.path());
    let file = match storage.create(&incoming) {
        // It is of a process that was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            storage.remove(&incoming).and_then(|()| storage.create(&incoming))
        }
        created => created,
    };
    let file = file.map_err(Error::at("create", incoming.path()))?;
    storage.write_all_at(&file, bytes, 0).map_err(failed())?;
    storage.sync_all(&file).map_err(failed())?;
    storage.evict(&file).map_err(failed())?;
    if read(storage, &incoming, bytes.len() as u64)?.as_deref() != Some(bytes) {
        let what = format!("{} was not written as it should be", incoming.path().shown());
        return Err(Error::new(Kind::Verification, what).hint("the disk may be failing: nothing was changed"));
    }
    storage.rename(&incoming, entry).map_err(failed())
}
