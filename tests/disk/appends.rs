//! Somebody appends to a file, as programs do to their logs, while it is
//! changed by the real binary, or after that was killed. No line is lost.
//! `tests/crash/simulated` does the same at every operation, on a simulated disk.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use runner_tests::{Ran, Scratch, has, kill, names, runner, skip, stop};

const LINE: &str = "a line of theirs\n";

const ROUNDS: u32 = 12;

/// A change, and how it is made.
#[derive(Debug, Clone, Copy)]
struct Case {
    with: &'static str,
    strategy: &'static str,
    /// Whether the file has a second name.
    linked: bool,
}

const SAME: Case = Case { with: "bar", strategy: "auto", linked: false };
const GROWS: Case = Case { with: "foobar", strategy: "in-place", linked: false };
const SHRINKS: Case = Case { with: "f", strategy: "auto", linked: true };
const REPLACED: Case = Case { with: "foobar", strategy: "rewrite", linked: false };
const CASES: [Case; 4] = [SAME, GROWS, SHRINKS, REPLACED];

impl Case {
    fn resizes(self) -> bool {
        self.with.len() != 3
    }

    /// A file, alone in a directory but for its other name.
    fn file(self, lines: usize) -> (Scratch, PathBuf, String) {
        let scratch = Scratch::new();
        let old: String = (0..lines).map(|line| format!("line {line} foo .\n")).collect();
        let file = scratch.write("k.log", &old);
        if self.linked {
            fs::hard_link(&file, scratch.path("other.log")).unwrap();
        }
        (scratch, file, old)
    }

    fn changed(self, old: &str) -> String {
        old.replace("foo", self.with)
    }

    fn options(self) -> [String; 6] {
        let with = format!("with={}", self.with);
        ["--set", "find=foo", "--set", &with, "--strategy", self.strategy].map(str::to_owned)
    }

    fn args(self, file: &Path) -> Vec<String> {
        let args = ["apply", "replace", "-j", "1", file.to_str().unwrap()].map(str::to_owned);
        args.into_iter().chain(self.options()).collect()
    }

    fn left(self) -> Vec<&'static str> {
        if self.linked { vec!["k.log", "other.log"] } else { vec!["k.log"] }
    }
}

fn append(file: &Path, line: &str) {
    OpenOptions::new().append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
}

fn recover(file: &Path, rollback: bool) -> Ran {
    let rollback: &[&str] = if rollback { &["--rollback"] } else { &[] };
    runner(["recover", file.to_str().unwrap()].iter().chain(rollback))
}

/// Killed in any of its calls; then somebody appends; then it is recovered. If
/// that is refused, the command that is named does it.
#[test]
fn after_a_kill_what_was_appended_is_kept() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let mut kept = 0;
    for case in CASES {
        for call in
            ["pwrite64", "ftruncate", "fchmod", "fdatasync", "fsync", "renameat", "renameat2", "unlinkat"]
        {
            for nth in 1..20 {
                let (scratch, file, old) = case.file(200);
                let options = case.options();
                if kill::apply(&file, &options.each_ref().map(|option| option.as_str()), call, nth) {
                    break;
                }
                let journal = scratch.path("k.log.runner-journal").exists();
                append(&file, LINE);
                let rollback = nth % 2 == 0;
                let mut ran = recover(&file, rollback);
                let what = format!("{case:?}, {call} {nth}: {}", ran.stderr);
                if ran.code == 6 {
                    assert!(journal && case.resizes(), "{what}");
                    let other = if rollback { "recover " } else { "recover --rollback " };
                    assert!(ran.stderr.contains(&format!("`runner {other}{}`", file.display())), "{what}");
                    ran = recover(&file, !rollback);
                }
                let ran = ran.ok();
                let found = fs::read_to_string(&file).unwrap();
                let whole = [old.clone() + LINE, case.changed(&old) + LINE].contains(&found);
                assert!(whole, "{what}\n{}", &found[found.len() - 100..]);
                assert_eq!(names(scratch.dir()), case.left(), "{what}");
                if journal {
                    ran.says("17 bytes appended after byte");
                    kept += 1;
                }
            }
        }
    }
    assert!(kept > 10, "hardly any run left a journal: {kept}");
}

