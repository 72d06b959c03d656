//! `runner patch` and `runner undo`.

use std::time::{Duration, Instant};

use super::Outcome;
use super::args::{PatchArgs, threads};
use super::explain::reason;
use super::report::Reporter;
use super::signals::cancel_on_signals;
use crate::commit::Keep;
use crate::commit::conditions::Conditions;
use crate::error::Result;
use crate::memory::MemoryContext;
use crate::patch::{Direction, Patch};
use crate::run::{Options, apply_patch};
use crate::scan::DEFAULT_WINDOW_BYTES;
use crate::storage::{Entry, OsStorage};
use crate::target::PatchFiles;

pub(super) fn run(args: &PatchArgs, direction: Direction, reporter: &Reporter) -> Result<Outcome> {
    let started = Instant::now();
    let patch = Patch::load(&OsStorage, &Entry::resolve(&args.patch)?)?;
    let cancel = cancel_on_signals()?;
    let options = Options {
        threads: threads(args.jobs),
        window_bytes: DEFAULT_WINDOW_BYTES,
        choice: args.reach.choice(),
        verify: args.reach.wanted(),
        extras: Keep::default(),
        conditions: Conditions { expect: None, privileges: args.reach.privileges() },
        resume: false,
        checkpoint_every: Duration::MAX,
        patch_files: PatchFiles::Refuse,
        memory: MemoryContext::NONE,
        cancel,
    };
    let mut events = |event| reporter.progress(&args.file, event);
    let report = apply_patch(&args.file, patch, direction, &options, &mut events)
        .map_err(|error| reason(&args.file, error))?;
    reporter.report(&args.file, &report, started, "applied")?;
    Ok(Outcome::Done)
}
