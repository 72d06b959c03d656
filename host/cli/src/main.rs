//! The `runner` binary: parse, call, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    runner_wasm::main()
}