/// Appends from another process, which may have to wait for the run.
fn appender(file: &Path) -> Child {
    let script = format!("printf '{}' >> \"$0\"", LINE.replace('\n', "\\n"));
    Command::new("sh").args(["-c", &script]).arg(file).stdin(Stdio::null()).spawn().unwrap()
}

/// The files in memory for the worker (two) and for its code are sized before.
const FILE_TRUNCATED: (&str, u32) = ("ftruncate", 4);

/// The run stands still after one of its calls, while somebody appends.
#[test]
fn what_is_appended_between_two_calls_is_kept() {
    // What a run does after it has looked at the file for the last time, and
    // how it may end then.
    type Calls = &'static [(&'static str, u32)];
    let calls: [(Case, Calls, &[i32]); 4] = [
        (SAME, &[("fsync", 1), ("renameat", 1), ("fsync", 2), ("pwrite64", 2), ("fdatasync", 1)], &[0]),
        (
            GROWS,
            &[("fsync", 1), ("renameat", 1), FILE_TRUNCATED, ("fdatasync", 1), ("fdatasync", 2)],
            &[0, 7],
        ),
        (SHRINKS, &[("fsync", 1), ("renameat", 1), ("fdatasync", 1), ("fchmod", 1), FILE_TRUNCATED], &[0, 7]),
        (REPLACED, &[("fsync", 1), ("renameat2", 1), ("unlinkat", 1)], &[0, 7]),
    ];
    for (case, calls, codes) in calls {
        for call in calls {
            let (scratch, file, old) = case.file(200);
            let mut child = None;
            let mut waits = true;
            let while_stopped = || {
                let mut appender = appender(&file);
                // It may have to wait until the run goes on, or has ended.
                for _ in 0..50 {
                    waits = appender.try_wait().unwrap().is_none();
                    if !waits {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
                child = Some(appender);
            };
            let args = case.args(&file);
            let args: Vec<_> = args.iter().map(String::as_str).collect();
            let Some(ran) = stop::at(*call, None, &args, while_stopped) else { return };
            assert!(child.unwrap().wait().unwrap().success());
            let what = format!("{case:?}, {call:?}: {} {}", ran.code, ran.stderr);
            assert!(codes.contains(&ran.code), "{what}");
            let expected = if ran.code == 0 { case.changed(&old) } else { old } + LINE;
            assert!(fs::read_to_string(&file).unwrap() == expected, "{what}");
            assert_eq!(names(scratch.dir()), case.left(), "{what}");
            let said =
                if ran.code == 0 { "17 bytes appended after byte" } else { "17 bytes were appended to it" };
            let ran = if waits && ran.code == 0 { ran } else { ran.says(said) };
            if ran.code == 7 && *call == ("fsync", 1) {
                // It is noticed before the commit point.
                ran.says("nothing was written");
            }
        }
    }
}

/// Ends the writer, if only by a failed assertion.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Lines come all the time, while the file is changed again and again.
fn busy(case: Case, keeps_open: bool) {
    let (_scratch, file, old) = case.file(2000);
    let ended = AtomicBool::new(false);
    let (mut done, mut lines) = (0, 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let open = || OpenOptions::new().append(true).open(&file).unwrap();
            let kept = keeps_open.then(open);
            let mut lines = 0;
            while !ended.load(Relaxed) {
                let line = format!("theirs {lines}\n");
                let append = |mut log: &File| log.write_all(line.as_bytes()).unwrap();
                match &kept {
                    Some(log) => append(log),
                    None => append(&open()),
                }
                lines += 1;
                std::thread::sleep(Duration::from_millis(if case.resizes() { 50 } else { 3 }));
            }
            lines
        });
        let end = End(&ended);
        let (mut find_now, mut with_now) = ("foo", case.with);
        // One that stays open is waited for.
        let rounds = if keeps_open && case.resizes() { 2 } else { ROUNDS };
        for _ in 0..rounds {
            // With what follows: what was replaced may hold what was found.
            let (find, with) = (format!("find={find_now} "), format!("with={with_now} "));
            let args = ["apply", "replace", file.to_str().unwrap(), "--strategy", case.strategy];
            let ran = runner(args.iter().chain(&["--set", &find, "--set", &with]));
            assert!([0, 4, 7].contains(&ran.code), "{case:?}: {}", ran.stderr);
            assert!(!ran.stderr.contains("medium"), "the disk is blamed: {}", ran.stderr);
            if ran.code == 7 {
                assert!(ran.stderr.contains("bytes were appended to it"), "{}", ran.stderr);
            }
            if ran.code == 4 {
                assert!(keeps_open && ran.stderr.contains("another process has"), "{}", ran.stderr);
            }
            if ran.code == 0 {
                assert!(ran.stderr.contains("2,000 edits"), "{}", ran.stderr);
                (find_now, with_now) = (with_now, find_now);
                done += 1;
            }
        }
        drop(end);
        lines = writer.join().unwrap();
    });
    let found = fs::read_to_string(&file).unwrap();
    let theirs: Vec<_> = found.lines().filter(|line| line.starts_with("theirs")).collect();
    let mut expected: Vec<_> = (0..lines).map(|line| format!("theirs {line}")).collect();
    let mut sorted = theirs.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert!(sorted == expected, "{case:?}: {} of {lines} lines are there", theirs.len());
    assert_eq!(found.lines().count(), old.lines().count() + lines, "{case:?}");
    eprintln!("counted: {case:?}: {done} rounds were done, {lines} lines came meanwhile");
    if !case.resizes() {
        assert_eq!(done, ROUNDS, "{case:?}: an append is no error");
    }
}

