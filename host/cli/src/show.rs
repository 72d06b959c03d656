//! `runner show`, and the same view of a patch in a dry run.

mod compared;
mod json;
mod page;

use std::path::{Path, PathBuf};

use clap::{Args as ArgGroup, ValueEnum};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, shown};
use runner_pipeline::patch::Patch;
use runner_pipeline::storage::{Entry, OsStorage};

use self::compared::{Compared, source_of, with_given_file, with_own_file};
pub(crate) use self::page::{View, changes, page};
use crate::report::Reporter;
use crate::{Outcome, diff};

#[derive(Debug, ArgGroup)]
pub(crate) struct ShowArgs {
    /// The patch file
    pub(crate) patch: PathBuf,
    /// File to compare the old bytes with [default: the file that the patch was made for, if it is
    /// unchanged]
    pub(crate) file: Option<PathBuf>,
    /// Text or hex for people [default: depends on the content], JSON for
    /// programs
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Show all changes as a unified diff, which `patch -p0` can apply to text
    /// files
    #[arg(long, conflicts_with = "format")]
    pub(crate) diff: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Hex,
    Json,
}

pub(crate) fn run(args: &ShowArgs, reporter: &Reporter) -> Result<Outcome> {
    let patch = Patch::load(&OsStorage, &Entry::resolve(&args.patch)?)?;
    let named = Path::new(&patch.header().target);
    let path = args.file.as_deref().unwrap_or(named);
    let compared = match &args.file {
        Some(file) => with_given_file(&patch, file)?,
        None => with_own_file(&patch, named)?,
    };
    let mismatch = compared.mismatch();
    if args.diff {
        write_diff(&patch, &compared, path, reporter)?;
    } else if args.format == Some(Format::Json) {
        json::write(&patch, &compared, reporter)?;
    } else {
        let view = View { format: args.format, path: Some(path), ..View::default() };
        let view = match compared {
            Compared::Before(file) | Compared::Differs(file, _) => View { source: Some(file), ..view },
            Compared::After(checked) => View { has_result: Some(checked), ..view },
            Compared::NotAtHand => view,
        };
        reporter.show(&page(&patch, &view)?)?;
    }
    let Some(at) = mismatch else { return Ok(Outcome::Done) };
    let what = format!("the patch does not match {}: the file differs at byte {at}", shown(path));
    Err(Error::new(Kind::Verification, what)
        .hint("do not trust the patch: lines that start with `-` are not the content of the file"))
}

/// Prints the diff, unless the old bytes are not those of the file.
fn write_diff(
    patch: &Patch<'_, OsStorage>,
    compared: &Compared,
    path: &Path,
    reporter: &Reporter,
) -> Result<()> {
    let why = match compared {
        Compared::Before(file) => return diff::write(patch, file, path, reporter),
        Compared::Differs(..) => return Ok(()),
        Compared::After(checked) => checked.has(),
        Compared::NotAtHand => "is missing or has changed",
    };
    Err(Error::new(Kind::Usage, format!("{} {why}", shown(path)))
        .hint("a diff needs the file as it was before the patch: `runner show --diff PATCH FILE`"))
}

/// The page for a saved patch, without comparing it with a file.
pub(crate) fn patch_page(patch: &Patch<'_, OsStorage>) -> Result<Page> {
    let source = source_of(patch, Path::new(&patch.header().target));
    page(patch, &View { source, ..View::default() })
}

/// The page for a journal that is about to be applied to a file and has been
/// checked against it.
pub(crate) fn journal_page(journal: &Patch<'_, OsStorage>, file: &Path) -> Result<Page> {
    page(journal, &View { journal_of: Some(file), ..View::default() })
}
