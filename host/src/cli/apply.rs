//! `runner apply` and `runner plan`.

use std::fs::OpenOptions;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Outcome;
use super::args::{ApplyArgs, PlanArgs};
use super::explain::explain;
use super::report::{self, Reporter};
use super::session::{Session, cancel_on_signals, temporary_patch};
use super::several::{self, Company};
use super::show::{self, View};
use super::slots::Slots;
use crate::cancel::{Cancel, is_interrupted};
use crate::conditions::{Conditions, Privileges};
use crate::error::{Error, Kind, Result};
use crate::memory::{Guard, Watch, is_denied};
use crate::output::Output;
use crate::plan::Choice;
use crate::reach::Extras;
use crate::run::{self, Event, Options};
use crate::source::{Target, beside};
use crate::text::{Page, shown, with_name};
use crate::verify::Wanted;

pub(super) fn run(args: &ApplyArgs, reporter: &Reporter) -> Result<Outcome> {
    let alone = [
        ("-o", args.output.is_some()),
        ("--undo", args.undo.is_some()),
        ("--resume", args.resume),
        ("--expect", args.expect.is_some()),
    ];
    if let Some((option, _)) = alone.iter().find(|(_, given)| *given && args.files.len() > 1) {
        return Err(Error::new(Kind::Usage, format!("{option} takes one FILE, not {}", args.files.len())));
    }
    if args.output.as_deref() == Some(Path::new("-")) && args.run.json {
        return Err(Error::new(Kind::Usage, "`-o -` and `--json` both want standard output"));
    }
    let session = Session::new(&args.plugin, args.run.threads(), reporter)?;
    let cancel = cancel_on_signals()?;
    let (cancel, watch) = (Cancel::new(&cancel), Watch::new());
    let run = Run { args, session: &session, cancel, watch: &watch, edited: AtomicBool::new(false) };
    let outcome = match args.files.as_slice() {
        [file] => run.one(file, reporter, None)?,
        _ => run.several(reporter)?,
    };
    let none = args.run.require_edits && !run.edited.load(Ordering::Relaxed);
    Ok(if none { outcome.and(Outcome::Changes) } else { outcome })
}

/// What is the same for all files.
struct Run<'a> {
    args: &'a ApplyArgs,
    session: &'a Session,
    cancel: Cancel<'a>,
    watch: &'a Watch,
    /// Whether there was something to change, in any file.
    edited: AtomicBool,
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
        let mut faults = Faults::default();
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
                        if faults.is_new(&error) {
                            reporter.error(&error);
                        }
                        outcome = outcome.and(Outcome::Failed(error.kind()));
                    }
                }
            },
        );
        faults.tell_rest(reporter)?;
        interrupted?;
        if count < self.args.files.len() {
            self.cancel.check()?;
        }
        Ok(outcome)
    }

    fn one(&self, file: &Path, reporter: &Reporter, scans: Option<&Slots>) -> Result<Outcome> {
        self.work_on(file, reporter, scans).map_err(|error| explain(file, error))
    }

    /// Works on one file: with all workers, or, where it has to wait for one
    /// of so many slots to scan in, with one.
    fn work_on(&self, file: &Path, reporter: &Reporter, scans: Option<&Slots>) -> Result<Outcome> {
        let started = Instant::now();
        let Self { args, session, .. } = self;
        let options = Options {
            threads: scans.map_or(session.workers(), |_| 1),
            window_bytes: args.plugin.window,
            choice: args.reach.choice(),
            verify: args.reach.wanted(),
            extras: Extras {
                undo: args.undo.clone(),
                backup: args.backup.as_ref().map(|suffix| backup(file, suffix)),
            },
            conditions: Conditions { expect: args.expect, privileges: args.reach.privileges() },
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
                let mut look = |target: &Target, patch: &run::OsPatch, report: &run::Report| {
                    let asked = !args.check && !args.run.json;
                    if asked { self.preview(file, target, patch, report, reporter) } else { Ok(()) }
                };
                let report =
                    run::dry_run(file, program, &options, temporary_patch(), &mut events, &mut look)?;
                let changes = self.note(&report);
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
            self.note(&report);
            reporter.report(file, &report, started, "applied")?;
            Ok(Outcome::Done)
        })
    }

    /// Notes whether there was something to change, and says it.
    fn note(&self, report: &run::Report) -> bool {
        let changes = report.stats.edits > 0;
        self.edited.fetch_or(changes, Ordering::Relaxed);
        changes
    }

    /// Shows what a dry run has found.
    fn preview(
        &self,
        file: &Path,
        target: &Target,
        patch: &run::OsPatch,
        report: &run::Report,
        reporter: &Reporter,
    ) -> Result<()> {
        reporter.clear();
        if self.args.diff {
            return super::diff::write(patch, &target.file, file, reporter);
        }
        let source = target.file.try_clone().map_err(Error::at("look at", file))?;
        let view = View { plan: Some(&report.plan), source: Some(source), ..View::default() };
        reporter.show(&show::page(patch, &view)?)
    }
}

