//! Patches that are damaged, foreign, or for another file.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Random, Scratch};

const MAGIC: &[u8; 8] = b"RUNPATCH";

/// A file, and a patch for it that changes its length.
fn planned(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let file = scratch.write("file", common::log_lines(200_000, "\n"));
    let patch = scratch.path("patch");
    let find = ["--set", "find=user7", "--set", "with=somebody"];
    common::runner(
        ["plan", "replace", file.to_str().unwrap(), "-o", patch.to_str().unwrap()].iter().chain(&find),
    )
    .ok();
    (file, patch)
}

/// Every command that takes a patch refuses it, and touches nothing.
#[track_caller]
fn refused(scratch: &Scratch, patch: &Path, file: &Path, code: i32, what: &str) {
    let before = scratch.snapshot();
    runner!["show", patch].fails(code, what);
    runner!["show", patch, "--format", "hex"].fails(code, what);
    runner!["patch", patch, file].fails(code, what);
    runner!["undo", patch, file].fails(code, what);
    runner!["verify", file, "--patch", patch].fails(code, what);
    assert_eq!(before, scratch.snapshot());
}

#[test]
fn what_is_no_patch_is_refused() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let whole = fs::read(&patch).unwrap();
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("text", b"find = 'abc'\n"),
        ("diff", b"--- a/file\n+++ b/file\n@@ -1 +1 @@\n-a\n+b\n"),
        ("magic", MAGIC),
        ("one-byte", b"R"),
    ] {
        let path = scratch.write(name, bytes);
        refused(&scratch, &path, &file, 5, "patch");
    }
    let mut newer = whole.clone();
    newer[8] = 2;
    let path = scratch.write("newer", newer);
    refused(&scratch, &path, &file, 5, "version");
    refused(&scratch, &scratch.path("missing"), &file, 2, "caused by: No such file or directory");
    refused(&scratch, scratch.dir(), &file, 2, "directory");
}

#[test]
fn a_torn_patch_never_happened() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let whole = fs::read(&patch).unwrap();
    let mut random = Random(3);
    let mut lengths: Vec<_> = (0..12).map(|_| random.below(whole.len() as u64) as usize).collect();
    lengths.extend([12, whole.len() - 1, whole.len() - 33]);
    for length in lengths {
        let torn = scratch.write("torn", &whole[..length]);
        refused(&scratch, &torn, &file, 5, "torn");
    }
    let mut longer = whole;
    longer.push(0);
    let longer = scratch.write("longer", longer);
    refused(&scratch, &longer, &file, 5, "longer");
}

#[test]
fn no_byte_of_a_patch_may_change() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let whole = fs::read(&patch).unwrap();
    let mut random = Random(4);
    // The magic and version, the frame heads, and anywhere.
    let at = (0..18).chain((0..40).map(|_| random.below(whole.len() as u64) as usize));
    for at in at.collect::<Vec<_>>() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << random.below(8);
        let bad = scratch.write("bad", bad);
        let before = scratch.snapshot();
        let ran = runner!["patch", &bad, &file];
        assert_eq!(ran.code, 5, "byte {at}: {}", ran.stderr);
        assert_eq!(before, scratch.snapshot(), "byte {at}");
    }
    for at in [20, whole.len() / 2, whole.len() - 10] {
        let mut bad = whole.clone();
        bad[at] ^= 0x80;
        let bad = scratch.write("bad", bad);
        refused(&scratch, &bad, &file, 5, "bad");
    }
}

#[test]
fn a_patch_fits_one_file_only() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let content = fs::read(&file).unwrap();
    let what = "is not the file that the patch fits";

    let other = scratch.write("other", b"another file\n");
    let before = scratch.snapshot();
    runner!["patch", &patch, &other].fails(5, what).says("hint: its root is ");
    runner!["undo", &patch, &other].fails(5, what);
    runner!["undo", &patch, &file].fails(5, what).says("carried out on it already");
    runner!["verify", &other, "--patch", &patch].fails(5, "other has another root");
    runner!["verify", &file, "--patch", &patch].fails(5, "file has another root");
    assert_eq!(before, scratch.snapshot());

    // One byte is enough, in a place that no edit touches, at the same size.
    let mut near = content.clone();
    let last = near.len() - 2;
    near[last] ^= 1;
    let near = scratch.write("near", &near);
    let before = scratch.snapshot();
    runner!["patch", &patch, &near].fails(5, what);
    assert_eq!(before, scratch.snapshot());

    // Twice is once too often.
    runner!["patch", &patch, &file].ok();
    runner!["verify", &file, "--patch", &patch].ok();
    let before = scratch.snapshot();
    runner!["patch", &patch, &file].fails(5, what).says("carried out on it already");
    assert_eq!(before, scratch.snapshot());

    // A copy of the file is as good as the file itself.
    let copy = scratch.write("copy", &content);
    runner!["patch", &patch, &copy].ok();
    assert!(fs::read(&copy).unwrap() == fs::read(&file).unwrap());
}

/// Showing a patch looks for its file, and opens nothing else that stands
/// there: a named pipe would keep it waiting.
#[test]
fn a_pipe_in_place_of_the_file_is_not_opened() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let shown = runner!["show", &patch].ok().text();
    assert!(shown.contains("the file, which is not at hand or has changed"), "{shown}");
}
