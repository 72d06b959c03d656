//! `--decompress` and `--encoding`: the same as other programs in a pipeline.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use runner_tests::peak::measured;
use runner_tests::{Scratch, has, runner, skip};

/// The programs of the formats.
const PROGRAMS: [&str; 4] = ["gzip", "zstd", "xz", "bzip2"];

/// What a program makes of an input.
#[track_caller]
fn filtered(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{program} {args:?}: {}", output.status);
    output.stdout
}

fn compressed(program: &str, content: &[u8]) -> Vec<u8> {
    filtered(program, &["-c"], content)
}

fn decompressed(program: &str, path: &Path) -> Vec<u8> {
    filtered(program, &["-dc"], &fs::read(path).unwrap())
}

fn installed() -> impl Iterator<Item = &'static str> {
    PROGRAMS.into_iter().filter(|program| {
        let is_there = has(program);
        if !is_there {
            skip(&format!("{program} is not installed"));
        }
        is_there
    })
}

const REPLACE: [&str; 5] = ["replace", "--set", "find=example.com", "--set", "with=example.org!"];

#[test]
fn a_compressed_file_is_what_sed_makes_of_its_content() {
    let content = runner_tests::log_lines(300_000, "\n");
    let expected = filtered("sed", &["s/example\\.com/example.org!/g"], &content);
    for program in installed() {
        let scratch = Scratch::in_memory();
        let before = compressed(program, &content);
        let file = scratch.write("file", &before);
        let (path, undo) = (file.to_str().unwrap(), scratch.path("undo"));
        let undo = undo.to_str().unwrap();
        let with =
            |command: &str, more: &[&str]| runner([&[command], &REPLACE[..], &["-z", path], more].concat());
        // Looking.
        with("apply", &["--dry-run"]).ok();
        assert_eq!(with("apply", &["--check"]).code, 1);
        assert!(fs::read(&file).unwrap() == before);
        // Elsewhere.
        let out = scratch.path("out");
        with("apply", &["-o", out.to_str().unwrap()]).ok();
        assert!(decompressed(program, &out) == expected, "{program}");
        // A patch.
        let patch = scratch.path("patch");
        let patch = patch.to_str().unwrap();
        with("plan", &["-o", patch]).ok();
        let shown = runner!["show", patch].ok().text();
        assert!(shown.contains(&format!("converts  decompress = {program}")), "{shown}");
        runner!["patch", patch, path].ok();
        assert!(decompressed(program, &file) == expected, "{program}");
        fs::write(&file, &before).unwrap();
        // In place, and back.
        with("apply", &["--undo", undo, "--backup", ".old"]).ok();
        assert!(decompressed(program, &file) == expected, "{program}");
        assert!(fs::read(scratch.path("file.old")).unwrap() == before);
        runner!["undo", undo, path].ok();
        assert!(fs::read(&file).unwrap() == before, "{program}");
        // A stream.
        let args = [&["pipe"], &REPLACE[..], &["-z"]].concat();
        let piped = scratch.write("piped", runner_tests::pipe(&args, &before).ok().stdout);
        assert!(decompressed(program, &piped) == expected, "{program}");
    }
}

#[test]
fn a_compressed_file_without_edits_stays() {
    let content = runner_tests::log_lines(100_000, "\n");
    for program in installed() {
        let scratch = Scratch::in_memory();
        let file = scratch.write("file", compressed(program, &content));
        let before = scratch.snapshot();
        let args = ["replace", "--set", "find=nowhere", "--set", "with=x", "-z"];
        runner([&["apply"], &args[..], &[file.to_str().unwrap()]].concat()).ok();
        assert_eq!(runner([&["apply"], &args[..], &[file.to_str().unwrap(), "--check"]].concat()).code, 0);
        assert_eq!(scratch.snapshot(), before, "{program}");
    }
}

