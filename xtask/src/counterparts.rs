//! Programs of others that speak to registries, which tests compare with: `oras` of PyPI,
//! which is small, and `wkg`, which takes minutes to build and so has a command of its own.
//! Both are installed into `target/counterparts`, where tests look for them.

use std::path::PathBuf;
use std::process::Command;

use crate::shell;

const ORAS: &str = "oras==0.2.43";
const WKG: &str = "0.16.1";
/// The environment variable that makes the tests with `wkg` run.
const VARIABLE: &str = "RUNNER_COUNTERPARTS";

fn folder() -> PathBuf {
    shell::root().join("target/counterparts")
}

/// Installs what every run of the tests needs, if it is missing.
pub(crate) fn install_small() -> Result<(), String> {
    let venv = folder().join("venv");
    if venv.join("lib").exists() && has_oras() {
        return Ok(());
    }
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(venv.join("bin/pip"));
    shell::run(pip.args(["install", "--quiet", "--disable-pip-version-check", ORAS]))
}

fn has_oras() -> bool {
    let mut python = Command::new(folder().join("venv/bin/python"));
    python.args(["-c", "import oras"]).output().is_ok_and(|output| output.status.success())
}

/// Builds `wkg`, if it is missing, and runs the tests with all counterparts.
pub(crate) fn run() -> Result<(), String> {
    install_small()?;
    if !folder().join("bin/wkg").exists() {
        // It has dependencies of its own, which are not those of this workspace.
        let mut cargo = shell::cargo();
        cargo.args(["install", "wkg", "--version", WKG, "--locked", "--debug", "--root"]).arg(folder());
        shell::run(cargo.arg("--target-dir").arg(folder().join("build")))?;
    }
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--locked", "--test", "cli", "--", "counterparts"]);
    shell::run(cargo.env(VARIABLE, "1"))
}
