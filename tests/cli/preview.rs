//! The preview of a dry run, and of a saved patch, shows what would change.

use runner_tests::{Scratch, runner};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use super::arguments::{REPLACE, os, run_in};
use super::shown::harmless;

#[test]
fn a_preview_hides_nothing() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "# a comment\n");
    let evil = "evil ALL=(ALL) NOPASSWD:ALL";
    let show = |with: &str| {
        let set = format!("with={with}");
        let args = ["apply", "replace", "--set", "find=comment", "--set", &set, "--dry-run"];
        let dry = runner(args.iter().map(OsStr::new).chain([file.as_os_str()])).ok();
        let patch = scratch.path("patch");
        let args = ["plan", "replace", "--set", "find=comment", "--set", &set, "-o"];
        let _ = fs::remove_file(&patch);
        runner(args.iter().map(OsStr::new).chain([patch.as_os_str(), file.as_os_str()])).ok();
        let shown = runner!["show", &patch].ok();
        for ran in [&dry, &shown] {
            harmless(ran);
        }
        (dry.text(), shown.text(), runner!["show", &patch, "--format", "hex"].ok().text())
    };
    // Pushed out of sight by blanks of all kinds, line ends, marks.
    for padding in [
        " ".repeat(700),
        "\r".into(),
        "\t".repeat(100),
        "\u{2003}".repeat(60),
        "x\u{338}\u{338}\u{338}\u{338}\u{338}".into(),
        "\u{202e}".into(),
        "\n".repeat(90),
    ] {
        let (dry, shown, hex) = show(&format!("better{padding}{evil}"));
        for text in [dry, shown] {
            assert!(text.contains(evil), "{padding:?}: {text}");
            assert!(text.lines().all(|line| line.chars().count() < 4000), "{padding:?}: {text}");
        }
        let rows = hex.lines().filter(|line| line.starts_with("+ 0"));
        let digits: String = rows.flat_map(|row| row[12..59].split_whitespace()).collect();
        assert!(digits.contains("6576696c20414c4c"), "{hex}");
    }
    // What is cut says how much.
    let (dry, shown, hex) = show(&format!("better{}{evil}", "x".repeat(12_345)));
    for text in [dry, shown, hex] {
        assert!(text.contains("… (11,378 bytes more)"), "{text}");
    }
    let (dry, ..) = show(&format!("better{}{evil}", "x".repeat(400)));
    assert!(dry.contains("… (") && dry.contains(" bytes more)"), "{dry}");
}

#[test]
fn edits_that_are_not_shown_are_counted() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo\n".repeat(1250));
    let ran = runner(REPLACE.iter().map(OsStr::new).chain([file.as_os_str(), OsStr::new("--dry-run")])).ok();
    assert!(ran.text().contains("(and 1,240 more edits; "), "{}", ran.text());
    assert!(ran.text().contains("@ 36, line 10\n- foo\n+ barbar\n"), "{}", ran.text());
    // One long line, with edits close to each other, is no reason to show all.
    let file = scratch.write("long", "foo ".repeat(100_000));
    let ran = runner(REPLACE.iter().map(OsStr::new).chain([file.as_os_str(), OsStr::new("--dry-run")])).ok();
    assert!(ran.text().len() < 100_000 && ran.text().contains(" more edits; "), "{}", ran.text().len());
}

/// A patch whose old bytes are not those of the file.
fn lying(scratch: &Scratch) -> (PathBuf, PathBuf, PathBuf) {
    let (file, other) = (scratch.write("f", "a foo\n"), scratch.write("g", "a fxo\n"));
    let patch = scratch.path("patch");
    let args = ["plan", "replace", "--set", "find=a foo", "--set", "with=barbar", "-o"];
    runner(args.iter().map(OsStr::new).chain([patch.as_os_str(), file.as_os_str()])).ok();
    (patch, file, other)
}

