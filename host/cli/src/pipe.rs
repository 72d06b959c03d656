//! `runner pipe`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::os::fd::AsFd;
use std::path::Path;

use clap::Args as ArgGroup;
use runner_contract::FileHead;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Page;
use runner_pipeline::memory::MemoryContext;
use runner_pipeline::pipe::{self, Descriptor};
use runner_pipeline::storage::{FileType, OsStorage, Storage as _};

use crate::Outcome;
use crate::args::{AfterHyphens, LogArgs, PluginArgs};
use crate::closed_streams::is_input_closed;
use crate::loaded_plugin::{Session, Work};
use crate::report::{self, Reporter};

#[derive(Debug, ArgGroup)]
pub(crate) struct PipeArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    #[command(flatten)]
    after: AfterHyphens,
    /// Report only errors and the plugin's warnings
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

impl PipeArgs {
    /// The same, with the meaning of what stands after `--`.
    pub(crate) fn sorted(mut self) -> Self {
        self.plugin.filter.arguments = self.after.take();
        self
    }
}

const BUFFER_BYTES: usize = 256 * 1024;

pub(crate) fn run(args: &PipeArgs, reporter: &Reporter) -> Result<Outcome> {
    let session = Session::new(&args.plugin, Work::Stream, || Ok(Cancel::NEVER), reporter)?;
    let (input, output) = (stdin()?, report::stdout()?);
    check_separate(&input, &output)?;
    let mut written = BufWriter::with_capacity(BUFFER_BYTES, output);
    let begin = |head: FileHead<'_>| session.begin(head);
    let memory = MemoryContext { budget: session.budget(), look: None, space: args.plugin.space() };
    let mut read = Descriptor::new(input, report::stdout()?);
    let no_text = args.plugin.no_text();
    let options = pipe::Options {
        window_bytes: args.plugin.window,
        no_text,
        convert: args.plugin.convert(),
        memory,
        cancel: session.cancel(),
    };
    let counts = pipe::run(&mut read, &mut written, &begin, &options)
        .map_err(|error| error.of_plugin(&session.plugin_names()))?;
    if let Some(counts) = report::counted(&counts).filter(|_| !args.quiet) {
        reporter.note(&Page::of(counts))?;
    }
    Ok(Outcome::Done)
}

/// Refuses a file that is both input and output: the run would read its own
/// output, without end if that is appended.
fn check_separate(input: &File, output: &File) -> Result<()> {
    let stat = |file: &File, name| OsStorage.stat(file).map_err(Error::at("inspect", Path::new(name)));
    let (from, to) = (stat(input, "standard input")?, stat(output, "standard output")?);
    let is_content = matches!(from.file_type, FileType::Regular | FileType::Block);
    if !is_content || !from.identity.same_inode(&to.identity) {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "standard input and standard output are the same file")
        .hint("nothing was written; `runner apply PLUGIN FILE` changes a file itself"))
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
