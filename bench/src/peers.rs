//! The programs that `runner` is compared with.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use xtask::{packages, shell};

/// Programs, and the Debian packages that contain them.
const DEBIAN: [(&str, &str); 4] = [("sed", "sed"), ("perl", "perl"), ("mawk", "mawk"), ("mlr", "miller")];
/// Programs that are installed as crates.
const CRATES: [&str; 2] = ["sd", "b3sum"];

/// Installs missing peers, and reports those that cannot be installed.
pub(crate) fn install() {
    let packages: Vec<_> =
        DEBIAN.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if !packages.is_empty()
        && let Err(error) = packages::install(&packages)
    {
        eprintln!("cannot install some peers: {error}");
    }
    for name in CRATES.into_iter().filter(|name| find(name).is_none()) {
        let mut cargo = shell::cargo();
        cargo.args(["install", "--locked", "--root"]).arg(folder()).arg(name);
        if let Err(error) = shell::run(&mut cargo) {
            eprintln!("cannot install {name}: {error}");
        }
    }
}

/// The folder in which crates are installed.
fn folder() -> PathBuf {
    shell::root().join("target/peers")
}

/// `PATH`, followed by the folder of installed crates.
pub(crate) fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":");
    path.push(folder().join("bin"));
    path
}

/// The location of a program, given by name or by path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into()).filter(|path: &PathBuf| path.is_file());
    }
    env::split_paths(&path()).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The versions of all installed peers.
pub(crate) fn versions() -> Vec<String> {
    let ask = |program: &str, option: &str| -> Option<String> {
        // Some print the path by which they were called, so call them by name.
        let mut command = Command::new(program);
        let output = shell::output(command.arg(option).env("PATH", path())).ok()?;
        output.lines().find(|line| !line.trim().is_empty()).map(shorten)
    };
    let asked = [
        ("sed", "--version"),
        ("perl", "--version"),
        ("sd", "--version"),
        ("b3sum", "--version"),
        // mawk has no `--version`.
        ("mawk", "-Wversion"),
        ("mlr", "--version"),
        ("cp", "--version"),
    ];
    asked.iter().filter_map(|(program, option)| ask(program, option)).collect()
}

/// Perl prints a sentence, and others add the author after a comma.
fn shorten(line: &str) -> String {
    match line.split_once("(v").and_then(|(_, rest)| rest.split_once(')')) {
        Some((version, _)) if line.starts_with("This is perl") => format!("perl {version}"),
        _ => line.split(", ").next().unwrap_or(line).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn versions_are_short() {
        let perl = "This is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64-linux";
        assert_eq!(shorten(perl), "perl 5.36.0");
        assert_eq!(shorten("mawk 1.3.4 20200120, and more"), "mawk 1.3.4 20200120");
        assert_eq!(shorten("sed (GNU sed) 4.9"), "sed (GNU sed) 4.9");
    }
}
