//! What connects a command with the host.

use crate::output::Output;
use crate::pipes::Pipes;

/// What a command is started with, and how it is talked to.
#[derive(Clone)]
pub(crate) struct Stdio {
    /// The arguments, the command's name first.
    pub(crate) arguments: Vec<String>,
    pub(crate) pipes: Pipes,
    /// What it writes to standard error, for its log.
    pub(crate) output: Output,
}
