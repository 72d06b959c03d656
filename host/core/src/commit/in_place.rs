//! Commits a patch in place, under a journal.

mod journal;

use super::{CommitOptions, Committed, Provisional};
use crate::commit::verify::ReadBack;
use crate::commit::write::edits::InPlaceFile;
use crate::commit::write::{fill, length};
use crate::commit::write_and_verify::{Expected, State, roll_back, write_and_verify};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch, Roots};
use crate::profile::{self, Stage};
use crate::storage::{Entry, OpenFile, PATIENCE, Storage};
use crate::target::Target;
use crate::target::interference::in_use;

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
    let (mut journal, mut scanned) = journal::to_journal(target, patch, options)?;
    journal::make_durable(target, &mut journal, options)?;
    prepare_resize(target, &journal)?;
    // A user who interrupts a run may want to resume its scan later.
    options.cancel.check()?;
    profile::time(Stage::Commit, || journal::publish(target, &mut journal, scanned.as_mut(), options))?;
    let (file, view) = (InPlaceFile::new(target), journal.view(Direction::Forward));
    match write_and_verify(&file, view, options.verify, Expected::Groups, options.threads) {
        Ok(state) => {
            profile::time(Stage::CleanUp, || journal::clean_up(target, journal))?;
            let State { level, appended_bytes, .. } = state;
            Ok(Committed { level, appended_bytes, old_in_use: false })
        }
        Err(error) => Err(undo_failed_write(target, journal, options.threads, error)),
    }
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
    if journal.roots() == Roots::Touched {
        return Err(in_use(path).hint("nothing was written"));
    }
    let error = in_use(path).hint("nothing was written; `-o OUT` writes the result elsewhere");
    Err(match target.stat.links {
        1 => {
            error.hint("if that process only reads the file, `--strategy rewrite` works: it makes a new file")
        }
        _ => error,
    })
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
            journal::unmark(target);
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
        .hint(recovery(target)),
    }
}

/// How to recover a target that is partly changed.
fn recovery<S: Storage>(target: &Target<'_, S>) -> String {
    let path = target.path();
    let named = target.storage.stat_entry(&target.names.target);
    if named.is_ok_and(|named| named.identity.same_inode(target.identity())) {
        return format!("once that is fixed, run `runner recover {}`", path.word());
    }
    format!(
        "the file was renamed or removed during the run; if its name is NEW now, run `mv -T {} NEW.runner-journal` and `runner recover NEW`",
        target.names.journal.path().word()
    )
}

/// Copies the file in its present state.
fn copy_old<S: Storage>(target: &Target<'_, S>, backup: &Entry, options: &CommitOptions<'_>) -> Result<()> {
    let storage = target.storage;
    let temporary = target.temporary(backup)?;
    let file = storage.create(&temporary).map_err(Error::at("create", temporary.path()))?;
    let to = OpenFile::new(storage, &file, temporary.path());
    let copied = fill::copy(target.open_file(), to, target.size(), options.context()).and_then(|()| {
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
