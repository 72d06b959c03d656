//! Errors for what others do to a file while a run is at work on it.

use std::path::Path;

use crate::error::{Error, Kind};
use crate::escape::Raw as _;

/// The error for a target that others have appended to, where its length was
/// to change, or a new file was to take its place.
#[must_use]
pub fn grown(target: &Path, bytes: u64) -> Error {
    let shown = target.shown();
    Error::new(
        Kind::ChangedByOthers,
        format!("{shown} was changed by somebody else during the run: {bytes} bytes were appended to it"),
    )
    .hint("only an edit in place that keeps the length can go on meanwhile: stop the program that appends, and run the command again")
}

/// The error for a target that is shorter than it was.
#[must_use]
pub fn cut_short(target: &Path, bytes: u64) -> Error {
    let shown = target.shown();
    Error::new(
        Kind::ChangedByOthers,
        format!("{shown} was changed by somebody else during the run: it was cut to {bytes} bytes"),
    )
}

/// The error for a target that others keep open.
#[must_use]
pub fn in_use(target: &Path) -> Error {
    let shown = target.shown();
    Error::new(
        Kind::Refused,
        format!("another process has {shown} open, and what it appends meanwhile would be lost"),
    )
    .hint(format!(
        "`fuser -v {}` names the process; when it has closed the file, run the command again",
        target.word()
    ))
}

/// The error for a target that is not what it was.
#[must_use]
pub fn changed(target: &Path) -> Error {
    Error::new(
        Kind::ChangedByOthers,
        format!("{} was changed by somebody else during the run", target.shown()),
    )
    .hint("nothing was written; run the command again when the file is at rest")
}
