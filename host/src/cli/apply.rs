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
use super::several::{self, Company};
use super::show;
use super::slots::Slots;
use crate::cancel::{Cancel, is_interrupted};
use crate::error::{Error, Kind, Result};
use crate::memory::{Guard, Watch, is_denied};
use crate::output::Output;
use crate::plan::Choice;
use crate::reach::Extras;
use crate::run::{self, Event, Options};
use crate::source::beside;
use crate::text::escape;
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
    let (cancel, watch) = (Cancel::new(&cancel), Watch::new());
    let run = Run { args, session: &session, cancel, watch: &watch };
    if let [file] = args.files.as_slice() { run.one(file, reporter, None) } else { run.several(reporter) }
}

/// What is the same for all files.
struct Run<'a> {
    args: &'a ApplyArgs,
    session: &'a Session,
    cancel: Cancel<'a>,
    watch: &'a Watch,
}

impl Run<'_> {
    fn several(&self, reporter: &Reporter) -> Result<Outcome> {
        let scans = Slots::new(self.session.workers());
        let work = |file: &Path, company| match company {
            Company::Alone => Some((None, self.one(file, reporter, None))),
            Company::Others => {
                let aside = reporter.aside();
                let result = self.session.budget().file().map_err(Error::from);
                let result = result.and_then(|_lease| self.one(file, &aside, Some(&scans)));
                let denied = result.as_ref().is_err_and(is_denied);
                (!denied).then_some((Some(aside), result))
            }
        };
        let mut outcome = Outcome::Done;
        let mut interrupted = Ok(());
        let count = several::each(
            &several::Job {
                files: &self.args.files,
                most: self.session.files().min(several::most_by_descriptors()),
                stopped: &|| self.cancel.check().is_err(),
                work: &work,
            },
            |(aside, result)| {
                let said = aside.map_or(Ok(()), |aside| reporter.pass_on(&aside));
                match result.and_then(|outcome| said.map(|()| outcome)) {
                    Ok(other) => outcome = outcome.and(other),
                    Err(error) if is_interrupted(&error) => interrupted = Err(error),
                    Err(error) => {
                        // The other files are not to blame.
                        reporter.error(&error);
                        outcome = outcome.and(Outcome::Failed(error.kind()));
                    }
                }
            },
        );
        interrupted?;
        if count < self.args.files.len() {
            self.cancel.check()?;
        }
        Ok(outcome)
    }

    /// Works on one file: with all workers, or, where it has to wait for one
    /// of so many slots to scan in, with one.
    fn one(&self, file: &Path, reporter: &Reporter, scans: Option<&Slots>) -> Result<Outcome> {
        let started = Instant::now();
        let Self { args, session, .. } = self;
        let options = Options {
            threads: scans.map_or(session.workers(), |_| 1),
            window_bytes: args.plugin.window,
            choice: args.reach.choice(),
            verify: args.reach.wanted(),
            extras: Extras {
                undo: args.undo.clone(),
                backup: args.backup.as_ref().map(|suffix| beside(file, suffix)),
            },
            resume: args.resume,
            checkpoint_every: args.checkpoint,
            memory: Guard { budget: session.budget(), look: Some(&|| self.watch.look()) },
            cancel: self.cancel,
        };
        let mut slot = scans.map(Slots::take);
        let mut events = |event| {
            if matches!(event, Event::Applying(_)) {
                // The scan is done; what follows is waiting.
                drop(slot.take());
            }
            reporter.progress(file, event);
        };
        session.with_program(reporter, |program| {
            if args.dry_run || args.check {
                let mut look = |patch: &run::OsPatch, report: &run::Report| {
                    if args.check || args.run.json {
                        return Ok(());
                    }
                    reporter.clear();
                    reporter.data(show::text(patch, Some(&report.plan), None)?.as_bytes())
                };
                let report =
                    run::dry_run(file, program, &options, temporary_patch(), &mut events, &mut look)?;
                let changes = report.stats.edits > 0;
                if args.check || args.run.json {
                    reporter.report(file, &report, started, "would-apply")?;
                } else if let Some(note) = report::not_scanned(&report) {
                    reporter.tell(
                        || json!({}),
                        || format!("{}: {note}", escape(&file.to_string_lossy(), 4096)),
                    )?;
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
    let (report, bytes) = session.with_program(reporter, |program| {
        run::plan(file, program, &options, spill, &args.output, &mut events)
    })?;
    let saved = args.output.display();
    reporter.report(file, &report, started, "planned")?;
    reporter.tell(
        || json!({ "event": "saved", "patch": args.output.to_string_lossy(), "bytes": bytes }),
        || format!("saved {saved} ({bytes} bytes); `runner show {saved}` shows it, `runner patch {saved} {}` carries it out", file.display()),
    )?;
    Ok(Outcome::Done)
}
