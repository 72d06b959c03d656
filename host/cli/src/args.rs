//! What may stand on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ArgGroup, Parser, Subcommand, ValueEnum};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::conditions::Privileges;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::{Level, VerifyChoice};
use runner_pipeline::error::Result;
use runner_pipeline::memory::{self, Budget, Space};
use runner_pipeline::run::COSTS;
use runner_sandbox::{Limits, plan_memory};

use crate::apply::ApplyArgs;
use crate::patch::PatchArgs;
use crate::pipe::PipeArgs;
use crate::plan::PlanArgs;
use crate::plugins::PluginCommand;
use crate::recover::RecoverArgs;
use crate::report::{EventFormat, Volume};
use crate::show::{Format, ShowArgs};
use crate::verify::VerifyArgs;

/// Change huge files with small sandboxed programs, crash-safely and verified.
#[derive(Debug, Parser)]
#[command(name = "runner", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 --check found changes, or --require-edits none; \
2 usage or input/output; \
3 the plugin failed; 4 refused; 5 verification failed; 6 recovery needed";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a plugin on files, and change them
    Apply(ApplyArgs),
    /// Run a plugin on a file, and save what it would change
    Plan(PlanArgs),
    /// Show what a patch changes
    Show(ShowArgs),
    /// Carry out a saved patch
    Patch(PatchArgs),
    /// Undo a patch
    Undo(PatchArgs),
    /// Bring a file whose run did not end to one state
    Recover(RecoverArgs),
    /// Print a file's BLAKE3 root, or compare it
    Verify(VerifyArgs),
    /// Run a plugin on standard input
    Pipe(PipeArgs),
    /// Look at plugins
    Plugin {
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

impl Command {
    pub(crate) fn event_format(&self) -> EventFormat {
        let json = match self {
            Self::Apply(args) => args.run.json,
            Self::Plan(args) => args.run.json,
            Self::Show(args) => args.format == Some(Format::Json),
            _ => false,
        };
        if json { EventFormat::Json } else { EventFormat::Text }
    }

    pub(crate) fn volume(&self) -> Volume {
        let quiet = match self {
            Self::Apply(args) => args.run.quiet,
            Self::Plan(args) => args.run.quiet,
            Self::Patch(args) | Self::Undo(args) => args.quiet,
            Self::Recover(args) => args.quiet,
            Self::Verify(args) => args.quiet,
            Self::Pipe(args) => args.quiet,
            _ => false,
        };
        if quiet { Volume::Quiet } else { Volume::All }
    }

    pub(crate) fn profile(&self) -> bool {
        match self {
            Self::Apply(args) => args.run.profile,
            Self::Plan(args) => args.run.profile,
            _ => false,
        }
    }
}

/// How a plugin is run.
#[derive(Debug, ArgGroup)]
pub(crate) struct PluginArgs {
    /// A bundled plugin's name, or the path of a .wasm file
    pub(crate) plugin: String,
    /// Give the plugin a parameter; once for each parameter
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Read parameters from a file; those of --set win over them. Text from it is taken for a secret:
    /// it is neither shown nor stored, but for the edits that are made from it
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) params: Option<PathBuf>,
    /// Show the plugin about this much at a time; a record may be as long as this, or 16 MiB if that
    /// is more
    #[arg(long, value_name = "BYTES", default_value = "1M", value_parser = window_bytes)]
    pub(crate) window: u64,
    /// The longest that the plugin may take for one window; and the longest that the host may, to
    /// search it with the plugin's prefilter
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// The longest that the run may take before it begins to write, all files together [default: no
    /// limit]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout_total: Option<Duration>,
    /// The longest that compiling the plugin may take, when it is run for the first time
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) compile_timeout: Duration,
    /// The most memory that an instance of the plugin may have
    #[arg(long, value_name = "BYTES", default_value = "256M", value_parser = bytes)]
    pub(crate) memory: u64,
    /// The most memory that the run may have, all instances, windows and edits together; with less of
    /// it, fewer workers run [default: half of what the machine has left]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) memory_total: Option<u64>,
    /// The most space that a patch may take, old and new bytes together [default: 64 MiB and 24 times
    /// the file]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) patch_limit: Option<u64>,
}

impl PluginArgs {
    /// How the memory is used, with so many workers at most.
    pub(crate) fn plan(&self, workers: usize) -> Result<memory::Plan> {
        plan_memory(workers, self.window, self.memory, self.memory_total, COSTS)
    }

