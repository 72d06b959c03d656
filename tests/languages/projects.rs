//! A project from nothing to a passing test, and what the sources of the
//! fixtures make.

use std::fs;
use std::path::PathBuf;

use runner_tests::authoring::{copy, has_compilers, has_slow_compilers, plugin};
use runner_tests::{Ran, Scratch, command, repository};

use crate::alike::{PATIENCE, compare};
use crate::frozen::{self, SLOW};
use crate::odd::{levels_are_capitals_as_in_rust, stamps_are_shifted_as_in_rust};
use crate::{LANGUAGES, fixture};

fn a_new_project_builds_and_passes_its_tests(language: &str) {
    a_new_project_passes(language, 8);
}

/// A new project passes this many cases.
fn a_new_project_passes(language: &str, cases: usize) {
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "shift-times", "--lang", language]).ok();
    let folder = scratch.dir().join("shift-times");
    plugin(&folder, &["build", "--compile-timeout", PATIENCE]).ok();
    let ran = plugin(&folder, &["test", "--compile-timeout", PATIENCE]).ok();
    let all = format!("{cases} passed, 0 failed\n");
    assert!(String::from_utf8_lossy(&ran.stdout).ends_with(&all), "{}", ran.text());
    let built = folder.join("shift-times.wasm");
    match language {
        "wat" => levels_are_capitals_as_in_rust(&built),
        _ => stamps_are_shifted_as_in_rust(&built),
    }
    // A case that fails is shown, and the exit code says so.
    fs::write(folder.join("cases/plain/output"), "something else\n").unwrap();
    let ran = plugin(&folder, &["test"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(said.contains("FAIL  plain") && said.contains("-something else"), "{said}");
    assert!(said.ends_with(&format!("{} passed, 1 failed\n", cases - 1)), "{said}");
}

/// How many inputs plugins of slow languages get with each framing.
const SLOW_INPUTS: usize = 12;

/// Builds the plugin `conform` of a language.
fn built_conform(scratch: &Scratch, language: &str) -> PathBuf {
    let place = scratch.path(language);
    fs::create_dir(&place).unwrap();
    plugin(&place, &["new", "conform", "--lang", language]).ok();
    let folder = place.join("conform");
    copy(&repository().join("guest-sdk").join(language).join("conform"), &folder);
    plugin(&folder, &["build", "--compile-timeout", PATIENCE]).ok();
    folder.join("conform.wasm")
}

/// The fixtures are what their sources make: the same bytes in another folder.
fn the_fixture_is_what_its_source_makes(language: &str) {
    let scratch = Scratch::new();
    let built = fs::read(built_conform(&scratch, language)).unwrap();
    let kept = fixture(language);
    if std::env::var_os("RUNNER_UPDATE_FIXTURES").is_some() {
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        fs::write(&kept, &built).unwrap();
    }
    assert!(fs::read(&kept).is_ok_and(|kept| kept == built), "{} differs", kept.display());
}

macro_rules! languages {
    ($($language:ident),*) => {
        $(
            mod $language {
                #[test]
                fn a_new_project_builds_and_passes_its_tests() {
                    if runner_tests::authoring::has_compilers() {
                        super::a_new_project_builds_and_passes_its_tests(stringify!($language));
                    }
                }

                #[test]
                fn the_fixture_is_what_its_source_makes() {
                    if runner_tests::authoring::has_compilers() {
                        super::the_fixture_is_what_its_source_makes(stringify!($language));
                    }
                }
            }
        )*

        #[test]
        fn every_language_is_tried() {
            assert_eq!([$(stringify!($language)),*], LANGUAGES);
        }
    };
}

languages!(assemblyscript, c, cpp, go, zig);

/// The bare contract: there is a template, and no SDK with which `conform` could be
/// written.
#[test]
fn new_projects_of_the_bare_contract_build_and_pass_their_tests() {
    if has_compilers() {
        a_new_project_passes("wat", 6);
        a_new_project_passes("d", 8);
    }
}

/// Text that is wrong is refused, with its place.
#[test]
fn a_module_in_text_that_is_wrong_is_named() {
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "wat"]).ok();
    fs::write(scratch.path("x/plugin.wat"), "(module\n  (func (export \"f\") i32.cost 1))\n").unwrap();
    let ran = plugin(&scratch.path("x"), &["build"]);
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("plugin.wat is not valid in the text format"), "{}", ran.stderr);
    assert!(ran.stderr.contains("plugin.wat:2:"), "{}", ran.stderr);
    assert!(!scratch.path("x/x.wasm").exists());
}

/// Python and JavaScript take minutes, and their tools a download of 200 MB. Set
/// this variable to try them, with the tools on the search path.
#[test]
fn slow_languages_build_and_pass_their_tests() {
    if has_slow_compilers() {
        SLOW.into_iter().for_each(a_new_project_builds_and_passes_its_tests);
    }
}

