//! What documents say of the tree: each path that they name is there.

use std::fs;

use crate::shell;

/// Paths of sources in backticks, with a folder or without.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| {
        let is_path = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
        is_path && (word.ends_with(".rs") || word.ends_with('/')) && !word.starts_with(['/', '.'])
    })
}

#[test]
fn paths_in_documents_are_there() {
    let root = shell::root();
    // docs/plugins.md names the files of a plugin of the reader's own.
    let documents =
        ["README.md", "SECURITY.md", "docs/design.md", "docs/reliability.md", "docs/benchmarks.md"];
    let mut missing = Vec::new();
    for document in documents.map(|name| root.join(name)) {
        let text = fs::read_to_string(&document).expect("a document");
        for path in paths(&text) {
            let places =
                [root.to_owned(), root.join("host/src"), root.join("tests"), root.join("host/src/storage")];
            if !places.iter().any(|place| place.join(path).exists()) {
                missing.push(format!("{}: {path}", document.file_name().unwrap_or_default().display()));
            }
        }
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

#[test]
fn paths_are_found_in_text() {
    let text = "see `a/b.rs`, `tests/x/` and `x.rs`; not `a b.rs`, `/dev/` or `cargo test`";
    assert_eq!(paths(text).collect::<Vec<_>>(), ["a/b.rs", "tests/x/", "x.rs"]);
}
