//! `cargo xtask fuzz`: runs the targets of `fuzz/` under libFuzzer, and says
//! what each has covered. What it finds is in `fuzz/artifacts`; what it learns
//! stays in `fuzz/corpus`, and the next run goes on from there.

use std::fs;
use std::process::Command;

use crate::shell;

/// The same names as in `fuzz/Cargo.toml`, `fuzz/bin` and `fuzz/seeds`.
const TARGETS: [&str; 6] = ["framing", "patch", "prefilter", "recover", "replies", "wrapping"];
/// Almost all of the code is safe Rust, so a sanitizer would find little; and
/// without one a stable compiler does.
const BUILD: [&str; 2] = ["--sanitizer", "none"];
/// An input that takes longer is a finding, on a busy machine too.
const TIMEOUT_SECONDS: u64 = 120;
/// Room for what the targets and their files take.
const MEMORY_MIB: u64 = 1024;
/// Files of some records, groups or frames; what is larger is made up from
/// them.
const INPUT_BYTES: u64 = 8192;

/// How long a target runs unless another time is asked for.
const SECONDS: u64 = 600;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Which ones; all if none is named
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
}

impl Options {
    /// All targets, as long as they run unless another time is asked for.
    pub(crate) fn all() -> Self {
        Self { seconds: SECONDS, targets: Vec::new() }
    }
}

/// Runs targets one after the other, and stops at the first finding.
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
    Covered::read(&log).ok_or_else(|| format!("{target}: libFuzzer has printed no counts"))
}

/// Runs a command, and returns what it prints to its standard error; all of
/// it is shown where it fails.
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

/// What libFuzzer says at its end.
#[derive(Debug, PartialEq, Eq)]
struct Covered {
    executions: String,
    seconds: String,
    /// Edges of the control flow.
    edges: String,
    /// Edges with how often they were taken, compared values and so on.
    features: String,
    /// Inputs that reach all of it, and their bytes together.
    corpus: String,
}

impl Covered {
    const HEAD: &str = "target        executions  seconds    cov      ft  corpus";

    /// From lines such as
    /// `#5000 DONE   cov: 300 ft: 900 corp: 80/3Kb lim: 50 exec/s: 2 rss: 40Mb`.
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
