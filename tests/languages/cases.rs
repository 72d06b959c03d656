//! What `runner plugin test` finds, in plugins of the text format: no compiler is
//! needed.

use std::fs;
use std::path::{Path, PathBuf};

use runner_tests::{Ran, Scratch, repository};

use runner_tests::authoring::plugin;

/// The plugin `tiny` with a `transform` of its own, and further declarations.
pub(crate) fn variant(scratch: &Scratch, declarations: &str, transform: &str) -> PathBuf {
    let tiny = fs::read_to_string(repository().join("tests/guests/tiny.wat")).unwrap();
    let tiny = tiny.replacen("(module\n", &format!("(module\n{declarations}\n"), 1);
    let reset = "    (global.set $top (i32.const 8192))\n    (if";
    let (before, _) = tiny.split_once(reset).unwrap();
    scratch.write("variant.wat", format!("{before}{transform}))\n"))
}

/// Edits the first byte of the file if it is an `a`, as a pure plugin can.
const FIRST_BYTE: &str = "(global.set $top (i32.const 8192))
    (if (result i32)
    (i32.and (i64.eqz (local.get $offset))
             (i32.and (i32.ne (local.get $len) (i32.const 0))
                      (i32.eq (i32.load8_u (local.get $bytes)) (i32.const 97))))
    (then (i32.const 600))
    (else (i32.const 512)))";

fn case(scratch: &Scratch, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = scratch.path("cases").join(name);
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in files {
        fs::write(folder.join(file), content).unwrap();
    }
    folder
}

fn test(scratch: &Scratch, path: &Path, options: &[&str]) -> (Ran, String) {
    let ran = plugin(scratch.dir(), &[&["test", path.to_str().unwrap()], options].concat());
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    (ran, said)
}

fn make_fifo(path: &Path) {
    let done = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(done.success());
}

/// Each bad case fails by itself, without waiting for anybody, and the others are
/// run.
#[test]
fn bad_cases_do_not_hide_the_others() {
    let scratch = Scratch::new();
    let path = variant(&scratch, "", FIRST_BYTE);
    case(&scratch, "good", &[("input", "abc"), ("output", "!bc")]);
    for file in ["input", "output", "params.toml", "error"] {
        let folder = case(&scratch, &format!("fifo-{file}"), &[]);
        for (other, content) in [("input", "abc"), ("output", "!bc")] {
            if other != file && !(file == "error" && other == "output") {
                fs::write(folder.join(other), content).unwrap();
            }
        }
        make_fifo(&folder.join(file));
    }
    case(&scratch, "both", &[("input", "abc"), ("output", "!bc"), ("error", "x")]);
    case(&scratch, "empty-error", &[("input", "abc"), ("error", "\n")]);
    case(&scratch, "neither", &[("input", "abc")]);
    case(&scratch, "no-input", &[("output", "abc")]);
    let huge = case(&scratch, "huge-output", &[("input", "abc")]);
    fs::File::create(huge.join("output")).unwrap().set_len(1 << 40).unwrap();
    let (ran, said) = test(&scratch, &path, &[]);
    assert_eq!(ran.code, 1, "{said}");
    for why in [
        "FAIL  fifo-input\n      cases/fifo-input/input is not a regular file",
        "cases/fifo-output/output is not a regular file",
        "cases/fifo-params.toml/params.toml is not a regular file",
        "cases/fifo-error/error is not a regular file",
        "cases/both has both `output` and `error`",
        "cases/empty-error/error is empty",
        "cases/neither has neither `output` nor `error`",
        "cannot open cases/no-input/input",
        "cases/huge-output/output has 1,099,511,627,776 bytes",
    ] {
        assert!(
            said.replace(scratch.dir().to_str().unwrap(), "").replace("/cases/", "cases/").contains(why),
            "{why}\n{said}"
        );
    }
    assert!(said.contains("ok    good\n"), "{said}");
    assert!(said.ends_with("1 passed, 9 failed\n"), "{said}");
}

/// Two bytes are enough to find a plugin that depends on windows.
#[test]
fn short_inputs_are_cut() {
    let scratch = Scratch::new();
    let guest = scratch.guest("tiny");
    case(&scratch, "short", &[("input", "aa"), ("output", "!a")]);
    let (ran, said) = test(&scratch, &guest, &[]);
    assert_eq!(ran.code, 1, "{said}");
    assert!(said.contains("with windows of one record each, it is not the same"), "{said}");
    assert!(said.contains("-!a") && said.contains("+!!"), "{said}");
}

