//! Applies the journal of an interrupted run.

use std::path::Path;

use super::original::check_is_not_beside;
use super::{Options, OtherChanges, check_matches_file, unusable};
use crate::commit::verify::{touched_groups_fit, whole_file_fits};
use crate::commit::write::edits::InPlaceFile;
use crate::commit::write::length::{self, Ends};
use crate::commit::write_and_verify::{Expected, State, write_and_verify};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, PatchView, Roots};
use crate::sidecar::Names;
use crate::storage::Storage;
use crate::target::Target;
use crate::target::interference::were;

/// The hint for a journal whose file has been renamed.
pub(super) fn renamed(names: &Names) -> String {
    format!(
        "if the file was renamed to NEW since (as in log rotation), run `mv {} NEW.runner-journal` and `runner recover NEW`",
        names.journal.path().word()
    )
}

/// What applying a journal led to.
pub(super) struct Replayed {
    pub(super) state: State,
    /// Whether the rest of the file has its expected content.
    pub(super) intact: bool,
    /// Whether the file is a different inode from the journal's.
    pub(super) is_copy: bool,
}

/// Applies a journal in the direction of `view`.
pub(super) fn replay<S: Storage>(
    target: &Target<'_, S>,
    view: PatchView<'_, '_, S>,
    options: &Options,
) -> Result<Replayed> {
    let (file, names, journal) = (target.open_file(), &target.names, view.patch);
    let path = file.path;
    let unusable = |what: String| unusable(names, what);
    if !view.stats().in_place_form {
        return Err(unusable(format!("{} is a patch, but not a journal", names.journal.path().shown())));
    }
    // A different inode may be a copy of the file, made as a precaution, so
    // check the whole file.
    let is_copy = !journal.header().identity.same_inode(&file.identity()?);
    if is_copy {
        check_is_not_beside(target, journal)?;
        if journal.roots() == Roots::Touched {
            return Err(unusable(format!(
                "{} is a different file from the one that its journal was made for, or a copy of it",
                path.shown()
            ))
            .hint("its journal knows only the groups that it touches, so a copy cannot be told from another file: recover the original, and copy it again")
            .hint(renamed(names)));
        }
    }
    let file_end = length::file_end(file, journal)?;
    let other = || {
        let error = unusable(format!("{} is not the file that its journal was made for", path.shown()));
        if is_copy { error.hint(renamed(names)) } else { changed_since(error, target, view) }
    };
    let Some(file_end) = file_end else { return Err(other()) };
    let fits = if is_copy { whole_file_fits(file, view)? } else { touched_groups_fit(file, view)? };
    let keeps = !is_copy && options.other_changes == OtherChanges::Keep;
    if !fits && !keeps {
        return Err(other());
    }
    if keeps {
        check_matches_file(target, journal)?;
    }
    let expected = if fits { Expected::Groups } else { Expected::Edits };
    if let appended @ 1.. = file_end.appended_bytes()
        && Ends::of(view.stats()).resize(file_end, view.direction)
    {
        return Err(other_way(path, appended, view.direction));
    }
    let in_place = InPlaceFile::new(target);
    // Whoever has changed bytes beside the edits may do so again.
    let in_place = if keeps { in_place.only_edits() } else { in_place };
    let written = write_and_verify(&in_place, view, options.verify, expected, options.threads);
    let state = written.map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} could not be recovered; its journal was kept", path.shown()),
        )
        .because(e)
        .hint(format!("once that is fixed, run `{}`", command("", path, view.direction)))
    })?;
    // So far only the ranges that edits touch were checked.
    let intact = is_copy || whole_file_fits(file, view)?;
    Ok(Replayed { state, intact, is_copy })
}

/// Explains why the journal of this very file does not fit it.
fn changed_since<S: Storage>(error: Error, target: &Target<'_, S>, view: PatchView<'_, '_, S>) -> Error {
    let Names { target: entry, journal, .. } = &target.names;
    let error = error
        .because(
            "another process has cut the file, or has changed bytes close to those that the run was to change",
        )
        .hint(format!("`runner show {}` shows what was to be changed", journal.path().word()));
    if check_matches_file(target, view.patch).is_err() {
        return error;
    }
    error.hint(format!(
        "`{}` writes only the bytes that the run was to change, and keeps the other changes",
        command("--keep-other-changes ", entry.path(), view.direction)
    ))
}

/// The command that recovers a file, with further options.
fn command(options: &str, path: &Path, direction: Direction) -> String {
    let rollback = if direction == Direction::Reverse { "--rollback " } else { "" };
    format!("runner recover {rollback}{options}{}", path.word())
}

/// The error for a direction that would overwrite bytes that other processes
/// appended. The opposite direction needs no change of length.
fn other_way(path: &Path, appended: u64, direction: Direction) -> Error {
    let what = match direction {
        Direction::Forward => "applied",
        Direction::Reverse => "undone",
    };
    let shown = path.shown();
    Error::new(
        Kind::RecoveryNeeded,
        format!("{} appended to {shown}: the change of its length cannot be {what}", were(appended)),
    )
    .hint(format!(
        "nothing was written; `{}` keeps the appended bytes",
        command("", path, direction.opposite())
    ))
}