/// Their plugins `conform` answer as that of Rust does. What was tried is recorded.
#[test]
fn slow_languages_answer_alike() {
    if !has_slow_compilers() {
        return;
    }
    let scratch = Scratch::new();
    let mut plugins = vec![fixture("rust")];
    for language in SLOW {
        plugins.push(built_conform(&scratch, language));
    }
    compare(&plugins, SLOW_INPUTS);
    if std::env::var_os("RUNNER_UPDATE_FIXTURES").is_some() {
        frozen::record();
    }
}

/// Some tools need the contract as a file.
#[test]
fn copies_of_the_contract_are_whole() {
    let contract = fs::read(repository().join("wit/0.2.0/plugin.wit")).unwrap();
    for language in ["javascript", "python"] {
        let copy = repository().join("guest-sdk").join(language).join("wit/plugin.wit");
        assert!(fs::read(&copy).unwrap() == contract, "{} differs", copy.display());
    }
}

/// A tool that is missing is named, with the way to get it. No package of the
/// system has this one.
#[test]
fn a_missing_compiler_is_named() {
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "zig"]).ok();
    let mut command = command();
    command.args(["plugin", "build", "x"]).current_dir(scratch.dir()).env("PATH", "/usr/bin:/bin");
    Ran::of(command.output().unwrap())
        .fails(2, "the build needs Zig")
        .says("none of these works here: `zig`, `python-zig`")
        .says("pip install ziglang");
    assert!(!scratch.path("x/x.wasm").exists());
}

#[test]
fn what_is_there_is_not_replaced() {
    let scratch = Scratch::new();
    scratch.write("x", "mine");
    plugin(scratch.dir(), &["new", "x", "--lang", "c"]).fails(2, "cannot create the folder x");
    plugin(scratch.dir(), &["new", "../y", "--lang", "c"]).fails(2, "cannot be the name of a plugin");
    assert_eq!(scratch.entries(), ["x"]);
    plugin(scratch.dir(), &["build"]).fails(2, "cannot open").says("runner plugin new");
}

/// Words that mean something to a language or its tools are names like any other.
#[test]
fn special_names_are_no_trouble() {
    if !has_compilers() {
        return;
    }
    for (name, language) in [("vendor", "go"), ("internal", "go"), ("window", "cpp")] {
        let scratch = Scratch::new();
        plugin(scratch.dir(), &["new", name, "--lang", language]).ok();
        plugin(&scratch.path(name), &["build"]).ok();
    }
}

/// Two builds at the same time wait for each other.
#[test]
fn builds_at_the_same_time_both_succeed() {
    if !has_compilers() {
        return;
    }
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "c"]).ok();
    std::thread::scope(|scope| {
        let build = || plugin(scratch.dir(), &["build", "x"]);
        for thread in [scope.spawn(build), scope.spawn(build)] {
            thread.join().unwrap().ok();
        }
    });
}

/// A link in a project does not lead a build out of it.
#[test]
fn a_build_writes_into_its_project_alone() {
    if !has_compilers() {
        return;
    }
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "c"]).ok();
    let folder = scratch.path("x");
    let elsewhere = scratch.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("mine"), "mine").unwrap();
    std::os::unix::fs::symlink(elsewhere.join("mine"), folder.join("x.wasm")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.join(".build")).unwrap();
    plugin(&folder, &["build"]).fails(4, ".build is not a folder");
    fs::remove_file(folder.join(".build")).unwrap();
    plugin(&folder, &["build"]).ok();
    assert_eq!(fs::read(elsewhere.join("mine")).unwrap(), b"mine");
    assert_eq!(runner_tests::names(&elsewhere), ["mine"]);
}

/// A plugin whose edits depend on where windows begin is found, if the input is
/// longer than the smallest window.
#[test]
fn a_plugin_that_depends_on_windows_is_found() {
    let scratch = Scratch::new();
    let guest = scratch.guest("tiny");
    let input = "a\n".repeat(100_000);
    for (case, input) in [("long", input.as_str()), ("short", "a\n")] {
        let folder = scratch.path("cases").join(case);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("input"), input).unwrap();
        fs::write(folder.join("output"), format!("!{}", &input[1..])).unwrap();
    }
    let ran = plugin(scratch.dir(), &["test", guest.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.code, 1, "{said}");
    assert!(said.contains("FAIL  long") && said.contains("ok    short"), "{said}");
    assert!(said.contains("no edit may depend on where a window begins"), "{said}");
}

/// A build that does not compile says what the compiler says, and leaves the
/// last plugin that was built.
#[test]
fn a_build_that_fails_leaves_what_was_there() {
    if !has_compilers() {
        return;
    }
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "c"]).ok();
    let folder = scratch.path("x");
    fs::write(folder.join("x.wasm"), "an earlier build").unwrap();
    fs::write(folder.join("plugin.c"), "int main(void) { return here; }\n").unwrap();
    let ran = plugin(&folder, &["build"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("undeclared identifier"), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: a step of the build failed: exit status: 1"), "{}", ran.stderr);
    assert_eq!(fs::read(folder.join("x.wasm")).unwrap(), b"an earlier build");
}
