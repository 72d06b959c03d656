//! Checks the dependencies between the host's crates and between the core's
//! modules: each may depend only on those below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::shell;

/// Each module of `host/core` may use modules of the lines before its own. Only
/// those of the first line may use modules of their own line, too.
const LAYERS: [&[&str]; 12] = [
    &["escape", "error", "cancel", "context", "profile", "locks", "stack"],
    &["storage", "memory"],
    &["hash"],
    &["patch"],
    &["user_state"],
    &["sidecar"],
    &["target"],
    &["engine"],
    &["convert"],
    &["scan", "pipe"],
    &["commit"],
    &["run"],
];

/// Crates of `host/`, and the crates that each may use.
const CRATES: [(&str, &[&str]); 13] = [
    ("channel", &[]),
    ("codec", &[]),
    ("confine", &[]),
    ("contract", &[]),
    ("core", &["runner_codec", "runner_contract"]),
    ("history", &["runner_pipeline"]),
    ("sandbox", &["runner_channel", "runner_confine", "runner_contract", "runner_pipeline"]),
    ("embed", &["runner_contract", "runner_pipeline", "runner_sandbox"]),
    ("trust", &["runner_contract", "runner_pipeline"]),
    ("store", &["runner_pipeline", "runner_trust"]),
    ("policy", &["runner_pipeline", "runner_store", "runner_trust"]),
    ("registry", &["runner_confine", "runner_pipeline", "runner_trust"]),
    (
        "cli",
        &[
            "runner_confine",
            "runner_contract",
            "runner_history",
            "runner_pipeline",
            "runner_policy",
            "runner_registry",
            "runner_sandbox",
            "runner_store",
            "runner_trust",
        ],
    ),
];

/// Modules of the core that the sandbox may use.
const FOR_SANDBOX: [&str; 9] =
    ["cancel", "engine", "error", "escape", "locks", "memory", "profile", "stack", "storage"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Whether a module of the core may use another one.
fn may_use(module: &str, other: &str) -> bool {
    module == other || layer(other) < layer(module) || layer(other) == Some(0) && layer(module) == Some(0)
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
fn modules_use_only_earlier_ones() {
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
        .filter(|(module, other)| !may_use(module, other))
        .collect();
    assert!(back.is_empty(), "these modules use later ones, or those beside them: {back:?}");
}

#[test]
fn each_crate_uses_only_earlier_ones() {
    for (name, may) in CRATES {
        let mut all = Vec::new();
        sources(&shell::root().join("host").join(name).join("src"), name, &mut all);
        for (_, source) in &all {
            let others = source.split("runner_").skip(1).map(|rest| rest.split("::").next().unwrap_or(rest));
            let names = [
                "channel", "confine", "contract", "pipeline", "policy", "sandbox", "embed", "store", "trust",
                "wasm",
            ];
            let others = names.into_iter().filter(|other| others.clone().any(|o| o == *other));
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
    assert!(may_use("run", "patch") && !may_use("patch", "run"));
    assert!(!may_use("pipe", "scan") && may_use("cancel", "error") && may_use("scan", "scan"));
}

/// The first-level modules of a crate, each with those that it uses outside of
/// tests.
fn uses(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let stem = |path: &Path| path.file_stem().expect("a name").to_str().expect("a plain name").to_owned();
    let entries = fs::read_dir(root).expect("sources").map(|entry| entry.expect("a source").path());
    let modules: Vec<_> = entries.filter(|path| !["lib", "main"].contains(&stem(path).as_str())).collect();
    let names: BTreeSet<_> = modules.iter().map(|path| stem(path)).collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in modules.iter().filter(|path| !stem(path).ends_with("tests")) {
        let mut all = Vec::new();
        if path.is_dir() {
            sources(path, &stem(path), &mut all);
        } else {
            all.push((stem(path), fs::read_to_string(path).expect("a source")));
        }
        for (module, source) in &all {
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let others = named(source, "crate::").into_iter().map(str::to_owned);
            let others = others.filter(|other| other != module && names.contains(other));
            graph.entry(module.clone()).or_default().extend(others);
        }
    }
    graph
}

/// All modules that a module uses, directly or indirectly.
fn reached<'g>(graph: &'g BTreeMap<String, BTreeSet<String>>, from: &'g str) -> BTreeSet<&'g str> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for other in graph.get(module).into_iter().flatten() {
            if found.insert(other.as_str()) {
                next.push(other);
            }
        }
    }
    found
}

#[test]
fn no_modules_use_each_other() {
    for (name, _) in CRATES {
        let graph = uses(&shell::root().join("host").join(name).join("src"));
        assert!(!graph.is_empty(), "{name} has no modules");
        let is_in_circle = |module: &&String| reached(&graph, module).contains(module.as_str());
        let circle: Vec<_> = graph.keys().filter(is_in_circle).collect();
        assert!(circle.is_empty(), "in {name}, these use each other: {circle:?}");
    }
}

#[test]
fn a_circle_is_noticed() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")];
    let graph = arrows.map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()])));
    let graph = BTreeMap::from(graph);
    assert_eq!(reached(&graph, "a"), BTreeSet::from(["a", "b", "c"]));
    assert!(!reached(&graph, "d").contains("d"));
}
