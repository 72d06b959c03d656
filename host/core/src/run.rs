//! The driver: it alone, with `run/`, knows the order of the stages.
//!
//! ```text
//! open -> begin -> scan -> seal -> plan -> (undo, backup) -> journal or new file -> verify
//! ```
//!
//! The target is not written before the patch is sealed, and its identity is
//! what it was when it was opened.
//!
//! What works on a [`Target`](crate::target::Target) does so on every
//! [`Storage`]: a simulated disk runs the same driver. What takes a path opens
//! it on the real filesystem.

mod apply;
pub mod checkpoint;
mod collect_patch;
mod decide;
mod patch;
mod recover;
mod renew;

use std::num::NonZero;
use std::time::Duration;

use runner_contract::FileHead;

use crate::cancel::Cancel;
use crate::commit::conditions::Conditions;
use crate::commit::strategy::{Choice, Plan, Strategy};
use crate::commit::verify::{Level, VerifyChoice};
use crate::commit::{CommitOptions, Committed, Keep};
use crate::context::RunContext;
use crate::error::{Error, Kind, Result};
use crate::memory::MemoryContext;
use crate::patch::{Patch, PluginId, Seal, Stats};
use crate::scan;
use crate::storage::{Entry, Storage};
use crate::target::PatchFiles;

pub use self::apply::{apply, apply_target, apply_to, dry_run, plan, write_target};
pub use self::collect_patch::{Collect, make_patch};
pub use self::patch::apply_patch;
pub use self::recover::{recover_file, root_of};
pub use crate::engine::transform::Begun;
pub use crate::patch::OsPatch;

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

impl<'a> Program<'a> {
    /// Native code that takes no parameters. `name` stands in patches that it
    /// makes. Nothing tells two versions of the code apart, so a scan that one
    /// of them has begun must not be [resumed](Options::resume) by another.
    #[must_use]
    pub fn native(name: &str, begin: &'a (dyn Fn(FileHead<'_>) -> Result<Begun> + Sync)) -> Self {
        Self {
            id: PluginId { name: name.to_owned(), version: "native".to_owned(), digest: String::new() },
            params: Vec::new(),
            params_digest: blake3::hash(b""),
            begin,
        }
    }
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
    pub keep: Keep,
    /// What must hold before anything is written.
    pub conditions: Conditions,
    /// Whether [`apply`] goes on with a scan that did not end, and leaves its
    /// own, if it fails, to go on with.
    pub resume: bool,
    /// How often [`apply`] stores how far the scan has come.
    pub checkpoint_every: Duration,
    /// Where a patch is collected that is only looked at, or written
    /// elsewhere, once it outgrows the memory: nothing may have this name yet,
    /// and nothing is left there. `None` is a name that nobody can guess, in
    /// the directory for temporary files (`TMPDIR`).
    pub scratch: Option<Entry>,
    /// Whether a patch file may be a target.
    pub patch_files: PatchFiles,
    /// What bounds the memory of a scan.
    pub memory: MemoryContext<'a>,
    /// Set from outside to stop before the commit point.
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
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|e| {
            Error::new(Kind::Io, "the system has no random bytes").because(std::io::Error::from(e))
        })?;
        let name = format!("runner-{:016x}.patch", u64::from_le_bytes(random));
        Ok(Entry::unpinned(std::env::temp_dir().join(name)))
    }

    fn context(&self) -> RunContext<'_> {
        RunContext { threads: self.threads, cancel: self.cancel }
    }
}

impl Default for Options<'_> {
    /// All cores; the cheapest safe strategy; read back as deep as the system
    /// allows; nothing kept, and no bound on the memory beside those of the
    /// plugin.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            window_bytes: scan::DEFAULT_WINDOW_BYTES,
            choice: Choice::Auto,
            verify: VerifyChoice::Deepest,
            keep: Keep::default(),
            conditions: Conditions::default(),
            resume: false,
            checkpoint_every: Duration::MAX,
            scratch: None,
            patch_files: PatchFiles::Refuse,
            memory: MemoryContext::NONE,
            cancel: Cancel::NEVER,
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

impl Report {
    /// Of a patch that nothing was done with yet.
    fn new<S: Storage>(patch: &Patch<'_, S>, plan: Plan) -> Self {
        let Seal { stats, pre_root, post_root } = patch.seal().clone();
        Self { stats, pre_root, post_root, plan, level: Level::None, appended_bytes: 0, old_in_use: false }
    }

    fn committed(self, committed: Committed) -> Self {
        let Committed { level, appended_bytes, old_in_use } = committed;
        Self { level, appended_bytes, old_in_use, ..self }
    }
}
