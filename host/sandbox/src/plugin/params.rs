//! Parameters: gathered from a file and the command line, checked against the
//! manifest. Pure, but for reading the file.
//!
//! Who puts a value into a file keeps it from the list of processes and the
//! shell's history, so text from a file is taken for a secret. The manifest
//! says otherwise by the parameter's kind: what must be an integer, `true` or
//! `false` is none. Whatever is wrong with such a file, nothing of its content
//! stands in the error.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use runner_contract::{Manifest, Param, ParamKind, ParamSpec};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use toml::de::{DeTable, DeValue};

/// The longest file of parameters.
const FILE_BYTES: u64 = 16 << 20;
/// Characters of a wrong value that are shown.
const VALUE_CHARS: usize = 200;

/// A parameter as the user gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its name, unchecked.
    pub name: String,
    /// Its value, unchecked.
    pub value: String,
    /// Where it was given.
    pub origin: Origin,
}

/// Where a parameter was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// With `--set`.
    CommandLine,
    /// In a file; this names it and the line.
    File(String),
}

impl Given {
    /// What `--set NAME=VALUE` gives.
    #[must_use]
    pub fn set(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), origin: Origin::CommandLine }
    }
}

/// Reads `KEY = VALUE` pairs from a TOML file; values are text, integers or
/// booleans.
///
/// # Errors
/// When it cannot be read, is not TOML, or holds anything else. None of its
/// content is in the error.
pub fn read_file(path: &Path) -> Result<Vec<Given>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Error::at("read parameters from", path))?;
    if bytes.len() as u64 > FILE_BYTES {
        let mib = FILE_BYTES >> 20;
        let what = format!("{} is longer than {mib} MiB, as no file of parameters is", shown(path));
        return Err(Error::new(Kind::Usage, what));
    }
    let bad = |why: String| {
        Error::new(Kind::Usage, format!("{} is not a file of parameters", shown(path)))
            .because(why)
            .hint("it is a TOML file with a line such as `NAME = \"VALUE\"` for each parameter")
    };
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = line_and_column(e.as_bytes(), e.utf8_error().valid_up_to()).0;
        bad(format!("line {line} is not UTF-8"))
    })?;
    // The error's own text shows the line; its message does not.
    let table = DeTable::parse(&text).map_err(|e| {
        let (line, column) = line_and_column(text.as_bytes(), e.span().map_or(0, |span| span.start));
        bad(format!("line {line}, column {column}: {}", e.message()))
    })?;
    let given = |(name, value): (toml::Spanned<_>, toml::Spanned<DeValue<'_>>)| {
        let name: toml::Spanned<std::borrow::Cow<'_, str>> = name;
        let line = line_and_column(text.as_bytes(), name.span().start).0;
        let value = plain(value.get_ref()).ok_or_else(|| {
            bad(format!("the value in line {line} is neither text, an integer nor a boolean"))
        })?;
        let origin = Origin::File(format!("line {line} of {}", shown(path)));
        Ok(Given { name: name.into_inner().into_owned(), value, origin })
    };
    table.into_inner().into_iter().map(given).collect()
}

/// A value as `--set` would give it.
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

/// Both from 1; a column is a byte.
fn line_and_column(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    (before.iter().filter(|&&byte| byte == b'\n').count() + 1, before.len() - start + 1)
}

/// Checks `given` and fills in defaults, in the order of the manifest. What
/// `--set` gives wins over what a file does.
///
/// # Errors
/// On an unknown, missing or ill-formed parameter, and on one that is set
/// twice: each takes one value.
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
                format!("parameter `{}` is set twice, and takes one value", spec.name),
            )
            .hint("give each parameter one `--set`"));
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
    let known = if known.is_empty() { "it has none".into() } else { format!("it has {}", known.join(", ")) };
    let what = match &given.origin {
        Origin::CommandLine => format!("plugin `{plugin}` has no parameter `{}`", shown(&given.name)),
        Origin::File(place) => format!("{place} sets a parameter that plugin `{plugin}` does not have"),
    };
    Error::new(Kind::Usage, what).hint(known)
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
        Origin::File(place) => format!("unlike what {place} says"),
    };
    let name = &spec.name;
    let what = format!("parameter `{name}` of plugin `{plugin}` must be {wanted}, {instead}");
    Err(Error::new(Kind::Usage, what))
}

