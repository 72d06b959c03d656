//! The driver: it alone, with `run/`, knows the order of the stages.
//!
//! ```text
//! open -> begin -> scan -> seal -> plan -> (undo, backup) -> journal or new file -> verify
//! ```
//!
//! The target is not written before the patch is sealed, and its identity is
//! what it was when it was opened.

pub mod checkpoint;
mod collect_patch;
mod renew;

use std::path::Path;
use std::time::Duration;

use runner_contract::FileHead;

use crate::cancel::Cancel;
use crate::commit::conditions::{Conditions, loses_privileges};
use crate::commit::elsewhere::{Output, write_out};
use crate::commit::recover::{Recovered, check_borne_out, open_journal, recover};
use crate::commit::strategy::{Choice, Plan, Strategy, choose};
use crate::commit::verify::{Level, VerifyChoice};
use crate::commit::{CommitOptions, Keep, Reached, check_new_name, reach};

pub use crate::engine::transform::Begun;
use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::hash;
use crate::memory::MemoryContext;
pub use crate::patch::OsPatch;
use crate::patch::{Direction, Patch, PluginId, Stats};
use crate::run::checkpoint::{Key, Resumable};
use crate::scan;
use crate::sidecar::{Trust, check_not_reserved};
use crate::storage::{Entry, OsStorage, Storage, is_mount_point};
use crate::target::{Intent, OsTarget, PatchFiles};
pub use collect_patch::make_patch;
use renew::renew;

/// What changes files: a plugin with its parameters, or a native stand-in.
pub struct Program<'a> {
    /// Who it is.
    pub id: PluginId,
    /// Its parameters; values of secret ones left out.
    pub params: Vec<(String, Option<String>)>,
    /// The hash of all parameters, secret ones included. It is never stored
    /// as it is.
    pub params_digest: blake3::Hash,
    /// Makes an instance for a file. Called once a worker, and must answer
    /// with the same job for the same file.
    pub begin: &'a (dyn Fn(FileHead<'_>) -> Result<Begun> + Sync),
}

/// How a run is done. None of it changes the patch.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Bytes shown to the plugin in one call, about.
    pub window_bytes: u64,
    /// How the patch may reach the disk.
    pub choice: Choice,
    /// How what was written is read back.
    pub verify: VerifyChoice,
    /// What to keep.
    pub extras: Keep,
    /// What must hold before anything is written.
    pub conditions: Conditions,
    /// Whether [`apply`] goes on with a scan that did not end, and leaves its
    /// own, if it fails, to go on with.
    pub resume: bool,
    /// How often [`apply`] stores how far the scan has come.
    pub checkpoint_every: Duration,
    /// Whether a patch file may be a target.
    pub patch_files: PatchFiles,
    /// What bounds the memory of a scan.
    pub memory: MemoryContext<'a>,
    /// Set from outside to stop before the commit point.
    pub cancel: Cancel<'a>,
}

impl Options<'_> {
    fn how(&self) -> CommitOptions<'_> {
        CommitOptions {
            extras: &self.extras,
            verify: self.verify,
            threads: self.threads,
            cancel: self.cancel,
        }
    }
}

/// Progress, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An interrupted scan goes on.
    Resumed {
        /// What is done already.
        bytes: u64,
        /// Bytes in all.
        of: u64,
    },
    /// A scan was to go on, and begins anew; this is why.
    StartedOver(String),
    /// The file is scanned up to here.
    Scanned {
        /// Bytes done.
        bytes: u64,
        /// Bytes in all.
        of: u64,
    },
    /// Memory is short, or no longer: so many workers go on.
    Workers(scan::Workers),
    /// The patch is complete, and is now carried out.
    Applying(Strategy),
    /// A journal will be made that nothing authenticates.
    NoKey,
}

/// What a run has come to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Counts.
    pub stats: Stats,
    /// BLAKE3 before.
    pub pre_root: blake3::Hash,
    /// BLAKE3 after.
    pub post_root: blake3::Hash,
    /// What was decided.
    pub plan: Plan,
    /// How what was written was read back; [`Level::None`] when nothing was.
    pub level: Level,
    /// Bytes that others have appended during the run. They stand behind what
    /// both hashes are of.
    pub appended_bytes: u64,
    /// Whether others still have the file open that was replaced.
    pub old_in_use: bool,
}

