//! `runner plan`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args as ArgGroup;
use serde_json::json;

use super::Outcome;
use super::args::{PluginArgs, RunArgs, patch_files};
use super::explain::explain;
use super::loaded_plugin::Session;
use super::report::Reporter;
use super::signals::cancel_on_signals;
use crate::commit::Keep;
use crate::commit::conditions::{Conditions, Privileges};
use crate::commit::strategy::Choice;
use crate::commit::verify::VerifyChoice;
use crate::error::{Error, Kind, Result};
use crate::escape::{Page, Raw as _, shown, with_name};
use crate::memory::{MemoryContext, Watch};
use crate::run::{self, Options};
use crate::storage::Entry;
use crate::target::PatchFiles;

#[derive(Debug, ArgGroup)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) plugin: PluginArgs,
    /// The file to look at
    pub(super) file: PathBuf,
    /// Where to save the patch
    #[arg(short, value_name = "PATCH")]
    pub(super) output: PathBuf,
    /// Work on a file that begins as a patch does; it may be a journal or an undo file
    #[arg(long)]
    allow_patch_file: bool,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

impl PlanArgs {
    pub(super) fn patch_files(&self) -> PatchFiles {
        patch_files(self.allow_patch_file)
    }
}

pub(super) fn run(args: &PlanArgs, reporter: &Reporter) -> Result<Outcome> {
    let started = Instant::now();
    let session = Session::new(&args.plugin, args.run.threads(), cancel_on_signals, reporter)?;
    let watch = Watch::new();
    let options = Options {
        threads: session.workers(),
        window_bytes: args.plugin.window,
        choice: Choice::Auto,
        verify: VerifyChoice::Deepest,
        extras: Keep::default(),
        // Nothing but the patch is written; `runner patch` looks again.
        conditions: Conditions { expect: None, privileges: Privileges::Keep },
        resume: false,
        checkpoint_every: Duration::MAX,
        patch_files: args.patch_files(),
        memory: MemoryContext {
            budget: session.budget(),
            look: Some(&|| watch.look()),
            space: args.plugin.space(),
        },
        cancel: session.cancel(),
    };
    let file = &args.file;
    let mut events = |event| reporter.progress(file, event);
    if args.output == Path::new("-") {
        return Err(Error::new(Kind::Usage, "a patch cannot be written to standard output")
            .hint("it is read again when it is complete; a file of this name is `./-`"));
    }
    let saved = Entry::resolve(&args.output)?;
    let (report, bytes) = session
        .with_program(reporter, |program| run::plan(file, program, &options, &saved, &mut events))
        .map_err(|error| explain(file, error))?;
    reporter.report(file, &report, started, "planned")?;
    let (saved, word) = (shown(&args.output), args.output.word());
    reporter.tell(
        || with_name(json!({ "event": "saved", "bytes": bytes }), "patch", &args.output),
        || {
            Page::of(format_args!(
                "saved {saved} ({bytes} bytes); `runner show {word}` shows it, `runner patch {word} {}` \
                 carries it out",
                file.word()
            ))
        },
    )?;
    let none = args.run.require_edits && report.stats.edits == 0;
    Ok(if none { Outcome::Changes } else { Outcome::Done })
}
