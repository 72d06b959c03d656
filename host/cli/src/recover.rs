//! `runner recover`.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::commit::recover::{Options, Recovered};
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, shown, with_name};
use runner_pipeline::patch::Direction;
use runner_pipeline::run::recover_file;
use runner_pipeline::sidecar::Trust;
use serde_json::json;

use crate::args::threads;
use crate::explain::reason;
use crate::report::{Reporter, appended};
use crate::{Outcome, show};

#[derive(Debug, ArgGroup)]
pub(crate) struct RecoverArgs {
    /// The files whose runs did not end
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Go back to the old content instead of on to the new
    #[arg(long)]
    pub(crate) rollback: bool,
    /// Believe the journal whoever has made it: another user, another machine, or a key that is lost.
    /// What it holds is shown first, and then written to the file
    #[arg(long)]
    trust_journal: bool,
    /// Report nothing but errors, and what was asked for
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl RecoverArgs {
    pub(crate) fn trust(&self) -> Trust {
        if self.trust_journal { Trust::Any } else { Trust::Own }
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
            outcome = outcome.and(Outcome::Failed(error.kind()));
        }
    }
    Ok(outcome)
}

fn one(path: &Path, args: &RecoverArgs, reporter: &Reporter) -> Result<()> {
    let options = Options {
        direction: if args.rollback { Direction::Reverse } else { Direction::Forward },
        verify: VerifyChoice::Deepest,
        threads: threads(None),
    };
    let recovered = recover_file(path, args.trust(), &options, &mut |journal| {
        if args.trust() == Trust::Own {
            return Ok(());
        }
        // What nobody can have seen is not carried out.
        reporter
            .show_first(&show::seen_journal(journal, path)?)
            .map_err(|error| Error::new(Kind::Io, "what the journal holds cannot be shown").because(error))
    })
    .map_err(|error| reason(path, error))?;
    report(path, args, &recovered, reporter)
}

/// What a file has come to.
fn report(path: &Path, args: &RecoverArgs, recovered: &Recovered, reporter: &Reporter) -> Result<()> {
    let file = shown(path);
    let mut page = Page::default();
    match &recovered.state {
        Some(state) => {
            let to = if args.rollback {
                "brought back to what it was"
            } else {
                "brought to what it was to become"
            };
            page.line(format_args!("{file}: {to}, verified {}", state.level));
            if let Some(kept) = appended(state.appended_bytes, state.size) {
                page.line(format_args!("{file}: {kept}"));
            }
            page.line(format_args!("{}  {file}", state.root));
        }
        None if recovered.put_back => {
            let why =
                if args.rollback { "" } else { ", as others have appended to it while it was replaced" };
            page.line(format_args!("{file}: is what it was before{why}"));
        }
        None if recovered.removed.is_empty() => page.line(format_args!("{file}: nothing to recover")),
        // What was left of a rewrite may be the old file or a new one.
        None => {
            page.line(format_args!("{file}: whole as it is; what the interrupted run has left is removed"))
        }
    }
    let event = || {
        let event = json!({
            "event": "recovered",
            "root": recovered.state.as_ref().map(|state| state.root.to_hex().to_string()),
            "size": recovered.state.as_ref().map(|state| state.size),
            "appended_bytes": recovered.state.as_ref().map_or(0, |state| state.appended_bytes),
            "put_back": recovered.put_back,
            "removed": recovered.removed.iter().map(|path| shown(path).to_string()).collect::<Vec<_>>(),
        });
        with_name(event, "file", path)
    };
    if !recovered.intact {
        return Err(Error::new(
            Kind::Verification,
            format!("{file} is recovered, but somebody has changed other bytes of it since it was scanned"),
        )
        .hint(
            "what the journal covers is whole, and was read back; `runner verify` prints the root of all",
        ));
    }
    reporter.tell(event, || page)
}
