//! Command lines that several modules use.

use runner_tests::{Ran, command};
use std::ffi::OsStr;
use std::path::Path;

pub(crate) const REPLACE: [&str; 6] = ["apply", "replace", "--set", "find=foo", "--set", "with=barbar"];

/// Runs in a directory, so that messages hold the names alone.
pub(crate) fn run_in(dir: &Path, args: &[&OsStr]) -> Ran {
    Ran::of(command().current_dir(dir).args(args).output().unwrap())
}

pub(crate) fn os<'a>(args: &[&'a str]) -> Vec<&'a OsStr> {
    args.iter().map(|arg| OsStr::new(*arg)).collect()
}
