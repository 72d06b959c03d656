//! A file has several names, a name holds what a shell would obey, and what a
//! killed run has left has names of its own: every way leads out.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;

use common::{Ran, Scratch, command, has, kill, log_lines, names, program, skip, stop};

const OPTIONS: [&str; 4] = ["--set", "find=user", "--set", "with=USER"];

fn apply(file: &Path, options: &[&str]) -> Ran {
    Ran::of(command().args(["apply", "replace"]).args(OPTIONS).args(options).arg(file).output().unwrap())
}

fn recover(file: &Path, options: &[&str]) -> Ran {
    Ran::of(command().arg("recover").args(options).arg(file).output().unwrap())
}

fn changed(old: &[u8]) -> Vec<u8> {
    String::from_utf8(old.to_vec()).unwrap().replace("user", "USER").into_bytes()
}

/// A run that is killed in its `nth` call of this kind.
fn killed(call: &str, nth: u32, arguments: &[&OsStr]) {
    let status = kill::at((call, nth), None)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "it was not killed at {call} {nth}");
}

/// A journal stands beside one name; who comes by another one must not work on
/// what is half changed.
#[test]
fn a_journal_counts_for_every_name() {
    if !has("strace") {
        return skip("strace is missing");
    }
    for rollback in [false, true] {
        let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
        let old = log_lines(300_000, "\n");
        let file = scratch.write("file", &old);
        let link = elsewhere.path("link");
        fs::hard_link(&file, &link).unwrap();
        kill::at_first_write(&file, &OPTIONS);
        let before = (scratch.snapshot(), elsewhere.snapshot());
        let what = "did not end: by the name";
        let hint = format!("`runner recover {}`", file.display());
        apply(&link, &[]).fails(6, what).says(&hint);
        apply(&link, &["--check"]).fails(6, what);
        recover(&link, &[]).fails(6, what).says(&hint);
        runner!["verify", &link].fails(6, what);
        runner!["plan", "replace", "--set", "find=a", "--set", "with=b", &link, "-o", &scratch.path("p")]
            .fails(6, what);
        assert_eq!(before, (scratch.snapshot(), elsewhere.snapshot()));
        recover(&file, if rollback { &["--rollback"] } else { &[] }).ok();
        let whole = if rollback { old } else { changed(&old) };
        assert!(fs::read(&link).unwrap() == whole);
        runner!["verify", &link].ok();
        apply(&link, &["--set", "ignore-case=true"]).ok();
        assert_eq!(names(elsewhere.dir()), ["link"]);
    }
}

/// Nothing is kept of runs that have come to their end.
#[test]
fn a_run_that_has_ended_is_in_nobodys_way() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    fs::hard_link(&file, scratch.path("link")).unwrap();
    let state = scratch.path("state");
    let run = |path: &Path| {
        let mut command = command();
        command.args(["apply", "replace"]).args(OPTIONS).arg(path).env("RUNNER_STATE_DIR", &state);
        Ran::of(command.output().unwrap())
    };
    run(&file).ok();
    assert_eq!(names(&state), ["journal-key"]);
    // A note whose journal is gone does not count.
    fs::write(&file, "a user\n").unwrap();
    run(&scratch.path("link")).ok();
    assert_eq!(fs::read(&file).unwrap(), b"a USER\n");
}

/// A note whose journal is gone, with its directory, is in nobody's way; one
/// whose journal cannot be looked at is.
#[test]
fn a_note_counts_unless_its_journal_is_gone() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
    let directory = scratch.path("directory");
    fs::create_dir(&directory).unwrap();
    let (file, link) = (directory.join("file"), elsewhere.path("link"));
    fs::write(&file, log_lines(300_000, "\n")).unwrap();
    fs::hard_link(&file, &link).unwrap();
    kill::at_first_write(&file, &OPTIONS);
    let moved = scratch.path("moved");
    fs::rename(&directory, &moved).unwrap();
    std::os::unix::fs::symlink(&directory, &directory).unwrap();
    runner!["verify", &link].fails(2, "cannot open");
    fs::remove_file(&directory).unwrap();
    runner!["verify", &link].ok();
}

/// The old file is still there, whole: who asks for the old content gets it.
#[test]
fn a_rewrite_that_was_killed_goes_back_too() {
    if !has("strace") {
        return skip("strace is missing");
    }
    for rollback in [false, true] {
        let scratch = Scratch::new();
        let old = log_lines(300_000, "\n");
        let file = scratch.write("file", &old);
        let options =
            ["apply", "replace", "--strategy", "rewrite", "--set", "find=user", "--set", "with=someone"];
        let arguments: Vec<_> = options.iter().map(OsStr::new).chain([file.as_os_str()]).collect();
        killed("unlinkat", 1, &arguments);
        let beside = common::sidecars(&file).new;
        assert!(fs::read(beside.path()).unwrap() == old, "it was killed right after the exchange");
        let new = fs::read(&file).unwrap();
        assert!(new != old);
        recover(&file, if rollback { &["--rollback"] } else { &[] }).ok();
        assert!(fs::read(&file).unwrap() == if rollback { old } else { new });
        assert_eq!(names(scratch.dir()), ["file"]);
    }
}

