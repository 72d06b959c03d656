//! Runs a program on a file: changes the file, previews the change, saves it as
//! a patch, or writes the result elsewhere.

use std::path::Path;

use super::decide::{decide, report_applying};
use super::proven::proven;
use super::{Collect, Event, Options, OsPatch, Program, Report, make_patch, touched};
use crate::commit::output::{Output, check_separate, write_out};
use crate::commit::strategy::{Plan, Strategy};
use crate::commit::{check_new_name, commit};
use crate::error::{Error, Result};
use crate::patch::Roots;
use crate::run::checkpoint::{Key, Resumable};
use crate::sidecar::check_not_reserved;
use crate::storage::{Entry, Storage};
use crate::target::{Intent, OsTarget, Target};

/// Runs a program on a file, and changes the file.
///
/// # Errors
/// Any [`Kind`](crate::error::Kind). The file is untouched, or was restored,
/// unless it is [`Kind::RecoveryNeeded`](crate::error::Kind::RecoveryNeeded).
pub fn apply(
    path: &Path,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    apply_target(&OsTarget::open(path, Intent::Write(options.patch_files))?, program, options, events)
}

/// Like [`apply`], for a file that is open and locked for writing.
///
/// # Errors
/// As for [`apply`].
pub fn apply_target<S: Storage>(
    target: &Target<'_, S>,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    if options.roots == Roots::Touched {
        // Before anything of an earlier run is looked at.
        touched::check(options)?;
    }
    let key = Key { window_bytes: options.window_bytes, params: program.params_digest };
    let mut resumable =
        if options.resume { Resumable::resume(target, key)? } else { Resumable::fresh(target, key)? };
    let applied = apply_scanned(target, program, options, &mut resumable, events);
    applied.map_err(|error| {
        let error = error.untouched();
        if options.resume && resumable.spare() {
            error.hint("run the same command again to resume near where this run ended")
        } else {
            error
        }
    })
}

fn apply_scanned<'t, S: Storage>(
    target: &'t Target<'_, S>,
    program: &Program<'_>,
    options: &Options<'_>,
    resumable: &mut Resumable<'t, S>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    let patch = make_patch(target, program, Collect::Resumable(resumable), options, events)?;
    options.conditions.check_root(target.path(), patch.seal().post_root.as_ref())?;
    let plan = decide(target, &patch, options)?;
    report_applying(target, &plan, events);
    let report = Report { proven: proven(&patch)?, ..Report::new(&patch, plan) };
    let committed = commit(target, patch, &plan, &options.commit())?;
    Ok(report.committed(committed))
}

/// What [`apply`] would do; only a temporary file is written. `look` is called
/// with the file and the patch.
///
/// # Errors
/// As for [`apply`].
pub fn dry_run(
    path: &Path,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
    look: &mut dyn FnMut(&OsTarget, &OsPatch, &Report) -> Result<()>,
) -> Result<Report> {
    let target = OsTarget::open(path, Intent::Scan(options.patch_files))?;
    target.names.check_clean(target.storage)?;
    let patch = make_patch(&target, program, Collect::At(options.scratch()?), options, events)?;
    options.conditions.check_root(target.path(), patch.seal().post_root.as_ref())?;
    let plan = decide(&target, &patch, options)?;
    let appended_bytes = target.appended()?;
    let report = Report { appended_bytes, ..Report::new(&patch, plan) };
    look(&target, &patch, &report)?;
    Ok(report)
}

/// Saves what [`apply`] would do as a patch at `saved`. Also returns the size
/// of the patch in bytes.
///
/// # Errors
/// As for [`apply`]; the file itself is only read.
pub fn plan(
    path: &Path,
    program: &Program<'_>,
    options: &Options<'_>,
    saved: &Entry,
    events: &mut dyn FnMut(Event),
) -> Result<(Report, u64)> {
    let target = OsTarget::open(path, Intent::Scan(options.patch_files))?;
    target.names.check_clean(target.storage)?;
    check_new_name(target.storage, Some(saved))?;
    let spill = target.temporary(saved)?;
    let mut patch = make_patch(&target, program, Collect::At(spill), options, events)?;
    options.conditions.check_root(target.path(), patch.seal().post_root.as_ref())?;
    let plan = decide(&target, &patch, options)?;
    patch.publish(saved, options.cancel)?;
    let appended_bytes = target.appended()?;
    Ok((Report { appended_bytes, ..Report::new(&patch, plan) }, patch.bytes()))
}

/// Runs a program on a file, and writes the result elsewhere.
///
/// # Errors
/// As for [`apply`]; the file itself is only read.
pub fn apply_to(
    path: &Path,
    output: &Output,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    if let Output::File(out) = output {
        check_not_reserved(out)?;
    }
    let target = OsTarget::open(path, Intent::Scan(options.patch_files))?;
    if let Output::Stream(stream, name) = output {
        check_separate(&target, stream, name)?;
    }
    write_target(&target, output, program, options, events)
}

/// Like [`apply_to`], for a file that is open and locked.
///
/// # Errors
/// As for [`apply_to`].
pub fn write_target<S: Storage>(
    target: &Target<'_, S>,
    output: &Output,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    target.names.check_clean(target.storage)?;
    if options.roots == Roots::Touched {
        return Err(touched::refuse("`-o` writes a whole new file").hint("omit one of the two"));
    }
    let patch = make_patch(target, program, Collect::At(options.scratch()?), options, events)?;
    options.conditions.check_root(target.path(), patch.seal().post_root.as_ref())?;
    let bytes = patch.seal().stats.post_size();
    let plan = Plan { strategy: Strategy::Stream, write_bytes: bytes, space_bytes: bytes };
    events(Event::Applying(plan.strategy));
    let proven = proven(&patch)?;
    let level = write_out(target, &patch, output, &options.conditions, &options.commit())
        .map_err(Error::untouched)?;
    Ok(Report { level, proven, ..Report::new(&patch, plan) })
}
