//! `cargo xtask test`: every check there is. The tests come last, so that the
//! last line is their count.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{packages, plugins, shell, toolchain};

/// Programs that tests compare with or set the stage with, and the Debian
/// packages they are in.
const PROGRAMS: [(&str, &str); 7] = [
    ("/usr/bin/dos2unix", "dos2unix"),
    ("/usr/bin/setfacl", "acl"),
    ("/usr/bin/setfattr", "attr"),
    ("/usr/bin/strace", "strace"),
    ("/usr/sbin/mkfs.xfs", "xfsprogs"),
    ("/usr/sbin/mkfs.ext4", "e2fsprogs"),
    ("/usr/sbin/mkfs.btrfs", "btrfs-progs"),
];

/// Runs all checks and stops at the first that fails.
pub(crate) fn run() -> Result<(), String> {
    install_programs();
    toolchain::run()?;
    for arguments in [
        "fmt --all --check",
        "clippy --workspace --all-targets --locked -- -D warnings",
        "doc --workspace --no-deps --locked",
    ] {
        let mut cargo = shell::cargo();
        shell::run(cargo.args(arguments.split(' ')).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    plugins::run(&plugins::Options { check: true, names: Vec::new() })?;
    tests()
}

/// What cannot be installed is missed by the tests that need it: they say so,
/// and fail where CI is set.
pub(crate) fn install_programs() {
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|(program, _)| !Path::new(program).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return;
    }
    if let Err(error) = packages::install(&missing) {
        eprintln!("some tests will be skipped: {error}");
    }
}

/// Runs the tests, shows what they print, and adds their counts up.
fn tests() -> Result<(), String> {
    // Whoever starts this in the background of a script has SIGINT ignored, and
    // with it the programs that tests interrupt.
    let mut cargo = Command::new("env");
    cargo.arg("--default-signal=INT").arg(shell::cargo().get_program()).current_dir(shell::root());
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]).stdout(Stdio::piped());
    eprintln!("$ cargo test --workspace --locked --no-fail-fast");
    let mut child = cargo.spawn().map_err(|error| format!("cargo test: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(child.stdout.take().ok_or("cargo test: no output")?).lines() {
        let line = line.map_err(|error| format!("cargo test: {error}"))?;
        println!("{line}");
        if let Some((p, f)) = counts(&line) {
            passed += p;
            failed += f;
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    println!("{passed} passed, {failed} failed");
    if status.success() { Ok(()) } else { Err(format!("cargo test: {status}")) }
}

/// The counts in a line such as `test result: ok. 3 passed; 0 failed; ...`.
pub(crate) fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| -> Option<u64> {
        counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
    };
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn counts_are_read_from_result_lines() {
        let line =
            "test result: ok. 31 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        assert_eq!(counts(line), Some((31, 2)));
        assert_eq!(counts("test result"), None);
        assert_eq!(counts("running 3 tests"), None);
    }
}
