//! Why a request has no answer.

use std::{fmt, io};

use rustix::io::Errno;

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The deadline passed before the worker answered. The request is still
    /// out.
    Timeout,
    /// The worker is dead, and had not answered.
    WorkerDied,
    /// The other side broke the protocol; the text says how. The slot takes no
    /// more requests.
    Malformed(String),
    /// A system call failed, or the caller made a mistake
    /// ([`io::ErrorKind::InvalidInput`]).
    Io(io::Error),
}

impl Error {
    /// A mistake of the caller.
    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Self::Io(io::Error::new(io::ErrorKind::InvalidInput, what.into()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the worker did not answer in time"),
            Self::WorkerDied => f.write_str("the worker died"),
            Self::Malformed(how) => write!(f, "malformed message: {how}"),
            Self::Io(_) => f.write_str("the memory that both processes share cannot be set up or used"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Errno> for Error {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}
