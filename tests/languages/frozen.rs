//! The plugins `conform` that were built for a frozen version of the contract, and
//! the digests of these, and of sources whose plugins are not built each time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::{Scratch, has, names, repository, skip};

/// Languages whose plugins are not built each time.
pub(crate) const SLOW: [&str; 2] = ["javascript", "python"];

/// The folder of a version.
fn folder() -> PathBuf {
    repository().join("tests/languages/frozen/0.2.0")
}

/// The frozen plugins, that of Rust first: the others are compared with it. Those
/// that are kept compressed are unpacked; without zstd they are left out.
pub(crate) fn plugins(scratch: &Scratch) -> Vec<PathBuf> {
    let mut plugins = Vec::new();
    for name in languages() {
        let kept = folder().join(&name).join("conform.wasm");
        if kept.exists() {
            plugins.push(kept);
        } else if let Some(unpacked) = unpacked(scratch, &name) {
            plugins.push(unpacked);
        }
    }
    plugins.sort_by_key(|path| !path.ends_with("rust/conform.wasm"));
    plugins
}

fn languages() -> Vec<String> {
    names(&folder()).into_iter().filter(|name| folder().join(name).is_dir()).collect()
}

fn unpacked(scratch: &Scratch, language: &str) -> Option<PathBuf> {
    if !has("zstd") {
        skip("zstd is missing, which unpacks frozen plugins");
        return None;
    }
    let place = scratch.path(language);
    fs::create_dir(&place).unwrap();
    let plugin = place.join("conform.wasm");
    let mut zstd = Command::new("zstd");
    zstd.args(["--decompress", "--quiet", "--memory=64MB", "-o"]).arg(&plugin);
    let done = zstd.arg(folder().join(language).join("conform.wasm.zst")).status().unwrap();
    assert!(done.success(), "{language}: {done}");
    Some(plugin)
}

/// What makes no difference to what is built.
const NO_SOURCES: [&str; 3] = ["README.md", "__pycache__", "template"];

/// The hash of all sources of a folder and of its folders, with their names. Links
/// are followed.
fn digest_of(folder: &Path) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut left = vec![folder.to_owned()];
    while let Some(place) = left.pop() {
        let mut entries: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if NO_SOURCES.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            if path.is_dir() {
                left.push(path);
                continue;
            }
            let content = fs::read(&path).unwrap();
            hasher.update(path.strip_prefix(folder).unwrap().as_os_str().as_encoded_bytes());
            hasher.update(&[0]);
            hasher.update(blake3::hash(&content).as_bytes());
        }
    }
    hasher.finalize()
}

/// The digests of the SDKs of slow languages, with their plugins `conform`.
fn sources() -> String {
    let digest = |language| digest_of(&repository().join("guest-sdk").join(language)).to_hex();
    SLOW.iter().map(|language| format!("{}  {language}\n", digest(language))).collect()
}

/// The recorded sources of slow languages.
fn recorded() -> PathBuf {
    repository().join("tests/languages/fixtures/SLOW-SOURCES")
}

/// Records the sources of the slow languages, whose plugins have been built and
/// compared.
pub(crate) fn record() {
    fs::write(recorded(), sources()).unwrap();
}

#[test]
fn frozen_plugins_have_not_changed() {
    let list = fs::read_to_string(folder().join("DIGESTS")).unwrap();
    let mut found = String::new();
    for language in languages() {
        for name in names(&folder().join(&language)) {
            let digest = blake3::hash(&fs::read(folder().join(&language).join(&name)).unwrap());
            found += &format!("{}  {language}/{name}\n", digest.to_hex());
        }
    }
    assert_eq!(found, list, "what was built for a frozen contract must stay as it is");
}

/// Plugins in Python and JavaScript take minutes to build, and are not the same
/// each time. So a change of their sources is found here, and must be tried.
#[test]
fn sources_of_slow_languages_are_those_that_were_compared() {
    assert_eq!(
        sources(),
        fs::read_to_string(recorded()).unwrap(),
        "an SDK has changed: run `RUNNER_UPDATE_FIXTURES=1 cargo xtask guests`, which builds and compares what \
         is built of it, and records its sources"
    );
}