/// Errors that the parameters are the reason of, and so not one file's.
#[derive(Default)]
struct Faults {
    /// What the plugin said, and how many files after the first got the same.
    said: Vec<(String, u64)>,
}

impl Faults {
    /// Whether this was not said before.
    fn is_new(&mut self, error: &Error) -> bool {
        let Some(words) = error.words().filter(|_| error.kind() == Kind::Usage) else { return true };
        if let Some((_, count)) = self.said.iter_mut().find(|(said, _)| said == words) {
            *count += 1;
            return false;
        }
        self.said.push((words.to_owned(), 0));
        true
    }

    /// Counts what was not said again.
    fn tell_rest(&self, reporter: &Reporter) -> Result<()> {
        let count: u64 = self.said.iter().map(|(_, count)| count).sum();
        if count == 0 {
            return Ok(());
        }
        reporter.tell(
            || json!({ "event": "repeated", "files": count }),
            || Page::of(format_args!("the same of {count} other file{}", if count == 1 { "" } else { "s" })),
        )
    }
}

/// The name of a backup: beside the file itself, so that it is on the same
/// filesystem, and where whoever looks for the file finds it.
fn backup(file: &Path, suffix: &str) -> PathBuf {
    beside(&std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()), suffix)
}

/// What `-o` means: standard output, a device or FIFO to write to, or a file
/// to make.
fn output(out: &Path) -> Result<Output> {
    if out == Path::new("-") {
        return Ok(Output::Stream(report::stdout()?, "standard output".to_owned()));
    }
    match std::fs::metadata(out) {
        Ok(meta) if meta.is_dir() => Err(Error::new(Kind::Usage, format!("{} is a directory", shown(out)))),
        Ok(meta) if meta.file_type().is_fifo() || meta.file_type().is_char_device() => {
            let file = OpenOptions::new().write(true).open(out).map_err(Error::at("open", out))?;
            Ok(Output::Stream(file, shown(out).to_string()))
        }
        Ok(meta) if !meta.is_file() => {
            Err(Error::new(Kind::Usage, format!("{} is neither a file nor a pipe", shown(out))))
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
        // Nothing but the patch is written; `runner patch` looks again.
        conditions: Conditions { expect: None, privileges: Privileges::Keep },
        resume: false,
        checkpoint_every: Duration::MAX,
        memory: Guard { budget: session.budget(), look: Some(&|| watch.look()) },
        cancel: Cancel::new(&cancel),
    };
    let file = &args.file;
    let mut events = |event| reporter.progress(file, event);
    let spill: PathBuf = beside(&args.output, ".runner-scan");
    let (report, bytes) = session
        .with_program(reporter, |program| {
            run::plan(file, program, &options, spill, &args.output, &mut events)
        })
        .map_err(|error| explain(file, error))?;
    reporter.report(file, &report, started, "planned")?;
    let saved = shown(&args.output);
    reporter.tell(
        || with_name(json!({ "event": "saved", "bytes": bytes }), "patch", &args.output),
        || {
            Page::of(format_args!(
                "saved {saved} ({bytes} bytes); `runner show {saved}` shows it, `runner patch {saved} {}` \
                 carries it out",
                shown(file)
            ))
        },
    )?;
    let none = args.run.require_edits && report.stats.edits == 0;
    Ok(if none { Outcome::Changes } else { Outcome::Done })
}
