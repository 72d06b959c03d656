//! `cargo xtask install`: like `cargo install`, but also installs completions
//! and man pages.

use std::env;
use std::path::PathBuf;

use crate::{extras, shell};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Folder for bin/ and share/ [default: ~/.local]
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
}

/// Installs the binary, its completions and its man pages below one prefix.
///
/// # Errors
///
/// Fails if the binary cannot be built or run, or if a file cannot be written.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let prefix = match &options.prefix {
        // Cargo runs in the root of the workspace, but a relative prefix is
        // relative to the current folder.
        Some(prefix) => env::current_dir().map_err(|error| format!("current folder: {error}"))?.join(prefix),
        None => env::home_dir().ok_or("there is no home folder: give --prefix")?.join(".local"),
    };
    let mut cargo = shell::cargo();
    cargo.args(["install", "--locked", "--path", "host/cli", "--root"]).arg(&prefix);
    shell::run(&mut cargo)?;
    for path in extras::write(&prefix.join("bin/runner"), &prefix.join("share"))? {
        println!("{}", path.display());
    }
    Ok(())
}