    /// How much space a patch may take.
    pub(crate) fn space(&self) -> Space {
        self.patch_limit.map_or(Space::DEFAULT, Space::bytes)
    }

    pub(crate) fn limits(&self, budget: Budget, cancel: Cancel<'static>) -> Limits {
        Limits { memory_bytes: self.memory, budget, deadline: self.timeout, cancel: cancel.into() }
    }
}

/// How a run is done.
#[derive(Debug, ArgGroup)]
pub(crate) struct RunArgs {
    /// Worker threads [default: all cores]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Say where the time went, stage by stage
    #[arg(long)]
    pub(crate) profile: bool,
    /// Print one JSON object an event on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Report nothing but errors and a plugin's warnings
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// Exit with 1 if there was nothing to change, in all files together
    #[arg(long)]
    pub(crate) require_edits: bool,
}

impl RunArgs {
    pub(crate) fn threads(&self) -> usize {
        threads(self.jobs)
    }
}

/// What a patch is applied with.
#[derive(Debug, ArgGroup)]
pub(crate) struct ReachArgs {
    /// How the file is written
    #[arg(long, value_enum, default_value_t = StrategyArg::Auto)]
    pub(crate) strategy: StrategyArg,
    /// How what was written is read back: past the cache, after eviction, from the cache, or not at all
    /// [default: the deepest that the filesystem can do]
    #[arg(long, value_enum)]
    pub(crate) verify: Option<VerifyArg>,
    /// Go on with a file that runs with privileges (set-user-id, set-group-id, capabilities), and let
    /// the new content have them
    #[arg(long)]
    pub(crate) keep_privileges: bool,
}

impl ReachArgs {
    pub(crate) fn choice(&self) -> Choice {
        match self.strategy {
            StrategyArg::Auto => Choice::Auto,
            StrategyArg::InPlace => Choice::InPlace,
            StrategyArg::Rewrite => Choice::Rewrite,
        }
    }

    pub(crate) fn privileges(&self) -> Privileges {
        if self.keep_privileges { Privileges::Keep } else { Privileges::Refuse }
    }

    pub(crate) fn wanted(&self) -> VerifyChoice {
        match self.verify {
            None => VerifyChoice::Deepest,
            Some(VerifyArg::Direct) => VerifyChoice::Exactly(Level::Direct),
            Some(VerifyArg::Evicted) => VerifyChoice::Exactly(Level::Evicted),
            Some(VerifyArg::Cached) => VerifyChoice::Exactly(Level::Cached),
            Some(VerifyArg::None) => VerifyChoice::Exactly(Level::None),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyArg {
    Auto,
    InPlace,
    Rewrite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyArg {
    Direct,
    Evicted,
    Cached,
    None,
}

/// The number of worker threads that was asked for, or one a core.
pub(crate) fn threads(jobs: Option<u16>) -> usize {
    jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

pub(crate) fn suffix(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('/') {
        return Err("it is the end of a name beside the file, such as `.bak`".to_owned());
    }
    Ok(text.to_owned())
}

pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A number of bytes, with an optional suffix K, M, G or T (powers of 1024).
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 30),
        Some(b't' | b'T') => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number: u64 =
        digits.parse().map_err(|_| "it must be a number, with K, M, G or T behind it if you like")?;
    number.checked_mul(1 << shift).ok_or_else(|| "it is too large".to_owned())
}

pub(crate) fn window_bytes(text: &str) -> Result<u64, String> {
    match bytes(text)? {
        0 => Err("it must not be zero".to_owned()),
        // A window is addressed by 32 bits, and has a record on top.
        large if large > 1 << 30 => Err("it must be at most 1G".to_owned()),
        fits => Ok(fits),
    }
}

pub(crate) fn root(text: &str) -> Result<blake3::Hash, String> {
    blake3::Hash::from_hex(text).map_err(|_| "it must be a BLAKE3 root: 64 hex digits".to_owned())
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "it must be a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it must be a positive number of seconds".to_owned()),
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

    #[test]
    fn sizes_have_suffixes() {
        assert_eq!(bytes("65536"), Ok(65536));
        assert_eq!(bytes("64K"), Ok(65536));
        assert_eq!(bytes("2g"), Ok(2 << 30));
        assert!(bytes("2 g").is_err());
        assert!(bytes("99999999T").is_err());
        assert!(bytes("").is_err());
        assert!(window_bytes("0").is_err());
        assert!(window_bytes("2G").is_err());
        assert!(seconds("-1").is_err());
        assert!(seconds("0").is_err());
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(root("12").is_err());
    }
}
