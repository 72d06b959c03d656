//! `runner pipe`.

use std::io;

use super::Outcome;
use super::args::PipeArgs;
use super::report::Reporter;
use super::session::Session;
use crate::error::Result;
use crate::pipe;

pub(super) fn run(args: &PipeArgs, reporter: &Reporter) -> Result<Outcome> {
    let session = Session::new(&args.plugin, reporter)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    pipe::run(&mut input, &mut output, &|head| session.begin(head), args.plugin.window)?;
    Ok(Outcome::Done)
}
