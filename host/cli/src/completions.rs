//! `runner completions` and `runner man`.

use std::path::Path;

use clap::CommandFactory;
use runner_pipeline::error::{Error, Result};

use crate::Outcome;
use crate::command_line::Args;
use crate::report::Reporter;

pub(crate) fn completions(shell: clap_complete::Shell, reporter: &Reporter) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "runner", &mut script);
    reporter.own(&script)?;
    Ok(Outcome::Done)
}

pub(crate) fn man(reporter: &Reporter) -> Result<Outcome> {
    let mut command = Args::command();
    command.build();
    let mut out = Vec::new();
    for page in pages(&command) {
        clap_mangen::Man::new(page).render(&mut out).map_err(Error::at("write", Path::new("the manual")))?;
    }
    reporter.own(&out)?;
    Ok(Outcome::Done)
}

/// A command and all commands below it, in the order of their definition.
fn pages(command: &clap::Command) -> Vec<clap::Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    std::iter::once(command.clone()).chain(below.flat_map(pages)).collect()
}
