//! The limit of the compiler.

use std::time::Duration;

use clap::Args as ArgGroup;

use super::seconds;

/// For every command that loads a plugin of the user's.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct CompileArgs {
    /// Time limit for compiling the plugin to native code, when it is run for the first time
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) compile_timeout: Duration,
}
