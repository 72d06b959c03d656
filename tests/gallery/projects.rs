//! What is true of every project of the gallery.

use std::fs;
use std::path::Path;

use runner_tests::authoring::{copy, has_compilers, plugin};
use runner_tests::{Scratch, repository};

use crate::{Project, all};

/// Builds a copy of a project, in which the SDK is a copy as well. Returns what
/// was built.
pub(crate) fn built(project: &Project, scratch: &Scratch) -> Vec<u8> {
    let folder = scratch.path(&project.name);
    copy(&project.folder, &folder);
    let made = folder.join(format!("{}.wasm", project.name));
    let _ = fs::remove_file(&made);
    let _ = fs::remove_dir_all(folder.join(".build"));
    plugin(&folder, &["build"]).ok();
    fs::read(made).unwrap()
}

/// The plugins are what their sources make: the same bytes in another folder.
#[test]
fn plugins_are_what_their_sources_make() {
    if !has_compilers() {
        return;
    }
    let scratch = Scratch::new();
    for project in all().iter().filter(|project| project.is_kept()) {
        let made = built(project, &scratch);
        if std::env::var_os("RUNNER_UPDATE_GALLERY").is_some() {
            fs::write(project.plugin(), &made).unwrap();
        }
        let kept = fs::read(project.plugin());
        assert!(kept.is_ok_and(|kept| kept == made), "{} differs", project.plugin().display());
    }
}

/// Plugins in slow languages are not kept.
#[test]
fn plugins_pass_their_cases() {
    for project in all().iter().filter(|project| project.is_kept()) {
        passes(&project.folder);
    }
}

pub(crate) fn passes(folder: &Path) {
    let ran = plugin(folder, &["test"]);
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.code, 0, "{}: {said}{}", folder.display(), ran.stderr);
    assert!(said.ends_with(" passed, 0 failed\n"), "{said}");
}

/// The table of the gallery has a line for each project, and each has a README.
#[test]
fn projects_are_documented() {
    let table = fs::read_to_string(repository().join("gallery/README.md")).unwrap();
    for project in all() {
        let line = format!("| [`{0}`]({0}/README.md) |", project.name);
        assert!(table.contains(&line), "gallery/README.md has no line `{line}`");
        assert!(project.folder.join("README.md").exists(), "{} has no README.md", project.name);
        assert!(project.folder.join("runner").is_symlink(), "{} has an SDK of its own", project.name);
    }
}
