//! Checks the dependencies between the host's crates and between the core's
//! modules: each may depend only on those below it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::shell;

/// Each module of `host/core` may use modules of its own line and of the lines
/// before it.
const LAYERS: [&[&str]; 11] = [
    &["escape", "error", "cancel", "context", "profile", "locks", "stack"],
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
];

/// Crates of `host/`, and the crates that each may use.
const CRATES: [(&str, &[&str]); 5] = [
    ("contract", &[]),
    ("core", &["runner_contract"]),
    ("sandbox", &["runner_contract", "runner_pipeline"]),
    ("embed", &["runner_contract", "runner_pipeline", "runner_sandbox"]),
    ("cli", &["runner_contract", "runner_pipeline", "runner_sandbox"]),
];

/// Modules of the core that the sandbox may use.
const FOR_SANDBOX: [&str; 9] =
    ["cancel", "engine", "error", "escape", "locks", "memory", "profile", "stack", "storage"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The names that follow `prefix` in a source, in `use` items and in paths.
fn named<'s>(source: &'s str, prefix: &str) -> BTreeSet<&'s str> {
    let names = source.split(prefix).skip(1).flat_map(|rest| {
        let many = rest.strip_prefix('{').and_then(|list| list.split_once('}')).map(|(list, _)| list);
        let names = many.map_or_else(|| vec![rest], |list| list.split(',').map(str::trim).collect());
        names.into_iter().map(|name| name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next())
    });
    names.flatten().collect()
}

/// The modules of the core that a source names.
fn modules<'s>(source: &'s str, prefix: &str) -> BTreeSet<&'s str> {
    named(source, prefix).into_iter().filter(|name| layer(name).is_some()).collect()
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
fn no_module_uses_a_later_one() {
    let root = shell::root().join("host/core/src");
    let mut all = Vec::new();
    for entry in fs::read_dir(&root).expect("sources").map(|entry| entry.expect("a source").path()) {
        let module = entry.file_stem().expect("a name").to_str().expect("a plain name").to_owned();
        if module == "lib" {
            continue;
        }
        assert!(layer(&module).is_some(), "{module} is in no layer: see xtask/src/layers.rs");
        if entry.is_dir() {
            sources(&entry, &module, &mut all);
        } else {
            all.push((module, fs::read_to_string(&entry).expect("a source")));
        }
    }
    assert!(all.len() > 100, "{} sources cannot be all", all.len());
    let back: BTreeSet<_> = all
        .iter()
        .flat_map(|(module, source)| {
            modules(source, "crate::").into_iter().map(move |other| (module.as_str(), other))
        })
        .filter(|(module, other)| layer(other) > layer(module))
        .collect();
    assert!(back.is_empty(), "these modules use later ones: {back:?}");
}

#[test]
fn each_crate_uses_only_earlier_ones() {
    for (name, may) in CRATES {
        let mut all = Vec::new();
        sources(&shell::root().join("host").join(name).join("src"), name, &mut all);
        for (_, source) in &all {
            let others = source.split("runner_").skip(1).map(|rest| rest.split("::").next().unwrap_or(rest));
            let others = ["contract", "pipeline", "sandbox", "embed", "wasm"]
                .into_iter()
                .filter(|other| others.clone().any(|o| o == *other));
            for other in others.map(|other| format!("runner_{other}")) {
                assert!(
                    may.contains(&other.as_str()) || other == format!("runner_{}", own(name)),
                    "{name} uses {other}"
                );
            }
        }
        if name == "sandbox" {
            let used: BTreeSet<_> =
                all.iter().flat_map(|(_, source)| modules(source, "runner_pipeline::")).collect();
            let back: Vec<_> = used.into_iter().filter(|module| !FOR_SANDBOX.contains(module)).collect();
            assert!(back.is_empty(), "the sandbox uses {back:?} of the core");
        }
    }
}

/// The name of a crate's library.
fn own(name: &str) -> &str {
    match name {
        "core" => "pipeline",
        "cli" => "wasm",
        other => other,
    }
}

#[test]
fn a_use_of_a_later_module_is_noticed() {
    let source = "use crate::run::{apply};\n crate::patch::x(); use crate::{scan, hash as h};";
    assert_eq!(modules(source, "crate::"), BTreeSet::from(["hash", "patch", "run", "scan"]));
    assert!(layer("run") > layer("patch"));
}
