//! Reading parameters from a TOML file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use toml::de::{DeTable, DeValue};

use super::{Given, Origin};

/// Maximum size of a parameter file.
const FILE_BYTES: u64 = 16 << 20;

/// Reads `KEY = VALUE` pairs from a TOML file. Values are strings, integers,
/// booleans, or arrays of them. A table holds those of a plugin: `find` in
/// `[replace]` is `replace.find`.
///
/// # Errors
/// If the file cannot be read, is not TOML, or contains anything else. The
/// error does not contain any of its content.
pub fn read_file(path: &Path) -> Result<Vec<Given>> {
    let mut bytes = Vec::new();
    // It may be a pipe, from a program that knows the secret.
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Error::at("read parameters from", path))?;
    if bytes.len() as u64 > FILE_BYTES {
        let mib = FILE_BYTES >> 20;
        let what = format!("{} is too large for a parameter file (limit {mib} MiB)", shown(path));
        return Err(Error::new(Kind::Usage, what));
    }
    parse(bytes, path)
}

/// The same for the file of a test case, with this content. Values such as
/// `@PATH` name files in the folder of `path`.
///
/// # Errors
/// If it is not TOML, or contains anything else.
pub fn of_case(bytes: Vec<u8>, path: &Path) -> Result<Vec<Given>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut all = parse(bytes, path)?;
    for given in &mut all {
        if let Origin::File(place) = &mut given.origin {
            given.origin = Origin::Case { place: std::mem::take(place), folder: folder.to_owned() };
        }
    }
    Ok(all)
}

/// Parses the content of a parameter file. `path` is its name in errors, which do
/// not contain any of it.
pub(super) fn parse(bytes: Vec<u8>, path: &Path) -> Result<Vec<Given>> {
    let bad = |why: String| {
        Error::new(Kind::Usage, format!("{} is not a valid parameter file", shown(path)))
            .because(why)
            .hint("a parameter file is a TOML file with one line such as `NAME = \"VALUE\"` per parameter")
    };
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = line_and_column(e.as_bytes(), e.utf8_error().valid_up_to()).0;
        bad(format!("line {line} is not UTF-8"))
    })?;
    // The error's `Display` would quote the line; its message does not.
    let table = DeTable::parse(&text).map_err(|e| {
        let (line, column) = line_and_column(text.as_bytes(), e.span().map_or(0, |span| span.start));
        bad(format!("line {line}, column {column}: {}", e.message()))
    })?;
    let mut given = Vec::new();
    let mut take = |name: String, at: usize, value: &DeValue<'_>| {
        let line = line_and_column(text.as_bytes(), at).0;
        let values = match value {
            DeValue::Array(values) => values.iter().map(|value| plain(value.get_ref())).collect(),
            value => vec![plain(value)],
        };
        for value in values {
            let value = value.ok_or_else(|| {
                bad(format!("the value on line {line} is neither a string, an integer nor a boolean"))
            })?;
            let origin = Origin::File(format!("line {line} of {}", shown(path)));
            given.push(Given { name: name.clone(), value, origin });
        }
        Ok::<_, Error>(())
    };
    for (name, value) in table.into_inner() {
        let (at, name) = (name.span().start, name.get_ref().clone().into_owned());
        match value.get_ref() {
            // The parameters of one of several plugins.
            DeValue::Table(of_plugin) => {
                for (param, value) in of_plugin {
                    take(format!("{name}.{}", param.get_ref()), param.span().start, value.get_ref())?;
                }
            }
            value => take(name, at, value)?,
        }
    }
    Ok(given)
}

/// A value in the form that `--set` would give it.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Line and column, both counted from 1. A column is a byte.
fn line_and_column(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    (before.iter().filter(|&&byte| byte == b'\n').count() + 1, before.len() - start + 1)
}
