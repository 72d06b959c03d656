//! `cargo xtask test`: every check there is, in the order of their cost.

use crate::{plugins, shell, toolchain};

/// Runs all checks and stops at the first that fails.
pub(crate) fn run() -> Result<(), String> {
    toolchain::run()?;
    for arguments in [
        "fmt --all --check",
        "clippy --workspace --all-targets --locked -- -D warnings",
        "doc --workspace --no-deps --locked",
        "test --workspace --locked",
    ] {
        let mut cargo = shell::cargo();
        shell::run(cargo.args(arguments.split(' ')).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    plugins::run(&plugins::Options { check: true, names: Vec::new() })
}
