//! `cargo xtask dist`: builds a Debian package of the binary, optimised as a
//! whole, with its completions and man pages. The section `package.metadata.deb` of
//! `host/cli/Cargo.toml` lists the files of the package.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::{extras, shell};

/// The version to install if cargo-deb is missing.
const CARGO_DEB: &str = "cargo-deb@3.8.0";

/// The part of `cargo metadata` that is read here.
#[derive(Debug, Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Builds the binary, writes `target/dist/share`, and packs both.
///
/// # Errors
///
/// Fails if the binary cannot be built or run, if a file cannot be written, or
/// if `cargo deb` cannot be installed or fails.
pub(crate) fn run() -> Result<(), String> {
    shell::run(shell::cargo().args(["build", "--profile", "dist", "--locked", "--bin", "runner"]))?;
    let dist = shell::root().join("target/dist");
    let share = dist.join("share");
    // Otherwise the page of a removed command would still be packed.
    match fs::remove_dir_all(&share) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(format!("{}: {error}", share.display()));
        }
        _ => {}
    }
    let files = extras::write(&target()?.join("dist/runner"), &share)?;
    eprintln!("{} completions and man pages are in {}", files.len(), share.display());
    install_cargo_deb()?;
    let mut cargo = shell::cargo();
    cargo
        .args(["deb", "--package", "runner-wasm", "--profile", "dist", "--no-build", "--locked", "--output"])
        .arg(&dist);
    shell::run(cargo.env("PATH", path()))
}

/// The target folder of cargo.
fn target() -> Result<PathBuf, String> {
    let mut cargo = shell::cargo();
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let metadata: Metadata = serde_json::from_str(&shell::output(&mut cargo)?)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(metadata.target_directory)
}

/// The folder for programs that only this command needs.
fn tools() -> PathBuf {
    shell::root().join("target/tools")
}

/// `PATH` with the folder of installed programs after it.
fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":");
    path.push(tools().join("bin"));
    path
}

fn install_cargo_deb() -> Result<(), String> {
    let mut asked = Command::new("cargo-deb");
    if asked.arg("--version").env("PATH", path()).output().is_ok_and(|it| it.status.success()) {
        return Ok(());
    }
    let mut cargo = shell::cargo();
    cargo.args(["install", "--locked", "--root"]).arg(tools()).arg(CARGO_DEB);
    shell::run(&mut cargo).map_err(|error| format!("cargo-deb is missing and cannot be installed: {error}"))
}
