//! The command line under test: the same as the binary `runner`,
//! but for the folder of the machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Tests cannot write to the machine's own. The binary that is released has no such
    // variable.
    if let Some(folder) = std::env::var_os("RUNNER_UNDER_TEST_MACHINE") {
        runner_wasm::use_machine_folder(folder.into());
    }
    runner_wasm::main()
}
