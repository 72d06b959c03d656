//! The command line. Each command has a file of its own, which also declares
//! its arguments. Only the module `report` prints.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod admitted;
mod append;
mod apply;
mod args;
mod author;
mod batch;
mod beside;
mod capabilities;
mod closed_streams;
mod command_line;
mod completions;
mod diff;
mod direct;
mod explain;
mod guard;
mod history;
mod installed;
mod lines;
mod loaded_plugin;
mod log;
mod overwrite;
mod patch;
mod pipe;
mod plan;
mod plugins;
mod preview;
mod question;
mod real_paths;
mod receipt;
mod recover;
mod report;
mod semaphore;
mod show;
mod signals;
mod signature_files;
mod truncate;
mod trusted;
mod turn;
mod verify;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape_lines;
use runner_pipeline::patch::Patch;
use runner_pipeline::storage::OsStorage;
use runner_pipeline::{profile, stack};

use self::command_line::{Args, Command};
use self::report::{EventFormat, Reporter};

/// Exit code of `--check` if anything would change, and of `--require-edits` if
/// there is nothing to change.
const EXIT_CHANGES: u8 = 1;

/// The result of a command that did not return an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// `--check` found changes, or `--require-edits` found none.
    Changes,
    /// At least one of several files failed. This is the kind of the first
    /// error; all errors have been reported.
    Failed(Kind),
}

impl Outcome {
    /// Combines the outcomes of two files: the first failure, else changes.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failed(kind), _) | (_, Self::Failed(kind)) => Self::Failed(kind),
            (Self::Changes, _) | (_, Self::Changes) => Self::Changes,
            (Self::Done, Self::Done) => Self::Done,
        }
    }
}

/// The output of `runner show` for a patch. For tests.
///
/// # Errors
/// If the patch cannot be read.
#[doc(hidden)]
pub fn show_patch(patch: &Patch<'_, OsStorage>) -> Result<String> {
    Ok(show::patch_page(patch)?.as_str().to_owned())
}

/// Uses another folder than `/etc/runner`, which may belong to this user. For tests.
#[doc(hidden)]
pub fn use_machine_folder(path: std::path::PathBuf) {
    guard::use_machine_folder(path);
}

/// Runs the command line of this process on a thread whose stack is large
/// enough regardless of the process's limits.
#[must_use]
pub fn main() -> ExitCode {
    author::child_main();
    disable_core_dumps();
    signals::fail_at_size_limit();
    runner_sandbox::worker_main();
    runner_registry::child_main();
    signals::wait_for_children();
    stack::on_own_thread(command).unwrap_or_else(|error| {
        Reporter::new(EventFormat::Text, report::Volume::Usual).error(&error);
        ExitCode::from(error.kind().exit_code())
    })
}

fn command() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return print_usage(&error),
    };
    let format = args.command.event_format();
    let reporter = Reporter::new(format, args.command.volume());
    if format == EventFormat::Json
        && let Err(error) = report::stdout()
    {
        // Without standard output, all events would be lost.
        Reporter::new(EventFormat::Text, report::Volume::Usual).error(&error);
        return ExitCode::from(error.kind().exit_code());
    }
    let started = args.command.profile().then(|| {
        profile::start();
        Instant::now()
    });
    let result = dispatch(args.command, &reporter);
    if let Some(started) = started {
        reporter.profile(started.elapsed(), &profile::take());
    }
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Changes) => ExitCode::from(EXIT_CHANGES),
        Ok(Outcome::Failed(kind)) => ExitCode::from(kind.exit_code()),
        // The reader of our output has closed it.
        Err(error) if report::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            reporter.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// Disables core dumps: they could contain the content of files and secret
/// parameters. The resource limit alone does not apply where the system pipes
/// core dumps to a program.
fn disable_core_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    // A failure here is no reason to refuse to run.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Prints an error about the command line, or the requested help text. An
/// argument may be a file name, so the text is escaped if it contains control
/// characters.
fn print_usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let Err(error) = report::unless_unread(print_help(error)) else { return ExitCode::SUCCESS };
        Reporter::new(EventFormat::Text, report::Volume::Usual).error(&error);
        return ExitCode::from(error.kind().exit_code());
    }
    let text = error.render().to_string();
    let escaped = escape_lines(&text, usize::MAX);
    if text == escaped {
        // In colour, if it is for a terminal. A failure cannot be reported
        // anywhere.
        let _ = error.print();
    } else {
        report::complain(&escaped);
    }
    ExitCode::from(Kind::Usage.exit_code())
}

/// Prints the requested help text, or the version.
fn print_help(help: &clap::Error) -> Result<()> {
    report::stdout()?;
    let printed = help.print().and_then(|()| io::stdout().flush());
    printed.map_err(Error::at("write to", Path::new("standard output")))
}

fn dispatch(command: Command, reporter: &Reporter) -> Result<Outcome> {
    match command {
        Command::Apply(args) => apply::run(&args.sorted(), reporter),
        Command::Overwrite(args) => overwrite::run(&args, reporter),
        Command::Append(args) => append::run(&args, reporter),
        Command::Truncate(args) => truncate::run(&args, reporter),
        Command::Plan(args) => plan::run(&args.sorted()?, reporter),
        Command::Show(args) => show::run(&args, reporter),
        Command::Patch(args) => patch::run(&args, runner_pipeline::patch::Direction::Forward, reporter),
        Command::Undo(args) => patch::run(&args, runner_pipeline::patch::Direction::Reverse, reporter),
        Command::Recover(args) => recover::run(&args, reporter),
        Command::Verify(args) => verify::run(&args, reporter),
        Command::Receipt { command } => receipt::run(&command, reporter),
        Command::Log(args) => log::run(&args, reporter),
        Command::Pipe(args) => pipe::run(&args.sorted(), reporter),
        Command::Plugin { command } => plugins::run(&command, reporter),
        Command::Trust { command } => trusted::run(&command, reporter),
        Command::Completions { shell } => completions::completions(shell, reporter),
        Command::Man => completions::man(reporter),
    }
}
