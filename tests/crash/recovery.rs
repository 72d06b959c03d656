//! Recovery from both ends, again and again, elsewhere, and onto files that are
//! not the one journalled.

mod changed_by_others;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::{Ran, Scratch, Snapshot, has, runner, skip};

/// A file with a journal, of whose edits some have got there.
struct Interrupted {
    scratch: Scratch,
    file: PathBuf,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// The run was killed; `new` replaces `user` by `USER`.
fn interrupted(reach: usize) -> Interrupted {
    let scratch = Scratch::new();
    // Something in the middle that no edit touches.
    let quiet = b"nothing here\n".repeat(40_000);
    let old = [&runner_tests::log_lines(200_000, "\n")[..], &quiet, &runner_tests::log_lines(100_000, "\n")]
        .concat();
    let new = String::from_utf8(old.clone()).unwrap().replace("user", "USER").into_bytes();
    let file = scratch.write("file", &old);
    runner_tests::kill::at_first_write(&file, &["--set", "find=user", "--set", "with=USER"]);
    // Keeps the inode.
    fs::write(&file, [&new[..reach], &old[reach..]].concat()).unwrap();
    Interrupted { scratch, file, old, new }
}

fn recover(file: &Path, rollback: bool) -> Ran {
    let rollback: &[&str] = if rollback { &["--rollback"] } else { &[] };
    runner(["recover", file.to_str().unwrap()].iter().chain(rollback))
}

impl Interrupted {
    fn to(&self, rollback: bool) -> &[u8] {
        if rollback { &self.old } else { &self.new }
    }
}

/// The second one finds nothing, whichever way it would go.
#[test]
fn twice() {
    for (first, second) in [(false, false), (false, true), (true, false), (true, true)] {
        let run = interrupted(300_000);
        recover(&run.file, first).ok();
        assert!(fs::read(&run.file).unwrap() == run.to(first));
        let before = run.scratch.snapshot();
        recover(&run.file, second).ok().says("nothing to recover");
        assert_eq!(before, run.scratch.snapshot());
    }
}

/// File and journal are copied to another machine: all of the file must bear
/// witness that it is the one.
#[test]
fn on_another_machine() {
    for rollback in [false, true] {
        let run = interrupted(300_000);
        let elsewhere = Scratch::new();
        let file = elsewhere.path("file");
        for name in ["file", "file.runner-journal"] {
            fs::copy(run.scratch.path(name), elsewhere.path(name)).unwrap();
        }
        recover(&file, rollback).ok();
        assert!(fs::read(&file).unwrap() == run.to(rollback));
        assert_eq!(runner_tests::names(elsewhere.dir()), ["file"]);
    }
}

/// The target was replaced by a copy of what it was, what it was to become, or
/// anything between: that is still the file.
#[test]
fn after_the_target_was_replaced_by_a_copy() {
    for rollback in [false, true] {
        for reach in [0, 150_000, usize::MAX] {
            let run = interrupted(0);
            let reach = reach.min(run.new.len());
            let copy = run.scratch.write("copy", [&run.new[..reach], &run.old[reach..]].concat());
            fs::rename(copy, &run.file).unwrap();
            recover(&run.file, rollback).ok().says("is a copy of the file that the journal was made for");
            assert!(fs::read(&run.file).unwrap() == run.to(rollback), "{reach}, rollback {rollback}");
        }
    }
}

/// A crash while the file grew left it with zeros up to the end of its block, as
/// XFS may. Other bytes up to there were appended by another process.
#[test]
fn after_a_crash_while_the_file_grew() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let old = runner_tests::log_lines(300_000, "\n");
    let new = String::from_utf8(old.clone()).unwrap().replace("user", "somebody").into_bytes();
    let block_end = old.len().next_multiple_of(4096);
    assert!(!old.len().is_multiple_of(512) && block_end < new.len());
    for (filler, rollback) in [(0, false), (0, true), (b'x', false), (b'x', true)] {
        let scratch = Scratch::new();
        let file = scratch.write("file", &old);
        let mut killed = runner_tests::kill::at(("ftruncate", 1), Some(&file));
        killed.args(["apply", "replace", "--set", "find=user", "--set", "with=somebody"]);
        killed.args(["--strategy", "in-place", "-j", "1"]).arg(&file);
        assert!(!killed.output().unwrap().status.success());
        assert_eq!(runner_tests::names(scratch.dir()), ["file", "file.runner-journal"]);
        let mut left = old.clone();
        left.resize(block_end, filler);
        fs::write(&file, &left).unwrap();
        let ran = recover(&file, rollback);
        match (filler, rollback) {
            (0, _) => drop(ran.ok()),
            (_, true) => drop(ran.ok().says("were kept")),
            (_, false) => drop(ran.fails(6, "appended to").says("nothing was written")),
        }
        let found = fs::read(&file).unwrap();
        let expected = match (filler, rollback) {
            (0, false) => &new,
            (0, true) => &old,
            _ => &left,
        };
        assert!(found == *expected, "{filler}, rollback {rollback}");
    }
}

