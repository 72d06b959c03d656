//! Errors for changes to a file by other processes during a run.

use std::io;
use std::path::Path;

use crate::error::{Error, Kind};
use crate::escape::{Raw as _, count};

/// The error for a target that other processes have appended to, although its
/// length must change or a new file must replace it.
#[must_use]
pub fn grown(target: &Path, bytes: u64) -> Error {
    let shown = target.shown();
    Error::new(
        Kind::ChangedByOthers,
        format!("{shown} was changed by another process during the run: {} appended to it", were(bytes)),
    )
    .hint("only in-place edits that keep the length allow appends: stop the program that appends, and run the command again")
}

/// A number of bytes, and the verb: `1 byte was`, `2 bytes were`.
pub fn were(bytes: u64) -> String {
    format!("{} {}", count(bytes, "byte"), if bytes == 1 { "was" } else { "were" })
}

/// The error for a target that is shorter than before.
#[must_use]
pub fn cut_short(target: &Path, bytes: u64) -> Error {
    let shown = target.shown();
    Error::new(
        Kind::ChangedByOthers,
        format!(
            "{shown} was changed by another process during the run: it was cut to {}",
            count(bytes, "byte")
        ),
    )
}

/// The error for a target that other processes keep open.
#[must_use]
pub fn in_use(target: &Path) -> Error {
    let shown = target.shown();
    Error::new(
        Kind::Refused,
        format!(
            "another process has {shown} open, and anything that it appends during the run would be lost"
        ),
    )
    .hint(format!(
        "`fuser -v {}` shows the process; once it has closed the file, run the command again",
        target.word()
    ))
}

/// The error for a target whose name leads to no file any more.
#[must_use]
pub fn moved(target: &Path, error: io::Error) -> Error {
    let what = format!("{} was renamed or removed by another process during the run", target.shown());
    // The same command would not find it, so this is not for another attempt.
    Error::new(Kind::Io, what)
        .because(error)
        .hint("nothing was written; run the command again with the new name of the file")
}

/// The error for a target that has changed.
#[must_use]
pub fn changed(target: &Path) -> Error {
    Error::new(
        Kind::ChangedByOthers,
        format!("{} was changed by another process during the run", target.shown()),
    )
    .hint("nothing was written; run the command again when the file no longer changes")
}
