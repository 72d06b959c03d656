//! What a killed run left beside a file, a result or a backup, and names that
//! are already taken: every message leads out.

use runner_tests::{Ran, Scratch, command, has, kill, log_lines, names, program, runner, skip, stop};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::killed_runs::{OPTIONS, apply, changed, killed, recover};

/// All files that were left are named, and all are recovered by one command.
#[test]
fn several_files_are_recovered_at_once() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let old = log_lines(300_000, "\n");
    let files: Vec<_> = ["one", "two words", "three"].map(|name| scratch.write(name, &old)).into();
    files.iter().for_each(|file| kill::at_first_write(file, &OPTIONS));
    let run = |arguments: &[&str]| Ran::of(command().args(arguments).args(&files).output().unwrap());
    let apply = [&["apply", "replace"][..], &OPTIONS].concat();
    let ran = run(&apply).fails(6, "one did not finish");
    ran.says(&format!(
        "the same applies to these files: `runner recover '{}' {}`",
        files[1].display(),
        files[2].display()
    ));
    run(&["recover"]).ok();
    assert!(files.iter().all(|file| fs::read(file).unwrap() == changed(&old)));
    // One that fails does not keep the others back.
    fs::write(&files[0], &old).unwrap();
    kill::at_first_write(&files[2], &["--set", "find=USER", "--set", "with=user"]);
    fs::remove_file(&files[1]).unwrap();
    assert_eq!(run(&["recover"]).code, 2);
    assert!(fs::read(&files[2]).unwrap() == old);
}

/// What a killed run has left is named with the way out, and that works.
#[test]
fn what_is_in_the_way_of_a_glob_is_named() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(300_000, "\n"));
    let name = file.to_str().unwrap();
    let out = scratch.path("out");
    let elsewhere = [&["apply", "replace", name, "-o", out.to_str().unwrap()][..], &OPTIONS].concat();
    let rewrite = [&["apply", "replace", name, "--strategy", "rewrite"][..], &OPTIONS].concat();
    for (arguments, hint) in [(&elsewhere, "inspect it, and then `rm "), (&rewrite, "`runner recover ")] {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        killed("fsync", 1, &arguments);
        let left: Vec<_> = names(scratch.dir()).into_iter().filter(|name| name != "file").collect();
        let [left] = &left[..] else { panic!("{left:?}") };
        let ran = apply(&scratch.path(left), &["--check"])
            .fails(4, "has a name that is reserved for the files of `runner`");
        let command = ran.says(hint).stderr;
        let command = command.split(hint).nth(1).unwrap().split('`').next().unwrap();
        let line = format!("{}{command}", hint.rsplit('`').next().unwrap());
        let line = line.replace("runner recover", &format!("{:?} recover", runner_tests::binary()));
        Ran::of(program("sh").args(["-c", &line]).output().unwrap()).ok();
        assert_eq!(names(scratch.dir()), ["file"], "{line}");
    }
    // One of a run that is at work is left to that.
    let rewrite: Vec<_> = rewrite.to_vec();
    let Some(ran) = stop::at(("fsync", 1), None, &rewrite, || {
        let new = runner_tests::sidecars(&file).new;
        apply(new.path(), &["--check"]).fails(4, "has a name").says("a run is using it");
    }) else {
        return;
    };
    ran.ok();
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
        let beside = runner_tests::sidecars(&file).new;
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
        shell.args(["-c", &format!("{:?}{hint}", runner_tests::binary())]).current_dir(scratch.dir());
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
            let ran = runner(way.iter().copied());
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
            .says("another run is using it");
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
    let open = File::open(&file).unwrap();
    let ran = apply(&file, &["-q", "--strategy", "rewrite"]).ok();
    ran.says("warning: ").says("another process still has the old file open");
    drop(open);
    assert_eq!(apply(&file, &["-q", "--set", "ignore-case=true", "--strategy", "rewrite"]).ok().stderr, "");
    let mut no_key = command();
    no_key.args(["apply", "replace", "-q", "--set", "find=USER", "--set", "with=user"]).arg(&file);
    let ran = Ran::of(no_key.env("RUNNER_STATE_DIR", "/proc/no/such").output().unwrap()).ok();
    ran.says("warning: cannot store a key for journals");
}

/// In a directory that others may write to: whoever has put the file there
/// would own the result. And nobody waits for a reader who never comes.
#[test]
fn the_result_is_nobody_elses() {
    if !runner_tests::is_root() {
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
    apply(&file, &["-o", given])
        .fails(4, "belongs to user 65534, in a directory that other users may write to");
    assert_eq!(fs::read(&out).unwrap(), b"planted");
    open(shared.dir(), 0o755);
    apply(&file, &["-o", given]).ok();
    assert_eq!(fs::read(&out).unwrap(), b"a USER\n");
    let fifo = shared.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o666.into()).unwrap();
    apply(&file, &["-o", fifo.to_str().unwrap()])
        .fails(2, "cannot open")
        .says("start the reader of the FIFO first");
    give(&fifo);
    let what = "is a FIFO of user 65534, who could read the result";
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
    let ran = runner(to_stdout.iter().copied().chain([file.to_str().unwrap()]));
    ran.fails(2, "a patch cannot be written to standard output");
}
