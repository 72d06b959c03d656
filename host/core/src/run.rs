//! The driver: only this module knows the order of the stages.
//!
//! ```text
//! open -> begin -> scan -> seal -> plan -> (undo, backup) -> journal or new file -> verify
//! ```
//!
//! The target is written only after the patch is sealed, and only if its
//! identity is the same as when it was opened.
//!
//! Functions that take a [`Target`](crate::target::Target) work on every [`Storage`], so a simulated
//! disk runs the same driver. Functions that take a path open it on the real
//! filesystem.

mod apply;
pub mod checkpoint;
mod collect_patch;
mod converted;
mod decide;
mod patch;
mod proven;
mod recover;
mod revalidate;
mod touched;

use std::time::Duration;

use runner_contract::{FileHead, HEAD_BYTES};

use crate::cancel::Cancel;
use crate::commit::conditions::Conditions;
use crate::commit::strategy::{Choice, Plan, Strategy};
use crate::commit::verify::{Level, VerifyChoice};
use crate::commit::{CommitOptions, Committed, Keep};
use crate::context::{RunContext, cores};
use crate::convert::Convert;
use crate::engine::readable::NoText;
use crate::error::{Error, Kind, Result};
use crate::memory::{Costs, MemoryContext};
use crate::patch::{Patch, PluginId, Roots, Seal, Stats};
use crate::scan;
use crate::storage::{Entry, Storage};
use crate::target::PatchFiles;

pub use self::apply::{apply, apply_target, apply_to, dry_run, plan, write_target};
pub use self::collect_patch::{Collect, make_patch};
pub use self::patch::apply_patch;
pub use self::proven::{Edited, MAX_EDITED, Proven};
pub use self::recover::{OtherContent, has_groups_after, recover_file, root_of};
pub use crate::engine::transform::Begun;
pub use crate::patch::OsPatch;

/// A program that changes files: a plugin with its parameters, or a native
/// stand-in.
pub struct Program<'a> {
    /// The identity of the program.
    pub id: PluginId,
    /// The program's parameters, without the values of secret ones.
    pub params: Vec<(String, Option<String>)>,
    /// The hash of all parameters, including secret ones. It is never stored
    /// unprotected.
    pub params_digest: blake3::Hash,
    /// How many bytes of the head of a file `begin` gets, at most: usually
    /// [`HEAD_BYTES`].
    pub head_bytes: usize,
    /// Creates an instance for a file. Called once per worker; must return the
    /// same job for the same file.
    pub begin: &'a (dyn Fn(FileHead<'_>) -> Result<Begun> + Sync),
}

impl<'a> Program<'a> {
    /// Native code that takes no parameters. `name` stands in patches that it
    /// makes. Nothing tells two versions of the code apart, so a scan that one
    /// of them has begun must not be [resumed](Options::resume) by another.
    #[must_use]
    pub fn native(name: &str, begin: &'a (dyn Fn(FileHead<'_>) -> Result<Begun> + Sync)) -> Self {
        Self {
            id: PluginId {
                name: name.to_owned(),
                version: "native".to_owned(),
                digest: String::new(),
                evidence: Vec::new(),
            },
            params: Vec::new(),
            params_digest: blake3::hash(b""),
            head_bytes: HEAD_BYTES,
            begin,
        }
    }
}

/// The options of a run. None of them changes the edits.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Approximate number of bytes shown to the plugin in one call.
    pub window_bytes: u64,
    /// The strategies that are allowed.
    pub choice: Choice,
    /// How the written bytes are read back.
    pub verify: VerifyChoice,
    /// What to keep.
    pub keep: Keep,
    /// Conditions that must hold before anything is written.
    pub conditions: Conditions,
    /// Whether [`apply()`] resumes an earlier interrupted scan, and keeps its own
    /// scan for resuming if it fails.
    pub resume: bool,
    /// How often [`apply()`] stores a checkpoint of the scan.
    pub checkpoint_every: Duration,
    /// The file in which a patch is collected that is not applied in place,
    /// once it outgrows the memory. The file must not exist, and is removed
    /// afterwards. `None` means an unpredictable name in the directory for
    /// temporary files (`TMPDIR`).
    pub scratch: Option<Entry>,
    /// Whether the whole file is read, for its roots, or only what the program
    /// says that it needs. A saved patch decides that itself.
    pub roots: Roots,
    /// Whether a patch file may be a target.
    pub patch_files: PatchFiles,
    /// What to do with a file that is not text.
    pub no_text: NoText,
    /// What is converted before the plugin sees it, and back afterwards.
    pub convert: Convert,
    /// Whether to prove what has not changed, for [`Report::proven`]. Only where a program
    /// is run, and not with [`Options::resume`] or [`Roots::Touched`].
    pub prove: bool,
    /// Limits the memory of a scan.
    pub memory: MemoryContext<'a>,
    /// The request to stop before the commit point.
    pub cancel: Cancel<'a>,
}

