//! `cargo xtask torture`: the tests that try to break the promises, and what
//! they have counted. The quick set is part of `cargo xtask test`; the long one
//! runs the same with more of everything, then fuzzes, then mutates.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use clap::Args;

use crate::{fuzz, mutate, shell, test};

/// Test programs of the package `runner`, and what they are given in a long
/// run.
const PROGRAMS: [(&str, &[(&str, &str)]); 25] = [
    ("crash", &[("RUNNER_SOAK_SECONDS", "1800")]),
    ("replay", &[("RUNNER_CRASH_STATES", "2000")]),
    ("shutdown", &[("RUNNER_CRASH_STATES", "300")]),
    ("killed", &[]),
    ("resume", &[("RUNNER_KILLS", "500")]),
    ("recovery", &[]),
    ("journal", &[]),
    ("interrupted", &[("RUNNER_EVERY", "1")]),
    ("meanwhile", &[]),
    ("races", &[]),
    ("appends", &[]),
    ("trust", &[]),
    ("other_names", &[]),
    ("bad_patch", &[]),
    ("holes", &[]),
    ("system_calls", &[]),
    ("write_back", &[]),
    ("copy_on_write", &[]),
    ("full_disk", &[]),
    ("bad_medium", &[]),
    ("faults", &[]),
    ("hostile", &[]),
    ("memory", &[]),
    ("leaks", &[]),
    ("fuzz", &[]),
];

/// Options of the command.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Try for hours, fuzz and mutate
    #[arg(long)]
    long: bool,
    /// Begin with this seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs all, and stops at the first that fails.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    test::install_programs();
    let started = Instant::now();
    let mut counts = Vec::new();
    for (program, long) in PROGRAMS {
        let long = if options.long { long } else { &[] };
        counts.extend(program_counts(program, long, options.seed)?);
    }
    if options.long {
        fuzz::run(&fuzz::Options::all())?;
        mutate::run(&mutate::Options::default())?;
    }
    println!("\nin {} seconds:", started.elapsed().as_secs());
    counts.iter().for_each(|line| println!("  {line}"));
    Ok(())
}

/// Runs a test program; the lines that it has counted something in.
fn program_counts(program: &str, env: &[(&str, &str)], seed: u64) -> Result<Vec<String>, String> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "runner-tests", "--locked", "--test", program, "--", "--nocapture"]);
    cargo.envs(env.iter().copied()).env("RUNNER_SEED", seed.to_string());
    eprintln!("$ cargo test --package runner-tests --locked --test {program} -- --nocapture  {env:?}");
    // What tests count goes to standard error.
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
    if status.success() { Ok(counts) } else { Err(format!("cargo test --test {program}: {status}")) }
}

/// How a line begins in which a test says what it has counted.
const COUNTED: &str = "counted: ";
