//! Commits a patch by a new file that replaces the old one.

pub(super) mod exchange;

use super::{CommitOptions, Committed, Provisional, end_scan};
use crate::cancel::Cancel;
use crate::commit::verify::{self, Level, ReadBack};
use crate::commit::write::fill;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch, Version};
use crate::profile::{self, Stage};
use crate::storage::{Entry, OpenFile, Storage};
use crate::target::Target;
use crate::target::interference::in_use;

/// Writes the new file, reads it back, and exchanges it with the target.
pub(super) fn rewrite<S: Storage>(
    target: &Target<'_, S>,
    mut patch: Patch<'_, S>,
    options: &CommitOptions<'_>,
    provisional: &mut Provisional<'_, S>,
) -> Result<Committed> {
    let storage = target.storage;
    let new = &target.names.new;
    let file = storage.create(new).map_err(Error::at("create", new.path()))?;
    let written = fill_new(target, &patch, options, &file).and_then(|level| {
        options.cancel.check()?;
        if end_scan(storage, &target.names, Some(&mut patch))? {
            storage.sync_parent(new).map_err(Error::at("sync the directory of", new.path()))?;
        }
        check_no_writer(target)?;
        target.check_unchanged()?;
        options.cancel.check()?;
        let mut cancel = options.cancel;
        if let Some(backup) = &options.keep.backup_of(&target.names.target) {
            // A link changes the file's change time, so nothing ends the run
            // any more.
            cancel = Cancel::NEVER;
            storage.link(&target.names.target, backup).map_err(Error::at("create", backup.path()))?;
            provisional.entries.push(backup.clone());
            storage.sync_parent(backup).map_err(Error::at("sync the directory of", backup.path()))?;
        }
        let size = patch.seal().stats.post_size();
        let old = (&target.file, &target.stat);
        let swapped = profile::time(Stage::Commit, || {
            exchange::swap(storage, &target.names, old, (&file, size), cancel)
        })?;
        Ok(Committed { level, appended_bytes: swapped.appended_bytes, old_in_use: swapped.old_in_use })
    });
    let failed = written.as_ref().is_err_and(|e| e.kind() != Kind::RecoveryNeeded);
    if failed && is_at(storage, &file, new) {
        // The original error is the one to report.
        let _ = storage.remove(new);
    }
    written
}

/// Refuses a target that other processes have open for writing: what they
/// append to the old file after it is replaced would be lost. A process that
/// only reads continues to read the old file.
fn check_no_writer<S: Storage>(target: &Target<'_, S>) -> Result<()> {
    let (storage, path) = (target.storage, target.path());
    let looked = || -> std::io::Result<bool> {
        Ok(storage.in_use(&target.file, exchange::PATIENCE)? && storage.others_may_write(&target.file)?)
    };
    if looked().map_err(Error::at("inspect", path))? {
        return Err(in_use(path).hint("nothing was written; `-o OUT` writes the result elsewhere"));
    }
    Ok(())
}

/// Whether a file still has its original name.
fn is_at<S: Storage>(storage: &S, file: &S::File, entry: &Entry) -> bool {
    let found = storage.stat_entry(entry).and_then(|found| Ok((found, storage.stat(file)?)));
    found.is_ok_and(|(found, ours)| found.identity.same_inode(&ours.identity))
}

fn fill_new<S: Storage>(
    target: &Target<'_, S>,
    patch: &Patch<'_, S>,
    options: &CommitOptions<'_>,
    file: &S::File,
) -> Result<Level> {
    let storage = target.storage;
    let new = &target.names.new;
    let to = OpenFile::new(storage, file, new.path());
    profile::time(Stage::Fill, || {
        fill::fill(target.open_file(), to, patch.reader(Direction::Forward), options.context())
    })?;
    profile::time(Stage::Sync, || {
        storage.copy_attributes(&target.file, file).map_err(|e| {
            Error::new(Kind::Refused, format!("a rewrite of {} would lose attributes", target.path().shown()))
                .because(e)
                .hint("`--strategy in-place` keeps the inode and all its attributes")
        })?;
        storage.sync_all(file).map_err(Error::at("sync", new.path()))
    })?;
    check_new(to, new, patch, options)
}

/// Reads a new file back and compares its root with the expected one.
pub(crate) fn check_new<S: Storage>(
    file: OpenFile<'_, S>,
    new: &Entry,
    patch: &Patch<'_, S>,
    options: &CommitOptions<'_>,
) -> Result<Level> {
    if !options.reads_back() {
        return Ok(Level::None);
    }
    profile::time(Stage::ReadBack, || {
        let read_back = ReadBack::open(file.storage, file.file, new, options.verify)?;
        let Version { size, root: Some(root) } = patch.view(Direction::Forward).after() else {
            return Err(Error::new(Kind::Internal, "a new file is to be checked whose root is not known"));
        };
        verify::whole(&read_back, (size, &root), options.context())?;
        Ok(read_back.level)
    })
}
