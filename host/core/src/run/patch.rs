//! Applies or undoes a saved patch.

use std::path::Path;

use super::decide::{decide, report_applying};
use super::revalidate::revalidate;
use super::{Event, Options, OsPatch, Report};
use crate::commit::commit;
use crate::error::{Error, Result};
use crate::patch::Direction;
use crate::target::{Intent, OsTarget};

/// Applies a saved patch, or undoes it. Only the patch's edits are trusted: the
/// file must contain what they replace, and everything else is computed again.
///
/// # Errors
/// [`Kind::Verification`](crate::error::Kind::Verification) when the patch does
/// not fit the file, or makes false claims about it; otherwise as for
/// [`apply`](super::apply()).
pub fn apply_patch(
    path: &Path,
    patch: OsPatch,
    direction: Direction,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    apply_checked(path, patch, direction, options, events).map_err(Error::untouched)
}

fn apply_checked(
    path: &Path,
    patch: OsPatch,
    direction: Direction,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    let target = OsTarget::open(path, Intent::Write(options.patch_files))?;
    target.names.check_clean(target.storage)?;
    let revalidated = revalidate(&target, patch.view(direction), options, events)?;
    drop(patch);
    let plan = decide(&target, &revalidated, options)?;
    report_applying(&target, &plan, events);
    let report = Report::new(&revalidated, plan);
    let committed = commit(&target, revalidated, &plan, &options.commit())?;
    Ok(report.committed(committed))
}
