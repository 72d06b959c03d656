//! Development commands: `cargo xtask --help`.

mod bindings;
#[cfg(test)]
mod contract;
mod counterparts;
mod delegate;
mod dist;
#[cfg(test)]
mod docs;
mod extras;
mod fuzz;
mod guests;
mod install;
mod languages;
#[cfg(test)]
mod layers;
mod mutate;
mod plugins;
#[cfg(test)]
mod programs;
mod publish;
mod supply;
mod test;
mod toolchain;
mod torture;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{packages, shell};

/// Development commands of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Find a compiler for plugins, or install the one from Debian
    Toolchain,
    /// Generate the bindings of the SDK for Rust from the contract
    Bindings(bindings::Options),
    /// Build the plugins written in Rust
    Plugins(plugins::Options),
    /// Generate a large file of synthetic data in target/corpus
    Corpus(delegate::Options),
    /// Compare the speed with sed, perl, sd, b3sum and other programs
    Bench(delegate::Options),
    /// Build the plugins in all languages from source, and test them
    Guests,
    /// Build wkg, which takes minutes, and try it and oras with what is pushed and pulled here
    Counterparts,
    /// Measure plugins in each language, from nothing to a passing test
    Languages(delegate::Options),
    /// Show that every sync and every check is needed: without it, a test fails
    Mutate(mutate::Options),
    /// Try to break the promises, quickly, or for hours with --long
    Torture(torture::Options),
    /// Look for inputs that break a promise with libFuzzer
    Fuzz(fuzz::Options),
    /// Build a Debian package of the release binary, under target/dist
    Dist,
    /// Pack the crates that are to be published, and build them from their packages
    Package,
    /// Install the binary with its completions and man pages
    Install(install::Options),
    /// Run every check: format, lints, documentation, tests, plugins
    Test,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Toolchain => toolchain::run(),
        Task::Bindings(options) => bindings::run(&options),
        Task::Plugins(options) => plugins::run(&options),
        Task::Corpus(options) => delegate::run("corpus", &options),
        Task::Bench(options) => delegate::run("bench", &options),
        Task::Guests => guests::run(),
        Task::Counterparts => counterparts::run(),
        Task::Languages(options) => delegate::run("languages", &options),
        Task::Mutate(options) => mutate::run(&options),
        Task::Torture(options) => torture::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Dist => dist::run(),
        Task::Package => publish::run(),
        Task::Install(options) => install::run(&options),
        Task::Test => test::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
