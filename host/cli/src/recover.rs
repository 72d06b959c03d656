//! `runner recover`.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_history::Action;
use runner_pipeline::commit::recover::{Options, OtherChanges, Recovered};
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, shown, with_name};
use runner_pipeline::patch::Direction;
use runner_pipeline::run::recover_file;
use runner_pipeline::sidecar::Trust;
use serde_json::json;

use crate::args::threads;
use crate::explain::reason;
use crate::history::{Change, Kept, Recorder};
use crate::report::{Reporter, appended};
use crate::{Outcome, show};

#[derive(Debug, ArgGroup)]
pub(crate) struct RecoverArgs {
    /// The files whose runs were interrupted
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Restore the old content instead of completing the change
    #[arg(long)]
    pub(crate) rollback: bool,
    /// Trust the journal even if it was made by a different user, on a different machine, or with a
    /// lost key. Its content is shown before it is written to the file
    #[arg(long)]
    trust_journal: bool,
    /// Recover even if other programs have changed bytes close to the edits. Only the bytes of the
    /// edits are written; the exit code is 5
    #[arg(long)]
    keep_other_changes: bool,
    /// Print events as JSON on standard output, one object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Report only errors, and the journal with --trust-journal
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

impl RecoverArgs {
    pub(crate) fn trust(&self) -> Trust {
        if self.trust_journal { Trust::Any } else { Trust::Own }
    }

    fn other_changes(&self) -> OtherChanges {
        if self.keep_other_changes { OtherChanges::Keep } else { OtherChanges::Refuse }
    }
}

pub(crate) fn run(args: &RecoverArgs, reporter: &Reporter) -> Result<Outcome> {
    if let [file] = args.files.as_slice() {
        return one(file, args, reporter).map(|()| Outcome::Done);
    }
    let mut outcome = Outcome::Done;
    for file in &args.files {
        if let Err(error) = one(file, args, reporter) {
            reporter.error(&error);
            let failed = Outcome::Failed(error.kind());
            // What is not recovered counts for more than what is not intact.
            let not_intact = matches!(&outcome, Outcome::Failed(kind) if *kind == Kind::Verification);
            outcome = if not_intact { failed } else { outcome.and(failed) };
        }
    }
    Ok(outcome)
}

fn one(path: &Path, args: &RecoverArgs, reporter: &Reporter) -> Result<()> {
    recover(path, args, reporter).map_err(|error| reason(path, error))
}

fn recover(path: &Path, args: &RecoverArgs, reporter: &Reporter) -> Result<()> {
    let options = Options {
        direction: if args.rollback { Direction::Reverse } else { Direction::Forward },
        verify: VerifyChoice::Deepest,
        threads: threads(None),
        other_changes: args.other_changes(),
    };
    let mut plugin = None;
    let recovered = recover_file(path, args.trust(), &options, &mut |journal| {
        plugin = Some(journal.header().plugin.clone());
        if args.trust() == Trust::Own {
            return Ok(());
        }
        // A journal that could not be shown is not applied.
        reporter
            .show_first(&show::journal_page(journal, path)?)
            .map_err(|error| Error::new(Kind::Io, "cannot show the content of the journal").because(error))
    })?;
    if let Some(state) = &recovered.state {
        let action = if args.rollback { Action::RollBack } else { Action::RollForward };
        let (change, recorder) =
            (Change { action, file: path, plugin, kept: Kept::default() }, Recorder::default());
        recorder.recovered(change, (state.size, state.root), reporter);
        recorder.finish(reporter);
    }
    report(path, args, &recovered, reporter)
}

/// What was done with a file, as programs read it.
fn action(recovered: &Recovered, args: &RecoverArgs) -> &'static str {
    match recovered.state {
        Some(_) if args.rollback => "rolled-back",
        Some(_) => "rolled-forward",
        None if recovered.put_back => "kept-old",
        None if recovered.removed.is_empty() => "nothing",
        // The leftover of a rewrite may be the old file or a new one.
        None => "cleaned-up",
    }
}

/// The state of a file after recovery, for people.
fn page(path: &Path, args: &RecoverArgs, recovered: &Recovered) -> Page {
    let file = shown(path);
    let mut page = Page::default();
    match &recovered.state {
        Some(state) => {
            let to = if args.rollback { "rolled back" } else { "rolled forward" };
            page.line(format_args!("{file}: {to}, verified {}", state.level));
            if let Some(kept) = appended(state.appended_bytes, state.size, state.root) {
                page.line(format_args!("{file}: {kept}"));
            }
            if recovered.is_copy {
                page.line(format_args!(
                    "{file}: is a copy of the file that the journal was made for; the original, if it still exists in another directory, may be partly changed"
                ));
            }
            match state.root {
                Some(root) => page.line(format_args!("{root}  {file}")),
                None => page.line(format_args!(
                    "{file}: the groups that the run touched are whole; the root of the whole file is not known"
                )),
            }
        }
        None if recovered.put_back => {
            let why = if args.rollback {
                ""
            } else {
                " because another process appended to it while it was replaced"
            };
            page.line(format_args!("{file}: kept its old content{why}"));
        }
        None if recovered.removed.is_empty() => page.line(format_args!("{file}: nothing to recover")),
        None => {
            page.line(format_args!("{file}: intact; removed the files that the interrupted run left behind"))
        }
    }
    page
}

/// Reports the state of a file after recovery.
fn report(path: &Path, args: &RecoverArgs, recovered: &Recovered, reporter: &Reporter) -> Result<()> {
    recovered.check_intact(path, args.trust())?;
    let event = || {
        let state = recovered.state.as_ref();
        let event = json!({
            "event": "recovered",
            "action": action(recovered, args),
            "root": state.and_then(|state| state.root).map(|root| root.to_hex().to_string()),
            "size": state.map(|state| state.size),
            "verified": state.map(|state| state.level.to_string()),
            "is_copy": recovered.is_copy,
            "appended_bytes": state.map_or(0, |state| state.appended_bytes),
            "removed": recovered.removed.iter().map(|path| shown(path).to_string()).collect::<Vec<_>>(),
        });
        with_name(event, "file", path)
    };
    reporter.tell(event, || page(path, args, recovered))
}
