//! `cargo xtask bench`: how long things take, against other programs that do
//! the same, on one machine in one run. docs/benchmarks.md says what is and
//! what is not measured; bench/results.md holds a result.

use clap::builder::PossibleValuesParser;

use crate::cases::{self, Definition};
use crate::report::{self, Report};
use crate::setup::Setup;
use crate::{machine, measure};

/// Rounds of a quick run.
const QUICK_ROUNDS: u32 = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often each command is run [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Small files and few rounds: shows that it works, measures nothing
    #[arg(long)]
    pub(crate) quick: bool,
    /// With a file of 1 TiB (of holes), and one of 4 GiB in one line
    #[arg(long)]
    long: bool,
    /// Put the result into bench/results.md
    #[arg(long)]
    write: bool,
    /// Only show the cases
    #[arg(long)]
    list: bool,
    /// Only these
    #[arg(value_parser = PossibleValuesParser::new(cases::ALL.iter().map(|case| case.name)))]
    cases: Vec<String>,
}

/// Measures all cases, whether or not one fails, and prints the tables.
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
    let rounds = options.rounds.unwrap_or(if options.quick { QUICK_ROUNDS } else { 5 });
    let setup = Setup::new(options)?;
    let mut report = Report::default();
    let mut failed = Vec::new();
    for definition in &chosen {
        eprintln!("{}: {}", definition.name, definition.about);
        if let Err(error) = measure_one(&setup, definition, rounds, &mut report) {
            eprintln!("  {error}");
            report.fail(definition.name, &error);
            failed.push(definition.name);
        }
        setup.clear()?;
    }
    let result = format!("{}\n{}", head(options, rounds), report.markdown());
    println!("{result}");
    if options.write {
        report::write(&result)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

fn measure_one(
    setup: &Setup,
    definition: &Definition,
    rounds: u32,
    report: &mut Report,
) -> Result<(), String> {
    let mut case = (definition.make)(setup)?;
    let rows = std::mem::take(&mut case.rows);
    let measured = measure::measure(setup, case, rounds)?;
    report.add(definition.name, &rows, &measured);
    Ok(())
}

/// How the result was made, and where.
fn head(options: &Options, rounds: u32) -> String {
    let mut command = format!("cargo xtask bench --rounds {rounds}");
    for (given, option) in [(options.quick, " --quick"), (options.long, " --long")] {
        if given {
            command += option;
        }
    }
    for case in &options.cases {
        command += &format!(" {case}");
    }
    let quick =
        if options.quick { " The files were small: this shows that it works, and no more." } else { "" };
    let mut lines = vec![format!("Made by `{command}`.{quick}\n")];
    lines.extend(machine::describe().into_iter().map(|line| format!("- {line}")));
    lines.join("\n") + "\n"
}
