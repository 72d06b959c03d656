//! Whom `runner` believes: what stands beside a target, where a path leads,
//! and what it takes for its own files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use runner_pipeline::storage::Entry;
use runner_tests::forge::{forged, frames};
use runner_tests::{Ran, Scratch, command, is_root, kill, runner, sidecars, skip, stop};
use rustix::fs::{CWD, RenameFlags, renameat_with};

const OPTIONS: [&str; 4] = ["--set", "find=user", "--set", "with=USER"];
const NOBODY: u32 = 65_534;

/// A file whose run was killed right before it was written.
struct Interrupted {
    scratch: Scratch,
    file: PathBuf,
    journal: PathBuf,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn interrupted() -> Interrupted {
    let scratch = Scratch::new();
    let old = runner_tests::log_lines(300_000, "\n");
    let new = String::from_utf8(old.clone()).unwrap().replace("user", "USER").into_bytes();
    let file = scratch.write("file", &old);
    kill::at_first_write(&file, &OPTIONS);
    let journal = scratch.path("file.runner-journal");
    Interrupted { scratch, file, journal, old, new }
}

fn apply(files: &[&Path], options: &[&str]) -> Ran {
    let mut command = command();
    command.args(["apply", "replace"]).args(OPTIONS).args(options).args(files);
    Ran::of(command.output().unwrap())
}

fn recover(file: &Path, options: &[&str]) -> Ran {
    Ran::of(command().arg("recover").args(options).arg(file).output().unwrap())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The same command with a glob, after it was killed: the journal is all that
/// can bring the file to one state.
#[test]
fn a_retry_with_a_glob_touches_nothing() {
    let run = interrupted();
    let other = run.scratch.write("another", "a user\n");
    let before = run.scratch.snapshot();
    apply(&[&other, &run.file, &run.journal], &[]).fails(6, "did not finish").says("hint: `runner recover");
    apply(&[&other, &run.journal], &[]).fails(4, "has a name that is reserved for the files of `runner`");
    apply(&[&other, &run.file], &[]).fails(6, "did not finish");
    assert_eq!(before, run.scratch.snapshot(), "not even the file that was fine");
    recover(&run.file, &[]).ok();
    assert!(fs::read(&run.file).unwrap() == run.new);
}

/// Names that `runner` gives, of each kind, with and without a tag.
#[test]
fn no_name_of_ours_is_worked_on_or_replaced() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    let names = sidecars(&file);
    let ours =
        [&names.journal, &names.scan, &names.checkpoint, &names.new].map(|entry| entry.path().to_owned());
    let plain = ["x.runner-journal", "x.runner-scan", "x.runner-checkpoint", "x.runner-new"];
    let other = scratch.write("other", "a user\n");
    for name in ours.into_iter().chain(plain.map(|name| scratch.path(name))) {
        let what = "has a name that is reserved for the files of `runner`";
        for made in [false, true] {
            if made {
                fs::write(&name, "a user\n").unwrap();
                apply(&[&name], &[]).fails(4, what);
                apply(&[&name], &["--check"]).fails(4, what);
                apply(&[&name], &["--allow-patch-file"]).fails(4, what);
                runner![
                    "plan",
                    "replace",
                    "--set",
                    "find=a",
                    "--set",
                    "with=b",
                    &name,
                    "-o",
                    &scratch.path("p")
                ]
                .fails(4, what);
            }
            let before = scratch.snapshot();
            let given = name.to_str().unwrap();
            apply(&[&other], &["-o", given]).fails(4, what);
            apply(&[&other], &["--undo", given]).fails(4, what);
            runner!["plan", "replace", "--set", "find=a", "--set", "with=b", &other, "-o", given]
                .fails(4, what);
            assert_eq!(before, scratch.snapshot());
        }
        fs::remove_file(&name).unwrap();
    }
    let before = scratch.snapshot();
    for suffix in [".runner-journal", ".runner-new", ".runner-scan-0123456789abcdef"] {
        apply(&[&other], &["--backup", suffix])
            .fails(4, "has a name that is reserved for the files of `runner`");
        apply(&[&other], &["--backup", suffix, "--strategy", "rewrite"]).fails(4, "has a name");
        assert_eq!(before, scratch.snapshot());
    }
}

/// Whatever its name is, it may be all that can bring a file back.
#[test]
fn a_patch_file_is_worked_on_only_when_asked_for() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    let saved = scratch.path("saved");
    let plan = |output: &Path| {
        let mut command = command();
        command.args(["plan", "replace"]).args(OPTIONS).arg(&file).arg("-o").arg(output);
        Ran::of(command.output().unwrap())
    };
    plan(&saved).ok();
    let before = scratch.snapshot();
    let what = "is a patch file, and is not changed or replaced";
    for options in [&[][..], &["--check"], &["--dry-run"], &["-o", "-"]] {
        apply(&[&saved], options).fails(4, what).says("--allow-patch-file");
    }
    apply(&[&file], &["-o", saved.to_str().unwrap()]).fails(4, what);
    apply(&[&file], &["--undo", saved.to_str().unwrap(), "--set", "regex=true"]).fails(2, "already exists");
    runner!["patch", &saved, &saved].fails(4, what);
    assert_eq!(before, scratch.snapshot());
    apply(&[&saved], &["--allow-patch-file", "--set", "regex=true"]).ok();
    assert_ne!(before, scratch.snapshot());
    // It may be an undo file.
    let before = scratch.snapshot();
    plan(&saved).fails(2, "already exists");
    assert_eq!(before, scratch.snapshot());
}