/// An endless loop ends with what was logged before, and with the function in
/// which it is.
#[test]
fn an_endless_loop_is_shown() {
    let scratch = Scratch::new();
    let declarations = "(import \"runner:plugin/host@0.2.0\" \"log\" (func $log (param i32 i32 i32)))
        (data (i32.const 2048) \"begins\")
        (func $endless (loop $again (br $again)))";
    let transform =
        "(call $log (i32.const 2) (i32.const 2048) (i32.const 6)) (call $endless) (i32.const 512)";
    let path = variant(&scratch, declarations, transform);
    case(&scratch, "a", &[("input", "abc"), ("output", "!bc")]);
    let (ran, said) = test(&scratch, &path, &[]);
    assert_eq!(ran.code, 1, "{said}");
    assert!(said.contains("it ran 10,000,000,000 instructions, so it may be in an endless loop"), "{said}");
    assert!(said.contains("it was in `endless`"), "{said}");
    assert!(said.contains(": begins\n"), "{said}");
}

/// Memory that grows with the file fails the test, unless the budget has it.
#[test]
fn a_leak_is_found_and_a_budget_is_kept() {
    let scratch = Scratch::new();
    let leak = format!(
        "(drop (memory.grow (i32.shr_u (local.get $len) (i32.const 18))))
         {FIRST_BYTE}"
    );
    let path = variant(&scratch, "", &leak);
    case(&scratch, "a", &[("input", "abc\nabc\n"), ("output", "!bc\nabc\n")]);
    let (ran, said) = test(&scratch, &path, &[]);
    assert_eq!(ran.code, 1, "{said}");
    assert!(said.contains("FAIL  cost") && said.contains("its memory grows with the file"), "{said}");
    let (ran, accepted) = test(&scratch, &path, &["--update-budget"]);
    assert_eq!(ran.code, 0, "{accepted}");
    // The same numbers each time.
    let (ran, again) = test(&scratch, &path, &[]);
    assert_eq!((ran.code, &again), (0, &accepted));
    let budget = scratch.path("cases/budget.toml");
    let text = fs::read_to_string(&budget).unwrap();
    let lower: Vec<_> = text
        .lines()
        .map(|line| match line.split_once("instructions_per_mb = ") {
            Some((_, number)) => format!("instructions_per_mb = {}", number.parse::<u64>().unwrap() / 2),
            None => line.to_owned(),
        })
        .collect();
    fs::write(&budget, lower.join("\n")).unwrap();
    let (ran, said) = test(&scratch, &path, &[]);
    assert_eq!(ran.code, 1, "{said}");
    assert!(said.contains("the budget is ") && said.contains("instructions for each MB"), "{said}");
}

/// What nobody provides is named, with what to do.
#[test]
fn an_import_from_env_is_named() {
    let scratch = Scratch::new();
    let path = variant(
        &scratch,
        "(import \"env\" \"strlen\" (func $strlen (param i32) (result i32)))",
        "(i32.const 512)",
    );
    plugin(scratch.dir(), &["inspect", path.to_str().unwrap()])
        .fails(3, "cannot load the plugin")
        .says("imports `strlen` from `env`, which nobody provides")
        .says("no source or library that was linked defines it");
}

/// A text that takes seconds to read is refused before.
#[test]
fn long_text_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.write("long.wat", format!("(module {})", "(func)".repeat(400_000)));
    plugin(scratch.dir(), &["inspect", path.to_str().unwrap()])
        .fails(3, "cannot load the plugin")
        .says("the limit for the text format of WebAssembly is 2 MiB");
}

/// A project with a pipe for a source does not make a compiler wait.
#[test]
fn a_project_has_regular_files_alone() {
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "c"]).ok();
    let folder = scratch.path("x");
    fs::remove_file(folder.join("plugin.c")).unwrap();
    make_fifo(&folder.join("plugin.c"));
    let ran = plugin(&folder, &["build"]);
    assert!(
        ran.code == 4 && ran.stderr.contains("plugin.c is not a regular file")
            || ran.stderr.contains("needs Clang"),
        "{}",
        ran.stderr
    );
    fs::remove_file(folder.join("runner.toml")).unwrap();
    make_fifo(&folder.join("runner.toml"));
    plugin(&folder, &["build"]).fails(2, "runner.toml is not a regular file");
}
