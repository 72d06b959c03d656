//! `runner apply`.

mod output;
mod receipt;
mod record;
mod repeated_errors;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args as ArgGroup;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::conditions::Conditions;
use runner_pipeline::commit::output::Output;
use runner_pipeline::commit::strategy::Plan;
use runner_pipeline::commit::{Backup, Keep};
use runner_pipeline::engine::transform::may_succeed_alone;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, shown};
use runner_pipeline::locks::lock;
use runner_pipeline::memory::{MemoryContext, Watch};
use runner_pipeline::patch::Roots;
use runner_pipeline::run::{self, Event, Options, Program};
use runner_pipeline::storage::Entry;
use runner_pipeline::target::OsTarget;
use runner_pipeline::target::interrupted::check_none_interrupted;
use serde_json::json;

use self::output::output;
use self::receipt::{Ready, ReceiptArgs};
use self::repeated_errors::RepeatedErrors;
use crate::Outcome;
use crate::args::{AfterHyphens, CommitArgs, PatchFileArgs, PluginArgs, RunArgs, root, seconds, suffix};
use crate::batch::{self, Mode, Turn};
use crate::explain::explain;
use crate::history::Recorder;
use crate::loaded_plugin::{Session, Work};
use crate::report::{self, Reporter};
use crate::show::{self, View};
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// Files to change; small files are processed concurrently
    #[arg(required_unless_present = "arguments")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) after: AfterHyphens,
    #[command(flatten)]
    pub(crate) options: ApplyOptions,
}

impl ApplyArgs {
    /// The same, with the meaning of what stands after `--`.
    pub(crate) fn sorted(mut self) -> Self {
        let after = self.after.take();
        match self.files.is_empty() {
            true => self.files = after.into_iter().map(PathBuf::from).collect(),
            false => self.plugin.filter.arguments = after,
        }
        self
    }
}

/// What `apply` can be told besides the plugin and the files.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct ApplyOptions {
    /// Write the result to OUT and leave the file alone; `-` is standard output
    #[arg(short, value_name = "OUT", conflicts_with_all = ["dry_run", "check", "strategy", "undo", "backup"])]
    pub(crate) output: Option<PathBuf>,
    /// Show what would change; touch nothing. A plugin that keeps state may make different changes in a
    /// later run. To get exactly the changes shown, use `--expect` with the root after `after`, or
    /// `plan` and `patch`
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run: show all changes as a unified diff, which `patch -p0` can apply to text files
    // An option that conflicts with --dry-run would lift what is required here.
    #[arg(long, requires = "dry_run", conflicts_with_all = ["json", "check", "output", "resume", "undo", "backup"])]
    pub(crate) diff: bool,
    /// Exit with code 1 if anything would change; touch nothing
    #[arg(long, conflicts_with = "require_edits")]
    pub(crate) check: bool,
    /// Write only if the result has this BLAKE3 root, which a dry run shows after `after`
    #[arg(long, value_name = "ROOT", value_parser = root)]
    pub(crate) expect: Option<blake3::Hash>,
    #[command(flatten)]
    pub(crate) commit: CommitArgs,
    /// Save a patch with which `runner undo` can undo the change
    #[arg(long, value_name = "PATCH", conflicts_with_all = ["dry_run", "check"])]
    pub(crate) undo: Option<PathBuf>,
    /// Keep the old file under its name with this suffix; for a symbolic link, beside the file it
    /// points to
    #[arg(long, value_name = "SUFFIX", value_parser = suffix, conflicts_with_all = ["dry_run", "check"])]
    pub(crate) backup: Option<String>,
    /// Resume a killed scan of the file if possible; with this option, Ctrl-C also keeps the progress
    #[arg(long, conflicts_with_all = ["dry_run", "check", "output"])]
    pub(crate) resume: bool,
    #[command(flatten)]
    receipt: ReceiptArgs,
    #[command(flatten)]
    pub(crate) patch_files: PatchFileArgs,
    /// How often to save the progress of the scan, for --resume
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) checkpoint: Duration,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

