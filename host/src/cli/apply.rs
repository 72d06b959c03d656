//! `runner apply` and `runner plan`.

use std::fs::OpenOptions;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Outcome;
use super::args::{ApplyArgs, PlanArgs};
use super::report::{self, Reporter};
use super::session::{Session, cancel_on_signals, temporary_patch};
use super::show;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::memory::{Guard, Watch};
use crate::output::Output;
use crate::plan::Choice;
use crate::reach::Extras;
use crate::run::{self, Options};
use crate::source::beside;
use crate::verify::Wanted;

pub(super) fn run(args: &ApplyArgs, reporter: &Reporter) -> Result<Outcome> {
    let alone = [("-o", args.output.is_some()), ("--undo", args.undo.is_some()), ("--resume", args.resume)];
    if let Some((option, _)) = alone.iter().find(|(_, given)| *given && args.files.len() > 1) {
        return Err(Error::new(Kind::Usage, format!("{option} takes one FILE, not {}", args.files.len())));
    }
    if args.output.as_deref() == Some(Path::new("-")) && args.run.json {
        return Err(Error::new(Kind::Usage, "`-o -` and `--json` both want standard output"));
    }
    let session = Session::new(&args.plugin, args.run.threads(), reporter)?;
    let cancel = cancel_on_signals()?;
    let watch = Watch::new();
    let mut outcome = Outcome::Done;
    for file in &args.files {
        match one(args, file, &session, &watch, Cancel::new(&cancel), reporter) {
            Ok(Outcome::Done) => {}
            Ok(other) => outcome = outcome.and(other),
            Err(error) if args.files.len() > 1 && Cancel::new(&cancel).check().is_ok() => {
                // The other files are not to blame.
                reporter.error(&error);
                outcome = outcome.and(Outcome::Failed(error.kind()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcome)
}

fn one(
    args: &ApplyArgs,
    file: &Path,
    session: &Session,
    watch: &Watch,
    cancel: Cancel<'_>,
    reporter: &Reporter,
) -> Result<Outcome> {
    let started = Instant::now();
    let options = Options {
        threads: session.workers(),
        window_bytes: args.plugin.window,
        choice: args.reach.choice(),
        verify: args.reach.wanted(),
        extras: Extras {
            undo: args.undo.clone(),
            backup: args.backup.as_ref().map(|suffix| beside(file, suffix)),
        },
        resume: args.resume,
        checkpoint_every: args.checkpoint,
        memory: Guard { budget: session.budget(), look: Some(&|| watch.look()) },
        cancel,
    };
    let mut events = |event| reporter.progress(file, event);
    session.with_program(|program| {
        if args.dry_run || args.check {
            let mut look = |patch: &run::OsPatch, report: &run::Report| {
                if args.check || args.run.json {
                    return Ok(());
                }
                reporter.clear();
                reporter.data(show::text(patch, Some(&report.plan), None)?.as_bytes())
            };
            let report = run::dry_run(file, program, &options, temporary_patch(), &mut events, &mut look)?;
            let changes = report.stats.edits > 0;
            if args.check || args.run.json {
                reporter.report(file, &report, started, "would-apply")?;
            }
            return Ok(if args.check && changes { Outcome::Changes } else { Outcome::Done });
        }
        let report = match &args.output {
            None => run::apply(file, program, &options, &mut events)?,
            Some(out) => {
                let output = output(out)?;
                run::apply_to(file, &output, program, &options, temporary_patch(), &mut events)?
            }
        };
        reporter.report(file, &report, started, "applied")?;
        Ok(Outcome::Done)
    })
}

/// What `-o` means: standard output, a device or FIFO to write to, or a file
/// to make.
fn output(out: &Path) -> Result<Output> {
    if out == Path::new("-") {
        return Ok(Output::Stream(report::stdout()?, "standard output".to_owned()));
    }
    match std::fs::metadata(out) {
        Ok(meta) if meta.is_dir() => {
            Err(Error::new(Kind::Usage, format!("{} is a directory", out.display())))
        }
        Ok(meta) if meta.file_type().is_fifo() || meta.file_type().is_char_device() => {
            let file = OpenOptions::new().write(true).open(out).map_err(Error::at("open", out))?;
            Ok(Output::Stream(file, out.display().to_string()))
        }
        Ok(meta) if !meta.is_file() => {
            Err(Error::new(Kind::Usage, format!("{} is neither a file nor a pipe", out.display())))
        }
        _ => Ok(Output::File(out.to_owned())),
    }
}

pub(super) fn plan(args: &PlanArgs, reporter: &Reporter) -> Result<Outcome> {
    let started = Instant::now();
    let session = Session::new(&args.plugin, args.run.threads(), reporter)?;
    let cancel = cancel_on_signals()?;
    let watch = Watch::new();
    let options = Options {
        threads: session.workers(),
        window_bytes: args.plugin.window,
        choice: Choice::Auto,
        verify: Wanted::Deepest,
        extras: Extras::default(),
        resume: false,
        checkpoint_every: Duration::MAX,
        memory: Guard { budget: session.budget(), look: Some(&|| watch.look()) },
        cancel: Cancel::new(&cancel),
    };
    let file = &args.file;
    let mut events = |event| reporter.progress(file, event);
    let spill: PathBuf = beside(&args.output, ".runner-scan");
    let (report, bytes) = session
        .with_program(|program| run::plan(file, program, &options, spill, &args.output, &mut events))?;
    let saved = args.output.display();
    reporter.report(file, &report, started, "planned")?;
    reporter.tell(
        || json!({ "event": "saved", "patch": args.output.to_string_lossy(), "bytes": bytes }),
        || format!("saved {saved} ({bytes} bytes); `runner show {saved}` shows it, `runner patch {saved} {}` carries it out", file.display()),
    )?;
    Ok(Outcome::Done)
}