/// Runs a program on a file, and changes the file.
///
/// # Errors
/// See [`crate::error::Kind`]; the file is untouched unless the kind is
/// [`Kind::RecoveryNeeded`].
pub fn apply(
    path: &Path,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    let target = OsTarget::open(path, Intent::Write(options.patch_files))?;
    let key = Key { window_bytes: options.window_bytes, params: program.params_digest };
    let mut resumable = Resumable::new(&target.names, key, options.resume)?;
    let applied = apply_scanned(&target, program, options, &mut resumable, events);
    applied.map_err(|error| {
        if options.resume && resumable.spare() {
            error.hint("the same command goes on near where this run has ended")
        } else {
            error
        }
    })
}

fn apply_scanned(
    target: &OsTarget,
    program: &Program<'_>,
    options: &Options<'_>,
    resumable: &mut Resumable<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    let spill = target.names.scan.clone();
    let patch = make_patch(target, program, spill, options, Some(resumable), events)?;
    options.conditions.check_root(target.path(), &patch.seal().post_root)?;
    let plan = decide(target, &patch.seal().stats, patch.bytes(), options)?;
    tell_applying(target, &plan, events);
    let report = report(&patch, plan);
    let Reached { level, appended_bytes, old_in_use } = reach(target, patch, &plan, &options.how())?;
    Ok(Report { level, appended_bytes, old_in_use, ..report })
}

/// What [`apply`] would do; nothing is written beside a temporary file. `look`
/// sees the file and the patch.
///
/// # Errors
/// As for [`apply`].
pub fn dry_run(
    path: &Path,
    program: &Program<'_>,
    options: &Options<'_>,
    spill: Entry,
    events: &mut dyn FnMut(Event),
    look: &mut dyn FnMut(&OsTarget, &OsPatch, &Report) -> Result<()>,
) -> Result<Report> {
    let target = OsTarget::open(path, Intent::Scan(options.patch_files))?;
    target.names.check_clean(&OsStorage)?;
    let patch = make_patch(&target, program, spill, options, None, events)?;
    options.conditions.check_root(target.path(), &patch.seal().post_root)?;
    let plan = decide(&target, &patch.seal().stats, patch.bytes(), options)?;
    let appended_bytes = target.appended()?;
    let report = Report { appended_bytes, ..report(&patch, plan) };
    look(&target, &patch, &report)?;
    Ok(report)
}

/// Saves what [`apply`] would do as a patch at `saved`. Returns the patch's
/// size in bytes, too.
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
    target.names.check_clean(&OsStorage)?;
    check_new_name(&OsStorage, Some(saved))?;
    let spill = target.temporary(saved)?;
    let mut patch = make_patch(&target, program, spill, options, None, events)?;
    let plan = decide(&target, &patch.seal().stats, patch.bytes(), options)?;
    patch.publish(saved, options.cancel)?;
    let appended_bytes = target.appended()?;
    Ok((Report { appended_bytes, ..report(&patch, plan) }, patch.bytes()))
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
    spill: Entry,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    if let Output::File(out) = output {
        check_not_reserved(out)?;
    }
    let target = OsTarget::open(path, Intent::Scan(options.patch_files))?;
    target.names.check_clean(&OsStorage)?;
    let patch = make_patch(&target, program, spill, options, None, events)?;
    options.conditions.check_root(target.path(), &patch.seal().post_root)?;
    let stats = &patch.seal().stats;
    let plan =
        Plan { strategy: Strategy::Stream, write_bytes: stats.post_size(), space_bytes: stats.post_size() };
    events(Event::Applying(plan.strategy));
    let level = write_out(&target, &patch, output, &options.conditions, &options.how())?;
    Ok(Report { level, ..report(&patch, plan) })
}

