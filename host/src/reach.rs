//! Carries a plan out: from a sealed patch to a verified file.

use std::path::{Path, PathBuf};

use crate::apply::flatten::tail_start;
use crate::apply::{flatten, rewrite};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{Identity, Stat, Storage};
use crate::hash::GROUP_BYTES;
use crate::journal::{Names, exists};
use crate::patch::{Direction, Header, Patch};
use crate::plan::{Plan, Strategy};
use crate::profile::{self, Stage};
use crate::recover::{finish, roll_back};
use crate::verify::{self, Level, ReadBack, Wanted};

/// A file that is to be written: open for writing, and locked.
pub struct Place<'a, S: Storage> {
    /// The filesystem it is on.
    pub storage: &'a S,
    /// Its names.
    pub names: &'a Names,
    /// The open file.
    pub file: &'a S::File,
    /// What it was when it was opened.
    pub stat: &'a Stat,
}

impl<S: Storage> Place<'_, S> {
    /// The file's own path, links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.names.target
    }

    /// What identified the file when it was opened.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.stat.identity
    }

    /// Makes sure that nobody has changed or replaced the file since it was
    /// opened, as far as its identity tells.
    ///
    /// # Errors
    /// When somebody has.
    pub fn check_unchanged(&self) -> Result<()> {
        let path = self.path();
        let open = self.storage.stat(self.file).map_err(Error::at("look at", path))?.identity;
        let named = self.storage.stat_path(path).map_err(Error::at("look at", path))?.identity;
        if open == *self.identity() && named.same_inode(&open) { Ok(()) } else { Err(rewrite::changed(path)) }
    }
}

/// What to keep of the old file.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Where to save the patch, for `runner undo`.
    pub undo: Option<PathBuf>,
    /// Where to keep a copy of the old file.
    pub backup: Option<PathBuf>,
}

/// How a plan is carried out.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// What to keep.
    pub extras: &'a Extras,
    /// How what was written is read back.
    pub verify: Wanted,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Looked at until the commit point.
    pub cancel: Cancel<'a>,
}

/// Writes the target. Returns how what was written was read back.
///
/// # Errors
/// The target is untouched, or rolled back, unless the kind is
/// [`Kind::RecoveryNeeded`].
pub fn reach<S: Storage>(
    target: &Place<'_, S>,
    patch: Patch<'_, S>,
    direction: Direction,
    plan: &Plan,
    how: &How<'_>,
) -> Result<Level> {
    let extras = how.extras;
    if plan.strategy == Strategy::Nothing {
        return Ok(Level::None);
    }
    let keeping = profile::span(Stage::Keep);
    check_room(target.storage, &target.names.new, plan.space_bytes)?;
    if plan.strategy != Strategy::Rewrite {
        check_room_to_overwrite(target, &patch, plan)?;
    }
    for (path, is_undo) in [(&extras.undo, true), (&extras.backup, false)] {
        let Some(path) = path else { continue };
        if exists(target.storage, path)? {
            if is_undo && patch.is_begun_at(path)? {
                // Left by a run that was killed before it wrote the target.
                target.storage.remove(path).map_err(Error::at("remove", path))?;
                continue;
            }
            return Err(Error::new(Kind::Usage, format!("{} exists already", path.display()))
                .hint("choose another name, or remove it"));
        }
    }
    // Durable before the commit point, so that there is no moment at which
    // the file is changed and cannot be brought back.
    let mut kept = Kept { storage: target.storage, paths: Vec::new() };
    if let Some(undo) = &extras.undo {
        patch.copy_to(undo)?;
        kept.paths.push(undo.clone());
    }
    drop(keeping);
    let reached = match plan.strategy {
        Strategy::Rewrite => replace(target, patch, direction, how, &mut kept),
        _ => in_place(target, patch, direction, how, &mut kept),
    };
    // Whoever must recover may want to go back.
    if reached.as_ref().map_or_else(|e| e.kind() == Kind::RecoveryNeeded, |_| true) {
        kept.paths.clear();
    }
    reached
}

/// Files that are only worth keeping if the run goes well.
pub(crate) struct Kept<'a, S: Storage> {
    pub(crate) storage: &'a S,
    pub(crate) paths: Vec<PathBuf>,
}

impl<S: Storage> Drop for Kept<'_, S> {
    fn drop(&mut self) {
        for path in &self.paths {
            // The error that brought us here is the one to report.
            let _ = self.storage.remove(path);
        }
    }
}

/// Makes sure that so many bytes can be written to a new file at `path`.
pub(crate) fn check_room<S: Storage>(storage: &S, path: &Path, bytes: u64) -> Result<()> {
    let free = storage.free_bytes(path).map_err(Error::at("look at the filesystem of", path))?;
    if bytes <= free {
        return Ok(());
    }
    Err(no_room(&format!("for {}", path.display()), bytes, free))
}

fn no_room(what: &str, bytes: u64, free: u64) -> Error {
    let missing = bytes - free;
    Error::new(
        Kind::Usage,
        format!("no room {what}: {bytes} bytes are needed, {free} are free, {missing} are missing"),
    )
    .hint("the file is untouched; free some space, or write the result to another filesystem with `-o OUT`")
}

