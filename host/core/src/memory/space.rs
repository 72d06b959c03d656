//! The space that a patch may take. A patch is written to a temporary
//! directory, or next to the file, before its strategy is chosen, and its size
//! depends on the plugin.

use super::Bytes;
use crate::error::{Error, Kind, Result};

/// By default a patch may be this many times as long as the file. An edit of
/// one byte takes 17 bytes and its replacement, and an escape may replace each
/// byte of a file by six.
const TIMES: u64 = 24;
/// A constant in addition, for small files: a single reply may be that long.
const BYTES: u64 = 64 << 20;

/// How much space the patch of one file may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space(Option<u64>);

impl Space {
    /// A limit in proportion to the file.
    pub const DEFAULT: Self = Self(None);

    /// A limit of `bytes` bytes.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Self(Some(bytes))
    }

    /// The limit for the patch of a file of `file_bytes` bytes.
    #[must_use]
    pub fn limit(self, file_bytes: u64) -> u64 {
        self.0.unwrap_or_else(|| BYTES.saturating_add(file_bytes.saturating_mul(TIMES)))
    }

    /// Checks that `taken_bytes`, the size of `what`, does not exceed the limit
    /// for `file_bytes`.
    ///
    /// # Errors
    /// [`Kind::Plugin`] when it does.
    #[inline]
    pub fn room(self, taken_bytes: u64, file_bytes: u64, what: &str) -> Result<()> {
        let limit = self.limit(file_bytes);
        if taken_bytes <= limit { Ok(()) } else { Err(self.exceeded(limit, file_bytes, what)) }
    }

    #[cold]
    fn exceeded(self, limit: u64, file_bytes: u64, what: &str) -> Error {
        let error = Error::new(
            Kind::Plugin,
            format!("the edits of the plugin make the {what} larger than {}", Bytes(limit)),
        );
        let error = match self.0 {
            Some(_) => error,
            None => error.because(format!(
                "by default, no more than {TIMES} times the {file_bytes} bytes of the input, plus {}, are allowed",
                Bytes(BYTES)
            )),
        };
        error.hint("if the plugin should write that much, allow more with `--patch-limit`")
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
