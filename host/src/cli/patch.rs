//! `runner patch` and `runner undo`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args as ArgGroup;

use super::Outcome;
use super::args::{ReachArgs, threads};
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

#[derive(Debug, ArgGroup)]
pub(super) struct PatchArgs {
    /// The patch
    pub(super) patch: PathBuf,
    /// The file to change
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
    /// Worker threads [default: all cores]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Report nothing but errors, and what was asked for
    #[arg(short, long)]
    pub(super) quiet: bool,
}

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
