//! `runner verify`.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use runner_pipeline::context::RunContext;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, count, shown, sum_line};
use runner_pipeline::patch::{OsPatch, Patch, Roots};
use runner_pipeline::run::{has_groups_after, root_of};
use runner_pipeline::storage::{Entry, OsStorage};
use serde_json::json;

use crate::Outcome;
use crate::args::{root, threads};
use crate::explain::reason;
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct VerifyArgs {
    /// The file to read
    pub(crate) file: PathBuf,
    /// Fail unless the file has this BLAKE3 root
    #[arg(long, value_name = "HEX", conflicts_with = "patch", value_parser = root)]
    pub(crate) root: Option<blake3::Hash>,
    /// Fail unless the file is the result of this patch
    #[arg(long, value_name = "PATCH")]
    pub(crate) patch: Option<PathBuf>,
    /// Number of worker threads [default: one per core]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Report only errors and the root
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

pub(crate) fn run(args: &VerifyArgs, reporter: &Reporter) -> Result<Outcome> {
    let wanted = match (&args.root, &args.patch) {
        (Some(root), _) => Some(*root),
        (None, Some(patch)) => {
            let patch = Patch::load(&OsStorage, &Entry::resolve(patch)?)?;
            if patch.roots() == Roots::Touched {
                return verify_groups(args, &patch, reporter);
            }
            patch.seal().post_root
        }
        (None, None) => None,
    };
    let context = RunContext::unstoppable(threads(args.jobs));
    let found = root_of(&args.file, context, &mut |event| reporter.progress(&args.file, event))
        .map_err(|error| reason(&args.file, error))?;
    reporter.clear();
    if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
        return Err(Error::new(
            Kind::Verification,
            format!("{} has a different BLAKE3 root", shown(&args.file)),
        )
        .hint(format!("its root is {found}, not {wanted}")));
    }
    // The same format as `b3sum`.
    let line = sum_line(&found, &args.file);
    reporter.data(&line, || Page::of(shown(line.strip_suffix(b"\n").unwrap_or(&line))))?;
    Ok(Outcome::Done)
}

/// Compares a file with a patch that knows only the groups that it touches. No
/// other group is read.
fn verify_groups(args: &VerifyArgs, patch: &OsPatch, reporter: &Reporter) -> Result<Outcome> {
    let (file, stats) = (shown(&args.file), &patch.seal().stats);
    let other = has_groups_after(&args.file, patch).map_err(|error| reason(&args.file, error))?;
    if let Some(what) = other {
        return Err(Error::new(Kind::Verification, format!("{file} is not the result of the patch"))
            .hint(what.to_string()));
    }
    let groups = count(stats.groups, "group");
    reporter.tell(
        || json!({}),
        || {
            Page::of(format_args!(
                "{file}: {groups} of 64 KiB {} the result of the patch; nothing else was read, because the patch does not know the root of the whole file",
                if stats.groups == 1 { "is" } else { "are" }
            ))
        },
    )?;
    Ok(Outcome::Done)
}
