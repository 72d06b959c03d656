//! `cargo xtask mutate`: shows that each sync, identity check and checksum is
//! needed. Without any one of them, a test must fail.
//!
//! All mutations of `xtask/mutants.toml` are compiled into a copy of the tree,
//! each controlled by the environment variable `RUNNER_MUTANT`. So one build
//! serves all mutations, and a mutation costs no more than its tests.

mod list;
mod sites;
mod tree;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::{shell, test};
use list::{List, Mutant};

/// The environment variable that selects a mutation.
const VARIABLE: &str = "RUNNER_MUTANT";
/// Time limit of the tests. Tests that exceed it give no verdict.
const LIMIT_SECONDS: u32 = 1200;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// List the mutations and exit
    #[arg(long)]
    list: bool,
    /// Only show that all mutations compile
    #[arg(long, conflicts_with_all = ["list", "names"])]
    build: bool,
    /// Names of mutations, or prefixes of their names [default: all]
    names: Vec<String>,
}

/// The result of the tests under a mutation.
enum Verdict {
    /// This test failed.
    Caught(String),
    Survived,
    /// No test failed, but they did not pass either.
    Unclear(String),
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let list = List::read(shell::root())?;
    let chosen = choose(&list.mutants, &options.names)?;
    if options.list {
        chosen.iter().for_each(|mutant| println!("{:30} {} {}", mutant.name, mutant.file, mutant.item));
        return Ok(());
    }
    let unnamed = sites::unnamed(shell::root(), &list)?;
    if !unnamed.is_empty() {
        return Err(format!("not in xtask/mutants.toml:\n{}", unnamed.join("\n")));
    }
    if options.build {
        return check(&tree::make(shell::root(), &list, VARIABLE)?);
    }
    test::install_programs();
    tree::copy_built(shell::root())?;
    let tree = tree::make(shell::root(), &list, VARIABLE)?;
    check_baseline(&tree, &chosen)?;
    let (mut caught, mut others) = (0, Vec::new());
    for mutant in &chosen {
        let start = Instant::now();
        let (is_caught, what) = match attempt(&tree, mutant)? {
            Verdict::Caught(test) => (true, test),
            Verdict::Survived => (false, "SURVIVED".to_owned()),
            Verdict::Unclear(why) => (false, format!("UNCLEAR: {why}")),
        };
        println!("{:30} {what} ({} s)", mutant.name, start.elapsed().as_secs());
        if is_caught {
            caught += 1;
        } else {
            others.push(mutant.name.as_str());
        }
    }
    println!("{caught} caught, {} survived", others.len());
    if others.is_empty() { Ok(()) } else { Err(format!("no test caught: {}", others.join(", "))) }
}

/// Checks the libraries with all mutations. The dependencies are those of the
/// product: the lints of `cargo xtask test` use what was checked here.
fn check(tree: &Path) -> Result<(), String> {
    let mut cargo = shell::cargo();
    cargo.current_dir(tree).env("CARGO_TARGET_DIR", shell::root().join("target"));
    cargo.args(["check", "--workspace", "--all-targets", "--locked"]);
    shell::run(&mut cargo)
}

fn choose<'l>(mutants: &'l [Mutant], names: &[String]) -> Result<Vec<&'l Mutant>, String> {
    for name in names {
        if !mutants.iter().any(|mutant| mutant.name.starts_with(name.as_str())) {
            return Err(format!("no mutation is called `{name}`: see `cargo xtask mutate --list`"));
        }
    }
    let is_chosen = |mutant: &&Mutant| {
        names.is_empty() || names.iter().any(|name| mutant.name.starts_with(name.as_str()))
    };
    Ok(mutants.iter().filter(is_chosen).collect())
}

