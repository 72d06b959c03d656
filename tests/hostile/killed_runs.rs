//! Commands of these tests, and runs that are killed.

use runner_tests::{Ran, command, kill};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

pub(crate) const OPTIONS: [&str; 4] = ["--set", "find=user", "--set", "with=USER"];

pub(crate) fn apply(file: &Path, options: &[&str]) -> Ran {
    Ran::of(command().args(["apply", "replace"]).args(OPTIONS).args(options).arg(file).output().unwrap())
}

pub(crate) fn recover(file: &Path, options: &[&str]) -> Ran {
    Ran::of(command().arg("recover").args(options).arg(file).output().unwrap())
}

pub(crate) fn changed(old: &[u8]) -> Vec<u8> {
    String::from_utf8(old.to_vec()).unwrap().replace("user", "USER").into_bytes()
}

/// A run that is killed in its `nth` call of this kind.
pub(crate) fn killed(call: &str, nth: u32, arguments: &[&OsStr]) {
    let status = kill::at((call, nth), None)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "it was not killed at {call} {nth}");
}
