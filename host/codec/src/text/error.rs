//! Text that an encoding cannot hold.

use std::fmt;
use std::io;

/// A place in decoded text that cannot be encoded.
///
/// [`TextEncoder`](super::TextEncoder) returns it inside an [`io::Error`];
/// [`Error::of`] finds it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The name of the encoding.
    pub encoding: &'static str,
    /// The offset in the UTF-8 text. An
    /// [`EditTranslator`](super::EditTranslator) gives that of the edit.
    pub offset: u64,
    /// The line, from 1.
    pub line: u64,
    /// What is there.
    pub problem: Problem,
}

/// Why text cannot be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The encoding does not have this character.
    Unmapped(char),
    /// Neither UTF-8 nor a sequence that stands for bytes of the encoding.
    NotText,
    /// Something follows the last byte of a UTF-16 text of odd length, where it
    /// would be read as the other half of that unit.
    AfterHalfUnit,
    /// An edit begins before the end of the one before it, before text that
    /// has already been passed, or ends beyond the text.
    OutOfOrder,
}

impl Error {
    /// What is wrong, without the place.
    #[must_use]
    pub fn what(&self) -> String {
        let encoding = self.encoding;
        match self.problem {
            Problem::Unmapped(char) => {
                format!("{encoding} has no character {char:?} (U+{:04X})", u32::from(char))
            }
            Problem::NotText => {
                format!("these bytes are not UTF-8, so they cannot be written as {encoding}")
            }
            Problem::AfterHalfUnit => format!(
                "the {encoding} text ends in the middle of a character, and nothing can be put after that"
            ),
            Problem::OutOfOrder => "edits are out of order, or reach beyond the end".to_owned(),
        }
    }

    /// The error inside `error`, if an encoder made it.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} (offset {} of the decoded text): {}", self.line, self.offset, self.what())
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
