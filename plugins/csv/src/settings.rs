//! The parameters that describe the file.

use crate::dialect::{Dialect, Escape, LineEnd, MAX_DELIMITER_BYTES, Quotes};
use crate::params;
use runner_plugin::Params;

/// How the file is written, as far as the user has said.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) delimiter: Delimiter,
    /// The dialect with the delimiter and the line end still open.
    pub(crate) dialect: Dialect,
    /// Whether a backslash that could be an escape is refused, because the user
    /// has not said that it is none.
    pub(crate) guards_backslashes: bool,
    /// Whether the line end is to be found in the file.
    pub(crate) finds_line_end: bool,
    /// Number of lines before the first record.
    pub(crate) skip: u64,
    /// Whether the first record contains the names of the columns.
    pub(crate) has_header: bool,
    /// What to do with records of other lengths; `None` if not said.
    pub(crate) ragged: Option<Ragged>,
    /// Unquoted fields that mean "no value".
    pub(crate) null_words: Vec<Vec<u8>>,
}

/// The parameter `delimiter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// Not given: a comma, unless the file has a line `sep=;`.
    Default,
    /// Found in the file.
    Guessed,
    Given(Vec<u8>),
}

/// What to do with records that are longer or shorter than the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ragged {
    Keep,
    Refuse,
}

impl Settings {
    /// Reads the parameters.
    ///
    /// # Errors
    /// The message for the user.
    pub(crate) fn read(params: &Params) -> Result<Self, String> {
        // The host has checked the words.
        let (line_end, finds_line_end) = match params.required("line-end")? {
            "lf" => (LineEnd::OnlyLineFeed, false),
            "cr" => (LineEnd::Return, false),
            "any" => (LineEnd::Any, false),
            _ => (LineEnd::LineFeed, true),
        };
        let quotes = match params.required("quotes")? {
            "lenient" => Quotes::Lenient,
            _ => Quotes::Strict,
        };
        let ragged = match params::one(params, "ragged") {
            None => None,
            Some("keep") => Some(Ragged::Keep),
            Some(_) => Some(Ragged::Refuse),
        };
        let comment = params::one(params, "comment").unwrap_or_default();
        if comment.contains(['\r', '\n']) {
            return Err("`comment` must not contain a line end".into());
        }
        let dialect = Dialect {
            delimiter: b",".to_vec(),
            quote: quote(params.required("quote")?)?,
            quotes,
            double_quote: params.bool("double-quote")?,
            escape: escape(params.required("escape")?)?,
            skip_initial_space: params.bool("skip-initial-space")?,
            comment: comment.into(),
            line_end,
        };
        let words = params.get("null-words").unwrap_or_default();
        let settings = Self {
            delimiter: delimiter(params.bytes("delimiter"))?,
            dialect,
            guards_backslashes: params.required("escape")? == "auto",
            finds_line_end,
            skip: params::count(params, "skip")?,
            has_header: params.bool("header")?,
            ragged,
            null_words: words.split(',').filter(|word| !word.is_empty()).map(Into::into).collect(),
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        let dialect = &self.dialect;
        if dialect.quote.is_some() && dialect.quote == dialect.escape.byte() {
            return Err("`quote` and `escape` are the same; a doubled quote needs no `escape`".into());
        }
        if let Delimiter::Given(delimiter) = &self.delimiter {
            check_delimiter(delimiter, dialect)?;
        }
        Ok(())
    }

    /// The dialect with a delimiter that the file has.
    ///
    /// # Errors
    /// If it does not go with the other parameters.
    pub(crate) fn with_delimiter(&self, delimiter: Vec<u8>) -> Result<Dialect, String> {
        check_delimiter(&delimiter, &self.dialect)?;
        Ok(Dialect { delimiter, ..self.dialect.clone() })
    }
}

fn check_delimiter(delimiter: &[u8], dialect: &Dialect) -> Result<(), String> {
    for (name, byte) in [("quote", dialect.quote), ("escape", dialect.escape.byte())] {
        if byte.is_some_and(|byte| delimiter.contains(&byte)) {
            return Err(format!("`delimiter` and `{name}` are the same"));
        }
    }
    if dialect.skip_initial_space && delimiter.starts_with(b" ") {
        return Err("with `skip-initial-space`, the delimiter cannot be a space".into());
    }
    if dialect.is_comment(delimiter) {
        return Err("`comment` and `delimiter` are the same".into());
    }
    Ok(())
}

/// Letters and digits are refused because values and pseudonyms contain them.
fn delimiter(value: Option<&[u8]>) -> Result<Delimiter, String> {
    let bytes = match value {
        None | Some(b"") => return Ok(Delimiter::Default),
        Some(b"auto") => return Ok(Delimiter::Guessed),
        Some(b"tab") => b"\t",
        Some(value) => value,
    };
    let is_good = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'\r' | b'\n');
    if bytes.len() > MAX_DELIMITER_BYTES || !bytes.iter().all(is_good) {
        return Err(format!(
            "`delimiter` must be `auto`, `tab`, or up to {MAX_DELIMITER_BYTES} bytes without letters, digits and line ends, \
             not `{}`",
            bytes.escape_ascii()
        ));
    }
    Ok(Delimiter::Given(bytes.into()))
}

fn quote(value: &str) -> Result<Option<u8>, String> {
    match value {
        "none" => Ok(None),
        other => Ok(Some(punctuation("quote", other, "`none`")?)),
    }
}

fn escape(value: &str) -> Result<Escape, String> {
    match value {
        "auto" | "none" => Ok(Escape::None),
        "mysql" => Ok(Escape::MySql),
        "tsv" => Ok(Escape::Lines),
        other => Ok(Escape::Byte(punctuation("escape", other, "`auto`, `none`, `mysql`, `tsv`")?)),
    }
}

fn punctuation(name: &str, value: &str, words: &str) -> Result<u8, String> {
    match value.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\r' | b'\n') => {
            Ok(*byte)
        }
        _ => Err(format!(
            "`{name}` must be {words} or one ASCII character that is not a letter, digit or line end, not `{}`",
            value.escape_debug()
        )),
    }
}
