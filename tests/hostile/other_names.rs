//! A file has several names, a name holds what a shell would obey, and what a
//! killed run has left has names of its own: every way leads out.

use std::ffi::OsStr;
use std::fs::{self};
use std::path::Path;

use runner_tests::{Ran, Scratch, command, has, kill, log_lines, names, program, runner, skip};

use super::killed_runs::{OPTIONS, apply, changed, killed, recover};

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
    assert_eq!(names(&state), ["history.jsonl", "journal-key"]);
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