/// Makes sure that a file can be overwritten where that takes new space.
/// Behind the commit point a full filesystem would leave it half changed, with
/// no room to bring it back either.
fn check_room_to_overwrite<S: Storage>(
    target: &Place<'_, S>,
    patch: &Patch<'_, S>,
    plan: &Plan,
) -> Result<()> {
    let (storage, path, stats) = (target.storage, target.path(), &patch.seal().stats);
    // Edits close to each other are written in one go, so up to whole groups;
    // a tail is written from its first group to its end.
    let tail = if plan.strategy == Strategy::Tail { stats.post_size() - tail_start(stats) } else { 0 };
    let groups = stats.groups.saturating_mul(GROUP_BYTES).saturating_add(tail);
    let written = groups.min(stats.pre_size.max(stats.post_size()));
    let needed = written + patch.bytes_in_memory() + plan.space_bytes;
    let free = storage.free_bytes(&target.names.new).map_err(Error::at("look at the filesystem of", path))?;
    if needed <= free || !storage.overwrite_allocates(target.file).map_err(Error::at("look at", path))? {
        return Ok(());
    }
    Err(no_room(
        &format!("to overwrite {} (its filesystem takes new space for that)", path.display()),
        needed,
        free,
    ))
}

/// Removes what tells of the scan: from here on the target may be written, and
/// no scan of what it was may be taken up again. A patch that is the journal
/// keeps its file, which changes its name. Whether there was something; its
/// directory must be synced before the target is written.
fn end_scan<S: Storage>(storage: &S, names: &Names, patch: Option<&mut Patch<'_, S>>) -> Result<bool> {
    let mut gone = patch.map_or(Ok(false), Patch::unname)?;
    if exists(storage, &names.checkpoint)? {
        storage.remove(&names.checkpoint).map_err(Error::at("remove", &names.checkpoint))?;
        gone = true;
    }
    Ok(gone)
}

/// Under a journal.
fn in_place<S: Storage>(
    target: &Place<'_, S>,
    patch: Patch<'_, S>,
    direction: Direction,
    how: &How<'_>,
    kept: &mut Kept<'_, S>,
) -> Result<Level> {
    let (storage, wanted) = (target.storage, how.verify);
    let (path, names) = (target.path(), &target.names);
    if wanted != Wanted::Exactly(Level::None) {
        // Finds out now whether the wanted level can be reached at all.
        ReadBack::open(storage, path, wanted)?;
    }
    if let Some(backup) = &how.extras.backup {
        let _span = profile::span(Stage::Keep);
        copy_old(target, backup, how)?;
        kept.paths.push(backup.clone());
    }
    // A patch that somebody has saved stays where it is.
    let own = direction == Direction::Forward && !patch.is_saved();
    let (mut journal, mut scanned) = if own && patch.seal().stats.first_length_change.is_none() {
        (patch, None)
    } else {
        let header = Header { identity: target.identity().clone(), ..patch.header().clone() };
        let source = (target.file, path);
        let new = names.new.clone();
        let _span = profile::span(Stage::Flatten);
        (flatten::flatten(storage, source, &patch, direction, header, new, how.cancel)?, Some(patch))
    };
    let syncing = profile::span(Stage::JournalSync);
    journal.sync()?;
    drop(syncing);
    if wanted != Wanted::Exactly(Level::None) {
        // A medium that loses what it was given would take the only way back
        // along with the file.
        let _span = profile::span(Stage::JournalCheck);
        let read_back = ReadBack::open(storage, journal.path(), wanted)?;
        let (bytes, root) = (journal.bytes(), journal.root());
        verify::whole(journal.path(), &read_back, bytes, &root, how.threads, how.cancel)?;
    }
    // Who interrupts a run may want to go on with its scan.
    how.cancel.check()?;
    let committing = profile::span(Stage::Commit);
    // Publishing syncs the directory.
    end_scan(storage, names, scanned.as_mut())?;
    target.check_unchanged()?;
    // Where locks do not work, another run may have come this far.
    names.check_journal(storage)?;
    // The commit point, with a last look at whether to stop; behind it the run
    // goes to its end.
    if let Err(error) = journal.publish(&names.journal, how.cancel) {
        return Err(if journal.is_saved() { undecided(path, error) } else { error });
    }
    drop(committing);
    match finish(storage, path, target.file, &journal, Direction::Forward, wanted, how.threads) {
        Ok(state) => {
            let _span = profile::span(Stage::CleanUp);
            journal.remove().map_err(|e| {
                Error::new(
                    Kind::RecoveryNeeded,
                    format!("{} is changed, but its journal stays", path.display()),
                )
                .because(e)
                .hint(format!("`runner recover {}` removes it", path.display()))
            })?;
            Ok(state.level)
        }
        Err(error) => Err(undo_failed_write(target, journal, how.threads, error)),
    }
}