pub(crate) fn run(args: &ApplyArgs, reporter: &Reporter) -> Result<Outcome> {
    let alone = [
        ("-o", args.options.output.is_some()),
        ("--undo", args.options.undo.is_some()),
        ("--resume", args.options.resume),
        ("--expect", args.options.expect.is_some()),
        ("--receipt", args.options.receipt.receipt.is_some()),
    ];
    if let Some((option, _)) = alone.iter().find(|(_, given)| *given && args.files.len() > 1) {
        return Err(Error::new(Kind::Usage, format!("{option} takes one FILE, not {}", args.files.len())));
    }
    if args.options.output.as_deref() == Some(Path::new("-")) && args.options.run.json {
        return Err(Error::new(Kind::Usage, "`-o -` and `--json` both write to standard output"));
    }
    if args.options.diff && args.plugin.decompress {
        return Err(Error::new(
            Kind::Usage,
            "`--diff` shows the bytes of the file, which `--decompress` changes all over",
        ));
    }
    if args.options.diff && args.options.run.roots() == Roots::Touched {
        return Err(Error::new(
            Kind::Usage,
            "`--diff` counts the lines of the file, which `--roots touched` does not read",
        )
        .hint("omit `--diff`: a dry run shows the first changes with their offsets"));
    }
    if !args.options.dry_run && !args.options.check && args.options.output.is_none() {
        check_none_interrupted(args.files.iter().map(PathBuf::as_path))?;
    }
    let receipt = Mutex::new(Ready::new(&args.options)?);
    // Also what is written elsewhere is looked at by its own name.
    let output = args.options.output.iter().filter(|output| *output != "-");
    let files = args.files.iter().chain(output).cloned().collect();
    let work = Work::Files(args.options.run.threads(), files);
    let session = Session::new(&args.plugin, work, cancel_on_signals, reporter)?;
    let (cancel, watch) = (session.cancel(), Watch::new());
    let (edited, recorder) = (AtomicBool::new(false), Recorder::default());
    let run = Run { args, session: &session, cancel, watch: &watch, edited, recorder, receipt };
    let outcome = match args.files.as_slice() {
        [file] => run.one(file, reporter, None),
        _ => run.several(reporter),
    };
    run.recorder.finish(reporter);
    let outcome = outcome?;
    let none = args.options.run.require_edits && !run.edited.load(Ordering::Relaxed);
    Ok(if none { outcome.and(Outcome::Changes) } else { outcome })
}

/// What all files of a run share.
struct Run<'a> {
    args: &'a ApplyArgs,
    session: &'a Session,
    cancel: Cancel<'a>,
    watch: &'a Watch,
    /// Whether there was something to change, in any file.
    edited: AtomicBool,
    recorder: Recorder,
    /// For the only file.
    receipt: Mutex<Option<Ready>>,
}

