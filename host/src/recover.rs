//! Brings a target whose run did not end back to one state, old or new, and
//! removes what the run has left beside it. Running it again is harmless.

use std::path::PathBuf;

use crate::apply::in_place;
use crate::error::{Error, Kind, Result};
use crate::fs::{Access, Entry, Identity, Storage};
use crate::journal::{Names, Trust, check_own, exists};
use crate::patch::{Direction, Patch};
use crate::profile::{self, Stage};
use crate::verify::{self, Level, ReadBack, Wanted};

/// What there was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the file stands now, if there was a journal.
    pub state: Option<State>,
    /// Whether all of the file is what it was to be. What the journal's edits
    /// touch is; the rest somebody may have changed since the scan.
    pub intact: bool,
    /// What was removed.
    pub removed: Vec<PathBuf>,
}

/// The state that a journal was brought to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// To the file as it was to become, or back to what it was.
    pub direction: Direction,
    /// BLAKE3 of the whole file now, by the journal.
    pub root: blake3::Hash,
    /// How what was written was read back.
    pub level: Level,
}

/// The journal beside a target, if there is one and it is believed.
///
/// # Errors
/// [`Kind::Refused`] where it is not believed; [`Kind::RecoveryNeeded`] where it
/// is corrupt; any I/O error.
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
            let target = names.target.path().display();
            unusable(names, format!("the journal of {target} cannot be used")).because(e)
        }
    })
}

fn unusable(names: &Names, what: String) -> Error {
    Error::new(Kind::RecoveryNeeded, what).hint(format!(
        "nothing was written; {} may be half changed, keep it together with {}",
        names.target.path().display(),
        names.journal.path().display()
    ))
}

/// Recovers the target that `names` and `journal` belong to; the caller holds
/// its lock, and `target` is open for writing.
///
/// # Errors
/// [`Kind::RecoveryNeeded`] when the file is not the one that the journal was
/// made for: then nothing is written or removed. Any I/O error.
pub fn recover<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    journal: Option<&Patch<'_, S>>,
    direction: Direction,
    wanted: Wanted,
    threads: usize,
) -> Result<Recovered> {
    let (state, intact) = match journal {
        Some(journal) => {
            let (state, intact) = replay(storage, names, target, journal, direction, wanted, threads)?;
            (Some(state), intact)
        }
        None => (None, true),
    };
    let mut removed = Vec::new();
    for entry in [&names.scan, &names.checkpoint, &names.new, &names.journal] {
        if exists(storage, entry)? {
            remove(storage, names, entry)?;
            removed.push(entry.path().to_owned());
        }
    }
    // Even if nothing was there: it may have been removed, but not durably.
    let journal = &names.journal;
    storage.sync_parent(journal).map_err(Error::at("sync the directory of", journal.path()))?;
    Ok(Recovered { state, intact, removed })
}

/// Removes what a run has left. The file that a rewrite has replaced has the
/// owner and the mode of the target, and a journal was believed before; what
/// else is not this user's own is not ours to remove.
fn remove<S: Storage>(storage: &S, names: &Names, entry: &Entry) -> Result<()> {
    let path = entry.path();
    if [names.scan.name(), names.checkpoint.name()].contains(&entry.name()) {
        let stat = storage.stat_entry(entry).map_err(Error::at("look at", path))?;
        check_own(&stat).map_err(|why| {
            Error::new(Kind::Refused, format!("{} is not removed: {why}", path.display()))
                .hint("only its owner can say whether it is still needed")
        })?;
    }
    storage.remove(entry).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} is whole, but not everything beside it is gone", names.target.path().display()),
        )
        .because(Error::io("remove", path, e))
        .hint("its directory must be writable; then run the same command again")
    })
}

/// The state after it, and whether the rest of the file is as it should be.
fn replay<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    journal: &Patch<'_, S>,
    direction: Direction,
    wanted: Wanted,
    threads: usize,
) -> Result<(State, bool)> {
    let path = names.target.path();
    let unusable = |what: String| unusable(names, what);
    if !journal.seal().stats.in_place_form {
        return Err(unusable(format!("{} is a patch, but not a journal", names.journal.path().display())));
    }
    let identity = storage.stat(target).map_err(Error::at("look at", path))?.identity;
    // Another inode may be a copy of the file, made for safety's sake; then
    // every byte of it must bear witness.
    let whole = !journal.header().identity.same_inode(&identity);
    if !verify::fits(storage, path, target, journal, direction, whole)? {
        return Err(unusable(format!("{} is not the file that its journal was made for", path.display())));
    }
    let state = finish(storage, &names.target, target, journal, direction, wanted, threads).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} could not be recovered, and its journal stays", path.display()),
        )
        .because(e)
        .hint(format!("when that is mended: `runner recover {}`", path.display()))
    })?;
    // Only what edits touch was looked at so far.
    let intact = whole || verify::fits(storage, path, target, journal, direction, true)?;
    Ok((state, intact))
}

/// Writes all of a journal, and reads it back.
///
/// # Errors
/// [`Kind::Verification`], or any I/O error; the journal is still needed then.
pub fn finish<S: Storage>(
    storage: &S,
    entry: &Entry,
    target: &S::File,
    journal: &Patch<'_, S>,
    direction: Direction,
    wanted: Wanted,
    threads: usize,
) -> Result<State> {
    let path = entry.path();
    in_place::write(storage, path, target, journal, direction, threads)?;
    let _span = profile::span(Stage::ReadBack);
    let level = if wanted == Wanted::Exactly(Level::None) {
        Level::None
    } else {
        let file = ReadBack::open(storage, target, entry, wanted)?;
        verify::touched(path, &file, journal, direction, threads)?;
        file.level
    };
    let root = match direction {
        Direction::Forward => journal.seal().post_root,
        Direction::Reverse => journal.seal().pre_root,
    };
    Ok(State { direction, root, level })
}

/// Undoes a journal after its writing to the file `written` has failed,
/// through a new descriptor: what the old one reports cannot be trusted any
/// more.
///
/// # Errors
/// When the old state could not be brought back either; then the journal
/// stays and [`recover`] is needed.
pub fn roll_back<S: Storage>(
    storage: &S,
    names: &Names,
    written: &Identity,
    journal: &Patch<'_, S>,
    threads: usize,
) -> Result<()> {
    let path = names.target.path();
    let target = storage.open(&names.target, Access::Write).map_err(Error::at("open", path))?;
    let identity = storage.stat(&target).map_err(Error::at("look at", path))?.identity;
    // The old bytes belong to the file that was read, and to no other.
    if !identity.same_inode(written) {
        return Err(Error::new(Kind::Usage, format!("{} was replaced meanwhile", path.display())));
    }
    finish(storage, &names.target, &target, journal, Direction::Reverse, Wanted::Deepest, threads)?;
    Ok(())
}
