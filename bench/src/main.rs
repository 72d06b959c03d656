//! Benchmarks, and the files they use: `cargo xtask bench --help` and
//! `cargo xtask corpus --help`.

mod baseline;
mod case;
mod cases;
mod command_line;
mod corpus;
mod inputs;
mod languages;
mod machine;
mod measure;
mod peers;
mod process;
mod profile;
mod report;
mod setup;
mod statistics;
mod suite;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Benchmarks of this repository.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Compare the speed with sed, perl, sd, b3sum and other programs
    Bench(suite::Options),
    /// Generate a large file of synthetic data in target/corpus
    Corpus(corpus::Options),
    /// Measure plugins in each language, from nothing to a passing test
    Languages(languages::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Bench(options) => suite::run(&options),
        Task::Corpus(options) => corpus::run(&options),
        Task::Languages(options) => languages::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
