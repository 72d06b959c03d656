//! The project of a plugin in Rust, and that what it carries is the SDK of this
//! repository.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use runner_tests::{Scratch, repository, skip};
use toml::{Table, Value};

use runner_tests::authoring::plugin;

/// The crates that a project carries, and where they are in this repository.
const CARRIED: [(&str, &str); 3] =
    [("plugin", "guest-sdk/rust"), ("contract", "host/contract"), ("derive", "guest-sdk/rust/derive")];

/// A project with the versions of crates that this repository locks, so that
/// nothing is downloaded which other tests do not need.
fn project(scratch: &Scratch, name: &str) -> std::path::PathBuf {
    plugin(scratch.dir(), &["new", name, "--lang", "rust"]).ok();
    let folder = scratch.path(name);
    fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

#[test]
fn a_new_project_builds_and_passes_its_tests() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "shift-times");
    let built = plugin(&folder, &["build"]);
    if built.code != 0 && built.stderr.contains("error: the build needs") {
        skip("no compiler of Rust for WebAssembly; `cargo xtask toolchain` installs one");
        return;
    }
    built.ok();
    let ran = plugin(&folder, &["test"]).ok();
    assert!(String::from_utf8_lossy(&ran.stdout).ends_with("8 passed, 0 failed\n"), "{}", ran.text());
    crate::odd::stamps_are_shifted_as_in_rust(&folder.join("shift-times.wasm"));
}

/// Runs the tests of a project natively.
fn native_tests(folder: &Path) -> Output {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What other crates make is kept from run to run.
    cargo.args(["test", "--quiet"]).current_dir(folder);
    cargo.env("CARGO_TARGET_DIR", repository().join("target/languages/rust"));
    cargo.output().unwrap()
}

#[track_caller]
fn passes(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\ntest result: ok. "));
}

/// What the guide tells its reader to write, in a new project.
#[test]
fn the_sample_of_the_guide_passes_its_native_tests() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "capitals");
    let page = fs::read_to_string(repository().join("docs/plugins.md")).unwrap();
    let (_, section) = page.split_once("\n## A plugin in ten minutes, in Rust\n").unwrap();
    let blocks: Vec<_> =
        section.split("\n```rust\n").skip(1).map(|rest| rest.split_once("\n```\n").unwrap().0).collect();
    assert!(blocks[0].contains("export!(Capitals)") && blocks[1].starts_with("#[cfg(test)]"));
    fs::remove_file(folder.join("src/time.rs")).unwrap();
    fs::remove_dir_all(folder.join("cases")).unwrap();
    fs::write(folder.join("src/lib.rs"), format!("{}\n\n{}\n", blocks[0], blocks[1])).unwrap();
    let case = folder.join("cases/warn");
    fs::create_dir_all(&case).unwrap();
    fs::write(case.join("input"), "t=1 level=warn\n").unwrap();
    fs::write(case.join("output"), "t=1 level=WARN\n").unwrap();
    passes(&native_tests(&folder));
}

#[test]
fn a_new_project_passes_its_native_tests() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "shift-times");
    passes(&native_tests(&folder));
    // A case that fails is found there, too.
    fs::write(folder.join("cases/plain/output"), "something else\n").unwrap();
    let output = native_tests(&folder);
    assert!(String::from_utf8_lossy(&output.stdout).contains("expected something else"), "{output:?}");
}

/// Reads a manifest, with what it takes from that of the workspace.
fn manifest(path: &Path) -> Table {
    let table = |path: &Path| fs::read_to_string(path).unwrap().parse::<Table>().unwrap();
    let mut manifest = table(path);
    let workspace = table(&repository().join("Cargo.toml"));
    let package = manifest["package"].as_table_mut().unwrap();
    for (key, value) in package.iter_mut() {
        if value.get("workspace").is_some() {
            *value = workspace["workspace"]["package"][key].clone();
        }
    }
    // Of no use outside of the repository, or beside it.
    for key in ["keywords", "categories", "metadata", "publish", "exclude", "readme"] {
        package.remove(key);
    }
    for key in ["lints", "dev-dependencies", "test", "example"] {
        manifest.remove(key);
    }
    if let Some(targets) = manifest.get_mut("target").and_then(Value::as_table_mut) {
        targets.iter_mut().filter_map(|(_, target)| target.as_table_mut()).for_each(|target| {
            target.remove("dev-dependencies");
        });
        targets.retain(|_, target| target.as_table().is_none_or(|target| !target.is_empty()));
    }
    for (_, dependency) in manifest.get_mut("dependencies").and_then(Value::as_table_mut).unwrap().iter_mut()
    {
        if let Some(table) = dependency.as_table_mut() {
            table.remove("path");
        }
    }
    manifest
}

#[test]
fn manifests_of_a_project_are_those_of_the_repository() {
    for (carried, own) in CARRIED {
        let carried = repository().join("guest-sdk/rust/project").join(carried).join("Cargo.toml.in");
        let own = repository().join(own).join("Cargo.toml");
        assert_eq!(manifest(&carried), manifest(&own), "{} differs", carried.display());
    }
}

/// Whoever has no compiler is told of both ways to get one.
#[test]
fn what_is_missing_is_named() {
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "rust"]).ok();
    let mut command = runner_tests::command();
    // What starts the program needs one program itself.
    let programs = scratch.path("programs");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink("/usr/bin/env", programs.join("env")).unwrap();
    command.args(["plugin", "build", "x"]).current_dir(scratch.dir()).env("PATH", programs);
    runner_tests::Ran::of(command.output().unwrap())
        .fails(2, "the build needs cargo, of Rust 1.95 or newer; and Rust 1.95 or newer with the target")
        .says("rustup target add wasm32-unknown-unknown")
        .says("or use cargo")
        .says("lld-19");
    assert!(!scratch.path("x/x.wasm").exists());
}
