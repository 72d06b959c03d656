//! Parameters: gathered from a file and the command line, checked against the
//! manifest. Pure, but for reading the file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::job::{Manifest, Param, ParamKind};

/// The longest file of parameters.
const FILE_BYTES: u64 = 16 << 20;

/// Reads `KEY = VALUE` pairs from a TOML file; values are text, integers or
/// booleans.
///
/// # Errors
/// When it cannot be read, is not TOML, or holds anything else.
pub fn read_file(path: &Path) -> Result<Vec<(String, String)>> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_string(&mut text))
        .map_err(Error::at("read parameters from", path))?;
    if text.len() as u64 > FILE_BYTES {
        let mib = FILE_BYTES >> 20;
        let what = format!("{} is longer than {mib} MiB, as no file of parameters is", path.display());
        return Err(Error::new(Kind::Usage, what));
    }
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        Error::new(Kind::Usage, format!("{} is not a file of parameters", path.display())).because(e)
    })?;
    let value = |(name, value): (String, toml::Value)| match value {
        toml::Value::String(text) => Ok((name, text)),
        toml::Value::Integer(number) => Ok((name, number.to_string())),
        toml::Value::Boolean(truth) => Ok((name, truth.to_string())),
        _ => Err(Error::new(
            Kind::Usage,
            format!("parameter `{name}` in {} is neither text, an integer nor a boolean", path.display()),
        )),
    };
    table.into_iter().map(value).collect()
}

/// Checks `given` (later values win) and fills in defaults, in the order of
/// the manifest.
///
/// # Errors
/// On an unknown, missing or ill-formed parameter.
pub fn check(manifest: &Manifest, given: &[(String, String)]) -> Result<Vec<Param>> {
    let plugin = &manifest.name;
    for (name, _) in given {
        if !manifest.params.iter().any(|spec| spec.name == *name) {
            let known: Vec<_> = manifest.params.iter().map(|spec| spec.name.as_str()).collect();
            let known =
                if known.is_empty() { "it has none".into() } else { format!("it has {}", known.join(", ")) };
            return Err(
                Error::new(Kind::Usage, format!("plugin `{plugin}` has no parameter `{name}`")).hint(known)
            );
        }
    }
    let mut params = Vec::new();
    for spec in &manifest.params {
        let value = given.iter().rev().find(|(name, _)| *name == spec.name).map(|(_, value)| value);
        if value.is_none() && spec.required {
            return Err(Error::new(
                Kind::Usage,
                format!("plugin `{plugin}` needs the parameter `{}`", spec.name),
            )
            .hint(format!("`--set {}=VALUE`: {}", spec.name, spec.doc)));
        }
        if let Some(value) = value.or(spec.default.as_ref()) {
            check_form(plugin, &spec.name, spec.kind, value)?;
            params.push(Param { name: spec.name.clone(), value: value.clone() });
        }
    }
    Ok(params)
}

fn check_form(plugin: &str, name: &str, kind: ParamKind, value: &str) -> Result<()> {
    let wanted = match kind {
        ParamKind::Integer if value.parse::<i64>().is_err() => "an integer",
        ParamKind::Boolean if !matches!(value, "true" | "false") => "`true` or `false`",
        _ => return Ok(()),
    };
    Err(Error::new(
        Kind::Usage,
        format!("parameter `{name}` of plugin `{plugin}` must be {wanted}, not `{value}`"),
    ))
}

/// The parameters as a patch may hold them: without the values of secrets.
#[must_use]
pub fn storable(manifest: &Manifest, params: &[Param]) -> Vec<(String, Option<String>)> {
    let secret =
        |name: &str| manifest.params.iter().any(|spec| spec.name == name && spec.kind == ParamKind::Secret);
    params.iter().map(|p| (p.name.clone(), (!secret(&p.name)).then(|| p.value.clone()))).collect()
}

/// The hash of all names and values, those of secrets included: to be kept in
/// memory alone.
#[must_use]
pub fn digest(params: &[Param]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for text in params.iter().flat_map(|param| [&param.name, &param.value]) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::ParamSpec;

    fn manifest() -> Manifest {
        let spec = |name: &str, kind, required, default: Option<&str>| ParamSpec {
            name: name.into(),
            kind,
            required,
            default: default.map(Into::into),
            doc: String::new(),
        };
        Manifest {
            name: "p".into(),
            version: "1".into(),
            summary: String::new(),
            license: String::new(),
            params: vec![
                spec("find", ParamKind::Text, true, None),
                spec("max", ParamKind::Integer, false, Some("3")),
                spec("all", ParamKind::Boolean, false, None),
                spec("key", ParamKind::Secret, false, None),
            ],
        }
    }

    fn checked(given: &[(&str, &str)]) -> std::result::Result<Vec<(String, String)>, String> {
        let given: Vec<_> = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let params = check(&manifest(), &given).map_err(|e| e.to_string())?;
        Ok(params.into_iter().map(|p| (p.name, p.value)).collect())
    }

    #[test]
    fn defaults_are_filled_in_and_the_last_value_wins() {
        let expected = [("find", "b"), ("max", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(checked(&[("find", "a"), ("find", "b")]), Ok(expected.to_vec()));
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(checked(&[]), Err("plugin `p` needs the parameter `find`".into()));
        assert_eq!(checked(&[("find", "a"), ("fin", "b")]), Err("plugin `p` has no parameter `fin`".into()));
        let integer = "parameter `max` of plugin `p` must be an integer, not `x`";
        assert_eq!(checked(&[("find", "a"), ("max", "x")]), Err(integer.into()));
        let boolean = "parameter `all` of plugin `p` must be `true` or `false`, not `yes`";
        assert_eq!(checked(&[("find", "a"), ("all", "yes")]), Err(boolean.into()));
    }

    #[test]
    fn secrets_are_not_storable() {
        let given = [("find".to_owned(), "a".to_owned()), ("key".to_owned(), "s3cret".to_owned())];
        let params = check(&manifest(), &given).expect("good parameters");
        assert_eq!(
            storable(&manifest(), &params),
            [("find".into(), Some("a".into())), ("max".into(), Some("3".into())), ("key".into(), None)]
        );
    }
}
