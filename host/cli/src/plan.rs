//! `runner plan`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ArgGroup;
use runner_pipeline::commit::conditions::{Conditions, Privileges};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, shown, with_name};
use runner_pipeline::memory::{MemoryContext, Watch};
use runner_pipeline::run::{self, Options};
use runner_pipeline::storage::Entry;
use serde_json::json;

use crate::Outcome;
use crate::args::{AfterHyphens, PatchFileArgs, PluginArgs, RunArgs};
use crate::explain::explain;
use crate::loaded_plugin::{Session, Work};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// The file to scan
    #[arg(required_unless_present = "arguments")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    after: AfterHyphens,
    /// Where to save the patch
    #[arg(short, value_name = "PATCH")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    patch_files: PatchFileArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl PlanArgs {
    /// The same, with the meaning of what stands after `--`.
    ///
    /// # Errors
    /// If these are several files.
    pub(crate) fn sorted(mut self) -> Result<Self> {
        let mut after = self.after.take();
        if self.file.is_some() {
            self.plugin.filter.arguments = after;
        } else if after.len() > 1 {
            return Err(Error::new(Kind::Usage, format!("`plan` takes one FILE, not {}", after.len())));
        } else {
            self.file = after.pop().map(PathBuf::from);
        }
        Ok(self)
    }
}

pub(crate) fn run(args: &PlanArgs, reporter: &Reporter) -> Result<Outcome> {
    let no_file = || Error::new(Kind::Usage, "`plan` needs a FILE");
    let file = args.file.as_deref().ok_or_else(no_file)?;
    let work = Work::Files(args.run.threads(), vec![file.to_owned()]);
    let session = Session::new(&args.plugin, work, cancel_on_signals, reporter)?;
    // As in `apply`: without the time in which the plugin is loaded.
    let (started, watch) = (Instant::now(), Watch::new());
    let options = Options {
        threads: session.workers(),
        window_bytes: args.plugin.window,
        // Only the patch is written; `runner patch` checks the file again.
        conditions: Conditions { expect: None, privileges: Privileges::Keep },
        roots: args.run.roots(),
        patch_files: args.patch_files.choice(),
        no_text: args.plugin.no_text(),
        convert: args.plugin.convert(),
        memory: MemoryContext {
            budget: session.budget(),
            look: Some(&|| watch.look()),
            space: args.plugin.space(),
        },
        cancel: session.cancel(),
        ..Options::default()
    };
    let mut events = |event| reporter.progress(file, event);
    if args.output == Path::new("-") {
        return Err(Error::new(Kind::Usage, "a patch cannot be written to standard output")
            .hint("a complete patch is read back; for a file with this name, use `./-`"));
    }
    let saved = Entry::resolve(&args.output)?;
    let (report, bytes) = session
        .with_program(reporter, |program| run::plan(file, program, &options, &saved, &mut events))
        .map_err(|error| explain(file, error))?;
    reporter.report(file, &report, started, "planned")?;
    let is_empty = report.stats.edits == 0;
    reporter.tell(
        || with_name(json!({ "event": "saved", "bytes": bytes }), "patch", &args.output),
        || {
            let (saved, word) = (shown(&args.output), args.output.word());
            let saved = format!("saved {saved} ({})", count(bytes, "byte"));
            if is_empty {
                return Page::of(format_args!("{saved}; it has no edits"));
            }
            let file = file.word();
            Page::of(format_args!(
                "{saved}; `runner show {word}` shows it, `runner patch {word} {file}` applies it"
            ))
        },
    )?;
    Ok(if is_empty && args.run.require_edits { Outcome::Changes } else { Outcome::Done })
}
