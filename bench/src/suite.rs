//! `cargo xtask bench`: compares `runner` with other programs that do the same
//! job. docs/benchmarks.md explains how, and bench/results.md has results.

use std::fs;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use crate::baseline;
use crate::cases::{self, Definition};
use crate::report::{self, Report};
use crate::setup::{Scale, Setup};
use crate::{machine, measure, peers};

/// Default number of rounds.
const ROUNDS: u32 = 5;
/// Default number of rounds with `--quick`.
const QUICK_ROUNDS: u32 = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Timed rounds per case [default: 5, with --quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Use small files: a smoke test, not a measurement
    #[arg(long)]
    quick: bool,
    /// Include the case `long`: 1 TiB of holes, and 4 GiB in one line
    #[arg(long)]
    long: bool,
    /// Compare with another build of `runner`, instead of with other programs
    #[arg(long, value_name = "PROGRAM", conflicts_with = "write", value_parser = program)]
    baseline: Option<PathBuf>,
    /// Replace the tables in bench/results.md
    #[arg(long)]
    write: bool,
    /// List the cases, and exit
    #[arg(long)]
    list: bool,
    /// Cases to run [default: all but `long`]
    #[arg(value_parser = PossibleValuesParser::new(cases::ALL.iter().map(|case| case.name)))]
    cases: Vec<String>,
}

/// Measures all chosen cases, even if some of them fail, and prints the tables.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let is_chosen = |case: &&Definition| match &options.cases[..] {
        [] => options.long || options.list || case.name != cases::LONG,
        names => names.iter().any(|name| name == case.name),
    };
    let chosen: Vec<_> = cases::ALL.iter().filter(is_chosen).collect();
    if options.list {
        chosen.iter().for_each(|case| println!("{:14} {}", case.name, case.about));
        return Ok(());
    }
    let rounds = options.rounds.unwrap_or(if options.quick { QUICK_ROUNDS } else { ROUNDS });
    peers::install();
    let setup = Setup::new(if options.quick { Scale::Quick } else { Scale::Full })?;
    let mut report = Report::default();
    let mut failed = Vec::new();
    for definition in &chosen {
        eprintln!("{}: {}", definition.name, definition.about);
        if let Err(error) = measure_one(&setup, options, definition, rounds, &mut report) {
            eprintln!("  {error}");
            report.add_failure(definition.name, &error);
            failed.push(definition.name);
        }
        setup.clear()?;
    }
    let tables = format!("{}\n{}", header(options, rounds), report.markdown());
    println!("{tables}");
    if options.write {
        report::write(&tables)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// The path of a program, whatever the folder in which it will run.
fn program(path: &str) -> Result<PathBuf, String> {
    fs::canonicalize(path).map_err(|error| error.to_string())
}

fn measure_one(
    setup: &Setup,
    options: &Options,
    definition: &Definition,
    rounds: u32,
    report: &mut Report,
) -> Result<(), String> {
    let mut case = (definition.make)(setup)?;
    if let Some(other) = &options.baseline {
        case = baseline::compare(case, setup.runner(), other);
    }
    let rows = std::mem::take(&mut case.rows);
    let measured = measure::measure(setup, case, rounds)?;
    report.add(definition.name, &rows, &measured);
    Ok(())
}

/// The command and the machine that produced the tables.
fn header(options: &Options, rounds: u32) -> String {
    let mut command = format!("cargo xtask bench --rounds {rounds}");
    for (given, option) in [(options.quick, " --quick"), (options.long, " --long")] {
        if given {
            command += option;
        }
    }
    if options.baseline.is_some() {
        command += " --baseline OTHER";
    }
    for case in &options.cases {
        command += &format!(" {case}");
    }
    let quick =
        if options.quick { " The files were small: this is a smoke test, not a measurement." } else { "" };
    let mut lines = vec![format!("Made by `{command}`.{quick}\n")];
    lines.extend(machine::describe().into_iter().map(|line| format!("- {line}")));
    lines.join("\n") + "\n"
}
