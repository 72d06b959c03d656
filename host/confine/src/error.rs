//! What can go wrong while a process confines itself.

use std::{fmt, io};

use crate::Layer;

/// A layer that the kernel has could not be put in force. The process may be
/// half confined: it should end.
#[derive(Debug)]
pub struct Error {
    layer: Layer,
    source: io::Error,
}

/// The result of a step.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(layer: Layer, source: impl Into<io::Error>) -> Self {
        Self { layer, source: source.into() }
    }

    /// The layer that failed.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the process cannot confine itself: {}: {}", self.layer, self.source)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
