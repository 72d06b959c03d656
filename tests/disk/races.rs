//! Others at work on the file in the very moment in which one look at it is
//! done and the next thing happens: the binary is stopped there. See
//! `concurrent_writes` for what happens during a scan.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use runner_tests::{Scratch, kill, log_lines, names, stop};
use rustix::fs::{CWD, mkfifoat};

const CHANGED: &str = "was changed by another process during the run";

fn scratch() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    (scratch, file)
}

fn append(file: &Path) {
    OpenOptions::new().append(true).open(file).unwrap().write_all(b"theirs\n").unwrap();
}

/// By a copy of itself.
fn replace(file: &Path) {
    let other = file.with_extension("other");
    fs::copy(file, &other).unwrap();
    fs::rename(other, file).unwrap();
}

/// What was locked may be a file that has no name any more, and the journal
/// that of another one.
#[test]
fn a_file_that_is_replaced_before_it_is_locked_is_not_recovered() {
    let (scratch, file) = scratch();
    if !runner_tests::has("strace") {
        return runner_tests::skip("strace is missing");
    }
    let name = file.to_str().unwrap();
    kill::at_first_write(&file, &["--set", "find=user", "--set", "with=USER"]);
    let before = fs::read(&file).unwrap();
    let Some(ran) = stop::at(("flock", 1), None, &["recover", name], || replace(&file)) else { return };
    ran.fails(7, CHANGED);
    assert!(fs::read(&file).unwrap() == before);
    assert_eq!(names(scratch.dir()), ["file", "file.runner-journal"]);
}

#[test]
fn what_becomes_a_fifo_before_it_is_opened_is_refused() {
    let (scratch, file) = scratch();
    let become_fifo = || {
        fs::remove_file(&file).unwrap();
        mkfifoat(CWD, &file, 0o600.into()).unwrap();
    };
    let args = ["verify", file.to_str().unwrap()];
    let Some(ran) = stop::at(("statx", 1), Some(scratch.dir()), &args, become_fifo) else { return };
    ran.fails(2, "file is a FIFO");
}

#[test]
fn no_root_is_told_of_a_file_that_changes() {
    let (scratch, file) = scratch();
    let args = ["verify", file.to_str().unwrap()];
    // The last look before it is hashed: for what a run has left beside it.
    let Some(ran) = stop::at(("statx", 6), Some(scratch.dir()), &args, || append(&file)) else { return };
    assert_eq!(ran.text(), "");
    ran.fails(7, CHANGED);
}

/// The directory was opened once. Whatever has its name later, the file that
/// was looked at is the one that is changed, in the directory it is in.
#[test]
fn a_directory_that_is_replaced_is_left_alone() {
    let scratch = Scratch::new();
    let (dir, old) = (scratch.path("dir"), scratch.path("old"));
    let file = dir.join("file");
    let content = log_lines(300_000, "\n");
    let new = String::from_utf8(content.clone()).unwrap().replace("user", "USER");
    for strategy in ["in-place", "rewrite"] {
        // Before the file is opened (it was looked at for journals first), and
        // before its commit point.
        for (call, nth) in [("statx", 3), ("statx", 9), ("fsync", 1)] {
            let _ = (fs::remove_dir_all(&dir), fs::remove_dir_all(&old));
            fs::create_dir(&dir).unwrap();
            fs::write(&file, &content).unwrap();
            let args = ["apply", "replace", file.to_str().unwrap(), "--strategy", strategy, "-j", "1"];
            let args = [&args[..], &["--set", "find=user", "--set", "with=USER"]].concat();
            let replace_directory = || {
                fs::rename(&dir, &old).unwrap();
                fs::create_dir(&dir).unwrap();
                fs::write(&file, "another user\n").unwrap();
            };
            let of = (call == "statx").then_some(&*dir);
            let Some(ran) = stop::at((call, nth), of, &args, replace_directory) else { return };
            ran.ok();
            let what = format!("{strategy}, {call} {nth}");
            assert!(fs::read_to_string(old.join("file")).unwrap() == new, "{what}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "another user\n", "{what}");
            assert_eq!((names(&dir), names(&old)), (vec!["file".to_owned()], vec!["file".to_owned()]));
        }
    }
}

/// Runs an apply to another file, and does something when that is written and
/// synced, and has not its name yet.
#[track_caller]
fn disturbed_output(code: i32, what: &str, disturb: impl Fn(&Scratch)) {
    let (scratch, file) = scratch();
    let out = scratch.path("out");
    for old in [None, Some("what was there before")] {
        if let Some(old) = old {
            fs::write(&out, old).unwrap();
        }
        let args = ["apply", "replace", file.to_str().unwrap(), "-o", out.to_str().unwrap()];
        let args = [&args[..], &["--set", "find=user", "--set", "with=someone"]].concat();
        let Some(ran) = stop::at(("fsync", 1), None, &args, || disturb(&scratch)) else { return };
        ran.fails(code, what);
        assert_eq!(fs::read_to_string(&out).ok().as_deref(), old);
        let all = names(scratch.dir());
        assert!(!all.iter().any(|name| name.contains(".runner-")), "{all:?}");
    }
}

#[test]
fn no_output_is_made_of_a_file_that_changes() {
    disturbed_output(7, CHANGED, |scratch| append(&scratch.path("file")));
}

#[test]
fn an_output_that_reads_back_different_gets_no_name() {
    disturbed_output(5, "does not read back as it was written", |scratch| {
        let new = OpenOptions::new()
            .write(true)
            .open(
                runner_tests::sidecars(&scratch.path("file"))
                    .temporary(&runner_pipeline::storage::Entry::resolve(&scratch.path("out")).unwrap())
                    .path(),
            )
            .unwrap();
        new.write_all_at(b"\0", 200_000).unwrap();
    });
}