/// Builds the tests, and makes sure that they pass without a mutation.
fn check_baseline(tree: &Path, chosen: &[&Mutant]) -> Result<(), String> {
    let mut tests: Vec<&str> = chosen.iter().flat_map(|mutant| &mutant.tests).map(String::as_str).collect();
    tests.sort_unstable();
    tests.dedup();
    let mut programs: Vec<_> = tests.iter().map(|tests| program(tests).0).collect();
    programs.dedup();
    for program in programs {
        shell::run(cargo(tree).arg("--no-run").args(program))?;
    }
    let mut failed = Vec::new();
    for tests in tests {
        let start = Instant::now();
        match attempt_one(tree, tests, None)? {
            Verdict::Survived => {
                println!("{tests}: passes without a mutation ({} s)", start.elapsed().as_secs())
            }
            Verdict::Caught(test) => failed.push(test),
            Verdict::Unclear(why) => failed.push(format!("{tests}, {why}")),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("without any mutation: {}", failed.join("; "))) }
}

fn attempt(tree: &Path, mutant: &Mutant) -> Result<Verdict, String> {
    for tests in &mutant.tests {
        match attempt_one(tree, tests, Some(&mutant.name))? {
            Verdict::Survived => {}
            other => return Ok(other),
        }
    }
    Ok(Verdict::Survived)
}

/// Runs the tests once, with a mutation or without.
fn attempt_one(tree: &Path, tests: &str, mutant: Option<&str>) -> Result<Verdict, String> {
    let (program, filter) = program(tests);
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", &LIMIT_SECONDS.to_string()]);
    let cargo = cargo(tree);
    command.arg(cargo.get_program()).args(cargo.get_args()).args(program).args(["--", filter]);
    command.current_dir(tree);
    for (name, value) in cargo.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    match mutant {
        Some(mutant) => command.env(VARIABLE, mutant),
        None => command.env_remove(VARIABLE),
    };
    let output = command.output().map_err(|error| format!("cannot run {tests}: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    if let Some(test) = stdout.lines().find_map(failed_test) {
        return Ok(Verdict::Caught(format!("{} {test}", tests.split(' ').next().unwrap_or_default())));
    }
    let ran = stdout.lines().filter_map(test::counts).map(|(passed, _)| passed).sum::<u64>();
    Ok(match (output.status.success(), ran) {
        (true, 1..) => Verdict::Survived,
        (true, 0) => Verdict::Unclear(format!("{tests} does not match any test")),
        (false, _) => {
            let message = String::from_utf8_lossy(&output.stderr);
            let last = message.lines().last().unwrap_or_default();
            Verdict::Unclear(format!("{}: {last}", output.status))
        }
    })
}

/// `test name ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

fn cargo(tree: &Path) -> Command {
    let mut command = shell::cargo();
    command.current_dir(tree).env("CARGO_TARGET_DIR", tree.with_file_name("target"));
    command.args(["test", "--locked"]);
    command
}

/// Translates a line such as `crash simulated::a_crash` or `runner-pipeline
/// patch::` into the arguments of `cargo test` and a filter. The first word is
/// a program of `tests/`, or a package whose unit tests are meant.
fn program(tests: &str) -> (Vec<&str>, &str) {
    match tests.split_once(' ').unwrap_or((tests, "")) {
        (package, filter) if package.starts_with("runner-") => (vec!["--package", package, "--lib"], filter),
        (name, filter) => (vec!["--package", "runner-tests", "--test", name], filter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_by_program_and_filter() {
        let unit = vec!["--package", "runner-pipeline", "--lib"];
        assert_eq!(program("runner-pipeline patch::"), (unit, "patch::"));
        let crash = vec!["--package", "runner-tests", "--test", "crash"];
        assert_eq!(program("crash simulated::soak"), (crash.clone(), "simulated::soak"));
        assert_eq!(program("crash"), (crash, ""));
    }

    #[test]
    fn failed_tests_are_recognised() {
        assert_eq!(failed_test("test patch::tests::a ... FAILED"), Some("patch::tests::a"));
        assert_eq!(failed_test("test patch::tests::a ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed; 1 failed"), None);
    }
}
