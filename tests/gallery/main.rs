//! Useful plugins in many languages (`gallery/`). Each is what its source makes,
//! passes its cases, never crashes on broken inputs, and is compared with another
//! program that does the same.
//!
//! `gallery/NAME/NAME.wasm` is what the sources beside it make, but for Python and
//! JavaScript (`interpreted`). To build all anew,
//! set `RUNNER_UPDATE_GALLERY=1` and run these tests.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod broken;
mod interpreted;
mod pcap;
mod peers;
mod projects;
mod tar;

use std::fs;
use std::path::PathBuf;

use runner_tests::repository;

/// A project of the gallery.
struct Project {
    /// The name of its folder, and of its plugin.
    name: String,
    /// The language, as `runner plugin new` calls it.
    language: String,
    folder: PathBuf,
}

impl Project {
    /// Whether the plugin is kept beside its source.
    fn is_kept(&self) -> bool {
        !SLOW.contains(&self.language.as_str())
    }

    /// The plugin that is kept beside its source.
    fn plugin(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }
}

/// Languages whose plugins are large, take minutes to build, and are not the same
/// each time. They are not kept.
const SLOW: [&str; 2] = ["javascript", "python"];

/// All projects of the gallery, in order of their names.
fn all() -> Vec<Project> {
    let mut found = Vec::new();
    for entry in fs::read_dir(repository().join("gallery")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(folder.join("runner.toml")) else { continue };
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_matches([' ', '=', '"']).to_owned()
        };
        let (name, language) = (value("name"), value("language"));
        assert_eq!(folder.file_name().unwrap().to_str(), Some(name.as_str()));
        found.push(Project { name, language, folder });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
