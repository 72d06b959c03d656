//! In place, under a journal.

use std::path::Path;

use super::{CommitOptions, Committed, Kept, end_scan};
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

/// Journal, commit point, edits, and what was written read back.
pub(super) fn in_place<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: Patch<'s, S>,
    options: &CommitOptions<'_>,
    kept: &mut Kept<'_, S>,
) -> Result<Committed> {
    if options.reads_back() {
        // Finds out now whether the wanted level can be reached at all.
        ReadBack::open(target.storage, &target.file, &target.names.target, options.verify)?;
    }
    if let Some(backup) = &options.keep.backup_of(&target.names.target) {
        profile::time(Stage::Keep, || copy_old(target, backup, options))?;
        kept.entries.push(backup.clone());
    }
    let (mut journal, mut scanned) = to_journal(target, patch, options)?;
    make_durable(target, &mut journal, options)?;
    prepare_resize(target, &journal)?;
    // Who interrupts a run may want to go on with its scan.
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

/// The patch in in-place form, as the journal must be; and the patch that was
/// given, where that has another form, or was saved by somebody and stays
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

/// Makes the journal durable and reads it back. It has not its name yet.
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
    // A medium that loses what it was given would take the only way back along
    // with the file.
    profile::time(Stage::JournalCheck, || {
        let file = journal.file().expect("a synced patch has a file");
        let written = ReadBack::open(target.storage, file, journal.entry(), options.verify)?;
        let wanted = Version { size: journal.bytes(), root: journal.root() };
        verify::whole(&written, &wanted, options.context())
    })
}

/// Has the journal say where its file begins, and makes sure that nobody has
/// the file open, where the length changes.
fn prepare_resize<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>) -> Result<()> {
    let (storage, path, stats) = (target.storage, target.path(), &journal.seal().stats);
    if stats.pre_size == stats.post_size() {
        return Ok(());
    }
    length::unmark(storage, journal)?;
    if !storage.in_use(&target.file, PATIENCE).map_err(Error::at("look at", path))? {
        return Ok(());
    }
    let error = in_use(path).hint("nothing was written; `-o OUT` writes the result elsewhere");
    Err(match target.stat.links {
        1 => error.hint("`--strategy rewrite` makes a new file, if that process only reads this one"),
        _ => error,
    })
}

/// The commit point: gives the journal its name. After it the run goes to its
/// end.
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
    // Where locks do not work, another run may have come this far.
    names.check_journal(storage)?;
    // The last look at whether to stop: a mark touches the file's change time.
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

/// Removes the journal of a file that is written and verified.
fn clean_up<S: Storage>(target: &Target<'_, S>, journal: Patch<'_, S>) -> Result<()> {
    let path = target.path();
    journal.remove().map_err(|e| {
        Error::new(Kind::RecoveryNeeded, format!("{} is changed, but its journal stays", path.shown()))
            .because(e)
            .hint(format!("`runner recover {}` removes it", path.word()))
    })?;
    unmark(target);
    Ok(())
}

/// Takes the mark away once its journal is gone. One that stays does not count
/// without that.
fn unmark<S: Storage>(target: &Target<'_, S>) {
    let _ = target.storage.unmark(&target.file);
}

/// Makes sure, as far as that can be told, that the file is still what was
/// scanned. Where its length stays, others may have appended to it. The file's
/// times tell nothing then, and what will be overwritten is looked at instead.
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
    // What stands there is what the journal leads back to.
    verify::touched(&file, journal.view(Direction::Reverse), options.threads)
        .map_err(|e| if e.kind() == Kind::Verification { changed(path) } else { e })
}

/// The journal has its name, and perhaps not for good. What `recover` would
/// need to go either way stays.
fn undecided(path: &Path, error: Error) -> Error {
    let shown = path.shown();
    Error::new(Kind::RecoveryNeeded, format!("{shown} is untouched, but its journal stays"))
        .because(error)
        .hint(format!(
            "`runner recover --rollback {0}` drops it, `runner recover {0}` carries it out",
            path.word()
        ))
}

/// After the commit point there are two ways out: back to the old state, or a
/// journal that stays.
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
                "{} was brought back to what it was before; what others have appended stays",
                path.shown()
            ))
        }
        Err(second) => Error::new(
            Kind::RecoveryNeeded,
            format!("{} could be neither changed nor brought back: {second}", path.shown()),
        )
        .because(error)
        .hint(format!("when that is mended: `runner recover {}`", path.word())),
    }
}

/// Copies the file as it is now.
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
        // The error at hand is the one to report.
        let _ = storage.remove(&temporary).or_else(|_| storage.remove(backup));
    }
    copied
}