/// The command of a hint is run as it stands.
#[test]
fn hints_can_be_run_as_they_are() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let odd: [&[u8]; 9] = [
        b"plain",
        b"sp ace",
        b"$(touch pwn)",
        b"x;touch pwn",
        b"it's",
        b"-r f",
        b"a\nb",
        b"\x1b[2J",
        b"\xff!x",
    ];
    for name in odd {
        let scratch = Scratch::new();
        let old = log_lines(100_000, "\n");
        let file = scratch.path("").join(OsStr::from_bytes(name));
        fs::write(&file, &old).unwrap();
        kill::at_first_write(&file, &OPTIONS);
        let ran = apply(&file, &[]);
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        let hint = ran.stderr.split("hint: `runner").nth(1).unwrap().split('`').next().unwrap();
        let mut shell = program("bash");
        shell.args(["-c", &format!("{:?}{hint}", env!("CARGO_BIN_EXE_runner"))]).current_dir(scratch.dir());
        Ran::of(shell.output().unwrap()).ok();
        assert!(fs::read(&file).unwrap() == changed(&old), "{hint}");
        assert_eq!(fs::read_dir(scratch.dir()).unwrap().count(), 1, "{hint}");
    }
}

/// The same command again takes the place of what was left, unless a run is at
/// work on it.
#[test]
fn what_was_to_stand_elsewhere_is_in_nobodys_way() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (file, out) = (file.to_str().unwrap(), scratch.path("out"));
    let out = out.to_str().unwrap();
    let apply = ["apply", "replace", "--set", "find=user", "--set", "with=USER", "-j", "1", file];
    let plan = ["plan", "replace", "--set", "find=user", "--set", "with=USER", "-j", "1", file];
    let ways = [
        [&apply[..], &["-o", out]].concat(),
        [&plan[..], &["-o", out]].concat(),
        [&apply[..], &["--undo", out, "--backup", ".old"]].concat(),
    ];
    for way in &ways {
        for nth in 1..=2 {
            let arguments: Vec<_> = way.iter().map(OsStr::new).collect();
            if nth == 2 && !way.contains(&"--undo") {
                continue;
            }
            killed("fsync", nth, &arguments);
            assert!(names(scratch.dir()).len() > 1, "{way:?}: nothing is left");
            let ran = common::runner(way.iter().copied());
            ran.ok();
            let left = names(scratch.dir());
            assert!(!left.iter().any(|name| name.contains(".runner-")), "{way:?}: {left:?}");
            for name in left.iter().filter(|name| *name != "file") {
                fs::remove_file(scratch.path(name)).unwrap();
            }
            fs::write(file, log_lines(300_000, "\n")).unwrap();
        }
    }
}

/// Another run that makes the same file is not disturbed.
#[test]
fn a_run_at_work_keeps_what_it_makes() {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    let out = scratch.path("out");
    let arguments = ["apply", "replace", file.to_str().unwrap(), "-o", out.to_str().unwrap()];
    let arguments = [&arguments[..], &OPTIONS].concat();
    let Some(ran) = stop::at(("fsync", 1), None, &arguments, || {
        apply(&file, &["-o", out.to_str().unwrap()])
            .fails(4, "is in the way")
            .says("another run is at work on it");
    }) else {
        return;
    };
    ran.ok();
    assert!(fs::read(&out).unwrap() == changed(&fs::read(&file).unwrap()));
    assert_eq!(names(scratch.dir()), ["file", "out"]);
}

/// Even if nothing else is to be said.
#[test]
fn what_may_be_lost_is_never_kept_quiet() {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(3000, "\n"));
    let open = OpenOptions::new().append(true).open(&file).unwrap();
    let ran = apply(&file, &["-q", "--strategy", "rewrite"]).ok();
    ran.says("warning: ").says("another process still has the old file open");
    drop(open);
    assert_eq!(apply(&file, &["-q", "--set", "ignore-case=true", "--strategy", "rewrite"]).ok().stderr, "");
    let mut no_key = command();
    no_key.args(["apply", "replace", "-q", "--set", "find=USER", "--set", "with=user"]).arg(&file);
    let ran = Ran::of(no_key.env("RUNNER_STATE_DIR", "/proc/no/such").output().unwrap()).ok();
    ran.says("warning: no key for journals could be kept");
}

/// In a directory that others may write to: whoever has put the file there
/// would own the result. And nobody waits for a reader who never comes.
#[test]
fn the_result_is_nobody_elses() {
    if !common::is_root() {
        return skip("only root can make a file of another user");
    }
    let (scratch, shared) = (Scratch::new(), Scratch::new());
    let file = scratch.write("file", "a user\n");
    let out = shared.write("out", "planted");
    let open = |path: &Path, mode| {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    give(&out);
    let given = out.to_str().unwrap();
    open(shared.dir(), 0o1777);
    apply(&file, &["-o", given]).fails(4, "belongs to user 65534, in a directory that others may write to");
    assert_eq!(fs::read(&out).unwrap(), b"planted");
    open(shared.dir(), 0o755);
    apply(&file, &["-o", given]).ok();
    assert_eq!(fs::read(&out).unwrap(), b"a USER\n");
    let fifo = shared.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o666.into()).unwrap();
    apply(&file, &["-o", fifo.to_str().unwrap()])
        .fails(2, "cannot open")
        .says("start what is to read it first");
    give(&fifo);
    let what = "is a FIFO of user 65534, who would read the result";
    apply(&file, &["-o", fifo.to_str().unwrap()]).fails(4, what);
}

#[test]
fn a_backup_stands_beside_its_file() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    for suffix in ["/../y", "/", ""] {
        assert_eq!(apply(&file, &["--backup", suffix]).code, 2, "{suffix:?}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"a user\n");
    let to_stdout = ["plan", "replace", "--set", "find=a", "--set", "with=b", "-o", "-"];
    let ran = common::runner(to_stdout.iter().copied().chain([file.to_str().unwrap()]));
    ran.fails(2, "a patch cannot be written to standard output");
}
