//! The space that a patch may take. It is written to a temporary directory, or
//! beside the file, before anything is decided about it, and its size is up to
//! the plugin.

use super::Bytes;
use crate::error::{Error, Kind, Result};

/// By default a patch may be so many times as long as the file. An edit of
/// one byte takes 17 and its replacement; six for each byte of a file is what
/// escapes need.
const TIMES: u64 = 24;
/// And so many bytes more, for small files: a reply may be as long.
const BYTES: u64 = 64 << 20;

/// How much space the patch of one file may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space(Option<u64>);

impl Space {
    /// In proportion to the file.
    pub const DEFAULT: Self = Self(None);

    /// At most so many bytes.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Self(Some(bytes))
    }

    /// The most that a patch of a file of `file_bytes` may take.
    #[must_use]
    pub fn limit(self, file_bytes: u64) -> u64 {
        self.0.unwrap_or_else(|| BYTES.saturating_add(file_bytes.saturating_mul(TIMES)))
    }

    /// Goes on only if `taken_bytes` are no more than the limit for
    /// `file_bytes`; `what` takes them.
    ///
    /// # Errors
    /// [`Kind::Plugin`], when they are more.
    pub fn room(self, taken_bytes: u64, file_bytes: u64, what: &str) -> Result<()> {
        let limit = self.limit(file_bytes);
        if taken_bytes <= limit {
            return Ok(());
        }
        let error = Error::new(
            Kind::Plugin,
            format!("the plugin's edits make the {what} larger than {}", Bytes(limit)),
        );
        let error = match self.0 {
            Some(_) => error,
            None => error.because(format!(
                "no more than {TIMES} times the {file_bytes} bytes that it is for, and {} are allowed by default",
                Bytes(BYTES)
            )),
        };
        Err(error.hint("allow more with `--patch-limit`, if the plugin is to write that much"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_may_be_so_many_times_the_file() {
        assert_eq!(Space::DEFAULT.limit(0), 64 << 20);
        assert_eq!(Space::DEFAULT.limit(1 << 20), (64 + 24) << 20);
        assert_eq!(Space::DEFAULT.limit(u64::MAX), u64::MAX);
        assert_eq!(Space::bytes(7).limit(1 << 30), 7);
        assert!(Space::bytes(7).room(7, 0, "patch").is_ok());
        let error = Space::bytes(7).room(8, 0, "patch").unwrap_err();
        assert_eq!(error.kind(), Kind::Plugin);
        assert!(error.hints()[0].contains("--patch-limit"), "{error:?}");
        let error = Space::DEFAULT.room(u64::MAX, 5, "patch").unwrap_err();
        assert!(format!("{error:?}").contains("24 times the 5 bytes"), "{error:?}");
    }
}
