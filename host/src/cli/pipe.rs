//! `runner pipe`.

use std::io::{self, BufWriter};

use super::Outcome;
use super::args::PipeArgs;
use super::report::{self, Reporter};
use super::session::Session;
use crate::error::Result;
use crate::job::FileHead;
use crate::pipe;

const BUFFER_BYTES: usize = 256 * 1024;

pub(super) fn run(args: &PipeArgs, reporter: &Reporter) -> Result<Outcome> {
    let session = Session::new(&args.plugin, 1, reporter)?;
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, report::stdout()?);
    let begin = |head: FileHead<'_>| session.begin(head);
    pipe::run(&mut io::stdin().lock(), &mut output, &begin, args.plugin.window, session.budget())?;
    Ok(Outcome::Done)
}