/// The journal has its name, and perhaps not for good. What `recover` would
/// need to go either way stays.
fn undecided(path: &Path, error: Error) -> Error {
    let shown = path.display();
    Error::new(Kind::RecoveryNeeded, format!("{shown} is untouched, but its journal stays"))
        .because(error)
        .hint(format!(
            "`runner recover --rollback {shown}` drops it, `runner recover {shown}` carries it out"
        ))
}

/// After the commit point there are two ways out: back to the old state, or a
/// journal that stays.
fn undo_failed_write<S: Storage>(
    target: &Place<'_, S>,
    journal: Patch<'_, S>,
    threads: usize,
    error: Error,
) -> Error {
    let path = target.path();
    match roll_back(target.storage, target.names, &journal, threads).and_then(|()| journal.remove()) {
        Ok(()) => error.hint(format!("{} was brought back to what it was before", path.display())),
        Err(second) => Error::new(
            Kind::RecoveryNeeded,
            format!("{} could be neither changed nor brought back: {second}", path.display()),
        )
        .because(error)
        .hint(format!("when the disk is well again: `runner recover {}`", path.display())),
    }
}

/// Copies the file as it is now.
fn copy_old<S: Storage>(target: &Place<'_, S>, backup: &Path, how: &How<'_>) -> Result<()> {
    let storage = target.storage;
    let size = target.identity().size;
    let file = storage.create(backup).map_err(Error::at("create", backup))?;
    let source = (target.file, target.path());
    let copied =
        rewrite::copy(storage, source, (&file, backup), size, how.threads, how.cancel).and_then(|()| {
            storage
                .copy_attributes(target.file, &file)
                .and_then(|()| storage.sync_all(&file))
                .and_then(|()| storage.sync_parent(backup))
                .map_err(Error::at("copy the file to", backup))
        });
    if copied.is_err() {
        // The error at hand is the one to report.
        let _ = storage.remove(backup);
    }
    copied
}

/// By a new file.
fn replace<S: Storage>(
    target: &Place<'_, S>,
    mut patch: Patch<'_, S>,
    direction: Direction,
    how: &How<'_>,
    kept: &mut Kept<'_, S>,
) -> Result<Level> {
    let storage = target.storage;
    let new = &target.names.new;
    let file = storage.create(new).map_err(Error::at("create", new))?;
    let written = fill_new(target, &patch, direction, how, &file).and_then(|level| {
        how.cancel.check()?;
        if end_scan(storage, target.names, Some(&mut patch))? {
            storage.sync_parent(new).map_err(Error::at("sync the directory of", new))?;
        }
        target.check_unchanged()?;
        // The last look: a link touches the file's change time.
        how.cancel.check()?;
        if let Some(backup) = &how.extras.backup {
            storage.link(target.path(), backup).map_err(Error::at("create", backup))?;
            kept.paths.push(backup.clone());
            storage.sync_parent(backup).map_err(Error::at("sync the directory of", backup))?;
        }
        let _span = profile::span(Stage::Commit);
        rewrite::swap(storage, target.names, target.identity())?;
        Ok(level)
    });
    let failed = written.as_ref().is_err_and(|e| e.kind() != Kind::RecoveryNeeded);
    if failed && exists(storage, new).unwrap_or(false) {
        // The error at hand is the one to report.
        let _ = storage.remove(new);
    }
    written
}

fn fill_new<S: Storage>(
    target: &Place<'_, S>,
    patch: &Patch<'_, S>,
    direction: Direction,
    how: &How<'_>,
    file: &S::File,
) -> Result<Level> {
    let storage = target.storage;
    let new = &target.names.new;
    let filling = profile::span(Stage::Fill);
    let (source, reader) = ((target.file, target.path()), patch.reader(direction));
    rewrite::fill(storage, source, (file, new), reader, how.threads, how.cancel)?;
    drop(filling);
    let syncing = profile::span(Stage::Sync);
    storage.copy_attributes(target.file, file).map_err(|e| {
        Error::new(Kind::Refused, format!("a rewrite of {} would lose something", target.path().display()))
            .because(e)
            .hint("`--strategy in-place` keeps the inode and all that belongs to it")
    })?;
    storage.sync_all(file).map_err(Error::at("sync", new))?;
    drop(syncing);
    check_new(storage, new, patch, direction, how)
}

/// Reads a new file back and compares it with the root that it must have.
pub(crate) fn check_new<S: Storage>(
    storage: &S,
    new: &Path,
    patch: &Patch<'_, S>,
    direction: Direction,
    how: &How<'_>,
) -> Result<Level> {
    if how.verify == Wanted::Exactly(Level::None) {
        return Ok(Level::None);
    }
    let _span = profile::span(Stage::ReadBack);
    let seal = patch.seal();
    let (size, root) = match direction {
        Direction::Forward => (seal.stats.post_size(), &seal.post_root),
        Direction::Reverse => (seal.stats.pre_size, &seal.pre_root),
    };
    let read_back = ReadBack::open(storage, new, how.verify)?;
    verify::whole(new, &read_back, size, root, how.threads, how.cancel)?;
    Ok(read_back.level)
}