/// Another run is between its commit point and its end.
#[test]
fn the_journal_of_a_running_run_is_safe() {
    let scratch = Scratch::new();
    let old = runner_tests::log_lines(300_000, "\n");
    let file = scratch.write("file", &old);
    let other = scratch.write("other", "a user\n");
    let arguments = ["apply", "replace", "-j", "1", OPTIONS[0], OPTIONS[1], OPTIONS[2], OPTIONS[3]];
    let ran =
        stop::at(("pwrite64", 1), Some(&file), &[&arguments[..], &[file.to_str().unwrap()]].concat(), || {
            let journal = scratch.path("file.runner-journal");
            assert!(journal.exists(), "it has come to its commit point");
            let before = fs::read(&journal).unwrap();
            apply(&[&other, &journal], &[]).fails(4, "has a name");
            apply(&[&other, &file, &journal], &[]).fails(7, "another run is using");
            apply(&[&other], &["-o", file.to_str().unwrap()]).fails(6, "did not finish");
            assert_eq!(fs::read(&other).unwrap(), b"a user\n");
            assert_eq!(fs::read(&journal).unwrap(), before);
        });
    let Some(ran) = ran else { return };
    ran.ok();
    assert!(fs::read(&file).unwrap() == String::from_utf8(old).unwrap().replace("user", "USER").into_bytes());
}

