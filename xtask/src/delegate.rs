//! `cargo xtask bench` and `cargo xtask corpus`: they are a program of their
//! own (`runner-bench`), so that nothing else waits until it is built.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use crate::shell;

/// All arguments, as they were given.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// See `--help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs a command of `runner-bench` in place of this process.
///
/// # Errors
///
/// Returns only if cargo cannot be started.
pub(crate) fn run(command: &str, options: &Options) -> Result<(), String> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", "runner-bench", "--", command]);
    let error = cargo.args(&options.arguments).exec();
    Err(format!("cargo run: {error}"))
}
