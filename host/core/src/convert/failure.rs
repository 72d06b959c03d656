//! Errors of conversions.

use std::io;

use runner_codec::compression::{self, Problem};
use runner_codec::text;

use crate::error::{Error, Kind};
use crate::memory::HINT;

/// The error for a failed conversion; `otherwise` makes that of anything else
/// that failed.
pub(crate) fn failed(error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
    if let Some(error) = compression::Error::of(&error) {
        return compressed(error);
    }
    if let Some(error) = text::Error::of(&error) {
        return Error::new(Kind::Refused, format!("cannot encode the result: {error}"))
            .hint("use a replacement that the encoding has");
    }
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => otherwise(error),
    }
}

fn compressed(error: &compression::Error) -> Error {
    let what = format!("cannot decompress: {error}");
    match error.problem {
        Problem::Memory { .. } => Error::new(Kind::OutOfMemory, what).hint(HINT),
        Problem::Truncated | Problem::Damaged(_) => {
            let test = format!("`{} -t` tests a file", error.format.name());
            Error::new(Kind::Io, what).hint(test)
        }
        _ => Error::new(Kind::Io, what),
    }
}

/// An error as the cause of one of I/O, from which [`failed`] takes it again.
pub(super) fn wrapped(error: Error) -> io::Error {
    io::Error::other(error)
}
