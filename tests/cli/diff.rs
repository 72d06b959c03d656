//! `patch` makes of a diff what the run makes of the file.

use runner_tests::{Random, Scratch, has, runner, skip};
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

use super::arguments::{REPLACE, os, run_in};

/// Of many files, `patch` makes by the diff of a dry run what the run makes.
#[track_caller]
fn diffs_are_right(files: &[(&OsStr, Vec<u8>)], set: &[&str]) {
    let scratch = Scratch::new();
    let dir = scratch.dir();
    let write = || files.iter().for_each(|(name, old)| fs::write(dir.join(name), old).unwrap());
    let read = || files.iter().map(|(name, _)| fs::read(dir.join(name)).unwrap()).collect::<Vec<_>>();
    let set: Vec<_> = set.iter().flat_map(|set| ["--set", set]).collect();
    let names = || files.iter().map(|(name, _)| *name);
    let apply = |more: &[&'static str]| {
        let args: Vec<_> =
            os(&["apply", "replace"]).into_iter().chain(os(&set)).chain(os(more)).chain(names()).collect();
        run_in(dir, &args).ok()
    };
    write();
    let diff = apply(&["--dry-run", "--diff"]).stdout;
    apply(&[]);
    let new = read();
    if !has("patch") {
        return skip("there is no `patch`");
    }
    write();
    let diff_file = scratch.write("diff", &diff);
    let mut patch = Command::new("patch");
    patch.args(["-p0", "--fuzz=0", "--batch", "--no-backup-if-mismatch"]).current_dir(dir);
    let output = patch.stdin(fs::File::open(diff_file).unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let shown = String::from_utf8_lossy(&diff[..diff.len().min(10_000)]);
    assert!(output.status.success() || diff.is_empty(), "{said}\n{shown}");
    assert!(!said.contains("fuzz") && !said.contains("offset"), "{said}\n{shown}");
    let by_patch = read();
    for (((name, old), new), by_patch) in files.iter().zip(new).zip(by_patch) {
        let same = new == by_patch;
        assert!(
            same,
            "{name:?} of {:?}, {set:?}\n{shown}",
            String::from_utf8_lossy(&old[..old.len().min(1000)])
        );
    }
}

/// Files of these contents.
fn named<'a>(names: &'a [String], contents: &[&[u8]]) -> Vec<(&'a OsStr, Vec<u8>)> {
    names.iter().map(OsStr::new).zip(contents.iter().map(|content| content.to_vec())).collect()
}

#[test]
fn patch_takes_the_diff() {
    let names: Vec<_> = (0..100).map(|number| format!("f{number}")).collect();
    let foo = &["find=foo", "with=bar\nbaz"][..];
    let olds = ["", "foo", "foo\n", "a\nfoo", "foo\nb", "a\r\nfoo\r\nb\r\n", "foo\n\n\n\n\n\n\n\nfoo\n"];
    diffs_are_right(&named(&names, &olds.map(str::as_bytes)), foo);
    let odd = ["two words", "a\tb", "qu\"ote", "back\\slash", "ümlaut", " x ", "b\x1b[2J"];
    let odd: Vec<_> = odd.iter().map(|name| (OsStr::new(*name), b"a\nfoo\nb\n".to_vec())).collect();
    diffs_are_right(&odd, foo);
    let olds =
        ["a\nb\nc\n", "a\nb", "x\na\n\n\na\ny\n", "a\n", "a", "ab\nab\nab\nab\nab\nab\nab\nab\nab\nab"];
    for [find, with] in [
        ["find=a\n", "with="],
        ["find=\n", "with="],
        ["find=(a)", "with=new\n$1"],
        ["find=(b)", "with=$1\nnew"],
        ["find=b", "with=b\n"],
    ] {
        let files = named(&names, &olds.map(str::as_bytes));
        diffs_are_right(&files, &[find, with, "regex=true", "multiline=true"]);
    }
}

#[test]
fn patch_takes_the_diff_of_anything() {
    let mut random = Random(runner_tests::seed());
    let mut pick = |from: &[&'static str]| from[random.below(from.len() as u64) as usize];
    let names: Vec<_> = (0..60).map(|number| format!("f{number}")).collect();
    for find in ["find=foo", "find=foo\n", "find=\n", "find=a\n(foo)?", "find=\nfoo"] {
        let mut olds = Vec::new();
        for _ in &names {
            let lines = pick(&["", "_", "________", "____________________________________"]).len();
            let mut old: String = (0..lines)
                .map(|_| pick(&["foo\n", "\n", "a\n", "foo foo\n", "x foo\n", "b\r\n", "c\n"]))
                .collect();
            if pick(&["whole", "cut"]) == "cut" {
                old.pop();
            }
            olds.push(old.into_bytes());
        }
        let files: Vec<_> = names.iter().map(OsStr::new).zip(olds).collect();
        let with = pick(&["with=", "with=\n", "with=b", "with=b\n", "with=\nb\nc"]);
        diffs_are_right(&files, &[find, with, "regex=true", "multiline=true"]);
    }
}

#[test]
fn a_diff_of_much_is_cut_where_patch_still_follows() {
    let f = OsStr::new("f");
    // One run of changes of more than a hunk may hold, and a change behind it.
    let mut old = "a foo, of a length that fills the hunk soon\n".repeat(150_000).into_bytes();
    old.extend_from_slice(b"1\n2\n3\nfoo\n4\n5\n6\n7\n8\n9\n10\n11\n12\nfoo\n");
    diffs_are_right(&[(f, old)], &["find=foo", "with=barbar"]);
    // Lines beside the change that are too long for context.
    let mut old = vec![b'x'; 100_000];
    old.extend_from_slice(b"\nfoo\n");
    old.extend_from_slice(&vec![b'y'; 100_000]);
    diffs_are_right(&[(f, old)], &["find=foo", "with=barbar"]);
    let scratch = Scratch::new();
    let file = scratch.write("f", "x".repeat(17 << 20) + "foo");
    let args = ["--dry-run", "--diff", "--set", "multiline=true"];
    runner(os(&REPLACE).into_iter().chain(os(&args)).chain([file.as_os_str()])).fails(2, "exceed 16 MiB");
    let file = scratch.write("g", "\0foo\n");
    runner(os(&REPLACE).into_iter().chain(os(&args)).chain([file.as_os_str()]))
        .fails(2, "is not text: there is a NUL");
}