/// Applies a saved patch, or undoes it. Of the patch only the edits are
/// believed: the file must hold what they replace, and all else is computed
/// anew.
///
/// # Errors
/// [`Kind::Verification`] when the file is not the one the patch fits, or the
/// patch says of it what is not so; else as for [`apply`].
pub fn apply_patch(
    path: &Path,
    patch: OsPatch,
    direction: Direction,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Report> {
    let target = OsTarget::open(path, Intent::Write(options.patch_files))?;
    target.names.check_clean(&OsStorage)?;
    let renewed = renew(&target, &patch, direction, options, events)?;
    drop(patch);
    let plan = decide(&target, &renewed.seal().stats, renewed.bytes(), options)?;
    tell_applying(&target, &plan, events);
    let report = report(&renewed, plan);
    let Reached { level, appended_bytes, old_in_use } = reach(&target, renewed, &plan, &options.how())?;
    Ok(Report { level, appended_bytes, old_in_use, ..report })
}

/// Brings a file whose run did not end to one state. `look` sees the journal,
/// if there is one, before anything is done.
///
/// # Errors
/// See [`recover`].
pub fn recover_file(
    path: &Path,
    trust: Trust,
    direction: Direction,
    threads: usize,
    look: &mut dyn FnMut(&OsPatch) -> Result<()>,
) -> Result<Recovered> {
    // A patch file that was being changed must be recovered like any other.
    let target = OsTarget::open(path, Intent::Write(PatchFiles::Change))?;
    let journal = open_journal(&OsStorage, &target.names, trust)?;
    let OsTarget { names, file, .. } = &target;
    if let Some(journal) = &journal {
        if trust == Trust::Any {
            check_borne_out(&OsStorage, names, file, journal)?;
        }
        look(journal)?;
    }
    recover(&OsStorage, names, file, journal.as_ref(), direction, VerifyChoice::Deepest, threads)
}

/// The root of a file.
///
/// # Errors
/// When it cannot be read, or a journal says that it is not in one state.
pub fn root_of(
    path: &Path,
    hashing: hash::file::Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<blake3::Hash> {
    let target = OsTarget::open(path, Intent::Read)?;
    target.names.check_clean(&OsStorage)?;
    let of = target.size();
    let mapping = target.map()?;
    let root =
        hash::file::of_mapping(&mapping, path, hashing, &mut |bytes| events(Event::Scanned { bytes, of }))?;
    target.check_unchanged()?;
    Ok(root)
}

/// What is to be done with the target, if it may be done.
fn decide(target: &OsTarget, stats: &Stats, patch_bytes: u64, options: &Options<'_>) -> Result<Plan> {
    let path = target.path();
    let mut plan = choose(stats, &target.stat, patch_bytes, options.choice)?;
    if plan.strategy == Strategy::Nothing {
        return Ok(plan);
    }
    options.conditions.check_privileges(path, &target.file, target.stat.mode)?;
    if plan.is_journalled()
        && loses_privileges(&target.file, target.stat.mode).map_err(Error::at("look at", path))?
    {
        plan = choose_rewrite(target, stats, patch_bytes, options)?;
    }
    // Found out now, and not when a new file is to get the name.
    if plan.strategy == Strategy::Rewrite
        && is_mount_point(&target.file, &target.names.target).map_err(Error::at("look at", path))?
    {
        if options.choice == Choice::Rewrite {
            let what = format!("{} is a mount point, and no new file can take its place", shown(path));
            return Err(Error::new(Kind::Refused, what)
                .hint("`--strategy in-place` keeps the inode; `-o OUT` writes the result elsewhere"));
        }
        plan = choose(stats, &target.stat, patch_bytes, Choice::InPlace)?;
    }
    Ok(plan)
}

/// A new file in place of one whose privileges a write takes away: it gets them
/// with its other attributes.
fn choose_rewrite(target: &OsTarget, stats: &Stats, patch_bytes: u64, options: &Options<'_>) -> Result<Plan> {
    let plan = match options.choice {
        Choice::InPlace => None,
        _ => choose(stats, &target.stat, patch_bytes, Choice::Rewrite).ok(),
    };
    plan.ok_or_else(|| {
        let what = format!(
            "the kernel takes the privileges of {} away when it is written in place",
            shown(target.path())
        );
        Error::new(Kind::Refused, what).hint(
            "nothing was written; a rewrite keeps them, where the file has one name: `--strategy rewrite`",
        )
    })
}

/// Tells that the patch is carried out now, and how.
fn tell_applying(target: &OsTarget, plan: &Plan, events: &mut dyn FnMut(Event)) {
    events(Event::Applying(plan.strategy));
    if plan.is_journalled() && target.names.key.is_none() {
        events(Event::NoKey);
    }
}

fn report<S: Storage>(patch: &Patch<'_, S>, plan: Plan) -> Report {
    let seal = patch.seal();
    let (pre_root, post_root) = (seal.pre_root, seal.post_root);
    Report {
        stats: seal.stats.clone(),
        pre_root,
        post_root,
        plan,
        level: Level::None,
        appended_bytes: 0,
        old_in_use: false,
    }
}
