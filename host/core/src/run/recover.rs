//! A file whose run did not end, and the root of one.

use std::path::Path;

use super::{Event, OsPatch};
use crate::commit::recover::{self, Recovered, check_borne_out, open_journal};
use crate::context::RunContext;
use crate::error::Result;
use crate::hash;
use crate::sidecar::Trust;
use crate::target::{Intent, OsTarget, PatchFiles};

/// Brings a file whose run did not end to one state. `look` sees the journal,
/// if there is one, before anything is done.
///
/// # Errors
/// See [`recover::recover`].
pub fn recover_file(
    path: &Path,
    trust: Trust,
    options: &recover::Options,
    look: &mut dyn FnMut(&OsPatch) -> Result<()>,
) -> Result<Recovered> {
    // A patch file that was being changed must be recovered like any other.
    let target = OsTarget::open(path, Intent::Write(PatchFiles::Change))?;
    let journal = open_journal(target.storage, &target.names, trust)?;
    if let Some(journal) = &journal {
        if trust == Trust::Any {
            check_borne_out(&target, journal)?;
        }
        look(journal)?;
    }
    recover::recover(&target, journal.as_ref(), options)
}

/// The root of a file.
///
/// # Errors
/// When it cannot be read, or a journal says that it is not in one state.
pub fn root_of(path: &Path, context: RunContext<'_>, events: &mut dyn FnMut(Event)) -> Result<blake3::Hash> {
    let target = OsTarget::open(path, Intent::Read)?;
    target.names.check_clean(target.storage)?;
    let of = target.size();
    let mapping = target.map()?;
    let root = hash::file::of_mapping(&mapping, context, &mut |bytes| events(Event::Scanned { bytes, of }))?;
    target.check_unchanged()?;
    Ok(root)
}
