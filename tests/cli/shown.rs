//! What reaches a terminal, a log or a program: nothing raw, nothing secret,
//! nothing hidden, and the reason for what went wrong.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runner_tests::mount::unmount;
use runner_tests::{Ran, Random, Scratch, command, has, is_root, runner, skip};
use serde_json::Value;

const REPLACE: [&str; 6] = ["apply", "replace", "--set", "find=foo", "--set", "with=barbar"];

/// What a terminal obeys or is deceived by: nothing of it may be shown.
const ODD: &[u8] = b"x\x1b]0;owned\x07\n0123  forged\r\xc2\x9b2J\xe2\x80\xae\xff y";
/// The same as it is shown.
const SHOWN: &str = "x\\u{1b}]0;owned\\u{7}\\n0123  forged\\r\\u{9b}2J\\u{202e}\\xff y";

fn odd() -> &'static OsStr {
    OsStr::from_bytes(ODD)
}

/// Runs in a directory, so that messages hold the names alone.
fn run_in(dir: &Path, args: &[&OsStr]) -> Ran {
    Ran::of(command().current_dir(dir).args(args).output().unwrap())
}

fn os<'a>(args: &[&'a str]) -> Vec<&'a OsStr> {
    args.iter().map(|arg| OsStr::new(*arg)).collect()
}

/// Nothing that a terminal would obey, or that is not UTF-8 (`Ran` sees to
/// that), on either stream; and the name, if it is there, is escaped.
#[track_caller]
fn harmless(ran: &Ran) {
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

#[test]
fn what_a_file_of_parameters_holds_is_not_told() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "bob@example.com foo\n");
    let params = scratch.path("p.toml");
    let secret = "TOPSECRET";
    let silent = |ran: &Ran| {
        let all = ran.text() + &ran.stderr;
        assert!(!all.contains(secret), "{all}");
    };
    for (content, args) in [
        ("style = \"hash\"\nkey = TOPSECRET\n", ["redact", "--check"]),
        ("TOPSECRET = \"hash\"\n", ["redact", "--check"]),
        ("find = 'foo'\nregex = 'TOPSECRET'\n", ["replace", "--check"]),
        ("find = '(TOPSECRET'\nregex = true\nwith = ''\n", ["replace", "--check"]),
        ("find = ['TOPSECRET']\n", ["replace", "--check"]),
    ] {
        fs::write(&params, content).unwrap();
        for json in [&[][..], &["--json"]] {
            let args = [os(&["apply"]), os(&args), os(json), vec![OsStr::new("--params")]].concat();
            let ran = runner(args.into_iter().chain([params.as_os_str(), file.as_os_str()]));
            assert_eq!(ran.code, 2, "{content}: {}", ran.stderr);
            silent(&ran);
        }
    }
    // Nor is it stored: text from a file is secret, numbers and switches not.
    fs::write(&params, "find = 'foo'\nwith = 'TOPSECRET'\nignore-case = true\n").unwrap();
    let patch = scratch.path("patch");
    let plan = os(&["plan", "replace", "-o"]);
    let plan = [plan, vec![patch.as_os_str(), file.as_os_str(), OsStr::new("--params"), params.as_os_str()]];
    silent(&runner(plan.concat()).ok());
    let json = runner!["show", &patch, "--format", "json"].ok().text();
    let head: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let params: Vec<(String, Option<String>)> =
        serde_json::from_value(head["header"]["params"].clone()).unwrap();
    let value = |name: &str| params.iter().find(|(n, _)| n == name).unwrap().1.clone();
    assert_eq!((value("find"), value("with")), (None, None));
    assert_eq!(value("ignore-case").as_deref(), Some("true"));
    assert!(runner!["show", &patch].ok().text().contains("  with = (secret)\n"));
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
fn each_parameter_is_set_once() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a b\n");
    let args =
        ["apply", "replace", "--set", "find=a", "--set", "with=1", "--set", "find=b", "--set", "with=2"];
    let before = scratch.snapshot();
    runner(args.iter().map(OsStr::new).chain([file.as_os_str()])).fails(2, "parameter `find` is set twice");
    assert_eq!(before, scratch.snapshot());
}

