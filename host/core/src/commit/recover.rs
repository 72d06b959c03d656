//! Brings a target whose run did not end back to one state, old or new, and
//! removes what the run has left beside it. Running it again is harmless.

mod borne_out;
mod put_back;
mod replay;

use std::path::PathBuf;

use self::put_back::put_back;
use self::replay::replay;
use crate::commit::verify::VerifyChoice;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch};
use crate::sidecar::{Names, Trust, exists};
use crate::storage::{Entry, Storage, check_own};
use crate::target::Target;

pub use self::borne_out::check_borne_out;
pub use super::write_and_verify::State;

/// How a recovery is done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// To the file as it was to become, or back to what it was.
    pub direction: Direction,
    /// How what is written is read back.
    pub verify: VerifyChoice,
    /// Threads to use, at least 1.
    pub threads: usize,
}

/// What there was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the file stands now, if there was a journal.
    pub state: Option<State>,
    /// Whether all of the file is what it was to be. What the journal's edits
    /// touch is; the rest somebody may have changed since the scan.
    pub intact: bool,
    /// Whether the old file was put back, as others had appended to it while it
    /// was replaced.
    pub put_back: bool,
    /// What was removed.
    pub removed: Vec<PathBuf>,
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
            let target = names.target.path().shown();
            unusable(names, format!("the journal of {target} cannot be used")).because(e)
        }
    })
}

fn unusable(names: &Names, what: String) -> Error {
    let (shown, journal) = (names.target.path().shown(), names.journal.path().shown());
    Error::new(Kind::RecoveryNeeded, what)
        .hint(format!("nothing was written; {shown} may be half changed, keep it together with {journal}"))
        .hint(format!(
            "`mv {} {}` gives the journal up, and {shown} stays as it is",
            names.journal.path().word(),
            kept(&names.journal).word()
        ))
}

/// What a file that is kept aside by hand is called.
fn kept(entry: &Entry) -> PathBuf {
    let mut name = entry.path().as_os_str().to_owned();
    name.push(".kept");
    name.into()
}

/// Recovers a target, which is open for writing, with the journal beside it.
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
    let (state, intact, put_back) = match journal {
        Some(journal) => {
            let (state, intact) = replay(target, journal.view(options.direction), options)?;
            (Some(state), intact, false)
        }
        None => (None, true, put_back(storage, names, options.direction)?),
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
    // After its journal, without which it does not count.
    let _ = storage.unmark(&target.file);
    Ok(Recovered { state, intact, put_back, removed })
}

/// Removes what a run has left. The file that a rewrite has replaced has the
/// owner and the mode of the target, and a journal was believed before; what
/// else is not this user's own is not ours to remove.
fn remove<S: Storage>(storage: &S, names: &Names, entry: &Entry) -> Result<()> {
    let path = entry.path();
    if [names.scan.name(), names.checkpoint.name()].contains(&entry.name()) {
        let stat = storage.stat_entry(entry).map_err(Error::at("look at", path))?;
        check_own(&stat).map_err(|why| {
            Error::new(Kind::Refused, format!("{} is not removed: {why}", path.shown()))
                .hint("only its owner can say whether it is still needed; if no run of theirs is at work, remove it")
        })?;
    }
    storage.remove(entry).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} is whole, but not everything beside it is gone", names.target.path().shown()),
        )
        .because(Error::io("remove", path, e))
        .hint("its directory must be writable; then run the same command again")
    })
}
