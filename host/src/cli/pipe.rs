//! `runner pipe`.

use std::io::{self, BufWriter};

use super::Outcome;
use super::args::PipeArgs;
use super::report::{self, Reporter};
use super::session::Session;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::job::FileHead;
use crate::memory::Guard;
use crate::pipe;

const BUFFER_BYTES: usize = 256 * 1024;

pub(super) fn run(args: &PipeArgs, reporter: &Reporter) -> Result<Outcome> {
    let session = Session::new(&args.plugin, 1, || Ok(Cancel::NEVER), reporter)?;
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, report::stdout()?);
    let begin = |head: FileHead<'_>| session.begin(head);
    let bounds = Guard { budget: session.budget(), look: None, space: args.plugin.space() };
    let window_bytes = args.plugin.window;
    pipe::run(&mut io::stdin().lock(), &mut output, &begin, window_bytes, bounds, session.cancel())?;
    Ok(Outcome::Done)
}