/// The file was renamed, and another file with its old content, its new content
/// or anything between has its name now. The journal is the only way to recover
/// the renamed file, so it stays until that is done.
#[test]
fn after_the_target_was_renamed_and_replaced() {
    for rollback in [false, true] {
        for reach in [0, 150_000, usize::MAX] {
            let run = interrupted(300_000);
            let reach = reach.min(run.new.len());
            let (renamed, journal) = (run.scratch.path("file.1"), run.scratch.path("file.runner-journal"));
            fs::rename(&run.file, &renamed).unwrap();
            run.scratch.write("file", [&run.new[..reach], &run.old[reach..]].concat());
            let before = run.scratch.snapshot();
            let ran = recover(&run.file, rollback).fails(6, "was not made for");
            let its_own = run.scratch.path("file.1.runner-journal");
            let ran = ran.says(&format!("`mv -T {} {}`", journal.display(), its_own.display()));
            ran.says(&format!("`runner recover {}`", renamed.display()));
            assert_eq!(before, run.scratch.snapshot(), "{reach}, rollback {rollback}");
            fs::rename(&journal, &its_own).unwrap();
            recover(&renamed, rollback).ok();
            assert!(fs::read(&renamed).unwrap() == run.to(rollback), "{reach}, rollback {rollback}");
            recover(&run.file, rollback).ok().says("nothing to recover");
        }
    }
}

/// What the messages say to do leads to the file's old or new content.
#[test]
fn after_following_the_hints() {
    for rollback in [false, true] {
        // The file was renamed.
        let run = interrupted(300_000);
        let (renamed, journal) = (run.scratch.path("NEW"), run.scratch.path("file.runner-journal"));
        fs::rename(&run.file, &renamed).unwrap();
        let hint = format!("run `mv {} NEW.runner-journal` and `runner recover NEW`", journal.display());
        recover(&run.file, rollback).fails(6, "No such file").says(&hint);
        fs::rename(&journal, run.scratch.path("NEW.runner-journal")).unwrap();
        recover(&renamed, rollback).ok();
        assert!(fs::read(&renamed).unwrap() == run.to(rollback));

        // A backup has linked the journal.
        let run = interrupted(300_000);
        let (journal, link) = (run.scratch.path("file.runner-journal"), run.scratch.path("link"));
        fs::hard_link(&journal, &link).unwrap();
        recover(&run.file, rollback).fails(4, "it has 2 names").says("hint: a backup may have given it");
        fs::remove_file(link).unwrap();
        // Somebody has changed its mode.
        fs::set_permissions(&journal, PermissionsExt::from_mode(0o644)).unwrap();
        let hint = format!("`chmod 600 {}`", journal.display());
        recover(&run.file, rollback).fails(4, "other users may read or write it").says(&hint);
        fs::set_permissions(&journal, PermissionsExt::from_mode(0o600)).unwrap();
        recover(&run.file, rollback).ok();
        assert!(fs::read(&run.file).unwrap() == run.to(rollback));
    }
}

/// A copy of the journal stands beside a file with the same content.
#[test]
fn with_the_journal_of_another_file() {
    let run = interrupted(300_000);
    let other = run.scratch.write("other", &run.old);
    let copy = run.scratch.path("other.runner-journal");
    fs::copy(run.scratch.path("file.runner-journal"), &copy).unwrap();
    let before = run.scratch.snapshot();
    let ran = recover(&other, false).fails(6, "was not made for");
    ran.says(&format!("`mv {0} {0}.kept` sets this one aside", copy.display()));
    assert_eq!(before, run.scratch.snapshot());
    recover(&run.file, false).ok();
    assert!(fs::read(&run.file).unwrap() == run.new);
}

/// What was appended to the file, or to a copy of it, is no part of what was
/// journalled. It stays.
#[test]
fn after_somebody_has_appended() {
    for rollback in [false, true] {
        for copied in [false, true] {
            let run = interrupted(300_000);
            let longer = [&fs::read(&run.file).unwrap()[..], b"one more line\n"].concat();
            if copied {
                fs::rename(run.scratch.write("copy", longer), &run.file).unwrap();
            } else {
                fs::write(&run.file, longer).unwrap();
            }
            let size = run.old.len();
            let kept = format!("14 bytes appended after byte {size} were kept");
            recover(&run.file, rollback).ok().says(&kept);
            assert!(fs::read(&run.file).unwrap() == [run.to(rollback), b"one more line\n"].concat());
            assert_eq!(runner_tests::names(run.scratch.dir()), ["file"]);
        }
    }
}

