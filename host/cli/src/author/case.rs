//! Test cases: folders with an input and what must come out.

use std::fs;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, count};
use runner_pipeline::storage::{open_small, read_small};
use runner_sandbox::plugin::params::{self, Given};

use super::difference::difference;

/// Maximum size of an input, and of an output.
pub(super) const DATA_BYTES: u64 = 64 << 20;
/// Maximum size of a file that people write.
pub(super) const TEXT_BYTES: u64 = 1 << 20;

/// A case.
pub(super) struct Case {
    /// The name of its folder.
    pub(super) name: String,
    /// The file with the input, and its size when it was looked at.
    pub(super) input: PathBuf,
    pub(super) input_bytes: u64,
    pub(super) params: Vec<Given>,
    expected: Expected,
}

/// What must come out.
enum Expected {
    Output(Vec<u8>),
    /// An error with these words in it.
    Error(String),
}

/// What has come out: the output, or an error.
pub(super) type Answer = std::result::Result<Vec<u8>, Failure>;

/// An error as people read it.
pub(super) struct Failure {
    /// What failed and why, in which the words of a case are looked for.
    pub(super) message: String,
    hints: String,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let causes = error.causes().map(|cause| format!(": {cause}")).collect::<String>();
        let hints = error.hints().iter().map(|hint| format!("\nhint: {hint}")).collect();
        Self { message: format!("{error}{causes}"), hints }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.message, self.hints)
    }
}

/// The folders of all cases, in order of their names.
///
/// # Errors
/// If there is none; any I/O error.
pub(super) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| {
        Error::io("read the folder", folder, error)
            .hint("the cases are folders in it; `runner plugin test PLUGIN FOLDER` names another one")
    })?;
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
    Ok(paths)
}

/// The name of a case's folder.
pub(super) fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().shown().to_string()
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// If it is not whole, or one of its files is not regular or too large, or a
    /// symbolic link; any I/O error.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        for name in ["", "input", "output", "error", "params.toml"] {
            refuse_link(&folder.join(name))?;
        }
        let input = folder.join("input");
        let opened = open_small(&input, DATA_BYTES)?;
        let input_bytes = opened.metadata().map_err(Error::at("read the metadata of", &input))?.len();
        let table = folder.join("params.toml");
        let params = match is_there(&table) {
            true => params::of_case(read_small(&table, TEXT_BYTES)?, &table)?,
            false => Vec::new(),
        };
        let (output, error) = (folder.join("output"), folder.join("error"));
        let expected = match (is_there(&output), is_there(&error)) {
            (true, false) => Expected::Output(read_small(&output, DATA_BYTES)?),
            (false, true) => Expected::Error(words(&error)?),
            (both, _) => {
                let has = if both { "both `output` and `error`" } else { "neither `output` nor `error`" };
                return Err(Error::new(Kind::Usage, format!("{} has {has}", folder.shown()))
                    .hint("`output` is what must come out, or `error` has some words of the error"));
            }
        };
        Ok(Self { name: name(folder), input, input_bytes, params, expected })
    }

    /// Whether an output is expected that differs from the input.
    pub(super) fn changes(&self) -> bool {
        let Expected::Output(output) = &self.expected else { return false };
        read_small(&self.input, DATA_BYTES).is_ok_and(|input| input != *output)
    }

    /// What is wrong with what has come out; `None` if it is right.
    pub(super) fn difference(&self, found: &Answer) -> Option<String> {
        match (&self.expected, found) {
            (Expected::Output(expected), Ok(found)) => difference(expected, found),
            (Expected::Output(_), Err(failure)) => Some(format!("an error instead of an output: {failure}")),
            (Expected::Error(words), Err(failure)) if failure.message.contains(words.as_str()) => None,
            (Expected::Error(words), Err(failure)) => {
                Some(format!("the error does not contain `{words}`: {failure}"))
            }
            (Expected::Error(words), Ok(output)) => Some(format!(
                "no error with `{words}`, but an output of {}",
                count(output.len() as u64, "byte")
            )),
        }
    }
}

/// Whether a name is there, also that of a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Refuses a symbolic link. A case may be a stranger's, whose plugin gets what the
/// link leads to.
fn refuse_link(path: &Path) -> Result<()> {
    // A path that ends with `/` is followed.
    let path: PathBuf = path.components().collect();
    if path.is_symlink() {
        return Err(Error::new(Kind::Refused, format!("{} is a symbolic link", path.shown()))
            .hint("a case and its files are a folder and regular files: put the file itself there"));
    }
    Ok(())
}

/// Some words of an error. Without any, every error would do.
fn words(path: &Path) -> Result<String> {
    let text = String::from_utf8(read_small(path, TEXT_BYTES)?)
        .map_err(|_| Error::new(Kind::Usage, format!("{} is not UTF-8", path.shown())))?;
    let words = text.trim();
    if words.is_empty() {
        return Err(Error::new(Kind::Usage, format!("{} is empty", path.shown()))
            .hint("write some words of the error into it"));
    }
    Ok(words.to_owned())
}
