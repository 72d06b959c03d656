//! A saved patch, applied or undone.

use std::path::Path;

use super::decide::{decide, tell_applying};
use super::renew::renew;
use super::{Event, Options, OsPatch, Report};
use crate::commit::commit;
use crate::error::Result;
use crate::patch::Direction;
use crate::target::{Intent, OsTarget};

/// Applies a saved patch, or undoes it. Of the patch only the edits are
/// believed: the file must hold what they replace, and all else is computed
/// anew.
///
/// # Errors
/// [`Kind::Verification`](crate::error::Kind::Verification) when the file is
/// not the one the patch fits, or the patch says of it what is not so; else as
/// for [`apply`](super::apply()).
pub fn apply_patch(
    path: &Path,
    patch: OsPatch,
    direction: Direction,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    let target = OsTarget::open(path, Intent::Write(options.patch_files))?;
    target.names.check_clean(target.storage)?;
    let renewed = renew(&target, patch.view(direction), options, events)?;
    drop(patch);
    let plan = decide(&target, &renewed, options)?;
    tell_applying(&target, &plan, events);
    let report = Report::new(&renewed, plan);
    let committed = commit(&target, renewed, &plan, &options.commit())?;
    Ok(report.committed(committed))
}
