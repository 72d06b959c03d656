//! The command line under test: the same one line as the binary `runner`.

use std::process::ExitCode;

fn main() -> ExitCode {
    runner_wasm::main()
}
