//! The old file of an interrupted rewrite.

use super::set_aside;
use crate::commit::rewrite::exchange;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::Direction;
use crate::sidecar::{Names, exists};
use crate::storage::{Access, Entry, FileType, Storage};

/// Puts back an old file that was replaced and still exists: if other processes
/// appended to it before it was removed, or if the old content is wanted.
/// Returns whether an old file was put back.
pub(super) fn put_back<S: Storage>(storage: &S, names: &Names, direction: Direction) -> Result<bool> {
    let (path, new) = (names.target.path(), names.new.path());
    if !exists(storage, &names.new)? {
        return Ok(false);
    }
    let look = |entry: &Entry| storage.stat_entry(entry).map_err(Error::at("inspect", entry.path()));
    let (found, left) = (look(&names.target)?, look(&names.new)?);
    // Only a file with a single name is ever replaced (a backup adds a second
    // name), and the new file gets its owner and mode. A file that differs in
    // these is not the old file.
    if left.file_type != FileType::Regular
        || left.links > 2
        || (left.owner, left.mode) != (found.owner, found.mode)
    {
        return Ok(false);
    }
    let is_new_by_mode = left.mode != NEW_FILE_MODE;
    let (found, left) = (found.identity, left.identity);
    let (Some(begun), Some(born)) = (found.born_ns, left.born_ns) else { return Ok(false) };
    if born >= begun {
        // This is a new file. It gets its attributes after its bytes, and other
        // processes write to it only while it has the target's name. That
        // happens if a recovery to the old content was killed.
        let written_since = is_new_by_mode && left.modified_ns >= left.changed_ns;
        return if written_since { Err(both_written(names)) } else { Ok(false) };
    }
    // An old file is unchanged since the scan unless other processes have
    // written to it.
    if direction == Direction::Forward && left.modified_ns < begun {
        return Ok(false);
    }
    // The new file got its attributes after its bytes.
    if found.modified_ns >= found.changed_ns
        || !storage.exchange(&names.new, &names.target).map_err(Error::at("replace", path))?
    {
        return Err(both_written(names));
    }
    // Bytes that other processes appended to the new file since it was
    // inspected.
    let to = storage.open(&names.target, Access::Write).map_err(Error::at("open", path))?;
    let from = storage.open(&names.new, Access::Read).map_err(Error::at("open", new))?;
    exchange::carry_over(storage, (&from, found.size), &to).map_err(Error::at("append to", path))?;
    Ok(true)
}

/// The mode of an incomplete file.
const NEW_FILE_MODE: u32 = 0o600;

fn both_written(names: &Names) -> Error {
    let (shown, new) = (names.target.path().shown(), names.new.path());
    Error::new(
        Kind::RecoveryNeeded,
        format!(
            "{} is a different version of {shown}, and other processes may have appended to both",
            new.shown()
        ),
    )
    .hint(format!(
        "`mv {} {}` keeps both; appended bytes are at the end of each",
        new.word(),
        set_aside(&names.new).word()
    ))
}
