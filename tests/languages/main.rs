//! Plugins in many languages. Each SDK is tried from nothing, as an author would,
//! and the plugin `conform`, which uses every part of the contract, answers alike
//! in all of them.
//!
//! `fixtures/LANGUAGE/conform.wasm` is what the sources in `guest-sdk/` make. To
//! build them anew, set `RUNNER_UPDATE_FIXTURES=1` and run these tests.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod alike;
mod cookbook;
mod projects;

use std::path::{Path, PathBuf};
use std::{env, fs};

use runner_tests::{repository, skip};

/// The languages whose plugins are built here each time.
const LANGUAGES: [&str; 5] = ["assemblyscript", "c", "cpp", "go", "zig"];

/// Where the plugin `conform` of a language is kept.
fn fixture(language: &str) -> PathBuf {
    repository().join("tests/languages/fixtures").join(language).join("conform.wasm")
}

/// The folders in which compilers are looked for.
fn search_path() -> String {
    let folder = repository().join("target/languages");
    let own = ["venv/bin", "node_modules/.bin"].map(|place| folder.join(place).display().to_string());
    format!("{}:{}", own.join(":"), env::var("PATH").unwrap_or_default())
}

/// Whether the compilers of all languages are there. `cargo xtask test` installs
/// them.
fn has_compilers() -> bool {
    let has = |program: &str| search_path().split(':').any(|folder| Path::new(folder).join(program).exists());
    let missing: Vec<_> =
        ["asc", "clang-19", "clang++-19", "go", "python-zig"].into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return true;
    }
    skip(&format!("{} missing; `cargo xtask test` installs them", missing.join(", ")));
    false
}

/// Whether Python and JavaScript are tried. They take minutes, and their tools a
/// download of 200 MB. Set this variable to try them, with the tools on the search
/// path.
fn has_slow_compilers() -> bool {
    env::var_os("RUNNER_SLOW_LANGUAGES").is_some()
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let place = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &place);
        } else {
            fs::copy(&entry, &place).unwrap();
        }
    }
}
