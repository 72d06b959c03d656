//! `cargo xtask guests`: builds every plugin outside of the workspace from its
//! source, in all languages, and tests it.

use xtask::shell;

use crate::{languages, test};

/// The tests that build plugins.
const TESTS: [&str; 2] = ["languages", "gallery"];

/// Installs all compilers, also those of Python and JavaScript, which other checks
/// do without, and runs the tests.
pub(crate) fn run() -> Result<(), String> {
    test::install_programs();
    languages::install_slow()?;
    let mut cargo = shell::cargo();
    cargo.args(["test", "--locked", "--package", "runner-tests"]);
    cargo.args(TESTS.iter().flat_map(|name| ["--test", name]));
    shell::run(cargo.env("CI", "true").env(languages::SLOW, "1"))
}