/// What a journal must be: a file of this user, made with this user's key.
#[test]
fn only_what_this_user_has_made_is_believed() {
    type Forge = fn(&Interrupted);
    let forgeries: [(&str, Forge); 6] = [
        ("other users may read or write it", |run| set_mode(&run.journal, 0o644)),
        ("other users may read or write it", |run| set_mode(&run.journal, 0o602)),
        ("it has 2 names", |run| fs::hard_link(&run.journal, run.scratch.path("second")).unwrap()),
        ("it is not a regular file", |run| {
            fs::rename(&run.journal, run.scratch.path("elsewhere")).unwrap();
            symlink("elsewhere", &run.journal).unwrap();
        }),
        ("it was made without a key", |run| {
            let saved = run.scratch.path("saved");
            fs::rename(&run.journal, run.scratch.path("aside")).unwrap();
            let mut command = command();
            command.args(["plan", "replace"]).args(OPTIONS).arg(&run.file).arg("-o").arg(&saved);
            Ran::of(command.output().unwrap()).ok();
            fs::rename(saved, &run.journal).unwrap();
            set_mode(&run.journal, 0o600);
        }),
        ("it belongs to user 65534", |run| {
            if is_root() {
                chown(&run.journal, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }),
    ];
    for (why, forge) in forgeries {
        if why.starts_with("it belongs") && !is_root() {
            skip("only root can give a file away");
            continue;
        }
        let run = interrupted();
        forge(&run);
        let before = run.scratch.snapshot();
        let what = format!("is not trusted: {why}");
        let way_out = if why == "it is not a regular file" { "remove " } else { "--trust-journal" };
        recover(&run.file, &[]).fails(4, &what).says(way_out);
        recover(&run.file, &["--rollback"]).fails(4, &what);
        if why != "it was made without a key" {
            apply(&[&run.file], &[]).fails(4, &what);
        }
        assert_eq!(before, run.scratch.snapshot(), "{why}");
        let trusted = recover(&run.file, &["--trust-journal"]);
        if why == "it is not a regular file" {
            trusted.fails(4, "");
            assert!(fs::read(&run.file).unwrap() == run.old, "a link is never followed");
        } else {
            trusted.ok().says("plugin    replace").says("- ").says("rolled forward");
            assert!(fs::read(&run.file).unwrap() == run.new, "{why}");
        }
    }
}

/// Of another machine, or from before the key was lost.
#[test]
fn a_journal_of_another_key_is_believed_only_when_asked_for() {
    let run = interrupted();
    let elsewhere = Scratch::new();
    let other_key = |options: &[&str]| {
        let mut command = command();
        command.arg("recover").args(options).arg(&run.file).env("RUNNER_STATE_DIR", elsewhere.path("state"));
        Ran::of(command.output().unwrap())
    };
    let before = run.scratch.snapshot();
    other_key(&[]).fails(4, "it was made with a different key");
    let own = elsewhere.write("own", "a user\n");
    let mut made = command();
    made.args(["apply", "replace"]).args(OPTIONS).arg(own).env("RUNNER_STATE_DIR", elsewhere.path("state"));
    Ran::of(made.output().unwrap()).ok();
    other_key(&["--rollback"]).fails(4, "it was made with a different key");
    assert_eq!(before, run.scratch.snapshot());
    other_key(&["--trust-journal", "--rollback"]).ok().says("rolled back");
    assert!(fs::read(&run.file).unwrap() == run.old);
}

/// A journal of this user with right checks, of which a byte was changed by
/// somebody who knows the format: its authentication does not fit any more.
#[test]
fn a_journal_that_was_altered_is_not_believed() {
    let run = interrupted();
    let mut whole = frames(&fs::read(&run.journal).unwrap());
    let batch = &mut whole[1].1;
    let last = batch.len() - 1;
    batch[last] ^= 1;
    fs::write(&run.journal, forged(&whole)).unwrap();
    let before = run.scratch.snapshot();
    recover(&run.file, &[]).fails(4, "it was altered after it was authenticated");
    assert_eq!(before, run.scratch.snapshot());
}

/// Where no key can be kept, the file is changed all the same, and the user
/// knows what a crash would mean.
#[test]
fn without_a_key_a_run_says_so() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    let mut no_key = command();
    no_key.args(["apply", "replace"]).args(OPTIONS).arg(&file).env("RUNNER_STATE_DIR", "/proc/no/such");
    Ran::of(no_key.output().unwrap()).ok().says("warning: cannot store a key for journals");
    assert_eq!(fs::read(&file).unwrap(), b"a USER\n");
    assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
}

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

/// What nobody can have seen is not carried out.
#[test]
fn a_journal_is_shown_before_it_is_trusted() {
    let run = interrupted();
    let before = run.scratch.snapshot();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = command();
    command.args(["recover", "--trust-journal"]).arg(&run.file).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(2));
    assert_eq!(before, run.scratch.snapshot());
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
