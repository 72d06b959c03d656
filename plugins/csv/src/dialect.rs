//! The bytes that separate and quote fields.

use runner_plugin::{Framing, Params};

/// How fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The byte between fields.
    pub(crate) delimiter: u8,
    /// The byte around quoted fields, doubled inside them. `None` if there are
    /// no quotes, so that a field cannot contain a delimiter or a line end.
    pub(crate) quote: Option<u8>,
}

impl Dialect {
    /// Parses the parameters `delimiter` and `quote`.
    pub(crate) fn of(params: &Params) -> Result<Self, String> {
        let delimiter = match params.required("delimiter")? {
            "tab" => b'\t',
            other => punctuation("delimiter", other, "`tab`")?,
        };
        let quote = match params.required("quote")? {
            "none" => None,
            other => Some(punctuation("quote", other, "`none`")?),
        };
        if quote == Some(delimiter) {
            return Err("`delimiter` and `quote` are the same".into());
        }
        Ok(Self { delimiter, quote })
    }

    /// Where records end.
    pub(crate) fn framing(self) -> Framing {
        match self.quote {
            Some(quote) => Framing::Quoted { delimiter: b'\n', quote },
            None => Framing::lines(),
        }
    }

    /// Whether a field with this content must be quoted.
    pub(crate) fn must_quote(self, content: &[u8]) -> bool {
        content
            .iter()
            .any(|&byte| byte == self.delimiter || Some(byte) == self.quote || matches!(byte, b'\r' | b'\n'))
    }
}

/// Parses one character. Letters and digits are refused because values and
/// pseudonyms contain them.
fn punctuation(name: &str, value: &str, word: &str) -> Result<u8, String> {
    match value.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\r' | b'\n') => {
            Ok(*byte)
        }
        _ => Err(format!(
            "`{name}` must be {word} or one ASCII character that is not a letter, digit or line end, not `{}`",
            value.escape_debug()
        )),
    }
}