impl Run<'_> {
    fn several(&self, reporter: &Reporter) -> Result<Outcome> {
        let work = |file: &Path, mode, turn: &mut Turn<'_>| match mode {
            Mode::Exclusive => Some((None, self.one(file, reporter, None))),
            Mode::Concurrent => {
                let buffered = reporter.buffered();
                let result = self.session.budget().file().map_err(Error::from);
                let result = result.and_then(|_lease| self.one(file, &buffered, Some(turn)));
                let again = result.as_ref().is_err_and(may_succeed_alone);
                (!again).then_some((Some(buffered), result))
            }
        };
        let mut outcome = Outcome::Done;
        let mut interrupted = Ok(());
        let mut repeated = RepeatedErrors::default();
        let count = batch::each(
            &batch::Job {
                files: &self.args.files,
                max_busy: self.session.workers(),
                max_in_flight: self.session.files().min(batch::most_by_descriptors()),
                stopped: &|| self.cancel.check().is_err(),
                work: &work,
            },
            |(buffered, result)| {
                let printed = buffered.map_or(Ok(()), |buffered| reporter.pass_on(&buffered));
                match result.and_then(|outcome| printed.map(|()| outcome)) {
                    Ok(other) => outcome = outcome.and(other),
                    Err(error) if error.kind() == Kind::Interrupted => interrupted = Err(error),
                    Err(error) => {
                        // The run continues with the other files.
                        if repeated.is_new(&error) {
                            reporter.error(&error);
                        }
                        outcome = outcome.and(Outcome::Failed(error.kind()));
                    }
                }
            },
        )?;
        repeated.report(reporter)?;
        interrupted?;
        if count < self.args.files.len() {
            self.cancel.check()?;
        }
        Ok(outcome)
    }

    fn one(&self, file: &Path, reporter: &Reporter, turn: Option<&mut Turn<'_>>) -> Result<Outcome> {
        self.work_on(file, reporter, turn).map_err(|error| explain(file, error))
    }

    /// Processes one file: with all workers, or with one worker if it is this
    /// thread's turn beside others.
    fn work_on(&self, file: &Path, reporter: &Reporter, mut turn: Option<&mut Turn<'_>>) -> Result<Outcome> {
        let started = Instant::now();
        let Self { args, session, .. } = self;
        let receipt = lock(&self.receipt).take();
        let options = Options {
            threads: turn.as_ref().map_or(session.workers(), |_| 1),
            window_bytes: args.plugin.window,
            choice: args.options.commit.choice(),
            verify: args.options.commit.verify_choice(),
            keep: Keep {
                undo: args.options.undo.as_deref().map(Entry::resolve).transpose()?,
                backup: args.options.backup.as_ref().map(|suffix| Backup::Suffix(suffix.into())),
            },
            conditions: Conditions {
                expect: args.options.expect,
                privileges: args.options.commit.privileges(),
            },
            resume: args.options.resume,
            checkpoint_every: args.options.checkpoint,
            scratch: None,
            roots: args.options.run.roots(),
            patch_files: args.options.patch_files.choice(),
            no_text: args.plugin.no_text(),
            convert: args.plugin.convert(),
            prove: receipt.is_some(),
            memory: MemoryContext {
                budget: session.budget(),
                look: Some(&|| self.watch.look()),
                space: args.plugin.space(),
            },
            cancel: self.cancel,
        };
        let mut events = |event| {
            if matches!(event, Event::Applying(_)) {
                // The scan is done; the rest of the run mostly waits for syncs.
                if let Some(turn) = &mut turn {
                    turn.end();
                }
            }
            reporter.progress(file, event);
        };
        session.with_program(reporter, |program| {
            if args.options.dry_run || args.options.check {
                return self.would_apply(file, (program, &options), &mut events, (reporter, started));
            }
            let output = args.options.output.as_deref().map(output).transpose()?;
            let receipt = receipt.map(|ready| ready.begin(program, session.hidden_values(), output.as_ref()));
            let receipt = receipt.transpose()?;
            let report = match &output {
                None => run::apply(file, program, &options, &mut events)?,
                Some(output) => run::apply_to(file, output, program, &options, &mut events)?,
            };
            if let Some(change) = record::change(file, output.as_ref(), &program.id, &args.options) {
                self.recorder.made(change, &report, reporter);
            }
            let changed = match &output {
                Some(Output::File(entry)) => entry.path(),
                _ => file,
            };
            let written = receipt.map(|receipt| receipt.write(changed, program, &report));
            self.note(&report);
            reporter.report(file, &report, started, "applied")?;
            written.transpose()?.map_or(Ok(()), |written| written.report(file, reporter))?;
            Ok(Outcome::Done)
        })
    }

    /// Says what would be done.
    fn would_apply(
        &self,
        file: &Path,
        (program, options): (&Program<'_>, &Options<'_>),
        events: &mut dyn FnMut(Event),
        (reporter, started): (&Reporter, Instant),
    ) -> Result<Outcome> {
        let (is_check, is_json) = (self.args.options.check, self.args.options.run.json);
        let mut look = |target: &OsTarget, patch: &run::OsPatch, report: &run::Report| {
            if is_check || is_json {
                return Ok(());
            }
            report::unless_unread(self.preview(file, (target, patch), &report.plan, reporter))
        };
        let report = run::dry_run(file, program, options, events, &mut look)?;
        let changes = self.note(&report);
        if is_check || is_json {
            reporter.report(file, &report, started, "would-apply")?;
        } else if let Some(note) = report::not_scanned(&report) {
            reporter.tell(|| json!({}), || Page::of(format_args!("{}: {note}", shown(file))))?;
        }
        Ok(if is_check && changes { Outcome::Changes } else { Outcome::Done })
    }

    /// Records and returns whether there was something to change.
    fn note(&self, report: &run::Report) -> bool {
        let changes = report.stats.edits > 0;
        self.edited.fetch_or(changes, Ordering::Relaxed);
        changes
    }

    /// Shows the changes found by a dry run.
    fn preview(
        &self,
        file: &Path,
        (target, patch): (&OsTarget, &run::OsPatch),
        plan: &Plan,
        reporter: &Reporter,
    ) -> Result<()> {
        reporter.clear();
        if self.args.options.diff {
            return super::diff::write(patch, &target.file, file, reporter);
        }
        let source = target.file.try_clone().map_err(Error::at("duplicate the descriptor of", file))?;
        let view = View { plan: Some(plan), source: Some(source), ..View::default() };
        reporter.show(&show::page(patch, &view)?)
    }
}
