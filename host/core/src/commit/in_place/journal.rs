//! The life of a journal: made, durable, published (the commit point), and
//! removed.

use std::path::Path;

use crate::cancel::Cancel;
use crate::commit::verify::{self, Level, ReadBack, VerifyChoice};
use crate::commit::write::in_place_form;
use crate::commit::{CommitOptions, end_scan};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Header, Origin, Patch, Roots};
use crate::profile::{self, Stage};
use crate::storage::Storage;
use crate::target::Target;
use crate::target::interference::{changed, grown};

/// Returns the patch in in-place form, as a journal must be. The given patch is
/// returned too if it has a different form, or if a user saved it and it stays
/// where it is.
pub(super) fn to_journal<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: Patch<'s, S>,
    options: &CommitOptions<'_>,
) -> Result<(Patch<'s, S>, Option<Patch<'s, S>>)> {
    // A patch without roots is always in in-place form.
    let is_ready = patch.roots() == Roots::Touched || patch.seal().stats.first_length_change.is_none();
    if !patch.is_saved() && is_ready {
        return Ok((patch, None));
    }
    let header = Header { identity: Origin::from(target.identity()), ..patch.header().clone() };
    let spill = target.names.new.clone();
    let journal = profile::time(Stage::Flatten, || {
        in_place_form::flatten(target, &patch, header, spill, options.cancel)
    })?;
    Ok((journal, Some(patch)))
}

/// Makes the journal durable and reads it back. It does not have its final name
/// yet.
pub(super) fn make_durable<S: Storage>(
    target: &Target<'_, S>,
    journal: &mut Patch<'_, S>,
    options: &CommitOptions<'_>,
) -> Result<()> {
    profile::time(Stage::JournalSync, || {
        target.names.authenticate(journal)?;
        journal.sync()
    })?;
    if !options.reads_back() {
        return Ok(());
    }
    // A medium that loses data would destroy the only way back along with the
    // file.
    profile::time(Stage::JournalCheck, || {
        let file = journal.file().expect("a synced patch has a file");
        let written = ReadBack::open(target.storage, file, journal.entry(), options.verify)?;
        verify::whole(&written, (journal.bytes(), &journal.root()), options.context())
    })
}

/// The commit point: gives the journal its name. After this point the run
/// continues to its end.
pub(super) fn publish<S: Storage>(
    target: &Target<'_, S>,
    journal: &mut Patch<'_, S>,
    scanned: Option<&mut Patch<'_, S>>,
    options: &CommitOptions<'_>,
) -> Result<()> {
    let (storage, path, names) = (target.storage, target.path(), &target.names);
    // Publishing syncs the directory.
    end_scan(storage, names, scanned)?;
    check_scanned(target, journal, options)?;
    // Where locks do not work, another run may have come this far too.
    names.check_journal(storage)?;
    // The last check before the mark, which changes the file's change time.
    options.cancel.check()?;
    storage.mark(&target.file, names.journal.path()).map_err(|e| {
        Error::io("mark", path, e).hint("nothing was written; `--strategy rewrite` needs no mark on the file")
    })?;
    journal.publish(&names.journal, Cancel::NEVER).map_err(|error| {
        if journal.is_saved() {
            return undecided(path, error);
        }
        unmark(target);
        error
    })
}

/// Removes the journal once its file is written and verified.
pub(super) fn clean_up<S: Storage>(target: &Target<'_, S>, journal: Patch<'_, S>) -> Result<()> {
    let path = target.path();
    journal.remove().map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} was changed, but its journal could not be removed", path.shown()),
        )
        .because(e)
        .hint(format!("`runner recover {}` removes it", path.word()))
    })?;
    unmark(target);
    Ok(())
}

/// Removes the mark once its journal is gone. A mark without a journal has no
/// effect.
pub(super) fn unmark<S: Storage>(target: &Target<'_, S>) {
    let _ = target.storage.unmark(&target.file);
}

/// Checks, as far as possible, that the file is still what was scanned. If the
/// length stays the same, other processes may have appended to the file. Then
/// the file's times prove nothing, and the bytes that will be overwritten are
/// checked instead. So they are if nothing but the touched groups is known of
/// the file.
fn check_scanned<S: Storage>(
    target: &Target<'_, S>,
    journal: &Patch<'_, S>,
    options: &CommitOptions<'_>,
) -> Result<()> {
    let stats = &journal.seal().stats;
    let is_checked = journal.roots() == Roots::Touched;
    if is_checked {
        check_groups(target, journal, options)?;
    }
    let appended = target.appended()?;
    if appended == 0 || is_checked && stats.pre_size == stats.post_size() {
        return Ok(());
    }
    if stats.pre_size != stats.post_size() {
        return Err(grown(target.path(), appended).hint("nothing was written"));
    }
    check_groups(target, journal, options)
}

/// Checks that the bytes that will be overwritten are the ones that the journal
/// restores, with the rest of their groups.
fn check_groups<S: Storage>(
    target: &Target<'_, S>,
    journal: &Patch<'_, S>,
    options: &CommitOptions<'_>,
) -> Result<()> {
    let path = target.path();
    let wanted = VerifyChoice::Exactly(Level::Cached);
    let file = ReadBack::open(target.storage, &target.file, &target.names.target, wanted)?;
    verify::touched(&file, journal.view(Direction::Reverse), options.threads)
        .map_err(|e| if e.kind() == Kind::Verification { changed(path) } else { e })
}

/// The error for a journal whose name may not be durable. Everything that
/// `recover` needs in either direction is kept.
fn undecided(path: &Path, error: Error) -> Error {
    let shown = path.shown();
    Error::new(Kind::RecoveryNeeded, format!("{shown} is untouched, but its journal remains"))
        .because(error)
        .hint(format!(
            "`runner recover --rollback {0}` discards the journal, `runner recover {0}` applies it",
            path.word()
        ))
}
