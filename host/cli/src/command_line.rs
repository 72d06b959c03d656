//! The command line: the subcommands, and what all of them have in common.

use clap::{Parser, Subcommand};

use crate::append::AppendArgs;
use crate::apply::{ApplyArgs, ApplyOptions};
use crate::log::LogArgs;
use crate::overwrite::OverwriteArgs;
use crate::patch::PatchArgs;
use crate::pipe::PipeArgs;
use crate::plan::PlanArgs;
use crate::plugins::PluginCommand;
use crate::receipt::ReceiptCommand;
use crate::recover::RecoverArgs;
use crate::report::{EventFormat, Volume};
use crate::show::{Format, ShowArgs};
use crate::truncate::TruncateArgs;
use crate::trusted::TrustCommand;
use crate::verify::VerifyArgs;

/// Change huge files with small sandboxed programs, crash-safely and verified.
#[derive(Debug, Parser)]
#[command(name = "runner", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 success; 1 --check found changes, or --require-edits found none; \
2 usage or input/output error; 3 the plugin failed; 4 refused; 5 verification failed; \
6 recovery needed; \
7 try again: interrupted, out of time or memory, or the file is in use or was changed by another process";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a plugin on files and change them
    Apply(ApplyArgs),
    /// Overwrite bytes at an offset
    Overwrite(OverwriteArgs),
    /// Append bytes
    Append(AppendArgs),
    /// Shorten a file, or lengthen it by zeros
    Truncate(TruncateArgs),
    /// Run a plugin on a file and save its changes as a patch
    Plan(PlanArgs),
    /// Show what a patch changes
    Show(ShowArgs),
    /// Apply a saved patch
    Patch(PatchArgs),
    /// Undo a patch
    Undo(PatchArgs),
    /// Recover files after an interrupted run
    Recover(RecoverArgs),
    /// Print or check the BLAKE3 root of a file
    Verify(VerifyArgs),
    /// Check a receipt: what was changed in a file, by which plugin, and that the rest is the same
    Receipt {
        #[command(subcommand)]
        command: ReceiptCommand,
    },
    /// List what was changed, when, and by which plugin
    Log(LogArgs),
    /// Run a plugin on standard input
    Pipe(PipeArgs),
    /// Write, try, sign, install and inspect plugins
    Plugin {
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// Say whose plugins may be run: keys, and lists of revoked plugins
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

impl Command {
    /// The options of the commands that change files by a plugin.
    fn applying(&self) -> Option<&ApplyOptions> {
        match self {
            Self::Apply(args) => Some(&args.options),
            Self::Overwrite(args) => Some(&args.options),
            Self::Append(args) => Some(&args.options),
            Self::Truncate(args) => Some(&args.options),
            _ => None,
        }
    }

    pub(crate) fn event_format(&self) -> EventFormat {
        let json = match self {
            _ if self.applying().is_some_and(|options| options.run.json) => true,
            Self::Plan(args) => args.run.json,
            Self::Patch(args) | Self::Undo(args) => args.json,
            Self::Recover(args) => args.json,
            Self::Log(args) => args.json,
            Self::Receipt { command } => command.is_json(),
            Self::Plugin { command } => command.is_json(),
            Self::Show(args) => args.format == Some(Format::Json),
            _ => false,
        };
        if json { EventFormat::Json } else { EventFormat::Text }
    }

    pub(crate) fn volume(&self) -> Volume {
        let run = self.applying().map(|options| &options.run);
        let (quiet, verbose) = match self {
            Self::Plan(args) => (args.run.quiet, args.run.log.verbose),
            Self::Patch(args) | Self::Undo(args) => (args.quiet, 0),
            Self::Recover(args) => (args.quiet, 0),
            Self::Verify(args) => (args.quiet, 0),
            Self::Pipe(args) => (args.quiet, args.log.verbose),
            _ => run.map_or((false, 0), |run| (run.quiet, run.log.verbose)),
        };
        match (quiet, verbose) {
            (true, _) => Volume::Quiet,
            (_, 0) => Volume::Usual,
            (_, 1) => Volume::Verbose,
            _ => Volume::Full,
        }
    }

    pub(crate) fn profile(&self) -> bool {
        match self {
            _ if self.applying().is_some_and(|options| options.run.profile) => true,
            Self::Plan(args) => args.run.profile,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Args::command().debug_assert();
    }
}
