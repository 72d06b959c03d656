//! `runner pipe`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::os::fd::AsFd;
use std::path::Path;

use clap::Args as ArgGroup;

use super::Outcome;
use super::args::PluginArgs;
use super::loaded_plugin::Session;
use super::report::{self, Reporter};
use crate::cancel::Cancel;
use crate::contract::FileHead;
use crate::error::{Error, Result};
use crate::memory::MemoryContext;
use crate::pipe::{self, Descriptor};

#[derive(Debug, ArgGroup)]
pub(super) struct PipeArgs {
    #[command(flatten)]
    pub(super) plugin: PluginArgs,
    /// Report nothing but errors and a plugin's warnings
    #[arg(short, long)]
    pub(super) quiet: bool,
}

const BUFFER_BYTES: usize = 256 * 1024;

pub(super) fn run(args: &PipeArgs, reporter: &Reporter) -> Result<Outcome> {
    let session = Session::new(&args.plugin, 1, || Ok(Cancel::NEVER), reporter)?;
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, report::stdout()?);
    let begin = |head: FileHead<'_>| session.begin(head);
    let bounds = MemoryContext { budget: session.budget(), look: None, space: args.plugin.space() };
    let mut input = Descriptor::new(stdin()?, report::stdout()?);
    pipe::run(&mut input, &mut output, &begin, args.plugin.window, bounds, session.cancel())?;
    Ok(Outcome::Done)
}

/// Standard input without the buffer of the standard library: what it holds
/// cannot be waited for.
fn stdin() -> Result<File> {
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    Ok(stdin.map_err(Error::at("read", Path::new("standard input")))?.into())
}
