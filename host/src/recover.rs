//! Brings a target whose run did not end back to one state, old or new, and
//! removes what the run has left beside it. Running it again is harmless.

use std::path::{Path, PathBuf};

use crate::apply::in_place;
use crate::error::{Error, Kind, Result};
use crate::fs::{Access, Identity, Storage};
use crate::journal::{Names, exists};
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

/// Recovers the target that `names` belong to; the caller holds its lock, and
/// `target` is open for writing.
///
/// # Errors
/// [`Kind::RecoveryNeeded`] when the journal is corrupt or the file is not the
/// one it was made for: then nothing is written or removed. Any I/O error.
pub fn recover<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    direction: Direction,
    wanted: Wanted,
    threads: usize,
) -> Result<Recovered> {
    let (state, intact) = if exists(storage, &names.journal)? {
        let (state, intact) = replay(storage, names, target, direction, wanted, threads)?;
        (Some(state), intact)
    } else {
        (None, true)
    };
    let mut removed = Vec::new();
    for path in [&names.scan, &names.checkpoint, &names.new, &names.journal] {
        if exists(storage, path)? {
            storage.remove(path).map_err(|e| {
                Error::new(
                    Kind::RecoveryNeeded,
                    format!("{} is whole, but not everything beside it is gone", names.target.display()),
                )
                .because(Error::io("remove", path, e))
                .hint("its directory must be writable; then run the same command again")
            })?;
            removed.push(path.clone());
        }
    }
    // Even if nothing was there: it may have been removed, but not durably.
    storage.sync_parent(&names.journal).map_err(Error::at("sync the directory of", &names.journal))?;
    Ok(Recovered { state, intact, removed })
}

/// The state after it, and whether the rest of the file is as it should be.
fn replay<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    direction: Direction,
    wanted: Wanted,
    threads: usize,
) -> Result<(State, bool)> {
    let path = &names.target;
    let unusable = |what: String| {
        Error::new(Kind::RecoveryNeeded, what).hint(format!(
            "nothing was written; {} may be half changed, keep it together with {}",
            path.display(),
            names.journal.display()
        ))
    };
    let journal = Patch::load(storage, &names.journal)
        .map_err(|e| unusable(format!("the journal of {} cannot be used", path.display())).because(e))?;
    if !journal.seal().stats.in_place_form {
        return Err(unusable(format!("{} is a patch, but not a journal", names.journal.display())));
    }
    let identity = storage.stat(target).map_err(Error::at("look at", path))?.identity;
    // Another inode may be a copy of the file, made for safety's sake; then
    // every byte of it must bear witness.
    let whole = !journal.header().identity.same_inode(&identity);
    if !verify::fits(storage, path, target, &journal, direction, whole)? {
        return Err(unusable(format!("{} is not the file that its journal was made for", path.display())));
    }
    let state = finish(storage, path, target, &journal, direction, wanted, threads).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} could not be recovered, and its journal stays", path.display()),
        )
        .because(e)
        .hint(format!("when that is mended: `runner recover {}`", path.display()))
    })?;
    // Only what edits touch was looked at so far.
    let intact = whole || verify::fits(storage, path, target, &journal, direction, true)?;
    Ok((state, intact))
}

/// Writes all of a journal, and reads it back.
///
/// # Errors
/// [`Kind::Verification`], or any I/O error; the journal is still needed then.
pub fn finish<S: Storage>(
    storage: &S,
    path: &Path,
    target: &S::File,
    journal: &Patch<'_, S>,
    direction: Direction,
    wanted: Wanted,
    threads: usize,
) -> Result<State> {
    in_place::write(storage, path, target, journal, direction, threads)?;
    let _span = profile::span(Stage::ReadBack);
    let level = if wanted == Wanted::Exactly(Level::None) {
        Level::None
    } else {
        let file = ReadBack::open(storage, path, wanted)?;
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
    let path = &names.target;
    let target = storage.open(path, Access::Write).map_err(Error::at("open", path))?;
    let identity = storage.stat(&target).map_err(Error::at("look at", path))?.identity;
    // The old bytes belong to the file that was read, and to no other.
    if !identity.same_inode(written) {
        return Err(Error::new(Kind::Usage, format!("{} was replaced meanwhile", path.display())));
    }
    finish(storage, path, &target, journal, Direction::Reverse, Wanted::Deepest, threads)?;
    Ok(())
}
