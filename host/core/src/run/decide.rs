//! Decides what to do with a sealed patch, if that is allowed.

use std::path::Path;

use super::{Event, Options};
use crate::commit::conditions::loses_privileges;
use crate::commit::strategy::{Choice, Plan, Strategy, choose};
use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::patch::{Patch, Roots};
use crate::storage::Storage;
use crate::target::Target;

/// Chooses the plan for the target, if a change is allowed.
pub(super) fn decide<S: Storage>(
    target: &Target<'_, S>,
    patch: &Patch<'_, S>,
    options: &Options<'_>,
) -> Result<Plan> {
    let (path, file) = (target.path(), target.open_file());
    let choose = |choice| choose(&patch.seal().stats, &target.stat, patch.bytes(), choice);
    // A new file would have to be read back, against a root that is not known.
    let choice = match (patch.roots(), options.choice) {
        (Roots::Touched, Choice::Auto) => Choice::InPlace,
        (_, choice) => choice,
    };
    let mut plan = choose(choice)?;
    if plan.strategy == Strategy::Nothing {
        return Ok(plan);
    }
    options.conditions.check_privileges(file, target.stat.mode)?;
    if plan.is_journalled() && loses_privileges(file, target.stat.mode)? {
        // A new file gets the privileges with its other attributes.
        let rewrite = match choice {
            Choice::InPlace => None,
            _ => choose(Choice::Rewrite).ok(),
        };
        plan = rewrite.ok_or_else(|| no_rewrite(path, patch.roots()))?;
    }
    // This is checked now, and not only when a new file is renamed.
    if plan.strategy == Strategy::Rewrite
        && target
            .storage
            .is_mount_point(&target.file, &target.names.target)
            .map_err(Error::at("inspect", path))?
    {
        if options.choice == Choice::Rewrite {
            let what = format!("{} is a mount point, and cannot be replaced by a new file", shown(path));
            return Err(Error::new(Kind::Refused, what)
                .hint("`--strategy in-place` keeps the inode; `-o OUT` writes the result elsewhere"));
        }
        plan = choose(Choice::InPlace)?;
    }
    Ok(plan)
}

/// The error for a file that would lose its privileges if it were written in
/// place, and that cannot be replaced by a new file.
fn no_rewrite(path: &Path, roots: Roots) -> Error {
    let what = format!("the kernel removes the privileges of {} when it is written in place", shown(path));
    let error = Error::new(Kind::Refused, what);
    match roots {
        Roots::Whole => error
            .hint("nothing was written; if the file has only one name, `--strategy rewrite` keeps them"),
        Roots::Touched => error.hint(
            "nothing was written; a new file keeps them, which takes a run or a patch without `--roots touched`",
        ),
    }
}

/// Reports that the patch is now applied, and how.
pub(super) fn report_applying<S: Storage>(
    target: &Target<'_, S>,
    plan: &Plan,
    events: &mut dyn FnMut(Event),
) {
    events(Event::Applying(plan.strategy));
    if plan.is_journalled() && target.names.key.is_none() {
        events(Event::NoKey);
    }
}
