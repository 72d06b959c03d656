//! `runner patch` and `runner undo`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args as ArgGroup;
use runner_history::Action;
use runner_pipeline::commit::conditions::Conditions;
use runner_pipeline::error::Result;
use runner_pipeline::patch::{Direction, Patch};
use runner_pipeline::run::{Options, apply_patch};
use runner_pipeline::storage::{Entry, OsStorage};

use crate::Outcome;
use crate::args::{CommitArgs, PatchFileArgs, threads};
use crate::explain::reason;
use crate::history::{Change, Kept, Recorder};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct PatchArgs {
    /// The patch file
    pub(crate) patch: PathBuf,
    /// The file to change
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) commit: CommitArgs,
    #[command(flatten)]
    pub(crate) patch_files: PatchFileArgs,
    /// Number of worker threads [default: one per core]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Print events as JSON on standard output, one object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Report only errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

pub(crate) fn run(args: &PatchArgs, direction: Direction, reporter: &Reporter) -> Result<Outcome> {
    let started = Instant::now();
    let patch = Patch::load(&OsStorage, &Entry::resolve(&args.patch)?)?;
    let cancel = cancel_on_signals()?;
    let options = Options {
        threads: threads(args.jobs),
        choice: args.commit.choice(),
        verify: args.commit.verify_choice(),
        patch_files: args.patch_files.choice(),
        conditions: Conditions { expect: None, privileges: args.commit.privileges() },
        cancel,
        ..Options::default()
    };
    let plugin = Some(patch.header().plugin.clone());
    let mut events = |event| reporter.progress(&args.file, event);
    let report = apply_patch(&args.file, patch, direction, &options, &mut events)
        .map_err(|error| reason(&args.file, error))?;
    let action = match direction {
        Direction::Forward => Action::Patch,
        Direction::Reverse => Action::Undo,
    };
    let kept = Kept { patch: Some(&args.patch), ..Kept::default() };
    let recorder = Recorder::default();
    recorder.made(Change { action, file: &args.file, plugin, kept }, &report, reporter);
    recorder.finish(reporter);
    reporter.report(&args.file, &report, started, "applied")?;
    Ok(Outcome::Done)
}