impl Options<'_> {
    fn commit(&self) -> CommitOptions<'_> {
        CommitOptions { keep: &self.keep, verify: self.verify, threads: self.threads, cancel: self.cancel }
    }

    fn scratch(&self) -> Result<Entry> {
        if let Some(entry) = &self.scratch {
            return Ok(entry.clone());
        }
        let name = format!("runner-{:016x}.patch", u64::from_le_bytes(random()?));
        Ok(Entry::unpinned(std::env::temp_dir().join(name)))
    }

    fn context(&self) -> RunContext<'_> {
        RunContext { threads: self.threads, cancel: self.cancel }
    }
}

impl Default for Options<'_> {
    /// All cores; the cheapest safe strategy; read back at the deepest
    /// supported level; nothing kept; and no memory limit except those of the
    /// plugin.
    fn default() -> Self {
        Self {
            threads: cores(),
            window_bytes: scan::DEFAULT_WINDOW_BYTES,
            choice: Choice::Auto,
            verify: VerifyChoice::Deepest,
            keep: Keep::default(),
            conditions: Conditions::default(),
            resume: false,
            checkpoint_every: Duration::MAX,
            scratch: None,
            roots: Roots::Whole,
            patch_files: PatchFiles::Refuse,
            no_text: NoText::Refuse,
            convert: Convert::NOTHING,
            prove: false,
            memory: MemoryContext::NONE,
            cancel: Cancel::NEVER,
        }
    }
}

/// Unpredictable bytes.
fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| {
        Error::new(Kind::Io, "the system cannot provide random bytes").because(std::io::Error::from(e))
    })?;
    Ok(bytes)
}

/// The memory of the stages, for a budget to be divided.
pub const COSTS: Costs = Costs {
    // The batch of the patch that is being written and its encoding, the part
    // of the patch that is kept in memory, and the buffers for copying and
    // reading back.
    run_bytes: 24 << 20,
    worker_bytes: scan::WORKER_BYTES,
    // The patch, one of its batches, buffers, and the thread that works on the
    // file.
    file_bytes: 8 << 20,
    waiting_bytes: scan::waiting_bytes,
};

/// Progress of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An interrupted scan is resumed.
    Resumed {
        /// Number of bytes already done.
        bytes: u64,
        /// Total number of bytes.
        of: u64,
    },
    /// A scan could not be resumed and starts over, for this reason.
    StartedOver(String),
    /// The file has been scanned up to this point.
    Scanned {
        /// Number of bytes done.
        bytes: u64,
        /// Total number of bytes.
        of: u64,
    },
    /// A compressed file had several parts, or something that holds no content.
    /// It is written again as one part.
    Merged {
        /// Members, frames or streams.
        members: u64,
        /// Bytes that hold no content, and are not written again.
        skipped_bytes: u64,
    },
    /// The number of running workers changed because of memory pressure.
    Workers(scan::Workers),
    /// The patch is complete, and is now applied.
    Applying(Strategy),
    /// There is no key, so the journal will not be authenticated.
    NoKey,
}

/// The result of a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// Statistics of the patch.
    pub stats: Stats,
    /// BLAKE3 of the old file; `None` if only the groups that the edits touch
    /// were read ([`Roots::Touched`]).
    pub pre_root: Option<blake3::Hash>,
    /// BLAKE3 of the new file, under the same condition.
    pub post_root: Option<blake3::Hash>,
    /// The chosen plan.
    pub plan: Plan,
    /// How the written bytes were read back; [`Level::None`] when nothing was
    /// written.
    pub level: Level,
    /// Bytes that other processes appended during the run. Neither hash covers
    /// them.
    pub appended_bytes: u64,
    /// Whether other processes still have the replaced file open.
    pub old_in_use: bool,
    /// What the plugin says it has counted: name and number, in its own order.
    pub counts: Vec<(String, u64)>,
    /// What is the same in both versions, if [`Options::prove`] was set.
    pub proven: Option<Box<Proven>>,
}

impl Report {
    /// The report of a patch that has not been applied yet.
    fn new<S: Storage>(patch: &Patch<'_, S>, plan: Plan) -> Self {
        let Seal { stats, pre_root, post_root, counts } = patch.seal().clone();
        let (level, appended_bytes, old_in_use) = (Level::None, 0, false);
        let proven = None;
        Self { stats, pre_root, post_root, plan, level, appended_bytes, old_in_use, counts, proven }
    }

    fn committed(self, committed: Committed) -> Self {
        let Committed { level, appended_bytes, old_in_use } = committed;
        Self { level, appended_bytes, old_in_use, ..self }
    }
}
