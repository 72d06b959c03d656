//! Links, files, scans, marks and directories of other users.

use runner_pipeline::storage::Entry;
use runner_tests::{Ran, Scratch, command, is_root, runner, sidecars, skip};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::trust::{NOBODY, OPTIONS, apply, interrupted, recover, set_mode};

/// In a sticky directory a link of another user leads to a file of this one.
#[test]
fn a_link_of_somebody_else_is_not_followed() {
    if !is_root() {
        return skip("only root can make a link of another user");
    }
    let scratch = Scratch::new();
    let precious = scratch.write("precious", "a user\n");
    let shared = scratch.path("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o1777);
    let link = shared.join("link");
    symlink("../precious", &link).unwrap();
    lchown(&link, Some(NOBODY), Some(NOBODY)).unwrap();
    let file = scratch.write("file", "a user\n");
    let given = link.to_str().unwrap();
    let what = "is a symbolic link of user 65534 and is not followed";
    apply(&[&link], &[]).fails(4, what).says("name the file itself");
    apply(&[&link], &["--dry-run"]).fails(4, what);
    apply(&[&file], &["-o", given]).fails(4, what);
    apply(&[&file], &["--undo", given]).fails(4, what);
    recover(&link, &[]).fails(4, what);
    runner!["verify", &link].fails(4, what);
    runner!["plan", "replace", "--set", "find=a", "--set", "with=b", &file, "-o", &link].fails(4, what);
    // A directory on the way, as well.
    let theirs = scratch.path("theirs");
    fs::create_dir(&theirs).unwrap();
    symlink("..", theirs.join("up")).unwrap();
    lchown(theirs.join("up"), Some(NOBODY), Some(NOBODY)).unwrap();
    chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
    apply(&[&theirs.join("up/precious")], &[]).fails(4, what);
    assert_eq!(fs::read(&precious).unwrap(), b"a user\n");
    // Links of one's own are followed, as ever.
    let own = shared.join("own");
    symlink("../precious", &own).unwrap();
    apply(&[&own], &[]).ok();
    assert_eq!(fs::read(&precious).unwrap(), b"a USER\n");
    assert!(fs::symlink_metadata(&own).unwrap().is_symlink());
}

/// Somebody swaps the file for a link, and back, as fast as they can, in a
/// directory of theirs, with a journal of theirs.
#[test]
fn a_file_that_turns_into_a_link_leads_nowhere() {
    if !is_root() {
        return skip("only root can make files of another user");
    }
    let scratch = Scratch::new();
    let root_file = scratch.write("root-file", "a user of root's\n");
    let theirs = scratch.path("theirs");
    fs::create_dir(&theirs).unwrap();
    let (data, link) = (theirs.join("data"), theirs.join("link"));
    fs::write(&data, "a user\n").unwrap();
    symlink("../root-file", &link).unwrap();
    for path in [&theirs, &data, &link] {
        lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &data, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for _ in 0..30 {
            apply(&[&data], &["--set", "ignore-case=true"]);
            recover(&data, &[]);
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read(&root_file).unwrap(), b"a user of root's\n");
}

/// Root recovers what it has begun, and tells whose turn it is otherwise.
#[test]
fn another_user_recovers_what_is_theirs() {
    if !is_root() {
        return skip("only root can become another user");
    }
    let run = interrupted();
    for path in [&run.file, &run.journal, &run.scratch.dir().to_owned()] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    recover(&run.file, &[]).fails(4, "it belongs to user 65534").says("sudo -u '#65534'");
    apply(&[&run.file], &[]).fails(4, "it belongs to user 65534");
    assert!(fs::read(&run.file).unwrap() == run.old);
}

/// Names that somebody gives for another purpose are not ours, and files that
/// are not ours are not removed.
#[test]
fn files_that_runner_has_not_made_stay() {
    let scratch = Scratch::new();
    let file = scratch.write("a", "a user\n");
    for name in ["a.runner-new", "a.runner-scan", "a.runner-checkpoint"] {
        scratch.write(name, "precious");
    }
    recover(&file, &[]).ok().says("nothing to recover");
    apply(&[&file], &["--resume"]).ok();
    for name in ["a.runner-new", "a.runner-scan", "a.runner-checkpoint"] {
        assert_eq!(fs::read(scratch.path(name)).unwrap(), b"precious", "{name}");
    }
    // An undo file is taken for ours only if it is this very one.
    for content in ["", "precious"] {
        let undo = scratch.write("undo", content);
        fs::write(&file, "a user\n").unwrap();
        apply(&[&file], &["--undo", undo.to_str().unwrap()]).fails(2, "already exists");
        assert_eq!(fs::read(&undo).unwrap(), content.as_bytes());
        assert_eq!(fs::read(&file).unwrap(), b"a user\n");
    }
}

/// Under a name with our tag, but of somebody else.
#[test]
fn a_scan_of_somebody_else_is_not_removed_or_taken_up() {
    if !is_root() {
        return skip("only root can give a file away");
    }
    let scratch = Scratch::new();
    let file = scratch.write("a", "a user\n");
    let names = sidecars(&file);
    for entry in [&names.scan, &names.checkpoint] {
        fs::write(entry.path(), "planted").unwrap();
        chown(entry.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let before = scratch.snapshot();
        recover(&file, &[]).fails(4, "was not removed: it belongs to user 65534");
        apply(&[&file], &["--resume"]).fails(4, "was not removed: it belongs to user 65534");
        assert_eq!(before, scratch.snapshot());
        fs::remove_file(entry.path()).unwrap();
    }
    // What an undo file is called until it is complete.
    let undo = scratch.path("undo");
    let temporary = names.temporary(&Entry::resolve(&undo).unwrap());
    fs::write(temporary.path(), "planted").unwrap();
    chown(temporary.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let before = scratch.snapshot();
    apply(&[&file], &["--undo", undo.to_str().unwrap()]).fails(4, "is in the way: it belongs to user 65534");
    assert_eq!(before, scratch.snapshot());
    // Of this user it was left by a run that was killed.
    chown(temporary.path(), Some(0), Some(0)).unwrap();
    set_mode(temporary.path(), 0o640);
    fs::hard_link(temporary.path(), scratch.path("second")).unwrap();
    apply(&[&file], &["--undo", undo.to_str().unwrap()])
        .fails(4, "in the way: it is not a regular file with a single name");
    fs::remove_file(scratch.path("second")).unwrap();
    apply(&[&file], &["--undo", undo.to_str().unwrap()]).ok();
    assert_eq!(runner_tests::names(scratch.dir()), ["a", "undo"]);
}

/// Journals of block devices stand there: nobody else may enter it.
#[test]
fn a_state_directory_that_others_may_enter_is_not_used() {
    let scratch = Scratch::new();
    let state = scratch.path("state");
    fs::create_dir(&state).unwrap();
    set_mode(&state, 0o755);
    let file = scratch.write("file", "a user\n");
    let mut open = command();
    open.args(["apply", "replace"]).args(OPTIONS).arg(&file).env("RUNNER_STATE_DIR", &state);
    Ran::of(open.output().unwrap()).ok().says("warning: cannot store a key");
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
}

/// Whoever may write to a file can mark it. What the mark names is not read, and
/// no hint leads there.
#[test]
fn a_mark_of_somebody_else_leads_nowhere() {
    if !is_root() {
        return skip("only root can make a file of another user");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    let mark = |path: &Path| {
        let value = path.as_os_str().as_encoded_bytes();
        rustix::fs::setxattr(&file, "user.runner.journal", value, rustix::fs::XattrFlags::empty()).unwrap();
    };
    // What no journal can be does not count.
    let fifo = scratch.path("x.runner-journal");
    rustix::fs::mkfifoat(CWD, &fifo, 0o600.into()).unwrap();
    let directory = scratch.path("directory.runner-journal");
    fs::create_dir(&directory).unwrap();
    let gone = scratch.path("gone.runner-journal");
    let others = ["/etc/passwd", "/dev/zero", "/proc/self/mem", "relative.runner-journal", "", "/", "/../.."];
    for path in others.into_iter().map(Path::new).chain([fifo.as_path(), &directory, &gone]) {
        mark(path);
        assert_eq!(apply(&[&file], &["--check"]).code, 1, "{path:?}");
    }
    // What may be one of somebody else's is named, and not followed.
    let planted = scratch.write("planted.runner-journal", "evil");
    chown(&planted, Some(NOBODY), Some(NOBODY)).unwrap();
    set_mode(&planted, 0o600);
    mark(&planted);
    let told = apply(&[&file], &[]).fails(4, "belongs to user 65534").says("setfattr -x user.runner.journal");
    assert!(!told.stderr.contains("`cp") && !told.stderr.contains("`mv"), "{}", told.stderr);
    recover(&file, &[]).fails(4, "belongs to user 65534");
    // Nor does one that cannot be looked at keep other files from being done.
    let circle = scratch.path("circle");
    symlink(&circle, &circle).unwrap();
    mark(&circle.join("x.runner-journal"));
    let told = apply(&[&file], &[]).fails(6, "file did not finish").says("setfattr -x user.runner.journal");
    let hint = told.stderr.split("`setfattr").nth(1).unwrap().split('`').next().unwrap();
    fs::remove_file(&circle).unwrap();
    let unmarked = runner_tests::program("sh").args(["-c", &format!("setfattr{hint}")]).status().unwrap();
    assert!(unmarked.success());
    apply(&[&file], &[]).ok();
}
