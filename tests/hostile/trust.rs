//! Whom `runner` believes: what stands beside a target, where a path leads,
//! and what it takes for its own files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use runner_tests::forge::{forged, frames};
use runner_tests::{Ran, Scratch, command, is_root, kill, runner, sidecars, skip, stop};

pub(crate) const OPTIONS: [&str; 4] = ["--set", "find=user", "--set", "with=USER"];
pub(crate) const NOBODY: u32 = 65_534;

/// A file whose run was killed right before it was written.
pub(crate) struct Interrupted {
    pub(crate) scratch: Scratch,
    pub(crate) file: PathBuf,
    pub(crate) journal: PathBuf,
    pub(crate) old: Vec<u8>,
    pub(crate) new: Vec<u8>,
}

pub(crate) fn interrupted() -> Interrupted {
    let scratch = Scratch::new();
    let old = runner_tests::log_lines(300_000, "\n");
    let new = String::from_utf8(old.clone()).unwrap().replace("user", "USER").into_bytes();
    let file = scratch.write("file", &old);
    kill::at_first_write(&file, &OPTIONS);
    let journal = scratch.path("file.runner-journal");
    Interrupted { scratch, file, journal, old, new }
}

pub(crate) fn apply(files: &[&Path], options: &[&str]) -> Ran {
    let mut command = command();
    command.args(["apply", "replace"]).args(OPTIONS).args(options).args(files);
    Ran::of(command.output().unwrap())
}

pub(crate) fn recover(file: &Path, options: &[&str]) -> Ran {
    Ran::of(command().arg("recover").args(options).arg(file).output().unwrap())
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
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
    let (undo, old) = (scratch.path("undo"), std::fs::read(&saved).unwrap());
    let options = ["--allow-patch-file", "--set", "regex=true", "--undo", undo.to_str().unwrap()];
    apply(&[&saved], &options).ok();
    assert_ne!(before, scratch.snapshot());
    runner!["undo", &undo, &saved].fails(4, what).says("--allow-patch-file");
    runner!["undo", &undo, &saved, "--allow-patch-file"].ok();
    assert!(std::fs::read(&saved).unwrap() == old);
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
