//! Plugins in many languages. Each SDK is tried from nothing, as an author would,
//! and the plugin `conform`, which uses every part of the contract, answers alike
//! in all of them.
//!
//! `fixtures/LANGUAGE/conform.wasm` is what the sources in `guest-sdk/` make. To
//! build them anew, set `RUNNER_UPDATE_FIXTURES=1` and run these tests.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod alike;
mod cases;
mod confined;
mod cookbook;
mod dev;
mod frozen;
mod mishaps;
mod odd;
mod projects;
mod rebuilt;
mod rust;

use std::path::PathBuf;

use runner_tests::repository;

/// The languages whose plugins are built here each time.
const LANGUAGES: [&str; 5] = ["assemblyscript", "c", "cpp", "go", "zig"];

/// Where the plugin `conform` of a language is kept.
fn fixture(language: &str) -> PathBuf {
    repository().join("tests/languages/fixtures").join(language).join("conform.wasm")
}
