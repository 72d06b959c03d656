//! What the commands `overwrite`, `append` and `truncate` share: they run the
//! bundled plugin `bytes` with one operation.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use crate::Outcome;
use crate::apply::{self, ApplyArgs, ApplyOptions};
use crate::args::{AfterHyphens, PluginArgs};
use crate::report::Reporter;

/// The new bytes.
#[derive(Debug, ArgGroup)]
#[group(required = true, multiple = false)]
pub(crate) struct NewBytes {
    /// The new bytes in hexadecimal digits, such as `de ad be ef`
    #[arg(long, value_name = "DIGITS")]
    hex: Option<String>,
    /// The new bytes as text, in which \n, \r, \t, \0, \\, \", \xHH and \u{H..} stand for bytes; no line
    /// end is added
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
    /// The new bytes are the content of this file, up to 64 MiB
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// The bytes that must be there.
#[derive(Debug, ArgGroup)]
#[group(multiple = false)]
pub(crate) struct OldBytes {
    /// Change nothing unless the file has these bytes there, in hexadecimal digits
    #[arg(long, value_name = "DIGITS")]
    expect_hex: Option<String>,
    /// Change nothing unless the file has these bytes there, as text with the escapes of a text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    expect_text: Option<String>,
}

/// One operation of the plugin, as its parameters.
pub(crate) struct Operation {
    op: String,
    data: Option<String>,
}

impl Operation {
    pub(crate) fn new(verb: &str) -> Self {
        Self { op: verb.to_owned(), data: None }
    }

    /// Adds a word with a value.
    pub(crate) fn word(mut self, name: &str, value: &str) -> Self {
        self.op += &format!(" {name}=\"{value}\"");
        self
    }

    /// Adds the new bytes.
    ///
    /// # Errors
    /// If the name of their file is not UTF-8.
    pub(crate) fn new_bytes(self, new: &NewBytes) -> Result<Self> {
        Ok(match new {
            NewBytes { hex: Some(digits), .. } => self.word("hex", digits),
            NewBytes { text: Some(text), .. } => self.word("text", &quoted(text)),
            NewBytes { from: Some(path), .. } => {
                let data = Some(content_of(path)?);
                Self { op: self.op + " data", data }
            }
            // The command line demands one of them.
            _ => self,
        })
    }

    /// Adds the old bytes.
    pub(crate) fn old_bytes(self, old: &OldBytes) -> Self {
        match old {
            OldBytes { expect_hex: Some(digits), .. } => self.word("expect-hex", digits),
            OldBytes { expect_text: Some(text), .. } => self.word("expect", &quoted(text)),
            _ => self,
        }
    }

    /// Carries it out on every file.
    pub(crate) fn apply(
        self,
        files: &[PathBuf],
        options: &ApplyOptions,
        reporter: &Reporter,
    ) -> Result<Outcome> {
        let data = self.data.map(|data| ("data".to_owned(), data));
        let set = std::iter::once(("op".to_owned(), self.op)).chain(data).collect();
        let plugin = PluginArgs::bundled("bytes", set);
        let (files, options) = (files.to_vec(), options.clone());
        apply::run(&ApplyArgs { plugin, files, after: AfterHyphens::default(), options }, reporter)
    }
}

/// A text as it stands between quotes. A `"` that has no `\` before it gets one.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let mut is_escaped = false;
    for letter in text.chars() {
        if letter == '"' && !is_escaped {
            quoted.push('\\');
        }
        is_escaped = letter == '\\' && !is_escaped;
        quoted.push(letter);
    }
    quoted
}

/// The value that stands for the content of a file.
fn content_of(path: &Path) -> Result<String> {
    let what = || Error::new(Kind::Usage, format!("the name of {} is not UTF-8", shown(path)));
    let name = path.to_str().ok_or_else(what)?;
    // `@@` would be a value that begins with `@`.
    let folder = if name.starts_with('@') { "./" } else { "" };
    Ok(format!("@{folder}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_a_text_are_escaped_once() {
        assert_eq!(quoted(r#"a "b" c"#), r#"a \"b\" c"#);
        assert_eq!(quoted(r#"a \"b\\" c"#), r#"a \"b\\\" c"#);
    }

    #[test]
    fn a_file_whose_name_begins_like_a_value_is_still_a_file() {
        assert_eq!(content_of(Path::new("@new")).ok().as_deref(), Some("@./@new"));
        assert_eq!(content_of(Path::new("/a/new")).ok().as_deref(), Some("@/a/new"));
    }
}
