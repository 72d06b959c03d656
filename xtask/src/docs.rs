//! Checks the documents against the tree. Every path and every link must exist
//! and, in some documents, every name of a type, function or test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shell;

/// Folders, besides the root, that a path in a document may be relative to.
const SOURCES: [&str; 10] = [
    "host/core/src",
    "host/channel/src",
    "host/confine/src",
    "host/contract/src",
    "host/sandbox/src",
    "host/store/src",
    "host/policy/src",
    "host/trust/src",
    "host/cli/src",
    "host/embed/src",
];

/// Suffixes of paths. All but the first two count only in a path with a folder.
const ENDS: [&str; 6] = [".rs", "/", ".md", ".toml", ".wit", ".wat"];

/// Documents outside `docs/`.
const OTHERS: [&str; 15] = [
    "README.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "gallery/README.md",
    "guest-sdk/rust/README.md",
    "host/channel/README.md",
    "host/cli/README.md",
    "host/confine/README.md",
    "host/contract/README.md",
    "host/core/README.md",
    "host/embed/README.md",
    "host/sandbox/README.md",
    "host/store/README.md",
    "host/policy/README.md",
    "host/trust/README.md",
];

/// Documents in which names are checked, and the folders that must define them.
const NAMING: [(&str, &[&str]); 2] =
    [("docs/tour.md", &["host"]), ("docs/reliability.md", &["host", "tests", "xtask"])];

/// The lines outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    text.lines().scan(false, |fenced, line| {
        *fenced ^= line.starts_with("```");
        Some(if *fenced || line.starts_with("    ") { "" } else { line })
    })
}

/// The text in backticks, outside code blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Paths of the repository in backticks.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    quoted(text).filter(|word| {
        let is_path = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
        let known = ENDS.iter().position(|end| word.ends_with(end));
        is_path && known.is_some_and(|at| at < 2 || word.contains('/')) && !word.starts_with(['/', '.'])
    })
}

/// Names of types, functions and modules in backticks; `a::b` is split. A single
/// lower-case word may be a command, so it counts only if it has an underscore.
fn names(text: &str) -> impl Iterator<Item = &str> {
    quoted(text)
        .filter(|word| {
            let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
            // Error numbers and environment variables are no names of ours.
            let is_own = word.contains(|c: char| c.is_ascii_lowercase());
            is_name
                && is_own
                && (word.contains("::") || word.contains('_') || word.starts_with(char::is_uppercase))
        })
        .flat_map(|word| word.split("::"))
}

/// Targets of relative links. What stands in code is none.
fn links(text: &str) -> Vec<String> {
    let plain = prose(text).map(|line| line.split('`').step_by(2).collect::<String>());
    let text = plain.collect::<Vec<_>>().join("\n");
    let after = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    after.map(|(link, _)| link.to_owned()).filter(|link| !link.contains("://")).collect()
}

/// The anchors that a renderer derives from the headings of a document.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let plain = line.trim_start_matches('#').trim().to_lowercase();
            let kept = plain.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// All documents, relative to the root.
fn documents(root: &Path) -> Vec<String> {
    let found = fs::read_dir(root.join("docs")).expect("the folder of documents");
    let names =
        found.map(|entry| entry.expect("a document").file_name().into_string().expect("a plain name"));
    let mut all: Vec<_> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    all.extend(OTHERS.map(str::to_owned));
    all.sort();
    all
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Collects what the sources of a folder define: items, and the variants of
/// enumerations.
fn defined(place: &Path, found: &mut BTreeSet<String>) {
    const KEYWORDS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
    for entry in fs::read_dir(place).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            defined(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.extend(entry.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            let source = read(&entry);
            let mut last = "";
            for word in source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                if KEYWORDS.contains(&last) {
                    found.insert(word.to_owned());
                }
                last = word;
            }
            let is_variant = |word: &&str| word.starts_with(char::is_uppercase);
            let firsts = source
                .lines()
                .filter_map(|line| line.trim_start().split(|c: char| !c.is_ascii_alphanumeric()).next());
            found.extend(firsts.filter(is_variant).map(str::to_owned));
        }
    }
}

#[test]
fn paths_in_documents_exist() {
    let root = shell::root();
    let places: Vec<PathBuf> = [""].into_iter().chain(SOURCES).map(|place| root.join(place)).collect();
    let mut missing = Vec::new();
    // docs/plugins.md names files of the reader's own plugin.
    for document in documents(root).iter().filter(|name| *name != "docs/plugins.md") {
        let text = read(&root.join(document));
        let lost = paths(&text).filter(|path| !places.iter().any(|place| place.join(path).exists()));
        missing.extend(lost.map(|path| format!("{document}: {path}")));
    }
    assert!(missing.is_empty(), "these do not exist:\n{}", missing.join("\n"));
}

#[test]
fn names_in_documents_exist() {
    let root = shell::root();
    for (document, places) in NAMING {
        let mut known = BTreeSet::new();
        places.iter().for_each(|place| defined(&root.join(place), &mut known));
        let text = read(&root.join(document));
        let missing: BTreeSet<_> = names(&text).filter(|name| !known.contains(*name)).collect();
        assert!(missing.is_empty(), "{document} names what no source in {places:?} defines: {missing:?}");
    }
}

#[test]
fn links_in_documents_are_not_broken() {
    let root = shell::root();
    let mut broken = Vec::new();
    for document in documents(root) {
        let path = root.join(&document);
        let text = read(&path);
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let to = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let leads = to.exists() && (anchor.is_empty() || anchors(&read(&to)).contains(anchor));
            if !leads {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "these links are broken:\n{}", broken.join("\n"));
}

/// A plugin's digest changes with each build, so a sample goes stale unseen.
#[test]
fn digests_of_plugins_are_those_of_the_bundled_ones() {
    let root = shell::root();
    let digests = read(&root.join("plugins/DIGESTS"));
    let mut seen = 0;
    for line in read(&root.join("README.md")).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["plugin", name, _version, digest] = words[..] else { continue };
        let entry = format!("{digest}  {name}/{name}.wasm");
        assert!(digests.lines().any(|line| line == entry), "README.md shows an old digest of {name}");
        seen += 1;
    }
    assert!(seen > 0, "README.md no longer shows the digest of a plugin");
}

#[test]
fn paths_are_found_in_text() {
    let text = "see `a/b.rs`, `tests/x/`, `x.rs` and `w/p.wit`; not `a b.rs`, `/dev/`, `p.wit` or `cargo test`\n\
        \n    in `code.rs`\n```\n`fenced.rs`\n```\n`y.rs`";
    assert_eq!(paths(text).collect::<Vec<_>>(), ["a/b.rs", "tests/x/", "x.rs", "w/p.wit", "y.rs"]);
}

#[test]
fn names_are_found_in_text() {
    let text =
        "`Target::open` calls `check_new` of `commit::reach`; not `apply`, `--resume`, `a/b.rs` or `x y_z`";
    assert_eq!(names(text).collect::<Vec<_>>(), ["Target", "open", "check_new", "commit", "reach"]);
}

#[test]
fn links_are_found_in_text() {
    assert_eq!(links("[a](b.md#c) and [d](https://e), [f](#g)"), ["b.md#c", "#g"]);
    let code = "[`a`](b) `[c](d)`\n\n    x[0](e)\n\n```js\nx[1](f)\n```\n[g](h)";
    assert_eq!(links(code), ["b", "h"]);
    let found = anchors("# The user's key\n\n## In-place form\ntext");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["in-place-form", "the-users-key"]);
}
