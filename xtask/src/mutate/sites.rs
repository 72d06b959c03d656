//! Finds code of the product that looks like a sync or a check, so that none is
//! missing from the list.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::list::{List, locate};

/// Text by which syncs and checks are recognised. It may match too much,
/// because an exemption costs only a line.
const CALLS: [&str; 42] = [
    // Syncs.
    "sync_data(",
    "sync_all(",
    "sync_parent(",
    "fdatasync(",
    "fsync(",
    // Identity.
    "same_inode(",
    "same_content(",
    "check_unchanged(",
    "!unchanged(",
    ".identity() ==",
    "identity ==",
    "check_clean(",
    "check_journal(",
    "check_type(",
    "check_replaceable(",
    "check_room(",
    "lock(&file",
    // Checksums, and comparisons of them.
    "!= after",
    "!= group.after",
    "finish() ==",
    "finish() !=",
    "_root ==",
    "root ==",
    "root !=",
    "verify::touched(",
    "verify::whole(",
    "verify::fits(",
    "check_new(",
    // Ownership and permissions.
    "is_own(",
    "0o077",
    "check_own(",
    "check_authentic(",
    "check_not_reserved(",
    "check_not_a_patch(",
    "check_none_interrupted(",
    "check_same(",
    "may_follow(",
    "is_private_file(",
    "is_name_of_ours(",
    ".owner !=",
    "links !=",
    "mapping.check(",
];

/// Errors that indicate a check. The check itself is in one of the lines above.
const ERRORS: [&str; 5] = [".corrupt(", "Kind::Verification", "(changed(", "{ changed(", "::changed("];
const LINES_ABOVE: usize = 4;

/// The sites that neither a mutation nor an exemption names.
pub(super) fn unnamed(root: &Path, list: &List) -> Result<Vec<String>, String> {
    let folder = root.join("host");
    let mut files = Vec::new();
    sources(&folder, &mut files)?;
    let mut missing = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy();
        let mut named = Vec::new();
        let mutants = list.mutants.iter().map(|m| (&m.file, &m.item, &m.find));
        let exempt = list.exempt.iter().map(|e| (&e.file, &e.item, &e.find));
        for (_, item, find) in mutants.chain(exempt).filter(|(of, ..)| **of == file) {
            named.push(locate(&text, item, find).map_err(|what| format!("{file}, {item}: {what}"))?);
        }
        for site in sites(&text) {
            if !named.iter().any(|range| range.start < site.end && site.start < range.end) {
                let line = text[..site.end].matches('\n').count() + 1;
                missing
                    .push(format!("host/{file}:{line}: {}", text[site].lines().last().unwrap_or_default()));
            }
        }
    }
    Ok(missing)
}

/// All source files of the product, except tests.
pub(super) fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stem == "tests" || stem.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Where the recognised text occurs in a file, except in comments, in
/// definitions of functions and in tests. The site of an error begins some
/// lines above it.
fn sites(text: &str) -> Vec<Range<usize>> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let mut found = Vec::new();
    for (mark, lines) in
        CALLS.iter().map(|mark| (mark, 0)).chain(ERRORS.iter().map(|mark| (mark, LINES_ABOVE)))
    {
        for (at, _) in text[..end].match_indices(mark) {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let before = &text[line..at];
            if !before.ends_with("fn ") && !before.trim_start().starts_with("//") {
                let above = text[..line].rmatch_indices('\n').nth(lines).map_or(0, |(end, _)| end + 1);
                found.push(if lines == 0 { at } else { above }..at + mark.len());
            }
        }
    }
    found.sort_by_key(|site| site.end);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell;

    #[test]
    fn every_sync_and_every_check_is_in_the_list() {
        let list = List::read(shell::root()).expect("a list");
        let missing = unnamed(shell::root(), &list).expect("a list that fits the sources");
        assert!(missing.is_empty(), "name them in xtask/mutants.toml:\n{}", missing.join("\n"));
    }

    #[test]
    fn sites_are_code() {
        let text = "\
/// fsync(a)
fn fsync(file: File) {
    a.sync_all(b).and_then(|| x.sync_parent(y))?; // fits
}
#[cfg(test)]
mod tests {
    fn f() { sync_all(x) }
}
";
        let found: Vec<_> = sites(text).into_iter().map(|site| &text[site]).collect();
        assert_eq!(found, ["sync_all(", "sync_parent("]);
        let text = "1\n2\n3\n4\nif bad {\n    self.corrupt(5)\n}\n";
        let found: Vec<_> = sites(text).into_iter().map(|site| &text[site]).collect();
        assert_eq!(found, ["2\n3\n4\nif bad {\n    self.corrupt("]);
    }
}
