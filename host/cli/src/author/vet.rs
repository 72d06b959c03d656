//! `runner plugin vet`: tries whether a plugin keeps what it claims, and what the
//! contract demands.
//!
//! ```text
//! setup       sets of parameters, each with inputs: samples, cases, odd ones
//! generate    more inputs, of the plugin's framing
//! properties  what must hold for each input     whole   what takes a long one
//! memory      whether it grows                  numbered  copies that differ
//! probe       asks the plugin, in its process   shrink  makes an input smaller
//! check       what has become of each check     report  says it
//! ```

mod check;
mod generate;
mod inputs;
mod memory;
mod numbered;
mod outcome;
mod probe;
mod properties;
mod report;
mod setup;
mod shrink;
mod trial;
mod whole;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::escape::{json_line, shown};
use runner_sandbox::plugin::Resolved;
use runner_sandbox::{Plugin, contract_version};
use runner_store::resolve::Locking;
use runner_trust::package::Package;

use self::check::{Board, Check, Finding};
use self::report::{Report, Tally};
use self::trial::Trial;
use super::build::is_plugin;
use super::stale;
use crate::Outcome;
use crate::args::{CompileArgs, bytes, key_value, seconds};
use crate::installed::resolve;
use crate::loaded_plugin::load_resolved;
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

/// What to vet, and how.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct VetArgs {
    /// Name of a bundled plugin, path of a .wasm or .wat file, or a project's folder
    #[arg(default_value = ".")]
    pub(super) plugin: String,
    /// Set a parameter of the plugin; the parameters of the cases are tried as well
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// Read parameters from a file; --set overrides them
    #[arg(long, value_name = "FILE.toml")]
    pub(super) params: Option<PathBuf>,
    /// Hand a table to a plugin that takes one
    #[arg(long = "table", value_name = "NAME=FILE", value_parser = key_value)]
    pub(super) tables: Vec<(String, String)>,
    /// Give a seed to a plugin that takes one
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// A file as the plugin is made for, of which up to 256 KiB are tried; repeat the option for more
    #[arg(long = "sample", value_name = "FILE")]
    pub(super) samples: Vec<PathBuf>,
    /// The folder of test cases, whose inputs and parameters are tried [default: `cases` beside the
    /// plugin, if there is one]
    #[arg(long, value_name = "DIR")]
    pub(super) cases: Option<PathBuf>,
    /// How many inputs are made, for all sets of parameters together
    #[arg(long, value_name = "N", default_value = "200")]
    pub(super) rounds: u64,
    /// Make inputs for so long instead
    #[arg(long, value_name = "SECONDS", value_parser = seconds, conflicts_with = "rounds")]
    pub(super) fuzz_seconds: Option<Duration>,
    /// The seed of the inputs that are made
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) fuzz_seed: u64,
    /// Time limit for the plugin's work on 256 KiB, or on 256 windows
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// Memory limit per instance of the plugin
    #[arg(long, value_name = "BYTES", default_value = "256M", value_parser = bytes)]
    pub(super) memory: u64,
    #[command(flatten)]
    pub(super) compile: CompileArgs,
    /// Fail unless the plugin takes so many bytes a second
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(super) min_speed: Option<u64>,
    /// Fail unless an input makes the plugin change something
    #[arg(long)]
    pub(super) require_edits: bool,
    /// Save the smallest failing input of each check in a new folder
    #[arg(long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
    /// Print the report as a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Vets a plugin.
