//! Why a plugin gives up.

use std::error::Error;
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

/// A [`Failure`] in the box stays as it is. Any other error becomes its message,
/// followed by those of its causes.
impl From<Box<dyn Error>> for Failure {
    fn from(error: Box<dyn Error>) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => *failure,
            Err(error) => Self::of(error.as_ref()),
        }
    }
}

/// Errors of the standard library, for `?`. Any other error converts through
/// `Box<dyn Error>`: a blanket conversion could not exist beside those of texts.
macro_rules! from_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(&error)
            }
        })*
    };
}

from_errors!(
    fmt::Error,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::Utf8Error,
    std::string::FromUtf8Error
);

impl Failure {
    /// A failure with the message of an error and of its causes.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self { message, position: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_becomes_a_failure_and_a_failure_keeps_its_position() {
        fn number(text: &str) -> Result<i64, Box<dyn Error>> {
            if text.is_empty() {
                return Err(Failure::from("nothing").at(7).into());
            }
            Ok(text.parse()?)
        }
        let failure = |text| number(text).map_err(Failure::from).expect_err("a failure");
        assert_eq!(failure(""), Failure::from("nothing").at(7));
        assert_eq!(failure("x").message, "invalid digit found in string");
    }
}
