//! The options that subcommands share.

mod compile;
mod filter;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ArgGroup, Command, FromArgMatches as _, ValueEnum};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::conditions::Privileges;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::{Level, VerifyChoice};
use runner_pipeline::convert::Convert;
use runner_pipeline::engine::readable::NoText;
use runner_pipeline::error::Result;
use runner_pipeline::memory::{self, Budget, Space};
use runner_pipeline::patch::Roots;
use runner_pipeline::run::COSTS;
use runner_pipeline::target::PatchFiles;
use runner_sandbox::{Confinement, Limits, plan_memory};
use runner_store::resolve::Locking;

pub(crate) use self::compile::CompileArgs;
pub(crate) use self::filter::{AfterHyphens, FilterArgs};
pub(crate) use self::values::{bytes, key_value, root, seconds, suffix, threads};
use self::values::{encoding, window_bytes};
use crate::capabilities::GivenInRun;

/// Options of all commands that run a plugin.
#[derive(Debug, ArgGroup)]
pub(crate) struct PluginArgs {
    /// Name of a bundled plugin, NAMESPACE:NAME of an installed one (also with @VERSION), or path of a
    /// .wasm file: a plugin, or a filter (a WASI command, which reads standard input and writes standard
    /// output); or several of them with commas between, each of which sees what those before it make of
    /// the file
    pub(crate) plugin: String,
    /// Run only bundled plugins, and those that the file runner.lock of the current folder names
    #[arg(long)]
    pub(crate) locked: bool,
    /// Set a parameter of the plugin; repeat the option for each parameter, and for each value of a
    /// parameter that repeats. Where several plugins have a parameter of this name, write PLUGIN.KEY,
    /// with the plugin's name or its number in the list
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Read parameters from a file; --set overrides them. Text values from the file are secrets: they
    /// are neither shown nor stored, except in edits that contain them
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) params: Option<PathBuf>,
    /// Hand a table to a plugin that takes one; it can only read it. An installed plugin must have been
    /// granted it
    #[arg(long = "table", value_name = "NAME=FILE", value_parser = key_value)]
    pub(crate) tables: Vec<(String, String)>,
    /// Give a seed to a plugin that takes one. An installed plugin must have been granted it
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Show the bytes to a plugin that reads text even if the file is compressed or in UTF-16
    #[arg(long)]
    pub(crate) as_is: bool,
    /// Change what is in a gzip, zstd, xz or bzip2 file: decompress it, and compress the result again
    /// with the settings that the file tells
    #[arg(short = 'z', long)]
    pub(crate) decompress: bool,
    /// With --decompress: the level to compress with, in the numbers of the format's program
    #[arg(long, value_name = "N", requires = "decompress", allow_negative_numbers = true)]
    pub(crate) level: Option<i32>,
    /// Encoding of the text, which the plugin sees as UTF-8: utf-16le, utf-16be, utf-16 (with a byte
    /// order mark), or one of one byte a character, such as windows-1252 or latin1. What is not edited
    /// stays byte for byte
    #[arg(long, value_name = "LABEL", value_parser = encoding)]
    pub(crate) encoding: Option<Convert>,
    /// Approximate size of the windows that the plugin sees; a record may have up to this size or 16
    /// MiB, whichever is larger
    #[arg(long, value_name = "BYTES", default_value = "1M", value_parser = window_bytes)]
    pub(crate) window: u64,
    /// Time limit for the plugin's work on one block of the file (a window, or 1 MiB if that is
    /// larger), for starting and describing itself, and for `begin` [default: 10, or what an installed
    /// plugin was granted]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Time limit for the whole command, up to the point where it begins to write [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout_total: Option<Duration>,
    #[command(flatten)]
    pub(crate) compile: CompileArgs,
    /// Memory limit per instance of the plugin [default: 256M, or what an installed plugin was granted]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) memory: Option<u64>,
    /// Memory limit for the whole run: all instances, windows and edits; with less memory, fewer
    /// workers run [default: half of the available memory]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) memory_total: Option<u64>,
    /// Refuse to run the plugin unless the kernel can confine it fully; without this option, a missing
    /// layer of confinement is a warning
    #[arg(long)]
    pub(crate) require_confinement: bool,
    /// Size limit of a patch, old and new bytes together [default: 64 MiB plus 24 times the file size]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) patch_limit: Option<u64>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

impl PluginArgs {
    /// A bundled plugin with these parameters, and the default of every other
    /// option.
    pub(crate) fn bundled(name: &'static str, set: Vec<(String, String)>) -> Self {
        let command = Self::augment_args(Command::new("runner")).no_binary_name(true);
        let parsed = command.try_get_matches_from([name]).and_then(|found| Self::from_arg_matches(&found));
        Self { set, ..parsed.expect("everything but the plugin's name has a default") }
    }

