//! `--roots touched`: what is accepted, what is refused, and what the reports
//! say. `direct` compares the results with those of other programs.

use std::fs;

use runner_tests::{Scratch, log_lines, runner};

const TOUCHED: [&str; 2] = ["--roots", "touched"];
const GROUP: usize = 64 << 10;

#[test]
fn the_report_says_that_the_root_is_not_known() {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    let [name, patch] = [&file, &scratch.path("patch")].map(|path| path.to_str().unwrap().to_owned());
    let overwrite = ["overwrite", &name, "--at", "100000", "--text", "####"];
    let ran = runner(overwrite.iter().chain(&TOUCHED)).ok();
    ran.says(
        "1 group of 64 KiB touched; the root of the whole file is not known, because the rest was not read",
    );
    let overwrite = ["overwrite", &name, "--at", "100000", "--text", "----", "--json"];
    for more in [&["--dry-run"][..], &["--undo", &patch]] {
        let ran = runner(overwrite.iter().chain(&TOUCHED).chain(more)).ok();
        let line = ran.text().lines().rfind(|line| line.contains("\"edits\"")).unwrap().to_owned();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["roots"], "touched", "{line}");
        assert!(event["pre_root"].is_null() && event["post_root"].is_null(), "{line}");
        assert_eq!((event["groups"].as_u64(), event["edits"].as_u64()), (Some(1), Some(1)), "{line}");
    }
    assert_eq!(fs::read(&patch).unwrap()[8..12], 3_u32.to_le_bytes(), "the version of the format");
    let shown = runner(["show", &patch, &name]).ok().text();
    assert!(shown.contains("roots     not known; of the file, only 1 group of 64 KiB was read"), "{shown}");
    assert!(
        shown.contains("already has the resulting content in every group that the patch touches"),
        "{shown}"
    );
    let shown = runner(["show", &patch, &name, "--format", "json"]).ok().text();
    assert!(shown.contains(r#""pre_root":null"#) && shown.contains(r#""file_has_result":true"#), "{shown}");
    runner(["verify", &name, "--patch", &patch]).ok().says("1 group of 64 KiB is the result of the patch");
    runner(["undo", &patch, &name]).ok().says("the root of the whole file is not known");
    runner(["verify", &name, "--patch", &patch])
        .fails(5, "is not the result of the patch")
        .says("bytes 65536 to 131072 are not what the patch leads to");
}

#[test]
fn what_needs_the_whole_file_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    let zipped = scratch.write("zipped.gz", b"");
    let [name, zipped] = [&file, &zipped].map(|path| path.to_str().unwrap());
    let out = scratch.path("out");
    let root = "0".repeat(64);
    let overwrite = &["overwrite", name, "--at", "9", "--text", "x"][..];
    let before = scratch.snapshot();
    let refused = |args: &[&str], what: &str, hint: &str| {
        runner(args.iter().chain(&TOUCHED)).fails(2, what).says(hint);
        assert_eq!(before, scratch.snapshot(), "{args:?}");
    };
    let with = |more: &[&'static str]| [overwrite, more].concat();
    refused(
        &[overwrite, &["--expect", &root]].concat(),
        "`--expect` compares the root",
        "`plan --roots touched`",
    );
    refused(&[overwrite, &["-o", out.to_str().unwrap()]].concat(), "`-o` writes a whole new file", "omit");
    refused(&with(&["--resume"]), "`--resume` continues the scan", "without `--resume`");
    refused(&with(&["--dry-run", "--diff"]), "`--diff` counts the lines", "omit `--diff`");
    refused(&with(&["--backup", ".bak"]), "`--backup` copies the whole file", "`--undo PATCH`");
    refused(&with(&["--strategy", "rewrite"]), "`--strategy rewrite` copies", "omit `--strategy`");
    let unzip = ["apply", "bytes", "--set", "op=append text=x", "-z", zipped];
    refused(&unzip, "`--decompress` and `--encoding` read the whole file", "omit `--roots touched`");
    let replace = ["apply", "replace", "--set", "find=a", "--set", "with=b", name];
    refused(&replace, "plugin `replace` does not name the parts", "the whole file is read");
    for op in ["op=insert at=100 text=x", "op=delete at=0 length=5", "op=delete at=-9 length=5"] {
        refused(
            &["apply", "bytes", "--set", op, name],
            "changes the length, so everything after it moves",
            "only append",
        );
    }
}

/// An error has an offset, and no line: counting lines would read the file.
#[test]
fn an_error_has_its_offset() {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    let name = file.to_str().unwrap();
    let args = ["overwrite", name, "--at", "200000", "--text", "x", "--expect-text", "\\0"];
    let ran = runner(args.iter().chain(&TOUCHED));
    assert!(ran.stderr.contains("offset 200,000") && !ran.stderr.contains("line "), "{}", ran.stderr);
    ran.fails(3, "expects the byte");
}

/// What others change elsewhere is not looked at, and stays.
#[test]
fn changes_elsewhere_are_kept_and_those_in_the_groups_are_refused() {
    let scratch = Scratch::new();
    let content = log_lines(5 * GROUP, "\n");
    let file = scratch.write("file", &content);
    let [name, patch] = [&file, &scratch.path("patch")].map(|path| path.to_str().unwrap().to_owned());
    let at = (2 * GROUP + 100).to_string();
    let op = format!("op=overwrite at={at} text=####");
    runner(["plan", "bytes", "--set", &op, &name, "-o", &patch].iter().chain(&TOUCHED)).ok();
    let changed = |at: usize| {
        let mut bytes = fs::read(&file).unwrap();
        bytes[at] ^= 1;
        fs::write(&file, &bytes).unwrap();
        bytes
    };
    // Inside the group, but not inside the edit.
    changed(2 * GROUP);
    let before = scratch.snapshot();
    runner(["patch", &patch, &name])
        .fails(5, "the patch does not fit")
        .says("bytes 131072 to 196608, which the patch touches, are not what it expects");
    assert_eq!(before, scratch.snapshot());
    changed(2 * GROUP);
    // Elsewhere, and at the end.
    let mut expected = changed(5);
    runner(["patch", &patch, &name, "--strategy", "rewrite"])
        .fails(2, "the patch knows only the groups that it touches")
        .says("it was made with `--roots touched`");
    runner(["patch", &patch, &name]).ok();
    expected[2 * GROUP + 100..][..4].copy_from_slice(b"####");
    assert!(fs::read(&file).unwrap() == expected);
    runner(["patch", &patch, &name]).fails(5, "does not fit").says("already have the resulting content");
    expected.extend_from_slice(b"appended");
    expected[4 * GROUP] = 0;
    fs::write(&file, &expected).unwrap();
    runner(["verify", &name, "--patch", &patch]).ok();
    runner(["undo", &patch, &name]).ok();
    expected[2 * GROUP + 100..][..4].copy_from_slice(&content[2 * GROUP + 100..][..4]);
    assert!(fs::read(&file).unwrap() == expected);
}

/// Where the length changes, the size is a part of what is expected.
#[test]
fn the_size_counts_if_it_changes() {
    let scratch = Scratch::new();
    let content = log_lines(2 * GROUP + 9, "\n");
    let file = scratch.write("file", &content);
    let [name, patch] = [&file, &scratch.path("patch")].map(|path| path.to_str().unwrap().to_owned());
    runner(["append", &name, "--text", "more", "--undo", &patch].iter().chain(&TOUCHED)).ok();
    let mut longer = fs::read(&file).unwrap();
    longer.push(b'!');
    fs::write(&file, &longer).unwrap();
    let before = scratch.snapshot();
    let wanted = format!("but the patch expects {}", content.len() + 4);
    runner(["undo", &patch, &name]).fails(5, "does not fit").says("it has");
    let said = runner(["undo", &patch, &name]).stderr.replace(',', "");
    assert!(said.contains(&wanted), "{said}");
    runner(["verify", &name, "--patch", &patch]).fails(5, "is not the result of the patch");
    assert_eq!(before, scratch.snapshot());
    longer.pop();
    // A group that the undo does not touch.
    longer[0] ^= 1;
    fs::write(&file, &longer).unwrap();
    runner(["undo", &patch, &name]).ok();
    assert!(fs::read(&file).unwrap() == longer[..content.len()]);
}

/// Where no length changes, the file may have become longer, but not shorter.
/// The value of a group says whether it is the whole file, so a file of one
/// group must keep its size.
#[test]
fn the_size_counts_if_it_stays() {
    let scratch = Scratch::new();
    let refused = |bytes: usize, becomes: usize| {
        let file = scratch.write("file", &log_lines(bytes, "\n")[..bytes]);
        let [name, patch] = [&file, &scratch.path("patch")].map(|path| path.to_str().unwrap().to_owned());
        let _ = fs::remove_file(&patch);
        runner(["overwrite", &name, "--at", "0", "--text", "####", "--undo", &patch].iter().chain(&TOUCHED))
            .ok();
        let mut other = fs::read(&file).unwrap();
        other.resize(becomes, b'+');
        fs::write(&file, &other).unwrap();
        let before = scratch.snapshot();
        let said = runner(["undo", &patch, &name]).fails(5, "does not fit").stderr.replace(',', "");
        assert!(said.contains(&format!("but the patch expects {bytes} bytes")), "{said}");
        runner(["verify", &name, "--patch", &patch]).fails(5, "is not the result of the patch");
        assert_eq!(before, scratch.snapshot());
    };
    refused(4 * GROUP, 3 * GROUP);
    refused(4 * GROUP + 1, 4 * GROUP);
    refused(GROUP, GROUP + 1);
    refused(100, 90);
}

/// Other patches still know the whole file.
#[test]
fn a_patch_of_the_whole_file_still_needs_all_of_it() {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(3 * GROUP, "\n"));
    let [name, patch] = [&file, &scratch.path("patch")].map(|path| path.to_str().unwrap().to_owned());
    runner(["overwrite", &name, "--at", "9", "--text", "#", "--undo", &patch, "--roots", "whole"]).ok();
    assert_eq!(fs::read(&patch).unwrap()[8..12], 2_u32.to_le_bytes());
    let mut bytes = fs::read(&file).unwrap();
    bytes[2 * GROUP] ^= 1;
    fs::write(&file, bytes).unwrap();
    runner(["undo", &patch, &name]).fails(5, "the patch does not fit");
}

