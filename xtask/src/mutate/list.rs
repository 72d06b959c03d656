//! `xtask/mutants.toml`: the mutations, and the exemptions.

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(rename = "mutant")]
    pub(super) mutants: Vec<Mutant>,
    #[serde(rename = "exempt")]
    pub(super) exempt: Vec<Exempt>,
}

/// A piece of the product, and its replacement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutant {
    pub(super) name: String,
    /// Path below `host/`, such as `core/src/patch/backing.rs`.
    pub(super) file: String,
    /// The item that contains the piece: `fn publish`, or `impl Drop for Body /
    /// fn drop`.
    #[serde(rename = "in")]
    pub(super) item: String,
    /// The piece, which must occur once in the item: an expression, or
    /// statements with their last semicolon or brace.
    pub(super) find: String,
    /// The replacement: an expression of the same type, or statements.
    pub(super) with: String,
    /// The tests that should fail: `PROGRAM MODULE::FILTER` for tests of
    /// `tests/`, or `PACKAGE FILTER` for unit tests. The attempt ends with the
    /// first failure.
    pub(super) tests: Vec<String>,
}

/// A piece that looks like a check, but needs no mutation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exempt {
    pub(super) file: String,
    #[serde(rename = "in")]
    pub(super) item: String,
    pub(super) find: String,
    pub(super) why: String,
}

impl List {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let path = root.join("xtask/mutants.toml");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let list: Self = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut names = HashSet::new();
        for mutant in &list.mutants {
            if !names.insert(&mutant.name) {
                return Err(format!("two mutations are called {}", mutant.name));
            }
            if mutant.tests.is_empty() {
                return Err(format!("{}: no test is named", mutant.name));
            }
        }
        if let Some(exempt) = list.exempt.iter().find(|exempt| exempt.why.is_empty()) {
            return Err(format!("{}: `{}` is exempt without a reason", exempt.file, exempt.find));
        }
        Ok(list)
    }
}

/// Finds the piece `find` in the item `item` of `text`. It must occur exactly
/// once: when the source changes, the list must be updated.
pub(super) fn locate(text: &str, item: &str, find: &str) -> Result<Range<usize>, String> {
    let mut within = 0..text.len();
    for part in item.split(" / ") {
        let at = within.start + once(&text[within.clone()], part, is_head_of)?;
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let indent = text[line..at].len() - text[line..at].trim_start().len();
        let end = format!("\n{}}}\n", " ".repeat(indent));
        let found = text[at..within.end].find(&end).ok_or_else(|| format!("`{part}` has no end"))?;
        within = at..at + found + end.len();
    }
    let at = within.start + once(&text[within.clone()], find, |_| true)?;
    Ok(at..at + find.len())
}

/// Whether the following text ends the name of an item.
fn is_head_of(rest: &str) -> bool {
    rest.starts_with(['(', '<', ' '])
}

fn once(text: &str, piece: &str, fits: impl Fn(&str) -> bool) -> Result<usize, String> {
    let mut found = text.match_indices(piece).filter(|(at, _)| fits(&text[at + piece.len()..]));
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(at),
        (None, _) => Err(format!("`{piece}` does not occur")),
        (Some(_), Some(_)) => Err(format!("`{piece}` occurs more than once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_mutations_exist() {
        let list = List::read(crate::shell::root()).expect("the list");
        let mut wrong = Vec::new();
        for mutant in &list.mutants {
            for tests in &mutant.tests {
                let (program, filter) = tests.split_once(' ').unwrap_or((tests, ""));
                if !program.starts_with("runner-") {
                    let error = crate::programs::check_filter(program, filter).err();
                    wrong.extend(error.map(|error| format!("{}: {error}", mutant.name)));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    const TEXT: &str = "\
impl A {
    fn f(&self) {
        check(1);
    }

    fn foo(&self) {
        check(1);
        check(2);
    }
}

impl B {
    fn f() {
        check(3);
    }
}
";

    #[test]
    fn a_piece_is_found_in_its_item() {
        let found = |item, find| locate(TEXT, item, find).map(|range| (&TEXT[range.clone()], range.start));
        assert_eq!(found("fn foo", "check(2)"), Ok(("check(2)", TEXT.find("check(2)").unwrap_or_default())));
        assert_eq!(
            found("impl A / fn foo", "check(1)").map(|(_, at)| at),
            Ok(TEXT.rfind("check(1)").unwrap_or(0))
        );
        assert!(found("impl B / fn f", "check(3)").is_ok());
        assert!(found("impl A", "check(1)").is_err_and(|e| e.contains("more than once")));
        assert!(found("fn f", "check(3)").is_err_and(|e| e.contains("`fn f` occurs more than once")));
        assert!(found("fn foo", "check(3)").is_err_and(|e| e.contains("does not occur")));
        assert!(found("impl C", "check(3)").is_err_and(|e| e.contains("`impl C` does not occur")));
    }
}
