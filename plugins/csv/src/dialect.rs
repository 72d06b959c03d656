//! Which bytes separate and quote the fields.

use runner_plugin::{Framing, Params};

/// How fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Stands between fields.
    pub(crate) delimiter: u8,
    /// Stands round fields, and doubled in them; `None` when there are no
    /// quotes, so that a field may hold neither delimiter nor line end.
    pub(crate) quote: Option<u8>,
}

impl Dialect {
    /// Reads the parameters `delimiter` and `quote`.
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

    /// Whether a field with this content must stand in quotes.
    pub(crate) fn must_quote(self, content: &[u8]) -> bool {
        content
            .iter()
            .any(|&byte| byte == self.delimiter || Some(byte) == self.quote || matches!(byte, b'\r' | b'\n'))
    }
}

/// Letters and digits are refused: they stand in what is written, and in
/// pseudonyms.
fn punctuation(name: &str, value: &str, word: &str) -> Result<u8, String> {
    match value.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\r' | b'\n') => {
            Ok(*byte)
        }
        _ => Err(format!(
            "`{name}` must be {word} or one ASCII character that is no letter, digit or line end, not `{}`",
            value.escape_debug()
        )),
    }
}