#[test]
fn many_places_in_one_run() {
    let scratch = Scratch::in_memory();
    let content = log_lines(40 * GROUP, "\n");
    let file = scratch.write("file", &content);
    let undo = scratch.path("undo");
    let [name, undo] = [&file, &undo].map(|path| path.to_str().unwrap());
    let mut expected = content.clone();
    let mut ops = String::new();
    for at in (5..content.len() - 40).step_by(3 * GROUP / 2) {
        ops += &format!("overwrite at={at} text=\"over a border, perhaps\"\n");
        expected[at..at + 22].copy_from_slice(b"over a border, perhaps");
    }
    ops += "overwrite at=65534 text=####\nappend text=end\n";
    expected[65_534..65_538].copy_from_slice(b"####");
    expected.extend_from_slice(b"end");
    let ops = scratch.write("ops", ops);
    let ops = format!("ops=@{}", ops.display());
    for window in ["64K", "1M", "8M"] {
        let args = ["apply", "bytes", name, "--set", &ops, "--undo", undo, "--window", window];
        runner(args.iter().chain(&TOUCHED)).ok();
        assert!(fs::read(&file).unwrap() == expected, "{window}");
        runner(["undo", undo, name]).ok();
        assert!(fs::read(&file).unwrap() == content, "{window}");
        fs::remove_file(undo).unwrap();
    }
}
