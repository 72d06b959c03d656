//! Checks the manifest of a plugin before it is used or printed.

use std::collections::HashSet;

use runner_contract::{
    MAX_CHOICES, MAX_DEFAULT_BYTES, MAX_LINE_CHARS, MAX_NAME_BYTES, MAX_PARAMS, MAX_TABLES, Manifest,
    ParamKind, ParamSpec, TableSpec,
};
use runner_pipeline::escape::escape;

use crate::plugin::params::convert;

/// Refuses a manifest that breaks the contract. Fields that are only for
/// reading (summary, documentation) are escaped instead of refused, so
/// afterwards every field except a parameter's default is safe to show.
pub(crate) fn check(mut manifest: Manifest) -> Result<Manifest, String> {
    check_name(&manifest.name)?;
    check_word("version", &manifest.version)?;
    for line in [&mut manifest.summary, &mut manifest.license] {
        *line = escape(line, MAX_LINE_CHARS);
    }
    if manifest.params.len() > MAX_PARAMS {
        return Err(format!("it has {} parameters; the limit is {MAX_PARAMS}", manifest.params.len()));
    }
    let mut names = HashSet::new();
    for param in &mut manifest.params {
        check_param(param)?;
        param.doc = escape(&param.doc, MAX_LINE_CHARS);
        if !names.insert(param.name.as_str()) {
            return Err(format!("two of its parameters are named `{}`", param.name));
        }
    }
    if manifest.tables.len() > MAX_TABLES {
        return Err(format!("it has {} tables; the limit is {MAX_TABLES}", manifest.tables.len()));
    }
    let mut names = HashSet::new();
    for table in &mut manifest.tables {
        check_table(table)?;
        table.doc = escape(&table.doc, MAX_LINE_CHARS);
        if !names.insert(table.name.as_str()) {
            return Err(format!("two of its tables are named `{}`", table.name));
        }
    }
    Ok(manifest)
}

fn check_table(table: &TableSpec) -> Result<(), String> {
    check_word("table's name", &table.name)?;
    if !is_plain(&table.name) {
        let name = &table.name;
        return Err(format!("its table `{name}` is not named in lower-case letters, digits and hyphens"));
    }
    Ok(())
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn check_name(name: &str) -> Result<(), String> {
    check_word("name", name)?;
    if !is_plain(name) {
        return Err(format!("its name `{name}` does not consist of lower-case letters, digits and hyphens"));
    }
    Ok(())
}

/// One word of printable ASCII, so that it can be shown and typed.
fn check_word(what: &str, word: &str) -> Result<(), String> {
    if word.is_empty() {
        return Err(format!("its {what} is empty"));
    }
    if word.len() > MAX_NAME_BYTES || !word.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "its {what} `{}` is not one word of at most {MAX_NAME_BYTES} printable ASCII characters",
            escape(word, MAX_NAME_BYTES)
        ));
    }
    Ok(())
}

fn check_param(param: &ParamSpec) -> Result<(), String> {
    check_word("parameter's name", &param.name)?;
    let name = &param.name;
    if name.contains('=') {
        return Err(format!("its parameter `{name}` cannot be set: the name contains `=`"));
    }
    check_choices(param)?;
    let Some(default) = &param.default else { return Ok(()) };
    if default.len() > MAX_DEFAULT_BYTES {
        return Err(format!(
            "the default of its parameter `{name}` has {} bytes; the limit is {MAX_DEFAULT_BYTES}",
            default.len()
        ));
    }
    if let Err(form) = convert(param, default) {
        return Err(format!(
            "the default `{}` of its parameter `{name}` is not {form}",
            escape(default, MAX_NAME_BYTES)
        ));
    }
    Ok(())
}

fn check_choices(param: &ParamSpec) -> Result<(), String> {
    let (name, choices) = (&param.name, &param.choices);
    if (param.kind == ParamKind::Choice) == choices.is_empty() {
        return Err(format!(
            "its parameter `{name}` has choices, but is not a choice, or the other way round"
        ));
    }
    if choices.len() > MAX_CHOICES {
        return Err(format!(
            "its parameter `{name}` has {} choices; the limit is {MAX_CHOICES}",
            choices.len()
        ));
    }
    choices.iter().try_for_each(|word| check_word("parameter's choice", word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(name: &str, kind: ParamKind, default: Option<&str>) -> ParamSpec {
        ParamSpec { kind, default: default.map(Into::into), ..ParamSpec::text(name, "a line") }
    }

    fn manifest(params: Vec<ParamSpec>) -> Manifest {
        Manifest {
            name: "x-1".into(),
            version: "1.0.0".into(),
            summary: "s".into(),
            license: "MIT".into(),
            params,
        }
    }

    #[track_caller]
    fn refused(manifest: Manifest, why: &str) {
        let error = check(manifest).unwrap_err();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn a_good_manifest_is_kept() {
        let good = manifest(vec![
            param("width", ParamKind::Integer, Some("-3")),
            param("all", ParamKind::Boolean, Some("true")),
            param("key", ParamKind::Secret, None),
        ]);
        assert_eq!(check(good.clone()), Ok(good));
    }

    #[test]
    fn names_must_have_their_form() {
        for name in ["", "Upper", "under_score", "a b", "\x1b[2J", &"a".repeat(65)] {
            refused(Manifest { name: name.into(), ..manifest(vec![]) }, "name");
        }
        refused(manifest(vec![param("a=b", ParamKind::Text, None)]), "contains `=`");
    }

    #[test]
    fn names_are_unique_and_few() {
        let twice = || param("width", ParamKind::Text, None);
        refused(manifest(vec![twice(), twice()]), "two of its parameters are named `width`");
        refused(manifest(vec![twice(); 257]), "257 parameters");
    }

    #[test]
    fn defaults_have_the_form_of_their_kind() {
        refused(manifest(vec![param("n", ParamKind::Integer, Some("1e3"))]), "is not an integer");
        refused(manifest(vec![param("b", ParamKind::Boolean, Some("yes"))]), "is not `true` or `false`");
    }

    #[test]
    fn lines_are_escaped() {
        let odd = Manifest { summary: "a\x1b[31m".into(), ..manifest(vec![]) };
        assert_eq!(check(odd).unwrap().summary, "a\\u{1b}[31m");
    }
}
