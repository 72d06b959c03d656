//! `cargo xtask fuzz`: runs the targets of `fuzz/` under libFuzzer, and reports
//! the coverage of each. Findings are in `fuzz/artifacts`. Interesting inputs
//! are kept in `fuzz/corpus`, and the next run starts from them.

use std::fs;
use std::process::Command;

use crate::shell;

/// The same names as in `fuzz/Cargo.toml`, `fuzz/bin` and `fuzz/seeds`.
const TARGETS: [&str; 8] =
    ["answers", "framing", "patch", "prefilter", "recover", "replies", "requests", "wrapping"];
/// Almost all of the code is safe Rust, so a sanitizer would find little.
/// Without one, a stable compiler is enough.
const BUILD: [&str; 2] = ["--sanitizer", "none"];
/// An input that takes longer is a finding, even on a busy machine.
const TIMEOUT_SECONDS: u64 = 120;
/// Memory limit for the targets and their files.
const MEMORY_MIB: u64 = 1024;
/// Maximum size of an input: a few records, groups or frames. The targets build
/// larger files from them.
const INPUT_BYTES: u64 = 8192;

/// How long a target runs by default.
const SECONDS: u64 = 600;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Targets to run [default: all]
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
}

impl Options {
    /// All targets, for the default time.
    pub(crate) fn all() -> Self {
        Self { seconds: SECONDS, targets: Vec::new() }
    }
}

/// Runs the targets one after the other, and stops at the first finding.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    if shell::output(shell::cargo().args(["fuzz", "--version"])).is_err() {
        shell::run(shell::cargo().args(["install", "cargo-fuzz", "--locked"]))?;
    }
    shell::run(shell::cargo().args(["fuzz", "build"]).args(BUILD))?;
    let all = TARGETS.map(String::from);
    let targets = if options.targets.is_empty() { &all[..] } else { &options.targets };
    let mut table = vec![Covered::HEAD.to_owned()];
    for target in targets {
        table.push(fuzz(target, options.seconds)?.row(target));
    }
    println!("{}", table.join("\n"));
    Ok(())
}

fn fuzz(target: &str, seconds: u64) -> Result<Covered, String> {
    let folder = |name: &str| format!("fuzz/{name}/{target}");
    let corpus = shell::root().join(folder("corpus"));
    fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    let mut cargo = shell::cargo();
    cargo.args(["fuzz", "run"]).args(BUILD).args([target, &folder("corpus"), &folder("seeds"), "--"]).args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={TIMEOUT_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-max_len={INPUT_BYTES}"),
        "-print_final_stats=1".into(),
    ]);
    let log = logged(&mut cargo)?;
    Covered::read(&log).ok_or_else(|| format!("{target}: libFuzzer printed no counts"))
}

/// Runs a command and returns its standard error. If the command fails, its
/// standard error is also printed.
fn logged(command: &mut Command) -> Result<String, String> {
    let line = shell::line(command);
    eprintln!("$ {line}");
    let output = command.output().map_err(|error| format!("{line}: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok(log);
    }
    eprintln!("{log}");
    Err(format!("{line}: {}", output.status))
}

/// The counts that libFuzzer prints at its end.
#[derive(Debug, PartialEq, Eq)]
struct Covered {
    executions: String,
    seconds: String,
    /// Number of covered edges of the control flow.
    edges: String,
    /// Number of features: edges with their hit counts, compared values and so
    /// on.
    features: String,
    /// Number of inputs that reach all of these, and their total size.
    corpus: String,
}

impl Covered {
    const HEAD: &str = "target        executions  seconds    cov      ft  corpus";

    /// Parses lines such as `#5000 DONE cov: 300 ft: 900 corp: 80/3Kb lim: 50
    /// exec/s: 2 rss: 40Mb`.
    fn read(log: &str) -> Option<Self> {
        let done = log.lines().rfind(|line| line.contains("\tDONE "))?;
        let after =
            |text: &str, name: &str| text.split_once(name)?.1.split_whitespace().next().map(str::to_owned);
        let ended = log.lines().rfind(|line| line.starts_with("Done "))?;
        Some(Self {
            executions: after(log, "stat::number_of_executed_units:")?,
            seconds: after(ended, " runs in ")?,
            edges: after(done, "cov: ")?,
            features: after(done, "ft: ")?,
            corpus: after(done, "corp: ")?,
        })
    }

    fn row(&self, target: &str) -> String {
        let Self { executions, seconds, edges, features, corpus } = self;
        format!("{target:<12}{executions:>12}{seconds:>9}{edges:>7}{features:>8}  {corpus}")
    }
}

#[cfg(test)]
mod tests {
    use super::Covered;

    #[test]
    fn counts_are_read_from_a_log() {
        let log = "INFO: seed corpus: files: 8\n\
                   #8\tINITED cov: 100 ft: 120 corp: 8/1Kb exec/s: 0 rss: 30Mb\n\
                   #5000\tDONE   cov: 300 ft: 900 corp: 80/3Kb lim: 50 exec/s: 2500 rss: 40Mb\n\
                   Done 5000 runs in 2 second(s)\n\
                   stat::number_of_executed_units: 5000\n";
        let row = Covered::read(log).expect("it is a log").row("framing");
        assert_eq!(row, "framing             5000        2    300     900  80/3Kb");
        assert_eq!(Covered::read("error: no such target"), None);
    }
}
