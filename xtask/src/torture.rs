//! `cargo xtask torture`: the tests that try to break the promises, and what
//! they have counted. The quick set is part of `cargo xtask test`; the long one
//! runs the same with more of everything, then fuzzes, then mutates.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use clap::Args;

use crate::{fuzz, mutate, shell, test};

/// A program of `tests/`, modules of it (all, if none is named), and what they
/// are given in a long run.
type Part = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const PARTS: [Part; 9] = [
    ("crash", &["simulated::"], &[("RUNNER_SOAK_SECONDS", "1800")]),
    ("crash", &["replay::"], &[("RUNNER_CRASH_STATES", "2000")]),
    ("crash", &["shutdown::"], &[("RUNNER_CRASH_STATES", "300")]),
    ("crash", &["resume::"], &[("RUNNER_KILLS", "500")]),
    ("crash", &["interrupted::"], &[("RUNNER_EVERY", "1")]),
    ("crash", &["journal::", "killed::", "recovery::", "system_calls::"], &[]),
    ("disk", &[], &[]),
    ("hostile", &[], &[]),
    ("cli", &["leaks::", "memory::"], &[]),
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

/// Runs a part; the lines that its tests have counted something in.
fn counted(program: &str, modules: &[&str], env: &[(&str, &str)], seed: u64) -> Result<Vec<String>, String> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "runner-tests", "--locked", "--test", program, "--", "--nocapture"]);
    cargo.args(modules).envs(env.iter().copied()).env("RUNNER_SEED", seed.to_string());
    let what = format!("cargo test --package runner-tests --test {program} -- {}", modules.join(" "));
    eprintln!("$ {what}  {env:?}");
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
    if status.success() { Ok(counts) } else { Err(format!("{what}: {status}")) }
}

/// How a line begins in which a test says what it has counted.
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
