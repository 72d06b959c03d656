//! `runner truncate`.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use runner_pipeline::error::Result;

use crate::Outcome;
use crate::apply::ApplyOptions;
use crate::direct::{OldBytes, Operation};
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct TruncateArgs {
    /// Files to change
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// New size: a number of bytes such as 16, 0x10 or 4K; after a `-`, as many bytes less than now. A
    /// file that becomes longer gets zeros, up to 16 MiB
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: String,
    #[command(flatten)]
    old: OldBytes,
    #[command(flatten)]
    pub(crate) options: ApplyOptions,
}

pub(crate) fn run(args: &TruncateArgs, reporter: &Reporter) -> Result<Outcome> {
    let operation = Operation::new("truncate").word("size", &args.size).old_bytes(&args.old);
    operation.apply(&args.files, &args.options, reporter)
}
