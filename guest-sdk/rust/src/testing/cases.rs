//! Test cases in folders. Authors can read and add cases without touching code,
//! and the host's tests run them with the built component.

use std::fs;
use std::path::Path;

use super::{assert_split_invariant, edit};
use crate::Plugin;

/// Runs every case of a folder: `<name>/input`, `<name>/params.toml` (lines
/// `key = value` with strings, integers, booleans, or arrays of them for what
/// repeats; may be missing), and either
/// `<name>/output` or `<name>/error`, which contains a part of the expected
/// error. `cargo test` runs in the crate's folder, so a relative path is
/// enough. Each case is also checked with [`assert_split_invariant`].
///
/// # Panics
/// If a case fails or cannot be read, or if there is none.
pub fn run_cases<P: Plugin>(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases = entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    cases.sort();
    assert!(!cases.is_empty(), "{}: no cases", folder.display());
    for case in &cases {
        run_case::<P>(case);
    }
}

fn run_case<P: Plugin>(case: &Path) {
    let name = case.display();
    let input = fs::read(case.join("input")).unwrap_or_else(|error| panic!("{name}/input: {error}"));
    let params = params(case);
    let params = params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>();
    let result = edit::<P>(&params, &input);
    match fs::read_to_string(case.join("error")) {
        Ok(words) => match result {
            Ok(_) => panic!("{name}: no error, but `{}` was expected", words.trim()),
            Err(error) => {
                assert!(error.contains(words.trim()), "{name}: `{error}`, expected `{}`", words.trim());
            }
        },
        Err(_) => {
            let output =
                fs::read(case.join("output")).unwrap_or_else(|error| panic!("{name}/output: {error}"));
            let found = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(
                found == output,
                "{name}:\nexpected {}\nfound    {}",
                output.escape_ascii(),
                found.escape_ascii()
            );
        }
    }
    assert_split_invariant::<P>(&params, &input);
}

fn params(case: &Path) -> Vec<(String, String)> {
    let path = case.join("params.toml");
    let name = path.display();
    let Ok(text) = fs::read_to_string(&path) else { return Vec::new() };
    let table = text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        other => panic!("{name}: a value is of type {}", other.type_str()),
    };
    let mut params = Vec::new();
    for (key, value) in table {
        match value {
            toml::Value::Array(values) => {
                params.extend(values.into_iter().map(|value| (key.clone(), text(value))));
            }
            value => params.push((key, text(value))),
        }
    }
    params
}
