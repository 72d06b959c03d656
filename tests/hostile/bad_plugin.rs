//! Plugins that are none, that fail late, and parameters that do not fit
//! (`tests/hostile/` has those that mean harm). Whatever it is: a clear error, the right exit code, and a file and a
//! directory that nobody has touched.

use std::fs;
use std::path::Path;

use runner_tests::{Ran, Scratch, repository, runner};

const CONTENT: &[u8] = b"abc\nabc\n";

/// Runs a plugin on a file, which must fail in every way that there is to
/// run it.
#[track_caller]
fn refused(scratch: &Scratch, plugin: &Path, options: &[&str], code: i32, what: &str) {
    let file = scratch.write("file", CONTENT);
    let (file, plugin) = (file.to_str().unwrap(), plugin.to_str().unwrap());
    let patch = scratch.path("patch");
    let before = scratch.snapshot();
    let run = |args: &[&str]| -> Ran { runner(args.iter().chain(options)) };
    let apply = run(&["apply", plugin, file]).fails(code, what);
    run(&["apply", plugin, file, "--strategy", "rewrite", "-j", "1"]).fails(code, what);
    run(&["apply", plugin, file, "--dry-run"]).fails(code, what);
    run(&["apply", plugin, file, "--check"]).fails(code, what);
    run(&["apply", plugin, file, "-o", patch.to_str().unwrap()]).fails(code, what);
    run(&["plan", plugin, file, "-o", patch.to_str().unwrap()]).fails(code, what);
    let piped = run(&["apply", plugin, file, "-o", "-"]).fails(code, what);
    assert_eq!(piped.stdout, b"", "an error is no output");
    assert_eq!(apply.stdout, b"");
    assert_eq!(before, scratch.snapshot());

    let args: Vec<_> = ["pipe", plugin].iter().chain(options).copied().collect();
    runner_tests::pipe(&args, CONTENT).fails(code, what);
}

#[test]
fn what_is_no_plugin_is_refused() {
    let scratch = Scratch::new();
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty.wasm", b"", "`empty` is not a WebAssembly module"),
        ("text.wasm", b"(module)", "it exports nothing"),
        ("wrong.wat", b";; nothing\n(modul)", "`wrong` is not valid in the text format of WebAssembly"),
        ("elf.wasm", b"\x7fELF\x02\x01\x01", "`elf` is not a WebAssembly module"),
        ("torn.wasm", b"\0asm\x01\0\0\0\x01\xff", "`torn` is not valid WebAssembly"),
        ("void.wasm", b"\0asm\x01\0\0\0", "it exports nothing"),
    ];
    for (name, bytes, what) in cases {
        let plugin = scratch.write(name, bytes);
        refused(&scratch, &plugin, &[], 3, what);
        // What is read before the plugin is loaded has no name yet.
        let what = what.split_once("` ").map_or(*what, |(_, what)| what);
        runner!["plugin", "inspect", &plugin].fails(3, what);
    }
}

#[test]
fn a_plugin_that_is_not_there_is_refused() {
    let scratch = Scratch::new();
    refused(&scratch, Path::new("replac"), &[], 2, "there is no bundled plugin `replac`");
    refused(&scratch, &scratch.path("none.wasm"), &[], 2, "none.wasm");
    refused(&scratch, scratch.dir(), &[], 2, "is not a file");
}

#[test]
fn another_contract_is_refused() {
    let scratch = Scratch::new();
    for (guest, what) in [
        ("no-contract", "does not export runner:plugin/guest@"),
        ("old-contract", "needs version 0.0.9 of the plugin contract; this runner has 0.2.0"),
        ("other-component", "does not export runner:plugin/guest@"),
        ("greedy-component", "imports `wasi:http/outgoing-handler@0.2.0`, which is not available to plugins"),
    ] {
        refused(&scratch, &scratch.guest(guest), &[], 3, what);
    }
}

/// What comes after a failure in the middle of a file is as untouched as what
/// came before.
#[test]
fn a_failure_in_the_last_window_changes_nothing() {
    let scratch = Scratch::new();
    let mut content = runner_tests::log_lines(3 << 20, "\n");
    let file = scratch.write("file", &content);
    // A stray quote: all but the last line is changed, and thrown away.
    content.extend_from_slice(b"a\"b,c\n");
    std::fs::write(&file, &content).unwrap();
    let before = scratch.snapshot();
    let options = ["--set", "header=false", "--set", "mask=1", "--set", "delimiter=|"];
    for jobs in ["1", "2"] {
        let ran = runner(["apply", "csv", file.to_str().unwrap(), "-j", jobs].iter().chain(&options));
        ran.fails(3, "plugin `csv` failed");
        assert_eq!(before, scratch.snapshot());
    }
}

