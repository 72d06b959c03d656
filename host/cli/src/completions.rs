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
    let mut pages = vec![command.clone()];
    pages.extend(command.get_subcommands().filter(|sub| sub.get_name() != "help").cloned());
    let mut out = Vec::new();
    for page in pages {
        clap_mangen::Man::new(page).render(&mut out).map_err(Error::at("write", Path::new("the manual")))?;
    }
    reporter.own(&out)?;
    Ok(Outcome::Done)
}
