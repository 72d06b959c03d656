//! Carries out a plan: from a sealed patch to a verified file.

pub mod conditions;
mod in_place;
pub mod output;
pub mod recover;
mod rewrite;
mod space;
pub mod strategy;
pub mod verify;
pub mod write;
mod write_and_verify;

use std::ffi::OsString;

use in_place::in_place;

use crate::cancel::Cancel;
use crate::commit::strategy::{Plan, Strategy};
use crate::commit::verify::{Level, VerifyChoice};
use crate::context::RunContext;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::Patch;
use crate::profile::{self, Stage};
use crate::sidecar::{Names, check_not_reserved, exists};
use crate::storage::{Entry, FileType, Storage};
use crate::target::Target;

pub(crate) use rewrite::check_new;
use rewrite::rewrite;
pub(crate) use space::check_room;
use space::check_room_to_overwrite;

/// What to keep of the old file.
#[derive(Debug, Clone, Default)]
pub struct Keep {
    /// Where to save the patch, for `runner undo`.
    pub undo: Option<Entry>,
    /// Where to keep a copy of the old file.
    pub backup: Option<Backup>,
}

/// Where a copy of the old file is kept.
#[derive(Debug, Clone)]
pub enum Backup {
    /// Next to the file, under its name with this suffix.
    Suffix(OsString),
    /// At this path.
    At(Entry),
}

impl Keep {
    fn backup_of(&self, target: &Entry) -> Option<Entry> {
        self.backup.as_ref().map(|backup| match backup {
            Backup::Suffix(suffix) => target.with_suffix(suffix),
            Backup::At(entry) => entry.clone(),
        })
    }
}

/// How a plan is carried out.
#[derive(Clone, Copy)]
pub struct CommitOptions<'a> {
    /// What to keep.
    pub keep: &'a Keep,
    /// How the written bytes are read back.
    pub verify: VerifyChoice,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Checked until the commit point.
    pub cancel: Cancel<'a>,
}

impl<'a> CommitOptions<'a> {
    /// Whether the written bytes are read back at all.
    fn reads_back(&self) -> bool {
        self.verify != VerifyChoice::Exactly(Level::None)
    }

    fn context(&self) -> RunContext<'a> {
        RunContext { threads: self.threads, cancel: self.cancel }
    }
}

/// How a plan was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// How the written bytes were read back.
    pub level: Level,
    /// Bytes that other processes appended during the run, and that are at the
    /// end of the file now.
    pub appended_bytes: u64,
    /// Whether other processes still have the replaced file open: what they
    /// append to it is lost.
    pub old_in_use: bool,
}

/// Writes the target. The patch must be made from the target's present content:
/// its edits, chaining values and roots are trusted.
///
/// # Errors
/// The target is untouched, or rolled back, unless the kind is
/// [`Kind::RecoveryNeeded`].
pub fn commit<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: Patch<'s, S>,
    plan: &Plan,
    options: &CommitOptions<'_>,
) -> Result<Committed> {
    if plan.strategy == Strategy::Nothing {
        let appended_bytes = target.bytes_from(target.size())?;
        return Ok(Committed { level: Level::None, appended_bytes, old_in_use: false });
    }
    let mut provisional = profile::time(Stage::Keep, || prepare(target, &patch, plan, options))?;
    let committed = match plan.strategy {
        Strategy::Rewrite => rewrite(target, patch, options, &mut provisional),
        _ => in_place(target, patch, options, &mut provisional),
    };
    // Recovery may have to go back to the old file.
    if committed.as_ref().map_or_else(|e| e.kind() == Kind::RecoveryNeeded, |_| true) {
        provisional.entries.clear();
    }
    committed
}

/// Checks that there is enough space for everything that will be written, and
/// saves the undo file.
fn prepare<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: &Patch<'s, S>,
    plan: &Plan,
    options: &CommitOptions<'_>,
) -> Result<Provisional<'s, S>> {
    let (storage, keep) = (target.storage, options.keep);
    check_room(storage, &target.names.new, plan.space_bytes)?;
    if plan.strategy != Strategy::Rewrite {
        check_room_to_overwrite(target, patch, plan)?;
    }
    if let (Some(Backup::Suffix(_)), FileType::Block) = (&keep.backup, target.stat.file_type) {
        let what =
            format!("a backup of {} would be stored in memory, next to the device", target.path().shown());
        return Err(Error::new(Kind::Refused, what)
            .hint("`--undo FILE` saves a patch that undoes the change; to copy the whole device, use `dd`"));
    }
    check_new_name(storage, keep.backup_of(&target.names.target).as_ref())?;
    // The undo file is durable before the commit point: at no moment is the
    // file changed without a way back.
    let mut provisional = Provisional { storage, entries: Vec::new() };
    if let Some(undo) = &keep.undo {
        // An identical undo file was left by a run that was killed before it
        // wrote the target.
        if !exists(storage, undo)? || !patch.is_at(undo)? {
            check_new_name(storage, Some(undo))?;
            patch.copy_to(undo, &target.temporary(undo)?)?;
            provisional.entries.push(undo.clone());
        }
    }
    Ok(provisional)
}

/// Files that are removed again unless the run succeeds.
pub(crate) struct Provisional<'a, S: Storage> {
    pub(crate) storage: &'a S,
    pub(crate) entries: Vec<Entry>,
}

impl<S: Storage> Drop for Provisional<'_, S> {
    fn drop(&mut self) {
        for entry in &self.entries {
            // The error that ended the run is the one to report.
            let _ = self.storage.remove(entry);
        }
    }
}

/// Refuses a reserved name, and a name that already exists.
///
/// # Errors
/// [`Kind::Usage`] for such a name; any I/O error.
pub(crate) fn check_new_name<S: Storage>(storage: &S, entry: Option<&Entry>) -> Result<()> {
    entry.map_or(Ok(()), check_not_reserved)?;
    match entry {
        Some(entry) if exists(storage, entry)? => {
            Err(Error::new(Kind::Usage, format!("{} already exists", entry.path().shown()))
                .hint("choose another name, or remove it"))
        }
        _ => Ok(()),
    }
}

/// Removes the checkpoint and the scan's name for the patch: from here on the
/// target may be written, and no scan of the old content may be resumed. A
/// patch that becomes the journal keeps its file, under a new name. Returns
/// whether anything was removed; then the directory must be synced before the
/// target is written.
fn end_scan<S: Storage>(storage: &S, names: &Names, patch: Option<&mut Patch<'_, S>>) -> Result<bool> {
    let mut gone = patch.map_or(Ok(false), Patch::unname)?;
    if exists(storage, &names.checkpoint)? {
        storage.remove(&names.checkpoint).map_err(Error::at("remove", names.checkpoint.path()))?;
        gone = true;
    }
    Ok(gone)
}
