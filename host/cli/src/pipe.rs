//! `runner pipe`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::os::fd::AsFd;
use std::path::Path;

use clap::Args as ArgGroup;
use runner_contract::FileHead;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::MemoryContext;
use runner_pipeline::pipe::{self, Descriptor};

use crate::Outcome;
use crate::args::PluginArgs;
use crate::closed_streams::is_input_closed;
use crate::loaded_plugin::Session;
use crate::report::{self, Reporter};

#[derive(Debug, ArgGroup)]
pub(crate) struct PipeArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// Report only errors and the plugin's warnings
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

const BUFFER_BYTES: usize = 256 * 1024;

pub(crate) fn run(args: &PipeArgs, reporter: &Reporter) -> Result<Outcome> {
    let session = Session::new(&args.plugin, 1, || Ok(Cancel::NEVER), reporter)?;
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, report::stdout()?);
    let begin = |head: FileHead<'_>| session.begin(head);
    let memory = MemoryContext { budget: session.budget(), look: None, space: args.plugin.space() };
    let mut input = Descriptor::new(stdin()?, report::stdout()?);
    let options = pipe::Options { window_bytes: args.plugin.window, memory, cancel: session.cancel() };
    pipe::run(&mut input, &mut output, &begin, &options)?;
    Ok(Outcome::Done)
}

/// Standard input without the buffer of the standard library: `poll` does not
/// see data that is already in that buffer.
fn stdin() -> Result<File> {
    if is_input_closed() {
        return Err(
            Error::new(Kind::Io, "standard input is closed").hint("use `< /dev/null` for empty input")
        );
    }
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    Ok(stdin.map_err(Error::at("read", Path::new("standard input")))?.into())
}
