//! Why a plugin gives up.

use std::fmt;

/// Why a plugin gives up. A text converts to a failure without a position, so
/// `?` and `.into()` work with one.
///
/// ```
/// use runner_contract::Failure;
///
/// let failure = Failure::from("a quote that is never closed").at(17);
/// assert_eq!(failure.position, Some(17));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For the user, who sees it as it is.
    pub message: String,
    /// The byte of the window (of the head, in `begin`) that is the reason. The
    /// host says where in the file it is.
    pub position: Option<usize>,
}

impl Failure {
    /// The same failure at a byte of the window.
    #[must_use]
    pub fn at(self, position: usize) -> Self {
        Self { position: Some(position), ..self }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, position: None }
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::from(message.to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
