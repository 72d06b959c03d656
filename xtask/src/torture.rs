//! `cargo xtask torture`: runs the tests that try to break the promises, and
//! prints what they counted. The quick set is part of `cargo xtask test`. The
//! long one runs the same tests with more iterations, then fuzzes, then
//! mutates.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use clap::Args;

use crate::{fuzz, mutate, shell, test};

/// A program of `tests/`, its modules to run (all if none is named), and the
/// environment variables for a long run.
type Part = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const PARTS: [Part; 9] = [
    ("crash", &["simulated::"], &[("RUNNER_SOAK_SECONDS", "1800")]),
    ("crash", &["replay::"], &[("RUNNER_CRASH_STATES", "2000")]),
    ("crash", &["shutdown::"], &[("RUNNER_CRASH_STATES", "300")]),
    ("crash", &["resume::"], &[("RUNNER_KILLS", "500")]),
    ("crash", &["interrupted::"], &[("RUNNER_EVERY", "1")]),
    ("crash", &["journal::", "killed::", "lists::", "recovery::", "store::", "system_calls::"], &[]),
    ("disk", &[], &[]),
    ("hostile", &[], &[]),
    ("cli", &["leaks::", "memory::"], &[]),
];

/// Options of the command.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run for hours, fuzz and mutate
    #[arg(long)]
    long: bool,
    /// Seed of the random tests
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs all parts, and stops at the first failure.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    test::install_programs();
    let started = Instant::now();
    let mut counts = Vec::new();
    for (program, modules, long) in PARTS {
        let long = if options.long { long } else { &[] };
        counts.extend(counted(program, modules, long, options.seed)?);
    }
    if options.long {
        fuzz::run(&fuzz::Options::all())?;
        mutate::run(&mutate::Options::default())?;
    }
    println!("\nin {} seconds:", started.elapsed().as_secs());
    counts.iter().for_each(|line| println!("  {line}"));
    Ok(())
}

/// Runs a part. Returns the lines in which its tests report counts.
fn counted(program: &str, modules: &[&str], env: &[(&str, &str)], seed: u64) -> Result<Vec<String>, String> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "runner-tests", "--locked", "--test", program, "--", "--nocapture"]);
    cargo.args(modules).envs(env.iter().copied()).env("RUNNER_SEED", seed.to_string());
    let what = format!("cargo test --package runner-tests --test {program} -- {}", modules.join(" "));
    eprintln!("$ {what}  {env:?}");
    // Tests print their counts to standard error.
    let mut child = cargo.stderr(Stdio::piped()).spawn().map_err(|error| format!("cargo test: {error}"))?;
    let mut counts = Vec::new();
    for line in BufReader::new(child.stderr.take().ok_or("cargo test: no output")?).lines() {
        let line = line.map_err(|error| format!("cargo test: {error}"))?;
        eprintln!("{line}");
        if let Some(count) = line.strip_prefix(COUNTED) {
            counts.push(format!("{program}: {count}"));
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    if status.success() { Ok(counts) } else { Err(format!("{what}: {status}")) }
}

/// Prefix of a line in which a test reports a count.
const COUNTED: &str = "counted: ";

#[test]
fn every_module_takes_part() {
    for (program, modules, _) in PARTS {
        for module in modules {
            crate::programs::check_filter(program, module).expect("a module");
        }
    }
    let main = std::fs::read_to_string(shell::root().join("tests/crash/main.rs")).expect("a program");
    for module in main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')) {
        let filter = format!("{module}::");
        assert!(PARTS.iter().any(|(_, modules, _)| modules.contains(&filter.as_str())), "{module}");
    }
}
