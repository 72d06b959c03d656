//! Recovers a target after an interrupted run: brings it to one state, old or
//! new, and removes the files that the run left next to it. Repeating a
//! recovery is harmless.

mod intact;
mod matches_file;
mod original;
mod put_back;
mod replay;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use self::put_back::put_back;
use self::replay::replay;
use crate::commit::verify::VerifyChoice;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch};
use crate::sidecar::{Names, Trust, check_removable, exists};
use crate::storage::{Entry, FileType, Storage};
use crate::target::Target;

pub use self::matches_file::check_matches_file;
pub use super::write_and_verify::State;

/// What to do if other processes have changed bytes close to the edits, so that
/// groups that the journal touches have unexpected content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OtherChanges {
    /// Refuse to recover: the file may be a different one.
    #[default]
    Refuse,
    /// Keep them, if each byte that an edit touches is the old or the new one.
    /// Only the bytes of edits are written, and only they are read back.
    Keep,
}

/// How a recovery is done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Forward to the new content, or back to the old content.
    pub direction: Direction,
    /// How the written bytes are read back.
    pub verify: VerifyChoice,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// What happens to changes by other processes close to the edits.
    pub other_changes: OtherChanges,
}

/// What a recovery did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// The state of the file now, if there was a journal.
    pub state: Option<State>,
    /// Whether the whole file has its expected content. The ranges that the
    /// journal's edits touch always have; another process may have changed the
    /// rest since the scan.
    pub intact: bool,
    /// Whether the file is a copy: a different inode from the one that the
    /// journal was made for. The original, if it still exists elsewhere, may be
    /// partly changed.
    pub is_copy: bool,
    /// Whether the old file was put back because other processes had appended
    /// to it while it was being replaced.
    pub put_back: bool,
    /// The files that were removed.
    pub removed: Vec<PathBuf>,
}

/// The journal next to a target, if there is one and it is trusted.
///
/// # Errors
/// [`Kind::Refused`] if it is not trusted; [`Kind::RecoveryNeeded`] if it is
/// corrupt; any I/O error.
pub fn open_journal<'s, S: Storage>(
    storage: &'s S,
    names: &Names,
    trust: Trust,
) -> Result<Option<Patch<'s, S>>> {
    if !exists(storage, &names.journal)? {
        return Ok(None);
    }
    names.open_journal(storage, trust).map(Some).map_err(|e| match e.kind() {
        Kind::Refused => e,
        _ => {
            let target = names.target.path().shown();
            unusable(names, format!("the journal of {target} cannot be used")).because(e)
        }
    })
}

fn unusable(names: &Names, what: String) -> Error {
    let (shown, journal) = (names.target.path().shown(), names.journal.path().shown());
    Error::new(Kind::RecoveryNeeded, what)
        .hint(format!(
            "nothing was written; {shown} may be partly changed, so keep it together with {journal}"
        ))
        .hint(format!(
            "`mv {} {}` sets the journal aside and leaves {shown} as it is; `setfattr -x user.runner.journal {}` removes its mark, if there is one",
            names.journal.path().word(),
            set_aside(&names.journal).word(),
            names.target.path().word()
        ))
}

/// Adds to the error for a file that does not exist that its journal does.
pub fn if_renamed<S: Storage>(storage: &S, path: &Path, error: Error) -> Error {
    let Ok(entry) = Entry::resolve(path) else { return error };
    let Ok(names) = Names::new(&entry, FileType::Regular, None) else { return error };
    let missing = storage.stat_entry(&entry).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if missing && exists(storage, &names.journal).unwrap_or(false) {
        return error.of_kind(Kind::RecoveryNeeded).hint(replay::renamed(&names));
    }
    error
}

/// The name for a file that the user sets aside.
fn set_aside(entry: &Entry) -> PathBuf {
    let mut name = entry.path().as_os_str().to_owned();
    name.push(".kept");
    name.into()
}

/// Recovers a target, which is open for writing, with the journal next to it.
///
/// # Errors
/// [`Kind::RecoveryNeeded`] when the file is not the one that the journal was
/// made for: then nothing is written or removed. Any I/O error.
pub fn recover<S: Storage>(
    target: &Target<'_, S>,
    journal: Option<&Patch<'_, S>>,
    options: &Options,
) -> Result<Recovered> {
    let (storage, names) = (target.storage, &target.names);
    let mut recovered = Recovered { intact: true, ..Recovered::default() };
    match journal {
        Some(journal) => {
            let replayed = replay(target, journal.view(options.direction), options)?;
            recovered.state = Some(replayed.state);
            (recovered.intact, recovered.is_copy) = (replayed.intact, replayed.is_copy);
        }
        None => recovered.put_back = put_back(storage, names, options.direction)?,
    }
    for entry in [&names.scan, &names.checkpoint, &names.new, &names.journal] {
        if exists(storage, entry)? {
            remove(storage, names, entry)?;
            recovered.removed.push(entry.path().to_owned());
        }
    }
    // Even if nothing was found: an earlier removal may not be durable.
    let journal = &names.journal;
    storage.sync_parent(journal).map_err(Error::at("sync the directory of", journal.path()))?;
    // The mark goes after its journal, without which it has no effect.
    let _ = storage.unmark(&target.file);
    Ok(recovered)
}

/// Removes a file that a run left. A file replaced by a rewrite has the
/// target's owner and mode, and the journal was checked before; any other file
/// is removed only if it belongs to this user.
fn remove<S: Storage>(storage: &S, names: &Names, entry: &Entry) -> Result<()> {
    let path = entry.path();
    if [names.scan.name(), names.checkpoint.name()].contains(&entry.name()) {
        check_removable(storage, entry)?;
    }
    storage.remove(entry).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!(
                "{} is complete, but a file that the run left next to it remains",
                names.target.path().shown()
            ),
        )
        .because(Error::io("remove", path, e))
        .hint("make its directory writable, then run the same command again")
    })
}