/// A plugin that looks at the head of the file, and not at its parameters: no
/// parameter is blamed for the file.
#[test]
fn a_file_of_another_kind_is_not_blamed_on_parameters() {
    let scratch = Scratch::new();
    let guest = scratch.guest("magic");
    let (good, bad) = (scratch.write("good", "MAGC and more"), scratch.write("bad", "no such thing"));
    runner!["apply", &guest, &good].ok();
    let bad_name = bad.to_str().unwrap();
    for file in [&bad, &scratch.write("empty", "")] {
        runner!["apply", &guest, file].fails(2, "before the first window: this is no file of magic").says(
            "it needs a parameter (`runner plugin inspect` lists them), or works on another kind of file",
        );
    }
    runner!["apply", &guest, &bad, "--set", "mode=x"]
        .fails(2, &format!("error: {bad_name}: plugin `magic` failed"))
        .says("a value given to it is the cause, or it works on another kind of file");
    // The file is named among others.
    let ran = runner!["apply", &guest, &good, &bad, &good];
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("error: {bad_name}: plugin `magic` failed")), "{}", ran.stderr);
    // There is no parameter that could be the cause.
    let text = fs::read_to_string(repository().join("tests/guests/magic.wat")).unwrap();
    let params = "  (data (i32.const 32) \"\\80\\00\\00\\00\\01\\00\\00\\00\")\n";
    assert!(text.contains(params));
    let without = scratch.write("without.wat", text.replace(params, ""));
    let ran = runner!["apply", &without, &bad].fails(3, "this is no file of magic");
    assert!(!ran.stderr.contains("parameter"), "{}", ran.stderr);
}

#[test]
fn parameters_must_fit() {
    let scratch = Scratch::new();
    let replace = Path::new("replace");
    let cases: &[(&[&str], i32, &str)] = &[
        (&[], 2, "nothing to do: set `find`"),
        (&["--set", "find=a", "--set", "fnd=b"], 2, "plugin `replace` has no parameter `fnd`"),
        (&["--set", "find=a", "--set", "regex=yes"], 2, "must be `true` or `false`, not `yes`"),
        (&["--set", "find=a", "--set", "max-match=many"], 2, "must be an integer, not `many`"),
        (&["--set", "find=(", "--set", "regex=true"], 2, "plugin `replace` failed before the first window"),
        (&["--params", "none.toml"], 2, "cannot read parameters from none.toml"),
        (&["--params", "/dev/zero"], 2, "/dev/zero is too large for a parameter file (limit 16 MiB)"),
    ];
    for (options, code, what) in cases {
        refused(&scratch, replace, options, *code, what);
    }
    for (toml, what) in [
        ("find = [[1]]", "is neither a string, an integer nor a boolean"),
        ("find = ", "is not a valid parameter file"),
        ("fnd = 'a'", "params.toml sets a parameter that plugin `replace` does not have"),
    ] {
        let params = scratch.write("params.toml", toml);
        refused(&scratch, replace, &["--params", params.to_str().unwrap()], 2, what);
    }
}

#[test]
fn options_must_make_sense() {
    let scratch = Scratch::new();
    let file = scratch.write("file", CONTENT);
    let file = file.to_str().unwrap();
    let before = scratch.snapshot();
    let apply = ["apply", "replace", file, "--set", "find=a", "--set", "with=b"];
    for (options, what) in [
        (&["--set", "find"][..], "it must have the form KEY=VALUE"),
        (&["--window", "0"], "it must not be zero"),
        (&["--window", "2G"], "it must be at most 1G"),
        (&["--memory", "lots"], "it must be a number"),
        (&["--timeout=-1"], "it must be a positive number of seconds"),
        (&["-j", "0"], "0 is not in 1..=1024"),
        (&["--strategy", "magic"], "invalid value 'magic'"),
        (&["--verify", "twice"], "invalid value 'twice'"),
        (&["-o", "-", "--dry-run"], "cannot be used with"),
        (&["--no-such-option"], "unexpected argument"),
    ] {
        let ran = runner(apply.iter().chain(options));
        assert_eq!(ran.code, 2, "{options:?}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("error: "), "{options:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{options:?}: {}", ran.stderr);
    }
    let elsewhere = scratch.path("elsewhere");
    let both = ["-o", elsewhere.to_str().unwrap(), file];
    runner(apply.iter().chain(&both)).fails(2, "-o takes one FILE, not 2");
    let both = ["--undo", elsewhere.to_str().unwrap(), file];
    runner(apply.iter().chain(&both)).fails(2, "--undo takes one FILE, not 2");
    assert_eq!(before, scratch.snapshot());
}