/// The parameters as a patch may hold them: without the values of secrets.
#[must_use]
pub fn storable(params: &[Param]) -> Vec<(String, Option<String>)> {
    params.iter().map(|p| (p.name.clone(), (!p.secret).then(|| p.value.clone()))).collect()
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
    use runner_contract::ParamSpec;

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
        let given: Vec<_> = given.iter().map(|(k, v)| Given::set(k, v)).collect();
        let params = check(&manifest(), &given).map_err(|e| e.to_string())?;
        Ok(params.into_iter().map(|p| (p.name, p.value)).collect())
    }

    fn in_file(name: &str, value: &str) -> Given {
        Given { origin: Origin::File("line 7 of p.toml".into()), ..Given::set(name, value) }
    }

    #[test]
    fn defaults_are_filled_in_and_what_is_set_wins_over_a_file() {
        let expected = [("find", "b"), ("max", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(checked(&[("find", "b")]), Ok(expected.to_vec()));
        for given in
            [[in_file("find", "a"), Given::set("find", "b")], [Given::set("find", "b"), in_file("find", "a")]]
        {
            let params = check(&manifest(), &given).unwrap();
            assert_eq!((params[0].value.as_str(), params[0].secret), ("b", false));
        }
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
    fn one_value_for_each_parameter() {
        let twice = "parameter `find` is set twice, and takes one value";
        assert_eq!(checked(&[("find", "a"), ("find", "b")]), Err(twice.into()));
        assert_eq!(checked(&[("find", "a"), ("max", "1"), ("find", "a")]), Err(twice.into()));
    }

    #[test]
    fn nothing_of_a_file_is_in_an_error() {
        for (given, what) in [
            (in_file("max", "TOPSECRET"), "must be an integer, unlike what line 7 of p.toml says"),
            (in_file("all", "TOPSECRET"), "must be `true` or `false`, unlike what line 7 of p.toml says"),
            (in_file("TOPSECRET", "key"), "line 7 of p.toml sets a parameter that"),
        ] {
            let error = check(&manifest(), &[Given::set("find", "a"), given]).unwrap_err();
            let text = format!("{error:?} {:?}", error.hints());
            assert!(text.contains(what) && !text.contains("TOPSECRET"), "{text}");
        }
    }

    #[test]
    fn no_line_of_a_bad_file_is_in_an_error() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("p.toml");
        for (bad, line) in [
            (&b"a = 1\nkey = TOPSECRET\n"[..], 2),
            (b"a = 1\n\nkey = \"TOPSECRET", 3),
            (b"key = 'TOPSECRET' x\n", 1),
            (b"key = \"TOPSECRET\\q\"\n", 1),
            (b"TOPSECRET\n", 1),
            (b"TOPSECRET = 1\nTOPSECRET = 2\n", 2),
            (b"a = 1\nTOPSECRET.b = 2\n[TOPSECRET]\nc = 1\n", 3),
            (b"a = 'TOPSECRET'\na.b = 'TOPSECRET'\n", 2),
            (b"[TOPSECRET\n", 1),
            (b"key = ['TOPSECRET']\n", 1),
            (b"key = 12TOPSECRET\n", 1),
            (b"key = 99999999999999999999\n", 1),
            (b"key = 'TOPSECRET\xff'\n", 1),
        ] {
            std::fs::write(&path, bad).unwrap();
            let error = read_file(&path).unwrap_err();
            let text = format!("{error:?} {:?}", error.hints());
            assert!(!text.contains("TOPSECRET") && !text.contains("9999"), "{text}");
            assert!(text.contains(&format!("line {line}")), "{line}: {text}");
        }
    }

    #[test]
    fn secrets_and_text_from_a_file_are_not_storable() {
        let given = [Given::set("find", "a"), Given::set("key", "s3cret")];
        let params = check(&manifest(), &given).expect("good parameters");
        assert_eq!(
            storable(&params),
            [("find".into(), Some("a".into())), ("max".into(), Some("3".into())), ("key".into(), None)]
        );
        let given = [in_file("find", "s3cret"), in_file("max", "7"), in_file("all", "true")];
        let params = check(&manifest(), &given).expect("good parameters");
        assert_eq!(
            storable(&params),
            [("find".into(), None), ("max".into(), Some("7".into())), ("all".into(), Some("true".into()))]
        );
    }
}
