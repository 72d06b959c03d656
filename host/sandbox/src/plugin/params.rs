//! Parameters: collected from a file and the command line, and checked against
//! the manifest.
//!
//! Users put values into a file to keep them out of the process list and the
//! shell history, so text from a file is treated as a secret. Values of
//! parameters that the manifest declares as integers or booleans are not
//! secret. Errors about such a file never contain anything of its content,
//! except a name that is almost that of a parameter.

mod content;
mod file;
#[cfg(test)]
mod tests;
mod value;

use std::path::PathBuf;

use runner_contract::{Manifest, Param, ParamKind, ParamSpec, Value};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

pub use self::file::{of_case, read_file};
pub(crate) use self::value::convert;

/// Maximum number of characters shown of an invalid value.
const VALUE_CHARS: usize = 200;

/// A parameter as given by the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its name, unchecked.
    pub name: String,
    /// Its value, unchecked.
    pub value: String,
    /// Where the parameter was given.
    pub origin: Origin,
}

/// Where a parameter was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// With `--set`.
    CommandLine,
    /// In a file; the text names the line and the file.
    File(String),
    /// In the file of a test case, which may be a stranger's. Its values are no
    /// secrets, and name files of the case alone.
    Case {
        /// The line and the file.
        place: String,
        /// The folder of the case.
        folder: PathBuf,
    },
}

impl Origin {
    /// The line and the file; `None` for the command line.
    pub(crate) fn place(&self) -> Option<&str> {
        match self {
            Self::CommandLine => None,
            Self::File(place) | Self::Case { place, .. } => Some(place),
        }
    }
}

impl Given {
    /// A parameter given by `--set NAME=VALUE`.
    #[must_use]
    pub fn set(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), origin: Origin::CommandLine }
    }
}

/// Checks the given parameters and adds defaults, in the order of the manifest.
/// `--set` overrides a file. Reads the files that values name.
///
/// # Errors
/// If a parameter is unknown, missing, ill-formed, or set twice although it
/// takes one value; if a file cannot be read.
pub fn check(manifest: &Manifest, given: &[Given]) -> Result<Vec<Param>> {
    for given in given {
        if !manifest.params.iter().any(|spec| spec.name == given.name) {
            return Err(unknown(manifest, given));
        }
    }
    let mut params = Vec::new();
    for spec in &manifest.params {
        let of_name: Vec<_> = given.iter().filter(|given| given.name == spec.name).collect();
        let set: Vec<_> =
            of_name.iter().copied().filter(|given| given.origin == Origin::CommandLine).collect();
        let values = if set.is_empty() { of_name } else { set };
        if let ([_, again, ..], false) = (&values[..], spec.repeats) {
            return Err(set_twice(spec, again));
        }
        if values.is_empty() && spec.required {
            return Err(Error::new(
                Kind::Usage,
                format!("plugin `{}` needs the parameter `{}`", manifest.name, spec.name),
            )
            .hint(format!("`--set {}=VALUE`: {}", spec.name, spec.doc)));
        }
        if let ([], Some(default)) = (&values[..], &spec.default) {
            // The manifest was checked, and its defaults with it.
            let value = convert(spec, default).unwrap_or_else(|_| Value::Text(default.clone()));
            let secret = spec.kind == ParamKind::Secret;
            params.push(Param { name: spec.name.clone(), value, given: default.clone(), secret });
        }
        for given in values {
            params.push(param(&manifest.name, spec, given)?);
        }
    }
    Ok(params)
}

fn set_twice(spec: &ParamSpec, again: &Given) -> Error {
    let place = again.origin.place().map_or(String::new(), |place| format!(", the second time on {place}"));
    let what = format!("parameter `{}` is set twice{place}, but takes one value", spec.name);
    Error::new(Kind::Usage, what).hint("use `--set` once per parameter")
}

/// One value, converted.
fn param(plugin: &str, spec: &ParamSpec, given: &Given) -> Result<Param> {
    let is_from_file = matches!(given.origin, Origin::File(_));
    let free = matches!(spec.kind, ParamKind::Text | ParamKind::Bytes);
    let secret = spec.kind == ParamKind::Secret || free && is_from_file;
    let name = spec.name.clone();
    let text = match content::read(spec, given)? {
        content::Content::Given(text) => text,
        content::Content::File { bytes, shown } => {
            let value =
                value::of_content(spec, bytes).map_err(|form| ill_formed(plugin, spec, given, form))?;
            return Ok(Param { name, value, given: shown, secret });
        }
    };
    let value = convert(spec, &text).map_err(|form| ill_formed(plugin, spec, given, &form))?;
    let shown = match &value {
        // Numbers are stored in one form.
        Value::Integer(number) => number.to_string(),
        _ => given.value.clone(),
    };
    Ok(Param { name, value, given: shown, secret })
}

fn unknown(manifest: &Manifest, given: &Given) -> Error {
    let plugin = &manifest.name;
    let known: Vec<_> = manifest.params.iter().map(|spec| spec.name.as_str()).collect();
    let known = if known.is_empty() {
        "the plugin has no parameters".into()
    } else {
        format!("its parameters are {}", known.join(", "))
    };
    let what = match given.origin.place() {
        None => format!("plugin `{plugin}` has no parameter `{}`", shown(&given.name)),
        Some(place) => {
            let is_misspelt = manifest.params.iter().any(|spec| is_similar(&given.name, &spec.name));
            let name = if is_misspelt { format!(": `{}`", shown(&given.name)) } else { String::new() };
            format!("{place} sets a parameter that plugin `{plugin}` does not have{name}")
        }
    };
    Error::new(Kind::Usage, what).hint(known)
}

/// Whether a name is a known one with a few letters wrong. Such a name is no
/// secret; any other one in a file may be, if the file is no parameter file.
fn is_similar(name: &str, known: &str) -> bool {
    let wrong = (known.len() / 3).max(1);
    if name.len().abs_diff(known.len()) > wrong {
        return false;
    }
    // The edit distance of the whole name to each prefix of the known one.
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (index, letter) in name.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (at, other) in known.bytes().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[known.len()] <= wrong
}

fn ill_formed(plugin: &str, spec: &ParamSpec, given: &Given, form: &str) -> Error {
    let instead = match given.origin.place() {
        None => format!("not `{}`", shown(&given.value).cut(VALUE_CHARS)),
        Some(place) => format!("unlike the value on {place}"),
    };
    let name = &spec.name;
    Error::new(Kind::Usage, format!("parameter `{name}` of plugin `{plugin}` must be {form}, {instead}"))
}

/// The parameters as a patch may contain them: without the values of secrets.
#[must_use]
pub fn storable(params: &[Param]) -> Vec<(String, Option<String>)> {
    params.iter().map(|p| (p.name.clone(), (!p.secret).then(|| p.given.clone()))).collect()
}

/// The hash of all names and values, including those of secrets. It must be
/// kept in memory only.
#[must_use]
pub fn digest(params: &[Param]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    for param in params {
        part(param.name.as_bytes());
        match &param.value {
            Value::Text(text) => part(text.as_bytes()),
            Value::Bytes(bytes) => part(bytes),
            Value::Integer(number) => part(&number.to_le_bytes()),
            Value::Boolean(truth) => part(&[u8::from(*truth)]),
        }
    }
    hasher.finalize()
}
