//! What reaches a terminal, a log or a program: nothing raw, nothing secret,
//! nothing hidden, and the reason for what went wrong.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runner_tests::{Ran, Scratch, has, is_root, skip};
use serde_json::Value;

use super::arguments::{REPLACE, os, run_in};

/// What a terminal obeys or is deceived by: nothing of it may be shown.
const ODD: &[u8] = b"x\x1b]0;owned\x07\n0123  forged\r\xc2\x9b2J\xe2\x80\xae\xff y";
/// The same as it is shown.
const SHOWN: &str = "x\\u{1b}]0;owned\\u{7}\\n0123  forged\\r\\u{9b}2J\\u{202e}\\xff y";

fn odd() -> &'static OsStr {
    OsStr::from_bytes(ODD)
}

/// Nothing that a terminal would obey, or that is not UTF-8 (`Ran` sees to
/// that), on either stream; and the name, if it is there, is escaped.
#[track_caller]
pub(crate) fn harmless(ran: &Ran) {
    let out = String::from_utf8(ran.stdout.clone()).unwrap();
    for text in [&ran.stderr, &out] {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
        assert!(!text.contains('\u{fffd}'), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("0123")), "{text:?}");
    }
}

#[test]
fn names_are_escaped_wherever_they_are_shown() {
    let scratch = Scratch::new();
    let dir = scratch.dir();
    fs::write(dir.join(odd()), "foo\n").unwrap();
    let replace = |more: &[&'static str]| [os(&REPLACE), vec![odd()], os(more)].concat();
    let mut patch = odd().to_owned();
    patch.push(".patch");
    let patch = patch.as_os_str();
    let with_patch = |command: &'static str| [os(&[command]), vec![patch, odd()]].concat();
    let plan = [os(&["plan"]), os(&REPLACE[1..]), vec![odd(), OsStr::new("-o"), patch]].concat();
    for (args, code, name) in [
        (replace(&["--dry-run"]), 0, "file "),
        (replace(&["--check"]), 1, ""),
        (plan, 0, ""),
        ([os(&["show"]), vec![patch]].concat(), 0, "file "),
        ([os(&["show"]), vec![patch, odd()]].concat(), 0, "file "),
        (with_patch("undo"), 5, "error: "),
        (with_patch("patch"), 0, ""),
        (with_patch("patch"), 5, "error: "),
        (with_patch("undo"), 0, ""),
        (replace(&[]), 0, ""),
        (replace(&["--backup", ".runner-new"]), 0, ""),
        ([os(&["recover"]), vec![odd()]].concat(), 0, ""),
        ([os(&["verify", "--root", &"0".repeat(64)]), vec![odd()]].concat(), 5, "error: "),
        ([os(&REPLACE), vec![patch, OsStr::new("-o"), dir.as_os_str()]].concat(), 2, "error: "),
        (
            [os(&["apply"]), vec![OsStr::from_bytes(b"./\x1b[2J.wasm"), odd()]].concat(),
            2,
            "cannot open plugin",
        ),
        ([os(&REPLACE), vec![OsStr::from_bytes(b"--\r\xe2\x80\xaefile"), odd()]].concat(), 2, "unexpected"),
        (
            [os(&["apply", "replace", "--set"]), vec![OsStr::from_bytes(b"f\x1b[2J=x"), odd()]].concat(),
            2,
            "no parameter",
        ),
    ] {
        let ran = run_in(dir, &args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        harmless(&ran);
        let all = ran.stderr.clone() + &ran.text();
        assert!(all.contains(name), "{args:?}: {all}");
        if !args.contains(&OsStr::from_bytes(b"--\r\xe2\x80\xaefile"))
            && name != "no parameter"
            && !name.contains("plugin")
            && code != 2
        {
            assert!(all.contains(SHOWN), "{args:?}: {all}");
        }
    }
}

#[test]
fn names_in_json_are_whole_and_harmless() {
    let scratch = Scratch::new();
    fs::write(scratch.path("").join(odd()), "foo\n").unwrap();
    let missing = OsStr::from_bytes(b"missing\xfe");
    let ran = run_in(scratch.dir(), &[os(&REPLACE), vec![odd(), missing, OsStr::new("--json")]].concat());
    assert_eq!(ran.code, 2);
    harmless(&ran);
    let events: Vec<Value> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let hex: String = ODD.iter().map(|byte| format!("{byte:02x}")).collect();
    let applied = events.iter().find(|event| event["event"] == "applied").unwrap();
    assert_eq!((&applied["file"], &applied["file_hex"]), (&SHOWN.into(), &hex.into()));
    let error = events.iter().find(|event| event["event"] == "error").unwrap();
    let text = error["error"].as_str().unwrap();
    assert!(text.starts_with("cannot open ") && text.ends_with("missing\\xfe"), "{text}");
}

#[test]
fn checksum_lines_are_read_back_by_others() {
    let scratch = Scratch::new();
    for name in ["plain", "two words", "a\nb", "back\\slash", "c\rd", "\x1b[2J", "\\n"] {
        fs::write(scratch.path(name), name).unwrap();
        let line = run_in(scratch.dir(), &os(&["verify", name])).ok().text();
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        // The same form as coreutils', whose sums are others.
        if has("sha256sum") {
            let theirs = Command::new("sha256sum").arg(name).current_dir(scratch.dir()).output().unwrap();
            let theirs = String::from_utf8(theirs.stdout).unwrap();
            assert_eq!(line.starts_with('\\'), theirs.starts_with('\\'), "{theirs:?}");
            let name_of = |line: &str| line.split_once("  ").unwrap().1.to_owned();
            assert_eq!(name_of(&line), name_of(&theirs));
        }
    }
    // Names that are not UTF-8 are what they are, as with coreutils.
    let name = OsString::from_vec(b"n\xff".to_vec());
    fs::write(scratch.dir().join(&name), "").unwrap();
    let ran = run_in(scratch.dir(), &[OsStr::new("verify"), &name]).ok();
    assert!(ran.stdout.ends_with(b"  n\xff\n"));
}

/// Runs with a terminal for standard output, and returns what it shows.
fn on_a_terminal(dir: &Path, args: &[&OsStr]) -> Option<String> {
    if !has("script") {
        skip("`script` makes the terminal");
        return None;
    }
    let quoted: Vec<_> = args.iter().map(|arg| format!("$'{}'", octal(arg))).collect();
    let line = format!("{} {} 2>&1", runner_tests::binary(), quoted.join(" "));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/bash").current_dir(dir);
    script.env("RUNNER_CACHE_DIR", Path::new(runner_tests::temporary_dir()).join("code-cache"));
    let output = script.stdin(Stdio::null()).output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"))
}

fn octal(text: &OsStr) -> String {
    text.as_bytes().iter().map(|byte| format!("\\{byte:03o}")).collect()
}

#[test]
fn data_on_a_terminal_is_escaped() {
    let scratch = Scratch::new();
    fs::write(scratch.dir().join(odd()), "foo \x1b[2J\n").unwrap();
    for args in [
        [os(&["verify"]), vec![odd()]].concat(),
        [os(&REPLACE), vec![odd(), OsStr::new("--dry-run"), OsStr::new("--diff")]].concat(),
    ] {
        let Some(text) = on_a_terminal(scratch.dir(), &args) else { return };
        // The bar of the progress is the program's own, and is cleared first.
        let text = text.rsplit_once("\x1b[2K").map_or(text.as_str(), |(_, rest)| rest);
        assert!(text.contains("owned"), "{text:?}");
        assert!(
            !text.contains("\x1b]0;") && !text.contains("\x1b[2J") && !text.contains('\u{202e}'),
            "{text:?}"
        );
        assert!(!text.contains("\n0123"), "{text:?}");
    }
}

#[test]
fn a_crash_leaves_no_image() {
    let scratch = Scratch::new();
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = place.path().join("runner");
    runner_tests::copy_binary(&program);
    let mut child = Command::new(program);
    child.args(["pipe", "replace", "--set", "find=a", "--set", "with=b"]).stdin(Stdio::piped());
    child.env_remove("HOME").env("RUNNER_CACHE_DIR", scratch.path("none"));
    if is_root() {
        // Whose own files these are, unless they are root's for safety's sake.
        child.uid(65534).gid(65534);
    }
    let mut child = child.stdout(Stdio::null()).spawn().unwrap();
    let proc = PathBuf::from(format!("/proc/{}", child.id()));
    let bound = || {
        let limits = fs::read_to_string(proc.join("limits")).unwrap_or_default();
        limits.lines().any(|line| {
            let mut words = line.split_whitespace();
            line.starts_with("Max core file size") && words.nth(4) == Some("0") && words.next() == Some("0")
        })
    };
    let hidden = || fs::metadata(proc.join("fd")).is_ok_and(|meta| meta.uid() == 0);
    // It says so in its own time.
    let bound = (0..1000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        bound() && hidden()
    });
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(bound, "the core limit is 0, and the process is not dumpable");
}
