//! `overwrite`, `append`, `truncate`, and the plugin `bytes` that they run:
//! against `dd`, `truncate`, `head` and `tail`, and what can go wrong.

use std::fs;
use std::path::Path;

use runner_tests::{Scratch, log_lines, pipe, runner, seed};

/// A small generator of numbers, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Runs a program over a file, which it changes or prints.
fn other(file: &Path, script: &str) -> Vec<u8> {
    let output = runner_tests::program("sh").args(["-c", script, "sh"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(file).unwrap()
}

/// Runs a command on one copy of a file and a shell script on another one, and
/// undoes the first.
#[track_caller]
fn same(content: &[u8], words: &[&str], script: &str) {
    let scratch = Scratch::in_memory();
    let (file, copy) = (scratch.write("file", content), scratch.write("copy", content));
    let undo = scratch.path("undo");
    let [name, patch] = [&file, &undo].map(|path| path.to_str().unwrap());
    runner(words.iter().chain(&[name, "--undo", patch])).ok();
    let theirs = other(&copy, script);
    assert!(fs::read(&file).unwrap() == theirs, "seed {}: {words:?} and {script}", seed());
    // The same, reading only the touched groups.
    if words[0] != "apply" {
        let (file, undo) = (scratch.write("touched", content), scratch.path("undo-touched"));
        let [name, patch] = [&file, &undo].map(|path| path.to_str().unwrap());
        runner(words.iter().chain(&[name, "--undo", patch, "--roots", "touched"])).ok();
        assert!(fs::read(&file).unwrap() == theirs, "seed {}: {words:?}, touched groups", seed());
        if theirs != content {
            runner(["verify", name, "--patch", patch]).ok();
            runner(["undo", patch, name]).ok();
            assert!(fs::read(&file).unwrap() == content, "{words:?}, touched groups");
            runner(["patch", patch, name]).ok();
            assert!(fs::read(&file).unwrap() == theirs, "{words:?}, touched groups");
        }
    }
    // Without a change there is no undo file.
    if theirs != content {
        runner(["undo", patch, name]).ok();
        assert!(fs::read(&file).unwrap() == content, "{words:?}");
    }
}

#[test]
fn bytes_at_offsets_change_as_with_dd_truncate_and_head() {
    let mut numbers = Numbers(seed());
    for size in [1, 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 200_000, (1 << 20) + 5, 3 << 20] {
        let mut content = log_lines(size, "\n");
        content.truncate(size);
        for _ in 0..2 {
            let at = numbers.below(size);
            let new = "x".repeat(1 + numbers.below((size - at).min(100_000)));
            let scratch = Scratch::in_memory();
            let data = scratch.write("new", &new);
            let data = data.to_str().unwrap();
            let dd =
                format!("dd if={data} of=\"$1\" bs=64k oflag=seek_bytes seek={at} conv=notrunc status=none");
            same(&content, &["overwrite", "--at", &at.to_string(), "--from", data], &dd);
            let behind = format!("-{}", size - at);
            same(&content, &["overwrite", "--at", &behind, "--from", data], &dd);
            same(&content, &["append", "--from", data], &format!("cat {data} >> \"$1\""));
            same(&content, &["truncate", "--size", &at.to_string()], &format!("truncate -s {at} \"$1\""));
            let head = format!("head -c -{0} \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"", size - at);
            same(&content, &["truncate", "--size", &behind], &head);
            let more = size + numbers.below(200_000);
            same(&content, &["truncate", "--size", &more.to_string()], &format!("truncate -s {more} \"$1\""));
            // The last bytes alone, as `tail -c` prints them.
            let left = size - at;
            let tail = format!("tail -c {left} \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"");
            let delete = format!("op=delete at=0 length={at}");
            if at > 0 {
                same(&content, &["apply", "bytes", "--set", &delete], &tail);
            }
            let insert = format!("op=insert at={at} data");
            let from = format!("data=@{data}");
            let script = format!(
                "{{ head -c {at} \"$1\"; cat {data}; tail -c +{} \"$1\"; }} > \"$1.new\" && mv \"$1.new\" \"$1\"",
                at + 1
            );
            same(&content, &["apply", "bytes", "--set", &insert, "--set", &from], &script);
        }
    }
}

#[test]
fn an_empty_file_can_be_appended_to() {
    same(b"", &["append", "--text", r"a\n"], "echo a >> \"$1\"");
    same(b"", &["truncate", "--size", "5"], "truncate -s 5 \"$1\"");
    same(b"", &["truncate", "--size", "0"], "true");
    same(b"abc", &["truncate", "--size", "0"], "truncate -s 0 \"$1\"");
}

#[test]
fn text_and_hex_are_any_bytes() {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", "0123456789");
    let name = file.to_str().unwrap();
    runner(["overwrite", name, "--at", "0x2", "--hex", "ff 00", "--expect-text", "23"]).ok();
    assert_eq!(fs::read(&file).unwrap(), b"01\xff\x00456789");
    runner(["append", name, "--text", r#"-"a b"\xfe\n"#, "--expect-hex", "3839"]).ok();
    assert_eq!(fs::read(&file).unwrap(), b"01\xff\x00456789-\"a b\"\xfe\n");
    runner(["truncate", name, "--size", "-8", "--expect-text", "-\\\""]).ok();
    assert_eq!(fs::read(&file).unwrap(), b"01\xff\x00456789");
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let scratch = Scratch::new();
    let content = log_lines(3 << 20, "\n");
    let size = content.len();
    let file = scratch.write("file", &content);
    let name = file.to_str().unwrap();
    let last = (size - 1).to_string();
    let before = scratch.snapshot();
    for (words, code, what) in [
        (
            &["overwrite", name, "--at", "2M", "--text", "x", "--expect-hex", "00"][..],
            3,
            "expects the byte 00",
        ),
        (&["append", name, "--text", "x", "--expect-text", "x\\n"], 3, "expects the byte"),
        (&["truncate", name, "--size", "2M", "--expect-hex", "00"], 3, "expects the byte 00"),
        (&["overwrite", name, "--at", &last, "--text", "xy"], 3, "overwriting does not make a file longer"),
        (&["overwrite", name, "--at", "1T", "--text", "x"], 3, "but the file has"),
        (&["overwrite", name, "--at", "1 hex=00", "--text", "x"], 2, "`at`: it must be a number of bytes"),
        (&["overwrite", name, "--at", "1", "--hex", "0"], 2, "two digits for each byte"),
        (&["overwrite", name, "--at", "1", "--text", ""], 2, "has no bytes"),
        (&["overwrite", name, "--at", "1", "--from", "/nowhere/file"], 2, "/nowhere/file"),
        (&["truncate", name, "--size", "1G"], 3, "at most 16777216 can be added"),
    ] {
        let ran = runner(words);
        assert_eq!(ran.code, code, "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{words:?}: {}", ran.stderr);
    }
    assert_eq!(before, scratch.snapshot());
    for words in [
        &["overwrite", name, "--text", "x"][..],
        &["overwrite", name, "--at", "1"],
        &["append", name, "--text", "x", "--hex", "00"],
        &["append", name, "--hex", "00", "--expect-hex", "00", "--expect-text", "x"],
        &["truncate", name],
    ] {
        runner(words).fails_to_parse();
    }
    let ran = runner(["overwrite", name, "--at", "2M", "--text", "x", "--dry-run", "--json"]).ok();
    assert!(ran.text().contains(r#""event":"would-apply""#), "{}", ran.text());
    assert_eq!(before, scratch.snapshot());
}

/// The edits do not depend on windows, blocks and threads: one patch.
#[test]
fn one_patch_however_the_file_is_cut() {
    let scratch = Scratch::in_memory();
    let content = log_lines(5 << 20, "\n");
    let file = scratch.write("file", &content);
    let new = scratch.write("new", vec![b'#'; 3 << 20]);
    let data = format!("data=@{}", new.display());
    let ops = scratch.write(
        "ops",
        "# all over the file\noverwrite at=100000 data\ninsert at=end text=end\ndelete at=4M length=200K\n",
    );
    let ops = format!("ops=@{}", ops.display());
    let mut roots = Vec::new();
    for (index, more) in
        [&["-j", "1"][..], &["-j", "2", "--window", "64K"], &["-j", "2", "--window", "8M"]].iter().enumerate()
    {
        let patch = scratch.path(&format!("patch-{index}"));
        let [file, patch] = [&file, &patch].map(|path| path.to_str().unwrap());
        let ran =
            runner(["plan", "bytes", file, "-o", patch, "--set", &ops, "--set", &data].iter().chain(*more))
                .ok();
        assert!(
            ran.stderr.contains("3 145 728 overwritten-bytes") || ran.stderr.contains("overwritten-bytes"),
            "{}",
            ran.stderr
        );
        roots.push(fs::read(patch).unwrap());
    }
    assert!(roots.iter().all(|patch| *patch == roots[0]));
    let [file_name, patch] = [&file, &scratch.path("patch-0")].map(|path| path.to_str().unwrap().to_owned());
    runner(["patch", &patch, &file_name]).ok();
    let mut expected = content.clone();
    expected[100_000..100_000 + (3 << 20)].fill(b'#');
    expected.extend_from_slice(b"end");
    expected.drain(4 << 20..(4 << 20) + (200 << 10));
    assert!(fs::read(&file).unwrap() == expected);
}

#[test]
fn a_stream_is_changed_by_offsets_from_its_start() {
    let content = log_lines(3 << 20, "\n");
    let mut expected = content.clone();
    expected[2 << 20..(2 << 20) + 2].copy_from_slice(b"##");
    expected.extend_from_slice(b"end");
    let ops = ["--set", "op=overwrite at=2M text=##", "--set", "op=append text=end"];
    let ran = pipe(&[&["pipe", "bytes"], &ops[..]].concat(), &content).ok();
    assert!(ran.stdout == expected);
    assert_eq!(pipe(&["pipe", "bytes", "--set", "op=append text=a"], b"").ok().stdout, b"a");
    let ran = pipe(&["pipe", "bytes", "--set", "op=overwrite at=-1 text=#"], &content);
    assert!(ran.code != 0 && ran.stderr.contains("use a file"), "{}", ran.stderr);
    pipe(&["pipe", "bytes", "--set", "op=overwrite at=4G text=#"], &content).fails(3, "but the stream has");
}