#[test]
fn a_fault_of_the_parameters_is_told_once_and_points_at_its_place() {
    let scratch = Scratch::new();
    let files: Vec<_> = (0..40).map(|i| scratch.write(&format!("f{i}"), format!("line {i}\n"))).collect();
    let bad = ["apply", "replace", "--set", "find=a(b", "--set", "with=", "--set", "regex=true"];
    let args: Vec<_> = bad.iter().map(OsStr::new).chain(files.iter().map(|f| f.as_os_str())).collect();
    let ran = runner(&args).fails_with_lines(2);
    assert_eq!(ran.stderr.matches("error: plugin").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("\n    |     a(b\n    |      ^\n    | error: unclosed group\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with("the same error for 39 other files\n"), "{}", ran.stderr);
    // The same for one file, an empty one, a plan and a pipe.
    runner(bad.iter().map(OsStr::new).chain([files[0].as_os_str()])).fails_with_lines(2);
    let empty = scratch.write("empty", "");
    runner(bad.iter().map(OsStr::new).chain([empty.as_os_str()])).fails_with_lines(2);
    let pipe = [&["pipe"], &bad[1..]].concat();
    assert_eq!(runner_tests::pipe(&pipe, b"a\n").code, 2);
    let json = runner(args.iter().copied().chain([OsStr::new("--json")]));
    let event: Value = serde_json::from_str(json.text().lines().next().unwrap()).unwrap();
    assert!(event["error"].as_str().unwrap().contains("\n    a(b\n     ^\n"), "{event}");
    // What only this file's content is the reason of is the plugin's failure.
    let quotes = scratch.write("quotes.csv", "a,b\n1,\"2\n");
    let ran = runner!["apply", "csv", "--set", "column=b", "--set", "value=x", &quotes];
    assert!([2, 3].contains(&ran.code), "{}", ran.stderr);
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

#[test]
fn what_is_no_file_points_at_pipe() {
    let scratch = Scratch::new();
    for name in ["-", "/dev/stdin"] {
        let ran = run_in(scratch.dir(), &[os(&REPLACE), os(&[name])].concat());
        ran.fails(2, "hint: use `runner pipe` for standard input");
    }
    let fifo = scratch.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    run_in(scratch.dir(), &[os(&REPLACE), os(&["fifo"])].concat())
        .fails(2, "hint: use `runner pipe` for streams");
    for command in ["verify", "recover"] {
        runner![command, &fifo].fails(2, "fifo is a FIFO; only files and block devices can be worked on");
        runner![command, scratch.dir()]
            .fails(2, "is a directory; only files and block devices can be worked on");
    }
    // A file of that name is one.
    fs::write(scratch.path("-"), "foo\n").unwrap();
    run_in(scratch.dir(), &[os(&REPLACE), os(&["./-"])].concat()).ok();
    // What is no plugin is named.
    scratch.write("no.wasm", "no");
    run_in(scratch.dir(), &os(&["apply", "./no.wasm", "-"])).fails(3, "cannot load the plugin ./no.wasm");
}

/// A file attribute, until it is dropped.
struct Attribute(PathBuf, &'static str);

impl Attribute {
    fn set(path: &Path, letter: &'static str) -> Option<Self> {
        if !is_root() || !has("chattr") {
            skip("only root can set attributes, with chattr");
            return None;
        }
        let set = Command::new("chattr").arg(format!("+{letter}")).arg(path).status().unwrap();
        if !set.success() {
            skip("this filesystem has no attributes");
            return None;
        }
        Some(Self(path.to_owned(), letter))
    }
}

impl Drop for Attribute {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg(format!("-{}", self.1)).arg(&self.0).status();
    }
}

#[test]
fn a_protected_file_gets_its_reason() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo\n");
    for (letter, what) in [("i", "is immutable; `chattr -i "), ("a", "is append-only; `chattr -a ")] {
        let Some(_attribute) = Attribute::set(&file, letter) else { return };
        runner(REPLACE.iter().map(OsStr::new).chain([file.as_os_str()])).fails(2, what);
    }
    let dir = scratch.path("dir");
    fs::create_dir(&dir).unwrap();
    let inside = dir.join("f");
    fs::write(&inside, "foo\n").unwrap();
    let Some(_attribute) = Attribute::set(&dir, "i") else { return };
    runner(REPLACE.iter().map(OsStr::new).chain([inside.as_os_str()])).fails(2, "the directory ");
}

/// A file that is mounted on another, until it is dropped.
struct Bound(PathBuf);

impl Bound {
    fn new(from: &Path, on: &Path) -> Option<Self> {
        if !is_root() {
            skip("only root can mount");
            return None;
        }
        let bound = Command::new("mount").arg("--bind").arg(from).arg(on).status().unwrap();
        if !bound.success() {
            skip("nothing can be mounted here");
            return None;
        }
        Some(Self(on.to_owned()))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

#[test]
fn a_mounted_file_is_written_in_place() {
    let scratch = Scratch::new();
    let (from, on) = (scratch.write("from", "foo\n"), scratch.write("on", ""));
    let other = scratch.write("other", "foo\n");
    let Some(_bound) = Bound::new(&from, &on) else { return };
    let before = scratch.snapshot();
    let args = REPLACE.iter().map(OsStr::new).chain([on.as_os_str()]);
    runner(args.clone().chain(os(&["--strategy", "rewrite"])))
        .fails(4, "on is a mount point")
        .says("hint: `--strategy in-place`");
    let to = REPLACE.iter().map(OsStr::new).chain([other.as_os_str(), OsStr::new("-o"), on.as_os_str()]);
    runner(to).fails(4, "on is a mount point");
    assert_eq!(before, scratch.snapshot());
    runner(args).ok().says("in place, with a new tail");
    assert_eq!(fs::read(&from).unwrap(), b"barbar\n");
}

#[test]
fn a_backup_stands_beside_the_file_itself() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo\n");
    for (index, link) in
        [scratch.path("link"), PathBuf::from("/dev/shm").join(format!("runner-{}", std::process::id()))]
            .into_iter()
            .enumerate()
    {
        if symlink(&file, &link).is_err() {
            skip("there is no other filesystem here");
            continue;
        }
        fs::write(&file, "foo\n").unwrap();
        let suffix = format!(".bak{index}");
        let args =
            [os(&REPLACE), vec![link.as_os_str(), OsStr::new("--backup"), OsStr::new(&suffix)]].concat();
        let ran = runner(args);
        fs::remove_file(&link).unwrap();
        ran.ok();
        assert_eq!(fs::read(scratch.path(&format!("f{suffix}"))).unwrap(), b"foo\n");
        assert_eq!(fs::read(&file).unwrap(), b"barbar\n");
    }
}

#[test]
fn privileges_do_not_pass_to_new_content() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a foo\n");
    let patch = scratch.path("patch");
    let plan = [os(&["plan"]), os(&REPLACE[1..])].concat();
    runner(plan.into_iter().chain([file.as_os_str(), OsStr::new("-o"), patch.as_os_str()])).ok();
    let source = scratch.write("source", "a foo\n");
    let mode = |mode| fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    let capable = is_root() && has("setcap");
    if !capable {
        skip("file capabilities are root's to give, with setcap");
    }
    for (bits, what) in [
        (0o4755, "has the set-user-id bit, which"),
        (0o2755, "has the set-group-id bit, which"),
        (0o6755, "has the set-user-id bit and the set-group-id bit, which"),
        (0o755, "has file capabilities, which"),
    ] {
        mode(bits);
        if bits == 0o755 {
            if !capable {
                continue;
            }
            let status = Command::new("setcap").arg("cap_net_raw+ep").arg(&file).status().unwrap();
            assert!(status.success());
        }
        let before = scratch.snapshot();
        let same = ["apply", "replace", "--set", "find=foo", "--set", "with=bar"];
        let strategies: [&[&str]; 4] =
            [&[], &["--strategy", "in-place"], &["--strategy", "rewrite"], &["--dry-run"]];
        for args in
            [&REPLACE, &same].iter().flat_map(|apply| strategies.map(|strategy| [*apply, strategy].concat()))
        {
            runner(os(&args).into_iter().chain([file.as_os_str()])).fails(4, what);
        }
        runner(os(&REPLACE).into_iter().chain([source.as_os_str(), OsStr::new("-o"), file.as_os_str()]))
            .fails(4, what)
            .says("hint: nothing was written; if you trust the new content");
        runner!["patch", &patch, &file].fails(4, what);
        assert_eq!(before, scratch.snapshot(), "{bits:o}");
        // Nothing to change is nothing to refuse, and a new file has none.
        runner!["apply", "replace", "--set", "find=zz", "--set", "with=", &file].ok();
        let out = scratch.path("out");
        runner(os(&REPLACE).into_iter().chain([file.as_os_str(), OsStr::new("-o"), out.as_os_str()])).ok();
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o7000, 0);
        fs::remove_file(&out).unwrap();
        // With consent, and only with it, there and back.
        runner!["patch", &patch, &file, "--keep-privileges"].ok();
        if fs::metadata(&file).unwrap().permissions().mode() & 0o7777 == bits {
            runner!["undo", &patch, &file].fails(4, what);
        }
        runner!["undo", &patch, &file, "--keep-privileges"].ok();
    }
    // A set-group-id bit of a file that the group cannot run is none.
    fs::remove_file(&file).unwrap();
    fs::write(&file, "a foo\n").unwrap();
    mode(0o2644);
    runner(os(&REPLACE).into_iter().chain([file.as_os_str()])).ok();
}

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