    pub(crate) fn no_text(&self) -> NoText {
        if self.as_is { NoText::Show } else { NoText::Refuse }
    }

    /// Which plugins may be run.
    pub(crate) fn locking(&self) -> Locking {
        if self.locked { Locking::Strict } else { Locking::Usual }
    }

    /// What is converted before the plugin sees it.
    pub(crate) fn convert(&self) -> Convert {
        let encoding = self.encoding.unwrap_or_default();
        if self.decompress { encoding.decompressed(self.level) } else { encoding }
    }

    /// What plugins may have beyond their parameters: tables and a seed.
    pub(crate) fn grants(&self) -> (Vec<(String, PathBuf)>, Option<u64>) {
        let tables = self.tables.iter().map(|(name, path)| (name.clone(), PathBuf::from(path)));
        (tables.collect(), self.seed)
    }

    /// What the user gives plugins in this run.
    pub(crate) fn given(&self) -> GivenInRun {
        GivenInRun {
            memory_bytes: self.memory,
            deadline: self.timeout,
            tables: self.tables.iter().map(|(name, _)| name.clone()).collect(),
            seed: self.seed.is_some(),
        }
    }

    /// How to divide the memory among so many plugins, whose instances may have so
    /// many bytes, with at most `workers` workers.
    pub(crate) fn plan(&self, workers: usize, (plugins, bytes): (usize, u64)) -> Result<memory::Plan> {
        plan_memory(workers, (plugins, self.window, bytes), self.memory_total, COSTS)
    }

    /// How large a patch may get.
    pub(crate) fn space(&self) -> Space {
        self.patch_limit.map_or(Space::DEFAULT, Space::bytes)
    }

    /// The limits of a plugin, which this many workers use, but for memory and
    /// deadline, which are those of the plugin. Each worker has so many blocks at
    /// once.
    pub(crate) fn limits(
        &self,
        (workers, blocks): (usize, u64),
        budget: Budget,
        cancel: Cancel<'static>,
    ) -> Limits {
        Limits {
            budget,
            window_bytes: self.window,
            blocks,
            // The collector may have one as well.
            lanes: workers + 1,
            confinement: match self.require_confinement {
                true => Confinement::Full,
                false => Confinement::AsFarAsPossible,
            },
            cancel: cancel.into(),
            meter: None,
            ..Limits::default()
        }
    }
}

/// Options of the commands that scan files and report on it.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct RunArgs {
    /// Number of worker threads [default: one per core]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Report how long each stage took
    #[arg(long)]
    pub(crate) profile: bool,
    /// Print events as JSON on standard output, one object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Report only errors, the plugin's warnings and what was asked for, such as a preview
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// Exit with code 1 if there was nothing to change
    #[arg(long)]
    pub(crate) require_edits: bool,
    /// What to read and hash: the whole file, for its BLAKE3 root before and after; or only the groups
    /// of 64 KiB that the plugin names, and then the roots stay unknown. The plugin must name what it
    /// needs, as `bytes` does, and no byte may move
    #[arg(long, value_enum, default_value_t = RootsArg::Whole)]
    roots: RootsArg,
}

impl RunArgs {
    pub(crate) fn roots(&self) -> Roots {
        match self.roots {
            RootsArg::Whole => Roots::Whole,
            RootsArg::Touched => Roots::Touched,
        }
    }

    pub(crate) fn threads(&self) -> usize {
        threads(self.jobs)
    }
}

/// How much of a plugin's log is shown.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct LogArgs {
    /// Show the plugin's messages for its author as well: `-v` those of the level debug, `-vv` also
    /// those of the level trace
    #[arg(short, long, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
}

/// What may be done with a file that is a patch itself.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct PatchFileArgs {
    /// Accept a file that looks like a patch, although it may be a journal or an undo file
    #[arg(long)]
    allow_patch_file: bool,
}

impl PatchFileArgs {
    pub(crate) fn choice(&self) -> PatchFiles {
        if self.allow_patch_file { PatchFiles::Change } else { PatchFiles::Refuse }
    }
}

/// Options of the commands that write to a file.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct CommitArgs {
    /// How to write the file
    #[arg(long, value_enum, default_value_t = StrategyArg::Auto)]
    pub(crate) strategy: StrategyArg,
    /// How to read back what was written: bypassing the page cache, after evicting it from the cache,
    /// from the cache, or not at all [default: the strongest level that the filesystem supports]
    #[arg(long, value_enum)]
    pub(crate) verify: Option<VerifyArg>,
    /// Change a file even if it runs with privileges (set-user-id, set-group-id, capabilities), and let
    /// the new content keep them
    #[arg(long)]
    pub(crate) keep_privileges: bool,
}

impl CommitArgs {
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

    pub(crate) fn verify_choice(&self) -> VerifyChoice {
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
enum RootsArg {
    Whole,
    Touched,
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
