//! `runner plugin vet`: plugins with a planted fault fail for the right reason, and
//! those without one pass.
//!
//! A planted plugin says in a line `fails:` at its top which checks must fail, and
//! no other may. `wat/` and `c/` have one in each file, `projects/` one a language.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod honest;
mod planted;
mod reports;

use std::fs;
use std::path::Path;

use runner_tests::authoring::plugin;
use runner_tests::repository;
use serde_json::Value;

/// A time limit that no plugin reaches which ends, however busy the machine is.
const AMPLE_TIME: [&str; 2] = ["--timeout", "100"];

/// A folder of these tests.
fn folder(name: &str) -> std::path::PathBuf {
    repository().join("tests/vet").join(name)
}

/// Vets a plugin. Returns the report.
fn vet(plugin_path: &Path, options: &[&str]) -> Value {
    let mut arguments = vec!["vet", "--json", plugin_path.to_str().unwrap()];
    arguments.extend(options);
    let ran = plugin(&repository(), &arguments);
    let what = plugin_path.display();
    let report: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{what}: {error}: {} {}", ran.stderr, ran.text()));
    let passed = report["passed"].as_bool().unwrap_or_else(|| panic!("{what}: {report:#}"));
    assert_eq!(ran.code, i32::from(!passed), "{what}: {report:#}");
    report
}

/// The checks with this status, sorted.
fn with_status(report: &Value, status: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let mut ids: Vec<_> = checks
        .filter(|check| check["status"] == status)
        .map(|check| check["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

/// The value of a line such as `// fails: split` of a source.
fn field(source: &str, name: &str) -> Option<String> {
    let line = source.lines().find_map(|line| {
        line.trim_start_matches(['/', ';', ' ']).strip_prefix(name)?.strip_prefix(':').map(str::trim)
    });
    line.map(str::to_owned)
}

/// The words of such a line.
fn words(source: &str, name: &str) -> Vec<String> {
    field(source, name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// The sources in a folder.
fn sources(folder: &Path) -> Vec<(std::path::PathBuf, String)> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}
