//! The file that a journal was made for, if it has a different name now.

use super::set_aside;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::Patch;
use crate::sidecar::{Names, exists};
use crate::storage::{Entry, FileType, Stat, Storage};
use crate::target::Target;

/// Refuses a journal whose own file is still in the directory of the target,
/// under a different name. That file may be partly changed: whatever the target
/// contains, removing the journal would make the other file unrecoverable.
///
/// # Errors
/// [`Kind::RecoveryNeeded`], with the commands for the other file; any I/O
/// error.
pub(super) fn check_is_not_beside<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>) -> Result<()> {
    let (storage, names) = (target.storage, &target.names);
    if target.stat.file_type != FileType::Regular {
        // The journal of a device is not in the directory of its node.
        return Ok(());
    }
    let origin = &journal.header().identity;
    let is_original = |stat: &Stat| origin.same_inode(&stat.identity);
    let path = names.target.path();
    let found =
        storage.find_beside(&names.target, &is_original).map_err(Error::at("list the directory of", path))?;
    match found {
        Some(original) => Err(beside(storage, names, &original)?),
        None => Ok(()),
    }
}

fn beside<S: Storage>(storage: &S, names: &Names, original: &Entry) -> Result<Error> {
    let (path, journal) = (names.target.path(), names.journal.path());
    let error = Error::new(
        Kind::RecoveryNeeded,
        format!("{} was not made for {}, but for {}", journal.shown(), path.shown(), original.path().shown()),
    )
    .hint("nothing was written");
    let its_own = Names::new(original, FileType::Regular, None)?.journal;
    if exists(storage, &its_own)? {
        // The journal of this target is a copy.
        return Ok(error.hint(format!(
            "{} has a journal of its own; `mv {} {}` sets this one aside",
            original.path().shown(),
            journal.word(),
            set_aside(&names.journal).word()
        )));
    }
    Ok(error.hint(format!(
        "that file may be partly changed: `mv -T {} {}`, and then `runner recover {}`, brings it to a consistent state",
        journal.word(),
        its_own.path().word(),
        original.path().word()
    )))
}
