//! The order of the host's modules: no arrow runs back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::shell;

/// Each may use those before it, and those on its own line.
const LAYERS: [&[&str]; 14] = [
    &["escape", "error", "cancel", "profile", "locks", "stack"],
    &["contract"],
    &["storage", "memory"],
    &["hash"],
    &["patch"],
    &["user_state"],
    &["sidecar"],
    &["target"],
    &["engine"],
    &["scan", "pipe"],
    &["commit"],
    &["run"],
    &["sandbox", "plugin"],
    &["cli"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Modules of the crate that a source names, in uses and in paths.
fn named(source: &str) -> BTreeSet<&str> {
    let after = source.split("crate::").skip(1);
    let names = after.map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next());
    names.flatten().filter(|name| layer(name).is_some()).collect()
}

fn sources(place: &Path, module: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(place).expect("sources").map(|entry| entry.expect("a source").path()) {
        if entry.is_dir() {
            sources(&entry, module, found);
        } else {
            found.push((module.to_owned(), fs::read_to_string(&entry).expect("a source")));
        }
    }
}

#[test]
fn no_arrow_runs_back() {
    let root = shell::root().join("host/src");
    let mut all = Vec::new();
    for entry in fs::read_dir(&root).expect("sources").map(|entry| entry.expect("a source").path()) {
        let module = entry.file_stem().expect("a name").to_str().expect("a plain name").to_owned();
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        assert!(layer(&module).is_some(), "{module} is in no layer: see xtask/src/layers.rs");
        if entry.is_dir() {
            sources(&entry, &module, &mut all);
        } else {
            all.push((module, fs::read_to_string(&entry).expect("a source")));
        }
    }
    assert!(all.len() > 100, "{} sources are not all", all.len());
    let back: BTreeSet<_> = all
        .iter()
        .flat_map(|(module, source)| named(source).into_iter().map(move |other| (module.as_str(), other)))
        .filter(|(module, other)| layer(other) > layer(module))
        .collect();
    assert!(back.is_empty(), "these use what comes after them: {back:?}");
}

#[test]
fn an_arrow_that_runs_back_is_seen() {
    assert_eq!(named("use crate::run::{apply};\n crate::patch::x()"), BTreeSet::from(["patch", "run"]));
    assert!(layer("run") > layer("patch"));
}
