//! Exit codes and summaries say what a run did.

use runner_tests::{Scratch, runner};
use std::ffi::OsStr;
use std::fs;

use super::arguments::{REPLACE, os};

#[test]
fn a_run_is_held_to_the_expected_root() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a foo\n");
    let (good, bad) = (blake3::hash(b"a barbar\n").to_hex(), blake3::hash(b"").to_hex());
    let out = scratch.path("out");
    let apply = |root: &str, more: &[&OsStr]| {
        let args = [os(&REPLACE), vec![file.as_os_str(), OsStr::new("--expect"), OsStr::new(root)]].concat();
        runner(args.iter().chain(more))
    };
    let to_out = [OsStr::new("-o"), out.as_os_str()];
    let before = scratch.snapshot();
    for more in [&[][..], &to_out, &os(&["--dry-run"]), &os(&["--strategy", "in-place"]), &os(&["-o", "-"])] {
        let ran = apply(&bad, more).fails(5, "is not the expected one");
        assert_eq!(ran.stdout, b"");
    }
    assert_eq!(before, scratch.snapshot());
    apply("12", &[]).fails_to_parse();
    apply(&good, &[file.as_os_str()]).fails(2, "--expect takes one FILE");
    apply(&good, &to_out).ok();
    apply(&good, &[]).ok();
    assert_eq!(fs::read(&file).unwrap(), b"a barbar\n");
    assert_eq!(fs::read(&out).unwrap(), b"a barbar\n");
}

#[test]
fn what_was_left_alone_is_not_said_to_be_written() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a foo\n");
    let with = |with: &str, option: &str| {
        let with = format!("with={with}");
        runner!["apply", "replace", "--set", "find=foo", "--set", &with, &file, option].stderr
    };
    assert!(with("barbar", "--check").contains("; would be rewritten ("));
    assert!(with("bar", "--check").contains("; would be written in place ("));
    assert!(with("bar", "--quiet").is_empty());
    assert!(with("barbar", "-q").is_empty());
}

#[test]
fn a_script_learns_that_nothing_matched() {
    let scratch = Scratch::new();
    let (none, some) = (scratch.write("none", "a\n"), scratch.write("some", "foo\n"));
    let run = |more: &[&OsStr]| {
        runner(os(&REPLACE).iter().chain(&[OsStr::new("--require-edits")]).chain(more)).code
    };
    let (none, some) = (none.as_os_str(), some.as_os_str());
    assert_eq!(run(&[none]), 1);
    assert_eq!(run(&[none, none]), 1);
    assert_eq!(run(&[none, OsStr::new("--dry-run")]), 1);
    assert_eq!(run(&[none, OsStr::new("missing")]), 2, "a failure counts more");
    assert_eq!(run(&[some, OsStr::new("--dry-run")]), 0);
    assert_eq!(run(&[none, some]), 0, "all files together");
    assert_eq!(fs::read(some).unwrap(), b"barbar\n");
}

/// An option that says what must come with it means that beside every other
/// option. What a run that touches nothing cannot do is refused.
#[test]
fn a_look_never_writes() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a foo\n");
    let out = scratch.path("out").into_os_string();
    let others: [&[&OsStr]; 8] = [
        &[],
        &[OsStr::new("--resume")],
        &[OsStr::new("-o"), &out],
        &[OsStr::new("-o"), OsStr::new("-")],
        &[OsStr::new("--check")],
        &[OsStr::new("--undo"), &out],
        &[OsStr::new("--backup"), OsStr::new(".bak")],
        &[OsStr::new("--json")],
    ];
    let before = scratch.snapshot();
    let run = |more: &[&[&OsStr]]| {
        let args = [os(&REPLACE), vec![file.as_os_str()], more.concat()].concat();
        runner(&args)
    };
    for other in others {
        run(&[&[OsStr::new("--diff")], other]).fails_to_parse();
        if ["--undo", "--backup", "--resume", "-o"]
            .iter()
            .any(|option| other.first() == Some(&OsStr::new(option)))
        {
            for look in ["--dry-run", "--check"] {
                run(&[&[OsStr::new(look)], other]).fails_to_parse();
            }
        }
        assert_eq!(before, scratch.snapshot(), "{other:?}");
    }
}
