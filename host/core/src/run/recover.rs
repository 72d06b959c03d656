//! Recovers a file after an interrupted run, and computes the root of a file.

use std::fmt;
use std::path::Path;

use super::{Event, OsPatch};
use crate::commit::recover::{self, Recovered, check_matches_file, open_journal};
use crate::commit::verify::first_other_group;
use crate::context::RunContext;
use crate::error::Result;
use crate::escape::count;
use crate::hash::{self, GROUP_BYTES};
use crate::patch::Direction;
use crate::sidecar::Trust;
use crate::storage::OsStorage;
use crate::target::{Intent, OsTarget, PatchFiles};

/// Brings the file of an interrupted run to one state. `look` is called with
/// the journal, if there is one, before anything is done.
///
/// # Errors
/// As for [`OsTarget::open`], [`open_journal`] and [`recover::recover`]; with
/// [`Trust::Any`], as for [`check_matches_file`]; any error of `look`.
pub fn recover_file(
    path: &Path,
    trust: Trust,
    options: &recover::Options,
    look: &mut dyn FnMut(&OsPatch) -> Result<()>,
) -> Result<Recovered> {
    // A patch file that was being changed must be recoverable like any other
    // file.
    let target = OsTarget::open(path, Intent::Write(PatchFiles::Change))
        .map_err(|error| recover::if_renamed(&OsStorage, path, error))?;
    let journal = open_journal(target.storage, &target.names, trust)?;
    if let Some(journal) = &journal {
        if trust == Trust::Any {
            check_matches_file(&target, journal)?;
        }
        look(journal)?;
    }
    recover::recover(&target, journal.as_ref(), options)
}

/// The root of a file.
///
/// # Errors
/// [`Kind::RecoveryNeeded`](crate::error::Kind::RecoveryNeeded) if a run on the
/// file did not finish, so that it may be partly changed;
/// [`Kind::Interrupted`](crate::error::Kind::Interrupted) if the context stops
/// it; otherwise as for [`OsTarget::open`]; any I/O error.
pub fn root_of(path: &Path, context: RunContext<'_>, events: &mut dyn FnMut(Event)) -> Result<blake3::Hash> {
    let target = OsTarget::open(path, Intent::Read)?;
    target.names.check_clean(target.storage)?;
    let of = target.size();
    let mapping = target.map()?;
    let root = hash::file::of_mapping(&mapping, context, &mut |bytes| events(Event::Scanned { bytes, of }))?;
    target.check_unchanged()?;
    Ok(root)
}

/// How a file differs from the result of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherContent {
    /// Its size in bytes, and the one that it should have.
    Size(u64, u64),
    /// The index of the first group that is not as it should be.
    Group(u64),
}

impl fmt::Display for OtherContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Size(found, wanted) => {
                write!(f, "it has {}, not {}", count(found, "byte"), count(wanted, "byte"))
            }
            Self::Group(index) => {
                let (start, end) = (index * GROUP_BYTES, (index + 1) * GROUP_BYTES);
                write!(f, "bytes {start} to {end} are not what the patch leads to")
            }
        }
    }
}

/// Whether a file has the groups to which a patch in in-place form leads, as a
/// patch without roots always is. No other group is read. Returns the first
/// difference. If the patch keeps the length, the file may also have become
/// longer.
///
/// # Errors
/// As for [`root_of`].
pub fn has_groups_after(path: &Path, patch: &OsPatch) -> Result<Option<OtherContent>> {
    let target = OsTarget::open(path, Intent::Read)?;
    target.names.check_clean(target.storage)?;
    let (view, size) = (patch.view(Direction::Reverse), target.size());
    let (wanted, before) = (view.before().size, view.after().size);
    if size != wanted && (wanted != before || size < wanted) {
        return Ok(Some(OtherContent::Size(size, wanted)));
    }
    let other = first_other_group(target.open_file(), view, size)?;
    target.check_unchanged()?;
    Ok(other.map(OtherContent::Group))
}
