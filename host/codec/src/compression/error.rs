//! What can be wrong with a compressed file, and where.

use std::fmt;
use std::io;

use super::Format;

/// An error in a compressed stream.
///
/// [`Decoder`](super::Decoder) and [`Encoder`](super::Encoder) return it inside
/// an [`io::Error`]; [`Error::of`] finds it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The format of the file.
    pub format: Format,
    /// The offset in the compressed file: where the part begins that could not
    /// be read. A decoder may notice damage some bytes later than it begins.
    pub offset: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a compressed stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The file does not begin as the format does.
    WrongStart,
    /// The file ends before its content does.
    Truncated,
    /// The content contradicts the format or its checksum.
    Damaged(String),
    /// Something follows the last complete member.
    TrailingData,
    /// The file was written for more memory than is allowed.
    Memory {
        /// Bytes needed to read it, where the file says so.
        needed_bytes: Option<u64>,
        /// Bytes allowed.
        limit_bytes: u64,
    },
    /// A feature of the format that is not supported.
    Unsupported(&'static str),
}

impl Error {
    /// The error inside `error`, if a codec of this module made it.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, offset, problem } = self;
        let name = format.name();
        match problem {
            Problem::WrongStart => write!(f, "the data does not begin with a {name} header"),
            Problem::Truncated => write!(f, "the {name} data ends early, at offset {offset}"),
            Problem::Damaged(what) => write!(f, "the {name} data is damaged at offset {offset}: {what}"),
            Problem::TrailingData => {
                write!(f, "at offset {offset}, data that is not {name} follows the end of the {name} data")
            }
            Problem::Memory { needed_bytes, limit_bytes } => {
                write!(f, "the {name} data at offset {offset} needs ")?;
                match needed_bytes {
                    Some(needed) => write!(f, "{needed} bytes of memory")?,
                    None => f.write_str("more memory")?,
                }
                write!(f, "; the limit is {limit_bytes} bytes")
            }
            Problem::Unsupported(what) => {
                write!(f, "the {name} data at offset {offset} uses {what}, which is not supported")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.problem {
            Problem::Truncated => io::ErrorKind::UnexpectedEof,
            Problem::Memory { .. } => io::ErrorKind::OutOfMemory,
            Problem::Unsupported(_) => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// Damage, in the words of a library.
pub(super) fn damaged(what: impl fmt::Display) -> Problem {
    Problem::Damaged(what.to_string())
}