#[test]
fn damaged_and_foreign_files_stay() {
    let content = runner_tests::log_lines(100_000, "\n");
    for program in installed() {
        let scratch = Scratch::in_memory();
        let whole = compressed(program, &content);
        let file = scratch.write("file", &whole[..whole.len() - 5]);
        let before = scratch.snapshot();
        let args = [&["apply"], &REPLACE[..], &["-z", file.to_str().unwrap()]].concat();
        runner(args).fails(2, &format!("cannot decompress: the {program} data ends early, at offset"));
        assert_eq!(scratch.snapshot(), before);
    }
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", "example.com\n");
    let args = [&["apply"], &REPLACE[..], &["-z", file.to_str().unwrap()]].concat();
    runner(args).fails(4, "this is not compressed with gzip, zstd, xz or bzip2");
    let args = [&["apply"], &REPLACE[..], &["-z", "--resume", file.to_str().unwrap()]].concat();
    runner(args).fails_to_parse();
}

#[test]
fn encodings_are_what_iconv_and_sed_make() {
    if !has("iconv") {
        return skip("iconv is not installed");
    }
    let text: String =
        (0..9000).map(|n| format!("{n}\tGr\u{fc}\u{df}e an Zo\u{eb}, Nr. {n} \u{e9}t\u{e9}\r\n")).collect();
    let wide = |mark: &str| format!("{mark}{text}\u{1f600}\n");
    let cases = [
        ("utf-16le", "UTF-16LE", wide("")),
        ("utf-16be", "UTF-16BE", wide("")),
        ("utf-16", "UTF-16LE", wide("\u{feff}")),
        ("utf-16", "UTF-16BE", wide("\u{feff}")),
        ("windows-1252", "WINDOWS-1252", format!("\u{20ac}{text}")),
        ("latin1", "ISO-8859-1", text.clone()),
    ];
    for (label, name, text) in cases {
        let before = filtered("iconv", &["-f", "UTF-8", "-t", name], text.as_bytes());
        let edited = filtered("sed", &["s/Zo\u{eb}/\u{c5}sa/g"], text.as_bytes());
        let expected = filtered("iconv", &["-f", "UTF-8", "-t", name], &edited);
        let scratch = Scratch::in_memory();
        let file = scratch.write("file", &before);
        let replace = ["replace", "--set", "find=Zo\u{eb}", "--set", "with=\u{c5}sa", "--encoding", label];
        let args = [&["pipe"], &replace[..]].concat();
        assert!(runner_tests::pipe(&args, &before).ok().stdout == expected, "{label}, {name}");
        let undo = scratch.path("undo");
        let args = [&["apply"], &replace[..], &["--undo", undo.to_str().unwrap(), file.to_str().unwrap()]];
        runner(args.concat()).ok();
        assert!(fs::read(&file).unwrap() == expected, "{label}, {name}");
        runner!["undo", &undo, &file].ok();
        assert!(fs::read(&file).unwrap() == before, "{label}, {name}");
    }
}

#[test]
fn an_edit_that_an_encoding_cannot_hold_says_where() {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", b"\xfc\nZo\xeb\n");
    let before = scratch.snapshot();
    let args =
        ["apply", "replace", "--set", "find=Zo\u{eb}", "--set", "with=\u{2192}", "--encoding", "cp1252"];
    let ran = runner([&args[..], &[file.to_str().unwrap()]].concat());
    ran.fails(4, "windows-1252 has no character '\u{2192}' (U+2192) at line 2, offset 2");
    assert_eq!(scratch.snapshot(), before);
    runner!["apply", "newline", "--encoding", "shift_jis", &file].fails_to_parse();
}

/// 200 MB of content in a file of some hundred KB.
#[test]
fn a_large_content_needs_little_memory() {
    let scratch = Scratch::new();
    let line = runner_tests::log_lines(1 << 20, "\n");
    let mut gzip =
        Command::new("gzip").arg("-1c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || (0..200).for_each(|_| stdin.write_all(&line).unwrap()));
        gzip.wait_with_output().unwrap()
    });
    let file = scratch.write("file", output.stdout);
    let mut command = runner_tests::command();
    command.arg("apply").args(REPLACE).args(["-z", "--memory-total", "100M", "--memory", "20M"]).arg(&file);
    let (ran, peak) = measured(command);
    ran.ok();
    eprintln!("counted: {} MiB at the peak", peak >> 20);
    assert!(peak < (100 + 64) << 20, "{peak} bytes");
}
