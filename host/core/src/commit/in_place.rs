//! Commits a patch in place, under a journal.

use std::path::Path;

use super::{CommitOptions, Committed, Provisional, end_scan};
use crate::cancel::Cancel;
use crate::commit::verify::{self, Level, ReadBack, VerifyChoice};
use crate::commit::write::edits::InPlaceFile;
use crate::commit::write::{in_place_form, length, replace_file};
use crate::commit::write_and_verify::{State, roll_back, write_and_verify};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Header, Origin, Patch, Version};
use crate::profile::{self, Stage};
use crate::storage::{Entry, OpenFile, PATIENCE, Storage};
use crate::target::Target;
use crate::target::interference::{changed, grown, in_use};

/// Writes the journal, passes the commit point, writes the edits, and reads
/// back what was written.
pub(super) fn in_place<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: Patch<'s, S>,
    options: &CommitOptions<'_>,
    provisional: &mut Provisional<'_, S>,
) -> Result<Committed> {
    if options.reads_back() {
        // Fails early if the wanted level cannot be reached.
        ReadBack::open(target.storage, &target.file, &target.names.target, options.verify)?;
    }
    if let Some(backup) = &options.keep.backup_of(&target.names.target) {
        profile::time(Stage::Keep, || copy_old(target, backup, options))?;
        provisional.entries.push(backup.clone());
    }
    let (mut journal, mut scanned) = to_journal(target, patch, options)?;
    make_durable(target, &mut journal, options)?;
    prepare_resize(target, &journal)?;
    // A user who interrupts a run may want to resume its scan later.
    options.cancel.check()?;
    profile::time(Stage::Commit, || publish(target, &mut journal, scanned.as_mut(), options))?;
    let (file, view) = (InPlaceFile::new(target), journal.view(Direction::Forward));
    match write_and_verify(&file, view, options.verify, options.threads) {
        Ok(state) => {
            profile::time(Stage::CleanUp, || clean_up(target, journal))?;
            let State { level, appended_bytes, .. } = state;
            Ok(Committed { level, appended_bytes, old_in_use: false })
        }
        Err(error) => Err(undo_failed_write(target, journal, options.threads, error)),
    }
}

/// Returns the patch in in-place form, as a journal must be. The given patch is
/// returned too if it has a different form, or if a user saved it and it stays
/// where it is.
fn to_journal<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: Patch<'s, S>,
    options: &CommitOptions<'_>,
) -> Result<(Patch<'s, S>, Option<Patch<'s, S>>)> {
    if !patch.is_saved() && patch.seal().stats.first_length_change.is_none() {
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
fn make_durable<S: Storage>(
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
        let wanted = Version { size: journal.bytes(), root: journal.root() };
        verify::whole(&written, &wanted, options.context())
    })
}

/// If the length changes: records in the journal where the file begins, and
/// checks that no other process has the file open.
fn prepare_resize<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>) -> Result<()> {
    let (storage, path, stats) = (target.storage, target.path(), &journal.seal().stats);
    if stats.pre_size == stats.post_size() {
        return Ok(());
    }
    length::unmark(storage, journal)?;
    if !storage.in_use(&target.file, PATIENCE).map_err(Error::at("inspect", path))? {
        return Ok(());
    }
    let error = in_use(path).hint("nothing was written; `-o OUT` writes the result elsewhere");
    Err(match target.stat.links {
        1 => {
            error.hint("if that process only reads the file, `--strategy rewrite` works: it makes a new file")
        }
        _ => error,
    })
}

/// The commit point: gives the journal its name. After this point the run
/// continues to its end.
fn publish<S: Storage>(
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
fn clean_up<S: Storage>(target: &Target<'_, S>, journal: Patch<'_, S>) -> Result<()> {
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
fn unmark<S: Storage>(target: &Target<'_, S>) {
    let _ = target.storage.unmark(&target.file);
}

/// Checks, as far as possible, that the file is still what was scanned. If the
/// length stays the same, other processes may have appended to the file. Then
/// the file's times prove nothing, and the bytes that will be overwritten are
/// checked instead.
fn check_scanned<S: Storage>(
    target: &Target<'_, S>,
    journal: &Patch<'_, S>,
    options: &CommitOptions<'_>,
) -> Result<()> {
    let stats = &journal.seal().stats;
    let appended = target.appended()?;
    if appended == 0 {
        return Ok(());
    }
    let path = target.path();
    if stats.pre_size != stats.post_size() {
        return Err(grown(path, appended).hint("nothing was written"));
    }
    let wanted = VerifyChoice::Exactly(Level::Cached);
    let file = ReadBack::open(target.storage, &target.file, &target.names.target, wanted)?;
    // The bytes there must be the ones that the journal restores.
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

/// After the commit point a failed run ends in one of two ways: the old state
/// is restored, or the journal stays.
fn undo_failed_write<S: Storage>(
    target: &Target<'_, S>,
    journal: Patch<'_, S>,
    threads: usize,
    error: Error,
) -> Error {
    let path = target.path();
    match roll_back(target, &journal, threads).and_then(|()| journal.remove()) {
        Ok(()) => {
            unmark(target);
            error.hint(format!(
                "{} was rolled back to its old content; bytes that other processes appended were kept",
                path.shown()
            ))
        }
        Err(second) => Error::new(
            Kind::RecoveryNeeded,
            format!("{} could be neither changed nor rolled back: {second}", path.shown()),
        )
        .because(error)
        .hint(format!("once that is fixed, run `runner recover {}`", path.word())),
    }
}

/// Copies the file in its present state.
fn copy_old<S: Storage>(target: &Target<'_, S>, backup: &Entry, options: &CommitOptions<'_>) -> Result<()> {
    let storage = target.storage;
    let temporary = target.temporary(backup)?;
    let file = storage.create(&temporary).map_err(Error::at("create", temporary.path()))?;
    let to = OpenFile::new(storage, &file, temporary.path());
    let copied =
        replace_file::copy(target.open_file(), to, target.size(), options.context()).and_then(|()| {
            storage
                .copy_attributes(&target.file, &file)
                .and_then(|()| storage.sync_all(&file))
                .and_then(|()| storage.rename_new(&temporary, backup))
                .and_then(|()| storage.sync_parent(backup))
                .map_err(Error::at("copy the file to", backup.path()))
        });
    if copied.is_err() {
        // The original error is the one to report.
        let _ = storage.remove(&temporary).or_else(|_| storage.remove(backup));
    }
    copied
}
