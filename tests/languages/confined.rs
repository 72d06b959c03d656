//! Cases may be a stranger's: what they name is in their folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use runner_tests::authoring::plugin;
use runner_tests::{Ran, Scratch, repository};

/// A case of `replace` with a value for `pairs`.
fn case(scratch: &Scratch, pairs: &str) -> PathBuf {
    let folder = scratch.path("cases/one");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("input"), "a secret\n").unwrap();
    fs::write(folder.join("output"), "a word\n").unwrap();
    fs::write(folder.join("params.toml"), format!("pairs = \"{pairs}\"\n")).unwrap();
    folder
}

/// Tests and vets `replace` with the cases.
fn tried(scratch: &Scratch) -> [Ran; 2] {
    let replace = repository().join("plugins/replace/replace.wasm");
    let replace = replace.to_str().unwrap();
    [
        plugin(scratch.dir(), &["test", replace, "cases"]),
        plugin(scratch.dir(), &["vet", replace, "--cases", "cases", "--rounds", "4"]),
    ]
}

/// Everything that a command has said.
fn said(ran: &Ran) -> String {
    format!("{}{}", ran.text(), ran.stderr)
}

/// `test` fails, and `vet` ends with a code.
fn refused(scratch: &Scratch, code: i32, why: &str) {
    for (ran, code) in tried(scratch).iter().zip([1, code]) {
        let said = said(ran);
        assert_eq!(ran.code, code, "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[test]
fn a_value_is_a_file_of_the_case() {
    let scratch = Scratch::new();
    // Beside the `params.toml`, and not in the current folder.
    let folder = case(&scratch, "@word.txt");
    fs::write(folder.join("word.txt"), "secret\tword\n").unwrap();
    for ran in tried(&scratch) {
        assert_eq!(ran.code, 0, "{}", said(&ran));
    }
    fs::rename(folder.join("word.txt"), scratch.path("word.txt")).unwrap();
    refused(&scratch, 2, "cases/one/word.txt");
}

#[test]
fn no_value_leads_out_of_the_case() {
    let scratch = Scratch::new();
    let secret = scratch.write("word.txt", "secret\tword\n");
    let absolute = format!("@{}", secret.display());
    for (pairs, why) in [
        (absolute.as_str(), "its path is absolute"),
        ("@../../word.txt", "its path has `..` in it"),
        ("@link", "is a symbolic link"),
        ("@up/word.txt", "is a symbolic link"),
        ("@", "it is not a regular file"),
    ] {
        let folder = case(&scratch, pairs);
        for (to, name) in [("../../word.txt", "link"), ("../..", "up")] {
            symlink(to, folder.join(name)).ok();
        }
        refused(&scratch, 4, why);
        refused(&scratch, 4, "line 1 of cases/one/params.toml");
        assert!(tried(&scratch).iter().all(|ran| !said(ran).contains("BLAKE3")));
    }
}

#[test]
fn no_file_of_a_case_is_a_link() {
    let scratch = Scratch::new();
    let link = |from: &Path| {
        let to = scratch.path("elsewhere");
        fs::rename(from, &to).unwrap();
        symlink(&to, from).unwrap();
        refused(
            &scratch,
            4,
            &format!("{} is a symbolic link", from.strip_prefix(scratch.dir()).unwrap().display()),
        );
        fs::remove_file(from).unwrap();
        fs::rename(&to, from).unwrap();
    };
    let folder = case(&scratch, r"secret\tword");
    for name in ["input", "output", "params.toml"] {
        link(&folder.join(name));
    }
    link(&folder);
}
