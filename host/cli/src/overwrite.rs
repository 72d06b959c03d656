//! `runner overwrite`.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use runner_pipeline::error::Result;

use crate::Outcome;
use crate::apply::ApplyOptions;
use crate::direct::{NewBytes, OldBytes, Operation};
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct OverwriteArgs {
    /// Files to change
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Offset of the first byte: a number such as 16, 0x10 or 4K, counted from the end after a `-`
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    at: String,
    #[command(flatten)]
    new: NewBytes,
    #[command(flatten)]
    old: OldBytes,
    #[command(flatten)]
    pub(crate) options: ApplyOptions,
}

pub(crate) fn run(args: &OverwriteArgs, reporter: &Reporter) -> Result<Outcome> {
    let operation = Operation::new("overwrite").word("at", &args.at).new_bytes(&args.new)?;
    operation.old_bytes(&args.old).apply(&args.files, &args.options, reporter)
}
