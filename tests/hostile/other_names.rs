//! A file has several names, a name holds what a shell would obey, and what a
//! killed run has left has names of its own: every way leads out.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;

use runner_tests::{Ran, Scratch, command, has, kill, log_lines, names, program, runner, skip, stop};

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
        let what = "did not finish: under a different name,";
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
    let mut value = [0; 100];
    let marked = rustix::fs::getxattr(&file, "user.runner.journal", &mut value[..]);
    assert_eq!(marked, Err(rustix::io::Errno::NODATA));
    fs::write(&file, "a user\n").unwrap();
    run(&scratch.path("link")).ok();
    assert_eq!(fs::read(&file).unwrap(), b"a USER\n");
}

/// What a half-changed file may be called since: by a link or a rename after
/// the crash, or by a mount of the file alone. Nothing works on it, and what
/// the hint says brings it to one state.
#[test]
fn a_journal_counts_for_names_that_came_later() {
    if !has("strace") {
        return skip("strace is missing");
    }
    type Way = fn(&Path, &Path);
    let ways: [(&str, Way); 2] = [
        ("link", |file, other| fs::hard_link(file, other).unwrap()),
        ("move", |file, other| fs::rename(file, other).unwrap()),
    ];
    for (name, way) in ways {
        let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
        let old = log_lines(300_000, "\n");
        let file = scratch.write("file", &old);
        kill::at_first_write(&file, &OPTIONS);
        let other = elsewhere.path("other");
        way(&file, &other);
        let before = (scratch.snapshot(), elsewhere.snapshot());
        let what = "did not finish: under a different name, it left";
        let bystander = scratch.write("bystander", "a user\n");
        apply(&other, &[]).fails(6, what);
        apply(&other, &["--check"]).fails(6, what);
        let both = [&bystander, &other];
        let ran = Ran::of(command().args(["apply", "replace"]).args(OPTIONS).args(both).output().unwrap());
        ran.fails(6, what);
        runner!["verify", &other].fails(6, what);
        let hint = recover(&other, &[]).fails(6, what).stderr;
        assert_eq!(fs::read(&bystander).unwrap(), b"a user\n");
        fs::remove_file(&bystander).unwrap();
        assert_eq!(before, (scratch.snapshot(), elsewhere.snapshot()), "{name}");

        let commands: Vec<_> = hint.split('`').skip(1).step_by(2).collect();
        for line in commands {
            let line = line.replace("runner recover", &format!("{:?} recover", runner_tests::binary()));
            Ran::of(program("sh").args(["-c", &line]).output().unwrap()).ok();
        }
        assert!(fs::read(&other).unwrap() == changed(&old), "{name}");
        runner!["verify", &other].ok();
        assert_eq!(names(elsewhere.dir()), ["other"]);
    }
}

/// A copy is as half-changed as the file was, and its mark is not the copy's.
#[test]
fn a_copy_of_a_marked_file_is_refused() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let old = log_lines(300_000, "\n");
    let file = scratch.write("file", &old);
    kill::at_first_write(&file, &OPTIONS);
    let copy = scratch.path("copy");
    assert!(program("cp").arg("-a").args([&file, &copy]).status().unwrap().success());
    let ran = apply(&copy, &[]).fails(6, "under a different name, it left");
    let recover_file = format!("run `runner recover {}`, and copy the file again", file.display());
    ran.says("made for a different file").says(&recover_file).says("setfattr -x user.runner.journal");
    recover(&file, &[]).ok();
    assert!(fs::read(&file).unwrap() == changed(&old));
    apply(&copy, &[]).ok();
    // Nor is what takes the place of a half-changed file its own output.
    fs::write(&file, &old).unwrap();
    kill::at_first_write(&file, &OPTIONS);
    let link = scratch.path("link");
    fs::hard_link(&file, &link).unwrap();
    apply(&copy, &["-o", link.to_str().unwrap(), "--set", "ignore-case=true"])
        .fails(6, "under a different name, it left");
}

/// Whatever becomes of the journal's removal: as long as it is there, no other
/// name is worked on.
#[test]
fn a_mark_outlives_its_journal() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", log_lines(1000, "\n"));
    let link = scratch.path("link");
    fs::hard_link(&file, &link).unwrap();
    let arguments = [&["apply", "replace", file.to_str().unwrap()][..], &OPTIONS].concat();
    let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
    killed("unlinkat", 1, &arguments);
    assert!(scratch.path("file.runner-journal").exists());
    apply(&link, &["--set", "ignore-case=true"]).fails(6, "under a different name, it left");
    killed("unlinkat", 1, &[OsStr::new("recover"), file.as_os_str()]);
    apply(&link, &["--set", "ignore-case=true"]).fails(6, "under a different name, it left");
    recover(&file, &[]).ok();
    apply(&link, &["--set", "ignore-case=true"]).ok();
}

/// A file whose inode has no room for the mark.
#[test]
fn what_cannot_be_marked_is_not_written() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "a user\n");
    let set = |name: String, bytes: usize| {
        rustix::fs::setxattr(&file, name, &vec![b'x'; bytes], rustix::fs::XattrFlags::empty()).is_ok()
    };
    let mut count = (0..1000).take_while(|at| set(format!("user.long{at}"), 100)).count();
    count += (0..1000).take_while(|at| set(format!("user.s{at}"), 1)).count();
    if count == 0 || count >= 1000 {
        return skip("this filesystem has no attributes, or room for any number of them");
    }
    let before = scratch.snapshot();
    apply(&file, &[]).fails(2, "cannot mark").says("nothing was written; `--strategy rewrite`");
    assert_eq!(before, scratch.snapshot());
    apply(&file, &["--strategy", "rewrite"]).ok();
}

/// A mount of one file, as containers have it.
#[test]
fn a_journal_counts_for_a_mount_of_the_file() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
    let file = scratch.write("file", log_lines(300_000, "\n"));
    let mounted = elsewhere.write("mounted", "");
    if !runner_tests::is_root() {
        return skip("only root can mount");
    }
    let mount = |args: &[&OsStr]| program("mount").args(args).status().unwrap().success();
    assert!(mount(&[OsStr::new("--bind"), file.as_os_str(), mounted.as_os_str()]));
    kill::at_first_write(&mounted, &OPTIONS);
    let journal = runner_tests::sidecars(&mounted).journal;
    let before = scratch.snapshot();
    apply(&file, &["--strategy", "rewrite"]).fails(6, "under a different name, it left");
    runner!["verify", &file].fails(6, "under a different name, it left");
    assert_eq!(before, scratch.snapshot());
    recover(&mounted, &[]).ok();
    assert!(!journal.path().exists());
    runner!["verify", &file].ok();
    assert!(program("umount").arg(&mounted).status().unwrap().success());
}

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

/// A mark whose journal is gone, alone or with its directory, is in nobody's
/// way; one whose journal cannot be looked at is.
#[test]
fn a_mark_counts_unless_its_journal_is_gone() {
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
    runner!["verify", &link].fails(6, "under a different name, it left").says("caused by: cannot");
    fs::remove_file(&directory).unwrap();
    runner!["verify", &link].ok();
    fs::rename(&moved, &directory).unwrap();
    runner!["verify", &link].fails(6, "did not finish");
    fs::remove_file(directory.join("file.runner-journal")).unwrap();
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
