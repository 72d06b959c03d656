//! `runner apply` and `runner plan`.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args as ArgGroup;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::conditions::Conditions;
use runner_pipeline::commit::elsewhere::Output;
use runner_pipeline::commit::strategy::Plan;
use runner_pipeline::commit::{Backup, Keep};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, shown};
use runner_pipeline::memory::{MemoryContext, Watch, is_denied};
use runner_pipeline::run::{self, Event, Options};
use runner_pipeline::storage::{Entry, FileType, OsStorage, Storage, is_trusted};
use runner_pipeline::target::interrupted::check_none_interrupted;
use runner_pipeline::target::{OsTarget, PatchFiles};
use serde_json::json;

use crate::Outcome;
use crate::args::{PluginArgs, ReachArgs, RunArgs, root, seconds, suffix};
use crate::batch::{self, Mode};
use crate::explain::explain;
use crate::loaded_plugin::Session;
use crate::report::{self, Reporter};
use crate::semaphore::Semaphore;
use crate::show::{self, View};
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// The files to change; small ones are worked on many at a time
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write the result here instead; `-` is standard output
    #[arg(short, value_name = "OUT", conflicts_with_all = ["dry_run", "check", "strategy", "undo", "backup"])]
    pub(crate) output: Option<PathBuf>,
    /// Show what would be changed; touch nothing. A plugin that remembers may change something else in
    /// the run that follows: `--expect` with the root after `after`, or `plan` and `patch`, hold it to
    /// what was shown
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run: show all changes as a unified diff, which `patch -p0` takes for text
    #[arg(long, requires = "dry_run", conflicts_with = "json")]
    pub(crate) diff: bool,
    /// Exit with 1 if something would be changed; touch nothing
    #[arg(long, conflicts_with = "require_edits")]
    pub(crate) check: bool,
    /// Write only if the BLAKE3 root of the result is this one: what a dry run shows after `after`
    #[arg(long, value_name = "ROOT", value_parser = root)]
    pub(crate) expect: Option<blake3::Hash>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Save what undoes the change, for `runner undo`
    #[arg(long, value_name = "PATCH")]
    pub(crate) undo: Option<PathBuf>,
    /// Keep the old file under its name with this suffix; of a link, beside the file that it leads to
    #[arg(long, value_name = "SUFFIX", value_parser = suffix)]
    pub(crate) backup: Option<String>,
    /// Go on with a scan of the file that was killed, where it is still possible; Ctrl-C then keeps what
    /// is done, too
    #[arg(long, conflicts_with_all = ["dry_run", "check", "output"])]
    pub(crate) resume: bool,
    /// Work on a file that begins as a patch does; it may be a journal or an undo file
    #[arg(long)]
    allow_patch_file: bool,
    /// Save how far the scan has come this often, for --resume
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) checkpoint: Duration,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl ApplyArgs {
    pub(crate) fn patch_files(&self) -> PatchFiles {
        if self.allow_patch_file { PatchFiles::Change } else { PatchFiles::Refuse }
    }
}

