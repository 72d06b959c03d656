//! In place, under a journal.

use std::path::Path;

use super::{CommitOptions, Kept, Reached, end_scan};
use crate::cancel::Cancel;
use crate::commit::recover::{finish, roll_back};
use crate::commit::verify::{self, Level, ReadBack, VerifyChoice};
use crate::commit::write::edits::Hand;
use crate::commit::write::{in_place_form, length, replace_file};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Header, Origin, Patch};
use crate::profile::{self, Stage};
use crate::storage::{Entry, PATIENCE, Storage};
use crate::target::Target;
use crate::target::interference::{changed, grown, in_use};

/// Journal, commit point, edits, and what was written read back.
pub(super) fn in_place<S: Storage>(
    target: &Target<'_, S>,
    patch: Patch<'_, S>,
    how: &CommitOptions<'_>,
    kept: &mut Kept<'_, S>,
) -> Result<Reached> {
    let (storage, wanted) = (target.storage, how.verify);
    let (path, names) = (target.path(), &target.names);
    if wanted != VerifyChoice::Exactly(Level::None) {
        // Finds out now whether the wanted level can be reached at all.
        ReadBack::open(storage, &target.file, &names.target, wanted)?;
    }
    if let Some(backup) = &how.extras.backup_of(&target.names.target) {
        let _span = profile::span(Stage::Keep);
        copy_old(target, backup, how)?;
        kept.entries.push(backup.clone());
    }
    // A patch that somebody has saved stays where it is.
    let own = !patch.is_saved() && patch.seal().stats.first_length_change.is_none();
    let (mut journal, mut scanned) = if own {
        (patch, None)
    } else {
        let header = Header { identity: Origin::from(target.identity()), ..patch.header().clone() };
        let source = (&target.file, path);
        let new = names.new.clone();
        let _span = profile::span(Stage::Flatten);
        (in_place_form::flatten(storage, source, &patch, header, new, how.cancel)?, Some(patch))
    };
    profile::time(Stage::JournalSync, || {
        names.authenticate(&mut journal)?;
        journal.sync()
    })?;
    if wanted != VerifyChoice::Exactly(Level::None) {
        // A medium that loses what it was given would take the only way back
        // along with the file.
        let _span = profile::span(Stage::JournalCheck);
        let read_back = ReadBack::open(
            storage,
            journal.file().expect("a synced patch has a file"),
            journal.entry(),
            wanted,
        )?;
        let (bytes, root) = (journal.bytes(), journal.root());
        verify::whole(journal.path(), &read_back, bytes, &root, how.threads, how.cancel)?;
    }
    let resizes = journal.seal().stats.pre_size != journal.seal().stats.post_size();
    if resizes {
        length::unmark(storage, &journal)?;
        if storage.in_use(&target.file, PATIENCE).map_err(Error::at("look at", path))? {
            let error = in_use(path).hint("nothing was written; `-o OUT` writes the result elsewhere");
            return Err(match target.stat.links {
                1 => error.hint("`--strategy rewrite` makes a new file, if that process only reads this one"),
                _ => error,
            });
        }
    }
    // Who interrupts a run may want to go on with its scan.
    how.cancel.check()?;
    let committing = profile::span(Stage::Commit);
    // Publishing syncs the directory.
    end_scan(storage, names, scanned.as_mut())?;
    check_scanned(target, &journal, how)?;
    // Where locks do not work, another run may have come this far.
    names.check_journal(storage)?;
    // The last look at whether to stop: a mark touches the file's change time.
    how.cancel.check()?;
    storage.mark(&target.file, names.journal.path()).map_err(|e| {
        Error::io("mark", path, e).hint("nothing was written; `--strategy rewrite` needs no mark on the file")
    })?;
    // The commit point; behind it the run goes to its end.
    if let Err(error) = journal.publish(&names.journal, Cancel::NEVER) {
        if !journal.is_saved() {
            unmark(target);
        }
        return Err(if journal.is_saved() { undecided(path, error) } else { error });
    }
    drop(committing);
    let hand = Hand::Locked(&target.file);
    match finish(storage, &names.target, &hand, &journal, Direction::Forward, wanted, how.threads) {
        Ok(state) => {
            let _span = profile::span(Stage::CleanUp);
            let appended_bytes = state.appended_bytes;
            journal.remove().map_err(|e| {
                Error::new(
                    Kind::RecoveryNeeded,
                    format!("{} is changed, but its journal stays", path.shown()),
                )
                .because(e)
                .hint(format!("`runner recover {}` removes it", path.word()))
            })?;
            unmark(target);
            Ok(Reached { level: state.level, appended_bytes, old_in_use: false })
        }
        Err(error) => Err(undo_failed_write(target, journal, how.threads, error)),
    }
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
    how: &CommitOptions<'_>,
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
    let file = ReadBack::open(
        target.storage,
        &target.file,
        &target.names.target,
        VerifyChoice::Exactly(Level::Cached),
    )?;
    // What stands there is what the journal leads back to.
    verify::touched(path, &file, journal, Direction::Reverse, how.threads)
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
fn copy_old<S: Storage>(target: &Target<'_, S>, backup: &Entry, how: &CommitOptions<'_>) -> Result<()> {
    let storage = target.storage;
    let size = target.identity().size;
    let temporary = target.temporary(backup)?;
    let (path, new) = (backup.path(), temporary.path());
    let file = storage.create(&temporary).map_err(Error::at("create", new))?;
    let source = (&target.file, target.path());
    let copied =
        replace_file::copy(storage, source, (&file, new), size, how.threads, how.cancel).and_then(|()| {
            storage
                .copy_attributes(&target.file, &file)
                .and_then(|()| storage.sync_all(&file))
                .and_then(|()| storage.rename_new(&temporary, backup))
                .and_then(|()| storage.sync_parent(backup))
                .map_err(Error::at("copy the file to", path))
        });
    if copied.is_err() {
        // The error at hand is the one to report.
        let _ = storage.remove(&temporary).or_else(|_| storage.remove(backup));
    }
    copied
}
