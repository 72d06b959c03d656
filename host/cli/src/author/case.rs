//! Test cases: folders with an input and what must come out.

use std::fs;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_sandbox::plugin::params::{self, Given};
use similar::TextDiff;

/// Maximum number of lines of a difference that are shown.
const DIFF_LINES: usize = 40;

/// A case.
pub(super) struct Case {
    /// The name of its folder.
    pub(super) name: String,
    /// The file with the input.
    pub(super) input: PathBuf,
    pub(super) params: Vec<Given>,
    expected: Expected,
}

/// What must come out.
enum Expected {
    Output(Vec<u8>),
    /// An error with these words in it.
    Error(String),
}

/// What has come out: the output, or the message of an error.
pub(super) type Answer = std::result::Result<Vec<u8>, String>;

/// Reads all cases of a folder, in order of their names.
///
/// # Errors
/// If there is none, or one is not whole; any I/O error.
pub(super) fn read_all(folder: &Path) -> Result<Vec<Case>> {
    let entries = fs::read_dir(folder).map_err(Error::at("read the folder", folder))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::at("read the folder", folder))?.path();
        if path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Error::new(Kind::Usage, format!("there is no case in {}", folder.shown()))
            .hint("a case is a folder with `input`, `output` (or `error`) and, if needed, `params.toml`"));
    }
    paths.iter().map(|path| Case::read(path)).collect()
}

impl Case {
    fn read(folder: &Path) -> Result<Self> {
        let input = folder.join("input");
        fs::metadata(&input).map_err(Error::at("read", &input))?;
        let table = folder.join("params.toml");
        let params = if table.exists() { params::read_file(&table)? } else { Vec::new() };
        let (output, error) = (folder.join("output"), folder.join("error"));
        let expected = match (output.exists(), error.exists()) {
            (true, false) => Expected::Output(fs::read(&output).map_err(Error::at("read", &output))?),
            (false, true) => {
                let words = fs::read_to_string(&error).map_err(Error::at("read", &error))?;
                Expected::Error(words.trim().to_owned())
            }
            _ => {
                let what = format!("{} must have either `output` or `error`", folder.shown());
                return Err(Error::new(Kind::Usage, what));
            }
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, input, params, expected })
    }

    /// What is wrong with what has come out; `None` if it is right.
    pub(super) fn difference(&self, found: &Answer) -> Option<String> {
        match (&self.expected, found) {
            (Expected::Output(expected), Ok(found)) if expected == found => None,
            (Expected::Output(expected), Ok(found)) => Some(diff(expected, found)),
            (Expected::Output(_), Err(message)) => Some(format!("an error instead of an output: {message}")),
            (Expected::Error(words), Err(message)) if message.contains(words.as_str()) => None,
            (Expected::Error(words), Err(message)) => {
                Some(format!("the error `{message}` does not contain `{words}`"))
            }
            (Expected::Error(words), Ok(_)) => Some(format!("no error, but `{words}` was expected")),
        }
    }
}

/// The lines that differ: `-` before those expected, `+` before those found.
pub(super) fn diff(expected: &[u8], found: &[u8]) -> String {
    let lines = |bytes: &[u8]| {
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        lines.map(|line| format!("{}\n", line.escape_ascii())).collect::<String>()
    };
    let (expected, found) = (lines(expected), lines(found));
    let diff = TextDiff::from_lines(&expected, &found);
    let text = diff.unified_diff().context_radius(1).to_string();
    let mut shown: Vec<_> = text.lines().collect();
    let left_out = shown.len().saturating_sub(DIFF_LINES);
    shown.truncate(DIFF_LINES);
    let mut text = shown.join("\n");
    if left_out > 0 {
        text.push_str(&format!("\n... and {left_out} more lines"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_bytes() {
        let text = diff(b"a\nb\nc\n", b"a\nb\xff\nc");
        assert_eq!(text, "@@ -1,3 +1,3 @@\n a\\n\n-b\\n\n-c\\n\n+b\\xff\\n\n+c");
    }
}