///
/// # Errors
/// If there is no plugin, or it cannot be tried: wrong parameters, unreadable
/// files, or no input that it accepts. A check that fails is no error, but an
/// outcome.
pub(crate) fn vet(args: &VetArgs, reporter: &Reporter) -> Result<Outcome> {
    let (name, cases) = setup::places(args)?;
    let older_than = match is_plugin(Path::new(&name)) {
        true => stale::warn(Path::new(&name), reporter)?,
        false => None,
    };
    let source = resolve(&name, Locking::Usual)?;
    if let Some(folder) = &args.keep {
        std::fs::create_dir(folder).map_err(Error::at("create the folder", folder))?;
    }
    let mut report = Report {
        board: Board::default(),
        name: source.name.clone(),
        version: String::new(),
        digest: blake3::hash(&source.bytes),
        plugin_bytes: source.bytes.len() as u64,
        time: jiff::Timestamp::now(),
        params: Vec::new(),
        imports: Vec::new(),
        tally: Tally::default(),
        seed: args.fuzz_seed,
        rounds: args.fuzz_seconds.is_none().then_some(args.rounds),
        timeout_seconds: args.timeout.as_secs_f64(),
        memory_limit_bytes: args.memory,
        measured: None,
        kept: args.keep.clone(),
        older_than,
        notes: Vec::new(),
    };
    if let Some(plugin) = described(&source, args, &mut report, reporter)? {
        section(&source.bytes, &plugin, &mut report.board);
        let cancel = cancel_on_signals()?;
        let tried = Trial::new(args, &mut report, cancel).run(&plugin, cases.as_deref());
        if tried.as_ref().is_err_and(|error| error.kind() == Kind::Interrupted) {
            reporter.note(&report.so_far())?;
        }
        tried?;
    }
    let kept = args.keep.as_ref().map_or(Ok(()), |folder| keep(&report.board, folder));
    if kept.is_err() {
        // The report is of use without them.
        report.kept = None;
    }
    match args.json {
        true => reporter.own(json_line(&report.json()).as_bytes())?,
        false => reporter.show(&report.page())?,
    }
    kept?;
    Ok(if report.board.all_passed() { Outcome::Done } else { Outcome::Changes })
}

/// The error for a command, which promises nothing.
fn a_filter(name: &str) -> Error {
    Error::new(Kind::Usage, format!("{} is a WASI command", shown(name)))
        .hint("`plugin vet` tries what a plugin claims; a command that runs as a filter claims nothing")
}

/// The plugin, if it describes itself as it should.
fn described(
    source: &Resolved,
    args: &VetArgs,
    report: &mut Report,
    reporter: &Reporter,
) -> Result<Option<Plugin>> {
    let loaded = load_resolved(source, setup::limits(args)?, args.compile.compile_timeout, reporter)
        .and_then(|plugin| if plugin.is_filter() { Err(a_filter(&args.plugin)) } else { Ok(plugin) })
        .and_then(|plugin| plugin.describe_twice().map(|described| (plugin, described)));
    let fail = |board: &mut Board, check, why| board.fail(check, Finding { why, input: None, params: 0 });
    let (plugin, described) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            let Some(fault) = error.fault() else { return Err(error) };
            let check = if fault == Fault::Contract { Check::Describe } else { Check::of(fault) };
            fail(&mut report.board, check, outcome::text(&error));
            return Ok(None);
        }
    };
    let manifest = plugin.manifest();
    (report.name, report.version) = (manifest.name.clone(), manifest.version.clone());
    report.imports = described.imports;
    // The host has linked nothing else.
    report.board.pass(Check::Imports);
    if described.first == *manifest && described.second == *manifest {
        report.board.pass(Check::Describe);
    } else {
        let other = if described.first == *manifest { described.second } else { described.first };
        let why = format!("asked again, it answers something else: {manifest:?}, but then {other:?}");
        fail(&mut report.board, Check::Describe, why);
    }
    Ok(Some(plugin))
}

/// Holds what the plugin's section says, if it has one, against what it says itself.
fn section(bytes: &[u8], plugin: &Plugin, board: &mut Board) {
    // Only what is no text can have a section.
    if !bytes.starts_with(b"\0asm") {
        return;
    }
    let checked = Package::read(bytes).and_then(|found| {
        found.map(|package| package.check(plugin.manifest(), &contract_version())).transpose()
    });
    match checked {
        Ok(None) => {}
        Ok(Some(())) => board.pass(Check::Section),
        Err(error) => {
            board.fail(Check::Section, Finding { why: outcome::text(&error), input: None, params: 0 });
        }
    }
}

/// Saves the inputs of failures, each under the name of its check.
fn keep(board: &Board, folder: &Path) -> Result<()> {
    for check in Check::ALL {
        let finding = board.entry(check).and_then(|entry| entry.finding.as_ref());
        if let Some(input) = finding.and_then(|finding| finding.input.as_ref()) {
            let path = folder.join(check.id());
            std::fs::write(&path, &input.bytes).map_err(Error::at("write", &path))?;
        }
    }
    Ok(())
}
