//! `runner apply` and `runner plan`.

use std::fs::File;
use std::io::ErrorKind;
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
use crate::fs::{Entry, FileType, OsStorage, Storage};
use crate::memory::{Guard, Watch, is_denied};
use crate::output::Output;
use crate::plan::Choice;
use crate::reach::{Backup, Extras};
use crate::run::{self, Event, Options};
use crate::source::check_none_interrupted;
use crate::verify::Wanted;

pub(super) fn run(args: &ApplyArgs, reporter: &Reporter) -> Result<Outcome> {
    let alone = [("-o", args.output.is_some()), ("--undo", args.undo.is_some()), ("--resume", args.resume)];
    if let Some((option, _)) = alone.iter().find(|(_, given)| *given && args.files.len() > 1) {
        return Err(Error::new(Kind::Usage, format!("{option} takes one FILE, not {}", args.files.len())));
    }
    if args.output.as_deref() == Some(Path::new("-")) && args.run.json {
        return Err(Error::new(Kind::Usage, "`-o -` and `--json` both want standard output"));
    }
    if !args.dry_run && !args.check && args.output.is_none() {
        check_none_interrupted(args.files.iter().map(PathBuf::as_path))?;
    }
    let session = Session::new(&args.plugin, args.run.threads(), cancel_on_signals, reporter)?;
    let watch = Watch::new();
    let run = Run { args, session: &session, cancel: session.cancel(), watch: &watch };
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
        )?;
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
                undo: args.undo.as_deref().map(Entry::resolve).transpose()?,
                backup: args.backup.as_ref().map(|suffix| Backup::Suffix(suffix.into())),
            },
            resume: args.resume,
            checkpoint_every: args.checkpoint,
            patch_files: args.patch_files(),
            memory: Guard {
                budget: session.budget(),
                look: Some(&|| self.watch.look()),
                space: args.plugin.space(),
            },
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
    if STANDARD_OUTPUT.iter().any(|name| out == Path::new(name)) {
        return Ok(Output::Stream(report::stdout()?, "standard output".to_owned()));
    }
    let entry = Entry::resolve(out)?;
    let path = entry.path();
    match OsStorage.stat_entry(&entry) {
        Ok(stat) if stat.file_type == FileType::Regular => Ok(Output::File(entry)),
        Ok(_) => Ok(Output::Stream(open_stream(&entry)?, path.display().to_string())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Output::File(entry)),
        Err(e) => Err(Error::io("look at", path, e)),
    }
}

/// Names of standard output.
const STANDARD_OUTPUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

fn open_stream(entry: &Entry) -> Result<File> {
    let path = entry.path();
    let found = OsStorage.stat_entry(entry).map_err(Error::at("look at", path))?;
    if found.file_type == FileType::Directory {
        return Err(Error::new(Kind::Usage, format!("{} is a directory", path.display())));
    }
    let file = OsStorage.open_stream(entry).map_err(Error::at("open", path))?;
    let stat = OsStorage.stat(&file).map_err(Error::at("look at", path))?;
    match stat.file_type {
        FileType::Other("a FIFO" | "a character device") => Ok(file),
        _ => Err(Error::new(Kind::Usage, format!("{} is neither a file nor a pipe", path.display()))),
    }
}

pub(super) fn plan(args: &PlanArgs, reporter: &Reporter) -> Result<Outcome> {
    let started = Instant::now();
    let session = Session::new(&args.plugin, args.run.threads(), cancel_on_signals, reporter)?;
    let watch = Watch::new();
    let options = Options {
        threads: session.workers(),
        window_bytes: args.plugin.window,
        choice: Choice::Auto,
        verify: Wanted::Deepest,
        extras: Extras::default(),
        resume: false,
        checkpoint_every: Duration::MAX,
        patch_files: args.patch_files(),
        memory: Guard { budget: session.budget(), look: Some(&|| watch.look()), space: args.plugin.space() },
        cancel: session.cancel(),
    };
    let file = &args.file;
    let mut events = |event| reporter.progress(file, event);
    let saved = Entry::resolve(&args.output)?;
    let (report, bytes) =
        session.with_program(reporter, |program| run::plan(file, program, &options, &saved, &mut events))?;
    let saved = args.output.display();
    reporter.report(file, &report, started, "planned")?;
    reporter.tell(
        || json!({ "event": "saved", "patch": args.output.to_string_lossy(), "bytes": bytes }),
        || format!("saved {saved} ({bytes} bytes); `runner show {saved}` shows it, `runner patch {saved} {}` carries it out", file.display()),
    )?;
    Ok(Outcome::Done)
}
