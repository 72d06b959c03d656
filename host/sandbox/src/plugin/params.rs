//! Parameters: collected from a file and the command line, and checked against
//! the manifest.
//!
//! Users put values into a file to keep them out of the process list and the
//! shell history, so text from a file is treated as a secret. Values of
//! parameters that the manifest declares as integers or booleans are not
//! secret. Errors about such a file never contain anything of its content,
//! except a name that is almost that of a parameter.

mod file;
#[cfg(test)]
mod tests;

use runner_contract::{Manifest, Param, ParamKind, ParamSpec};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

pub use self::file::read_file;

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
}

impl Given {
    /// A parameter given by `--set NAME=VALUE`.
    #[must_use]
    pub fn set(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), origin: Origin::CommandLine }
    }
}

/// Checks the given parameters and adds defaults, in the order of the manifest.
/// `--set` overrides a file.
///
/// # Errors
/// If a parameter is unknown, missing, ill-formed or set twice.
pub fn check(manifest: &Manifest, given: &[Given]) -> Result<Vec<Param>> {
    for given in given {
        if !manifest.params.iter().any(|spec| spec.name == given.name) {
            return Err(unknown(manifest, given));
        }
    }
    let mut params = Vec::new();
    for spec in &manifest.params {
        let of_name = |given: &&Given| given.name == spec.name;
        let mut set = given.iter().filter(of_name).filter(|given| given.origin == Origin::CommandLine);
        let value = set.next();
        if set.next().is_some() {
            return Err(Error::new(
                Kind::Usage,
                format!("parameter `{}` is set twice, but takes one value", spec.name),
            )
            .hint("use `--set` once per parameter"));
        }
        let value = value.or_else(|| given.iter().find(of_name));
        if value.is_none() && spec.required {
            return Err(Error::new(
                Kind::Usage,
                format!("plugin `{}` needs the parameter `{}`", manifest.name, spec.name),
            )
            .hint(format!("`--set {}=VALUE`: {}", spec.name, spec.doc)));
        }
        if let Some(given) = value {
            check_form(&manifest.name, spec, given)?;
            let text = spec.kind == ParamKind::Text && given.origin != Origin::CommandLine;
            let secret = spec.kind == ParamKind::Secret || text;
            params.push(Param { name: spec.name.clone(), value: given.value.clone(), secret });
        } else if let Some(default) = &spec.default {
            let secret = spec.kind == ParamKind::Secret;
            params.push(Param { name: spec.name.clone(), value: default.clone(), secret });
        }
    }
    Ok(params)
}

fn unknown(manifest: &Manifest, given: &Given) -> Error {
    let plugin = &manifest.name;
    let known: Vec<_> = manifest.params.iter().map(|spec| spec.name.as_str()).collect();
    let known = if known.is_empty() {
        "the plugin has no parameters".into()
    } else {
        format!("its parameters are {}", known.join(", "))
    };
    let what = match &given.origin {
        Origin::CommandLine => format!("plugin `{plugin}` has no parameter `{}`", shown(&given.name)),
        Origin::File(place) => {
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

fn check_form(plugin: &str, spec: &ParamSpec, given: &Given) -> Result<()> {
    let value = given.value.as_str();
    let wanted = match spec.kind {
        ParamKind::Integer if value.parse::<i64>().is_err() => "an integer",
        ParamKind::Boolean if !matches!(value, "true" | "false") => "`true` or `false`",
        _ => return Ok(()),
    };
    let instead = match &given.origin {
        Origin::CommandLine => format!("not `{}`", shown(value).cut(VALUE_CHARS)),
        Origin::File(place) => format!("unlike the value on {place}"),
    };
    let name = &spec.name;
    let what = format!("parameter `{name}` of plugin `{plugin}` must be {wanted}, {instead}");
    Err(Error::new(Kind::Usage, what))
}

/// The parameters as a patch may contain them: without the values of secrets.
#[must_use]
pub fn storable(params: &[Param]) -> Vec<(String, Option<String>)> {
    params.iter().map(|p| (p.name.clone(), (!p.secret).then(|| p.value.clone()))).collect()
}

/// The hash of all names and values, including those of secrets. It must be
/// kept in memory only.
#[must_use]
pub fn digest(params: &[Param]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for text in params.iter().flat_map(|param| [&param.name, &param.value]) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize()
}
