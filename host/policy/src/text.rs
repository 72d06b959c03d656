//! Files in TOML that people write: errors name the file and the line.

use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, escape};
use serde::de::DeserializeOwned;

/// The greatest size of such a file, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;
/// Maximum number of characters of a reason.
const WHY_CHARS: usize = 300;

/// Reads the content of a file.
///
/// # Errors
/// [`Kind::Usage`], with the path and the line, if it is not of this form.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], path: &Path) -> Result<T> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        wrong(path, Some(line), "it is not UTF-8")
    })?;
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        wrong(path, line, error.message())
    })
}

/// The number of the line in which a byte is.
#[must_use]
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// What is wrong in a file.
#[must_use]
pub fn wrong(path: &Path, line: Option<usize>, why: &str) -> Error {
    let place = line.map_or_else(String::new, |line| format!(", line {line}"));
    Error::new(Kind::Usage, format!("cannot use {}{place}", path.shown())).because(escape(why, WHY_CHARS))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        #[expect(dead_code, reason = "it is only read")]
        value: u32,
    }

    #[test]
    fn an_error_names_the_line() {
        let said = |bytes: &[u8]| parse::<One>(bytes, Path::new("a\nb")).unwrap_err();
        for (bytes, line) in [
            (&b"\nvalue = \"x\""[..], 2),
            (b"value = 1\nother = 2", 2),
            (b"value = 1\n\n[[", 3),
            (b"value = 1\n\xff", 2),
            (b"value = 1\nvalue = 2", 2),
        ] {
            let error = said(bytes);
            assert_eq!(
                (error.kind(), error.to_string()),
                (Kind::Usage, format!("cannot use a\\nb, line {line}"))
            );
        }
        assert!(said(b"").causes().next().unwrap().to_string().contains("missing field"));
    }
}
