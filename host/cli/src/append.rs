//! `runner append`.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use runner_pipeline::error::Result;

use crate::Outcome;
use crate::apply::ApplyOptions;
use crate::direct::{NewBytes, OldBytes, Operation};
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct AppendArgs {
    /// Files to change
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    new: NewBytes,
    #[command(flatten)]
    old: OldBytes,
    #[command(flatten)]
    pub(crate) options: ApplyOptions,
}

pub(crate) fn run(args: &AppendArgs, reporter: &Reporter) -> Result<Outcome> {
    let operation = Operation::new("append").new_bytes(&args.new)?;
    operation.old_bytes(&args.old).apply(&args.files, &args.options, reporter)
}