pub(crate) fn run(args: &ApplyArgs, reporter: &Reporter) -> Result<Outcome> {
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
    if !args.dry_run && !args.check && args.output.is_none() {
        check_none_interrupted(args.files.iter().map(PathBuf::as_path))?;
    }
    let session = Session::new(&args.plugin, args.run.threads(), cancel_on_signals, reporter)?;
    let (cancel, watch) = (session.cancel(), Watch::new());
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
        let scans = Semaphore::new(self.session.workers());
        let work = |file: &Path, mode| match mode {
            Mode::Alone => Some((None, self.one(file, reporter, None))),
            Mode::Others => {
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
        let count = batch::each(
            &batch::Job {
                files: &self.args.files,
                most: self.session.files().min(batch::most_by_descriptors()),
                stopped: &|| self.cancel.check().is_err(),
                work: &work,
            },
            |(aside, result)| {
                let said = aside.map_or(Ok(()), |aside| reporter.pass_on(&aside));
                match result.and_then(|outcome| said.map(|()| outcome)) {
                    Ok(other) => outcome = outcome.and(other),
                    Err(error) if error.kind() == Kind::Interrupted => interrupted = Err(error),
                    Err(error) => {
                        // The other files are not to blame.
                        if faults.is_new(&error) {
                            reporter.error(&error);
                        }
                        outcome = outcome.and(Outcome::Failed(error.kind()));
                    }
                }
            },
        )?;
        faults.tell_rest(reporter)?;
        interrupted?;
        if count < self.args.files.len() {
            self.cancel.check()?;
        }
        Ok(outcome)
    }

    fn one(&self, file: &Path, reporter: &Reporter, scans: Option<&Semaphore>) -> Result<Outcome> {
        self.work_on(file, reporter, scans).map_err(|error| explain(file, error))
    }

    /// Works on one file: with all workers, or, where it has to wait for one
    /// of so many slots to scan in, with one.
    fn work_on(&self, file: &Path, reporter: &Reporter, scans: Option<&Semaphore>) -> Result<Outcome> {
        let started = Instant::now();
        let Self { args, session, .. } = self;
        let options = Options {
            threads: scans.map_or(session.workers(), |_| 1),
            window_bytes: args.plugin.window,
            choice: args.reach.choice(),
            verify: args.reach.wanted(),
            keep: Keep {
                undo: args.undo.as_deref().map(Entry::resolve).transpose()?,
                backup: args.backup.as_ref().map(|suffix| Backup::Suffix(suffix.into())),
            },
            conditions: Conditions { expect: args.expect, privileges: args.reach.privileges() },
            resume: args.resume,
            checkpoint_every: args.checkpoint,
            scratch: None,
            patch_files: args.patch_files(),
            memory: MemoryContext {
                budget: session.budget(),
                look: Some(&|| self.watch.look()),
                space: args.plugin.space(),
            },
            cancel: self.cancel,
        };
        let mut slot = scans.map(Semaphore::take);
        let mut events = |event| {
            if matches!(event, Event::Applying(_)) {
                // The scan is done; what follows is waiting.
                drop(slot.take());
            }
            reporter.progress(file, event);
        };
        session.with_program(reporter, |program| {
            if args.dry_run || args.check {
                let mut look = |target: &OsTarget, patch: &run::OsPatch, report: &run::Report| {
                    let asked = !args.check && !args.run.json;
                    if !asked {
                        return Ok(());
                    }
                    report::unless_unread(self.preview(file, (target, patch), &report.plan, reporter))
                };
                let report = run::dry_run(file, program, &options, &mut events, &mut look)?;
                let changes = self.note(&report);
                if args.check || args.run.json {
                    reporter.report(file, &report, started, "would-apply")?;
                } else if let Some(note) = report::not_scanned(&report) {
                    reporter.tell(|| json!({}), || Page::of(format_args!("{}: {note}", shown(file))))?;
                }
                return Ok(if args.check && changes { Outcome::Changes } else { Outcome::Done });
            }
            let report = match &args.output {
                None => run::apply(file, program, &options, &mut events)?,
                Some(out) => {
                    let output = output(out)?;
                    run::apply_to(file, &output, program, &options, &mut events)?
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
        (target, patch): (&OsTarget, &run::OsPatch),
        plan: &Plan,
        reporter: &Reporter,
    ) -> Result<()> {
        reporter.clear();
        if self.args.diff {
            return super::diff::write(patch, &target.file, file, reporter);
        }
        let source = target.file.try_clone().map_err(Error::at("look at", file))?;
        let view = View { plan: Some(plan), source: Some(source), ..View::default() };
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
        Ok(_) => Ok(Output::Stream(open_stream(&entry)?, shown(path).to_string())),
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
        return Err(Error::new(Kind::Usage, format!("{} is a directory", shown(path))));
    }
    if found.file_type == FileType::Other("a FIFO") && !is_trusted(found.owner) {
        let what = format!("{} is a FIFO of user {}, who would read the result", shown(path), found.owner);
        return Err(Error::new(Kind::Refused, what).hint("`-o - > FIFO` writes to it all the same"));
    }
    let file = OsStorage.open_stream(entry).map_err(|e| {
        let unread = e.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
        let error = Error::io("open", path, e);
        if unread { error.hint("start what is to read it first") } else { error }
    })?;
    let stat = OsStorage.stat(&file).map_err(Error::at("look at", path))?;
    match stat.file_type {
        FileType::Other("a FIFO" | "a character device") => Ok(file),
        _ => Err(Error::new(Kind::Usage, format!("{} is neither a file nor a pipe", shown(path)))),
    }
}