#[test]
fn old_bytes_are_compared_with_the_file() {
    let scratch = Scratch::new();
    let (patch, file, other) = lying(&scratch);
    let at_hand = "old bytes compared with ";
    let not = "old bytes taken from the patch; the file is not available for comparison";
    assert!(runner!["show", &patch].ok().text().contains(at_hand));
    assert!(runner!["show", &patch, &file].ok().text().contains(at_hand));
    for format in [&["--format", "text"][..], &["--format", "hex"], &["--diff"]] {
        let args = [os(&["show"]), vec![patch.as_os_str(), other.as_os_str()], os(format)].concat();
        runner(args).fails(5, "the patch does not match").says("g: the file differs at byte 3");
    }
    let json = runner!["show", &patch, &other, "--format", "json"];
    assert_eq!(json.code, 5);
    let events: Vec<Value> = json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&events[0]["matches_file"], &events.last().unwrap()["exit_code"]),
        (&false.into(), &5.into())
    );
    let longer = scratch.write("longer", "a foo\n\n");
    runner!["show", &patch, &longer].fails(5, "is not the file that the patch was made for");
    fs::remove_file(&file).unwrap();
    assert!(runner!["show", &patch].ok().text().contains(not));
    runner!["show", &patch, "--diff"].fails(2, "is missing or has changed");
    fs::write(&file, "a foo\n").unwrap();
    let diff = run_in(scratch.dir(), &os(&["show", "--diff", "patch", "f"])).ok().text();
    assert_eq!(diff, "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a foo\n+barbar\n");
}

/// A patch that has been applied is as true as it was before.
#[test]
fn a_patch_that_has_been_applied_is_no_lie() {
    let scratch = Scratch::new();
    for (with, content) in [("barbar", "a foo\nfoo\n"), ("bar", "a foo\n"), ("", "a foo, foo\n")] {
        let (file, patch) = (scratch.write("f", content), scratch.path("patch"));
        let set = format!("with={with}");
        let args = ["plan", "replace", "--set", "find=foo", "--set", &set, "-o"];
        runner(args.iter().map(OsStr::new).chain([patch.as_os_str(), file.as_os_str()])).ok();
        runner!["patch", &patch, &file].ok();
        let has =
            format!("old bytes taken from the patch; {} already has the resulting content", file.display());
        for ran in [runner!["show", &patch], runner!["show", &patch, &file]] {
            let text = ran.ok().text();
            assert!(text.contains(&has), "{text}");
            assert!(text.contains("strategy  depends on the file as it was before the patch\n"), "{text}");
            assert!(text.contains("- foo\n"), "{text}");
        }
        for ran in [runner!["show", &patch, "--diff"], runner!["show", &patch, &file, "--diff"]] {
            ran.fails(2, "f already has the resulting content").says("as it was before the patch");
        }
        let json = runner!["show", &patch, &file, "--format", "json"].ok().text();
        let event: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert_eq!((&event["matches_file"], &event["file_has_result"]), (&false.into(), &true.into()));
        // The new bytes are there, but something else is not.
        let applied = fs::read_to_string(&file).unwrap();
        fs::write(&file, applied.replace("a ", "b ")).unwrap();
        let text = runner!["show", &patch].ok().text();
        assert!(text.contains("the file is not available for comparison"), "{text}");
        assert_eq!(runner!["show", &patch, &file].code, 5);
        fs::remove_file(&patch).unwrap();
    }
}

/// A large file is not hashed for a preview.
#[test]
fn of_a_large_file_the_edits_are_compared() {
    let scratch = Scratch::new();
    let (file, patch) = (scratch.write("f", "a foo\n"), scratch.path("patch"));
    let sparse = fs::OpenOptions::new().write(true).open(&file).unwrap();
    sparse.set_len((1 << 30) + 8).unwrap();
    let plan = |with: &str| {
        let args = ["plan", "replace", "--set", "find=foo", "--set", with, "-o"];
        runner(args.iter().map(OsStr::new).chain([patch.as_os_str(), file.as_os_str()])).ok();
    };
    plan("with=bar");
    runner!["patch", &patch, &file].ok();
    let text = runner!["show", &patch].ok().text();
    assert!(text.contains("f already has the resulting size and the new bytes of every edit"), "{text}");
    runner!["undo", &patch, &file].ok();
    // Bytes that are only removed say nothing.
    fs::remove_file(&patch).unwrap();
    plan("with=");
    sparse.set_len((1 << 30) + 5).unwrap();
    let text = runner!["show", &patch].ok().text();
    assert!(text.contains("the file is not available for comparison"), "{text}");
}