#[test]
fn a_busy_log() {
    for case in CASES {
        busy(case, false);
    }
}

/// A program that keeps its log open.
#[test]
fn a_busy_log_that_stays_open() {
    for case in CASES {
        busy(case, true);
    }
}

/// Who only reads a file goes on with the old one, and the report says so.
#[test]
fn a_reader_keeps_the_old_file() {
    let (_scratch, file, old) = REPLACED.file(200);
    let reader = File::open(&file).unwrap();
    runner(REPLACED.args(&file)).ok().says("another process still has the old file open");
    assert!(fs::read_to_string(&file).unwrap() == REPLACED.changed(&old));
    assert_eq!(std::io::read_to_string(reader).unwrap(), old);
}

/// Whoever has a file open could append to it in the moment in which its
/// length changes.
#[test]
fn a_length_is_not_changed_under_a_file_that_is_open() {
    for case in [GROWS, SHRINKS, REPLACED] {
        let (scratch, file, _) = case.file(200);
        let before = scratch.snapshot();
        let log = OpenOptions::new().append(true).open(&file).unwrap();
        let ran = runner(case.args(&file)).fails(4, "another process has");
        ran.says("hint: nothing was written").says("fuser -v");
        assert_eq!(before, scratch.snapshot());
        drop(log);
        runner(case.args(&file)).ok();
    }
}

/// The journal's mode says how far a change of length has come.
#[test]
fn whatever_the_umask_is() {
    for case in [GROWS, SHRINKS] {
        let (_scratch, file, old) = case.file(200);
        let mut command = Command::new("sh");
        command.args(["-c", "umask 0222; exec \"$0\" \"$@\"", runner_tests::binary()]);
        command.args(case.args(&file)).stdin(Stdio::null());
        command.env("RUNNER_CACHE_DIR", Path::new(runner_tests::temporary_dir()).join("code-cache"));
        Ran::of(command.output().unwrap()).ok();
        assert_eq!(fs::read_to_string(&file).unwrap(), case.changed(&old));
    }
}