/// A file that was cut is not made whole again: whoever has cut it meant it.
/// The journal can be given up.
#[test]
fn after_the_target_was_cut() {
    let run = interrupted(300_000);
    fs::OpenOptions::new().write(true).open(&run.file).unwrap().set_len(0).unwrap();
    let journal = run.scratch.path("file.runner-journal");
    for rollback in [false, true] {
        let ran = recover(&run.file, rollback).fails(6, "is not the file that its journal was made for");
        ran.says(&format!("hint: `mv {0} {0}.kept` sets the journal aside", journal.display()));
    }
    assert_eq!(fs::metadata(&run.file).unwrap().len(), 0);
    // Even if the journal has all that is missing.
    let file = run.scratch.write("small", "a user");
    runner_tests::kill::at_first_write(&file, &["--set", "find=user", "--set", "with=USER"]);
    fs::write(&file, "a ").unwrap();
    for rollback in [false, true] {
        recover(&file, rollback).fails(6, "is not the file that its journal was made for");
    }
    assert_eq!(fs::read(&file).unwrap(), b"a ");
    fs::rename(&journal, run.scratch.path("file.runner-journal.kept")).unwrap();
    recover(&run.file, false).ok();
}

/// By anything else, even if it differs in one byte that no edit is near: the
/// journal is not carried out on it.
#[test]
fn after_the_target_was_replaced_by_another_file() {
    let quiet = 400_000;
    let change: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[400_000] ^= 1,
        |bytes| bytes[0] ^= 1,
        |bytes| bytes.truncate(bytes.len() - 1),
        Vec::clear,
    ];
    for (index, change) in change.into_iter().enumerate() {
        let run = interrupted(300_000);
        assert_eq!(&run.old[quiet..quiet + 64], &run.new[quiet..quiet + 64]);
        let mut other = run.old.clone();
        change(&mut other);
        let other = run.scratch.write("other", other);
        fs::rename(other, &run.file).unwrap();
        let before = run.scratch.snapshot();
        for rollback in [false, true] {
            let what = "is not the file that its journal was made for";
            recover(&run.file, rollback).fails(6, what).says("hint: nothing was written");
            let option: &[&str] = if rollback { &["--rollback"] } else { &[] };
            let args = ["recover", "--keep-other-changes", run.file.to_str().unwrap()];
            runner(args.iter().chain(option)).fails(6, what);
            assert_eq!(before, run.scratch.snapshot(), "change {index}");
        }
    }
}

/// The file itself, in which somebody has changed a byte since that no edit is
/// near: it is recovered, and its root is not claimed.
#[test]
fn after_the_target_was_changed_elsewhere() {
    for rollback in [false, true] {
        let run = interrupted(300_000);
        let mut torn = fs::read(&run.file).unwrap();
        torn[400_000] ^= 1;
        fs::write(&run.file, &torn).unwrap();
        let ran =
            recover(&run.file, rollback).fails(5, "other bytes of it have changed since it was scanned");
        assert_eq!(ran.text(), "");
        let mut expected = run.to(rollback).to_vec();
        expected[400_000] ^= 1;
        assert!(fs::read(&run.file).unwrap() == expected);
        assert_eq!(runner_tests::names(run.scratch.dir()), ["file"]);
    }
}

/// A directory in which no name can be made or removed, until it is dropped.
struct Immutable<'a>(&'a Path);

impl<'a> Immutable<'a> {
    fn new(directory: &'a Path) -> Option<Self> {
        let set = has("chattr") && chattr("+i", directory);
        if !set {
            skip("chattr +i does not work here");
        }
        set.then_some(Self(directory))
    }
}

impl Drop for Immutable<'_> {
    fn drop(&mut self) {
        assert!(chattr("-i", self.0));
    }
}

fn chattr(mode: &str, directory: &Path) -> bool {
    Command::new("chattr").arg(mode).arg(directory).output().is_ok_and(|output| output.status.success())
}

/// The file can be written, its directory cannot: the file is whole then, and
/// the journal stays until it can be removed.
#[test]
fn in_a_directory_that_cannot_be_written() {
    for rollback in [false, true] {
        let run = interrupted(300_000);
        {
            let Some(_immutable) = Immutable::new(run.scratch.dir()) else { return };
            let ran = recover(&run.file, rollback)
                .fails(6, "is complete, but a file that the run left next to it remains");
            ran.says("hint: make its directory writable");
            assert!(fs::read(&run.file).unwrap() == run.to(rollback));
            assert_eq!(runner_tests::names(run.scratch.dir()), ["file", "file.runner-journal"]);
        }
        // Still in either direction.
        recover(&run.file, !rollback).ok();
        assert!(fs::read(&run.file).unwrap() == run.to(!rollback));
        assert_eq!(runner_tests::names(run.scratch.dir()), ["file"]);
    }
}

/// Nothing begins that needs a journal, where none can be made.
#[test]
fn a_run_in_a_directory_that_cannot_be_written() {
    let scratch = Scratch::new();
    let file = scratch.write("file", runner_tests::log_lines(100_000, "\n"));
    let before = Snapshot::of(scratch.dir());
    {
        let Some(_immutable) = Immutable::new(scratch.dir()) else { return };
        for options in [
            &["--set", "with=USER"][..],
            &["--set", "with=u"],
            &["--set", "with=u", "--strategy", "in-place"],
        ] {
            let args = ["apply", "replace", file.to_str().unwrap(), "--set", "find=user"];
            runner(args.iter().chain(options)).fails(2, "cannot create").says("Operation not permitted");
        }
    }
    // The flag itself does not touch files.
    assert_eq!(before, Snapshot::of(scratch.dir()));
}
