//! `cargo xtask bench` and `cargo xtask corpus`. The package `runner-bench`
//! implements them, so that its dependencies do not slow down the build of all
//! other commands.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use crate::shell;

#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Arguments of the command; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Replaces this process with `runner-bench` (by way of cargo), so that its exit
/// code is kept. Returns only if cargo cannot be started.
pub(crate) fn run(command: &str, options: &Options) -> Result<(), String> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", "runner-bench", "--", command]);
    let error = cargo.args(&options.arguments).exec();
    Err(format!("cargo run: {error}"))
}
