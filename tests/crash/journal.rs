//! What a run leaves behind that did not end: every command says so, with the
//! command that helps; that command brings the file to one state.

use std::fs;
use std::path::PathBuf;

use runner_tests::{Scratch, runner};

const OPTIONS: [&str; 4] = ["--set", "find=user", "--set", "with=USER"];

struct Interrupted {
    scratch: Scratch,
    file: PathBuf,
    /// The journal's patch, saved in a directory of its own.
    saved: PathBuf,
    _elsewhere: Scratch,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// A file with a journal, of whose edits those before `reach` have got there.
fn interrupted(reach: usize) -> Interrupted {
    let scratch = Scratch::new();
    let old = runner_tests::log_lines(300_000, "\n");
    let new = String::from_utf8(old.clone()).unwrap().replace("user", "USER").into_bytes();
    let file = scratch.write("file", &old);
    let elsewhere = Scratch::new();
    let saved = elsewhere.path("saved");
    let plan = ["plan", "replace", file.to_str().unwrap(), "-o", saved.to_str().unwrap()];
    runner(plan.iter().chain(&OPTIONS)).ok();
    runner_tests::kill::at_first_write(&file, &OPTIONS);
    let torn = [&new[..reach], &old[reach..]].concat();
    // Keeps the inode.
    fs::write(&file, torn).unwrap();
    Interrupted { scratch, file, saved, _elsewhere: elsewhere, old, new }
}

impl Interrupted {
    /// Everything but `recover` refuses to work on the file.
    #[track_caller]
    fn refused(&self, left: &str) {
        let before = self.scratch.snapshot();
        let file = self.file.to_str().unwrap();
        let out = self.scratch.path("out");
        let out = out.to_str().unwrap();
        let left = self.scratch.path(left);
        let what = format!("an earlier run on {file} did not finish: it left {}", left.display());
        let hint = format!("hint: `runner recover {file}` brings the file to a consistent state");
        for options in [&[][..], &["--dry-run"], &["--check"], &["-o", out], &["-o", "-"]] {
            let args = ["apply", "replace", file];
            runner(args.iter().chain(&OPTIONS).chain(options)).fails(6, &what).says(&hint);
        }
        let plan = ["plan", "replace", file, "-o", out];
        runner(plan.iter().chain(&OPTIONS)).fails(6, &what).says(&hint);
        runner!["verify", file].fails(6, &what).says(&hint);
        let saved = self.saved.to_str().unwrap();
        runner!["patch", saved, file].fails(6, &what).says(&hint);
        runner!["undo", saved, file].fails(6, &what).says(&hint);
        assert_eq!(before, self.scratch.snapshot());
    }

    fn content(&self) -> Vec<u8> {
        assert_eq!(runner_tests::names(self.scratch.dir()), ["file"], "nothing is left");
        fs::read(&self.file).unwrap()
    }
}

#[test]
fn a_journal_is_rolled_forward() {
    for reach in [0, 70_000, 300_000] {
        let run = interrupted(reach);
        run.refused("file.runner-journal");
        runner!["recover", &run.file].ok().says("rolled forward, verified");
        assert!(run.content() == run.new, "from {reach}");
        runner!["recover", &run.file].ok().says("nothing to recover");
        assert!(run.content() == run.new, "from {reach}");
    }
}

#[test]
fn a_journal_is_rolled_back() {
    for reach in [0, 70_000, 300_000] {
        let run = interrupted(reach);
        runner!["recover", &run.file, "--rollback"].ok().says("rolled back, verified");
        assert!(run.content() == run.old, "from {reach}");
    }
}

#[test]
fn a_journal_that_is_not_the_files_own_is_kept() {
    let run = interrupted(0);
    // A byte that no edit touches, in a group that one does.
    let mut other = run.old.clone();
    other[70_000] ^= 1;
    fs::write(&run.file, &other).unwrap();
    let before = run.scratch.snapshot();
    for options in [&[][..], &["--rollback"]] {
        let ran = runner(["recover", run.file.to_str().unwrap()].iter().chain(options));
        ran.fails(6, "is not the file that its journal was made for").says("hint: nothing was written");
        assert_eq!(before, run.scratch.snapshot());
    }
}

/// The inode tells nothing of a copy that took the file's place: every byte
/// of it must be right, those that no edit is near too.
#[test]
fn a_copy_must_be_right_as_a_whole() {
    let scratch = Scratch::new();
    let mut old = runner_tests::log_lines(300_000, "\n");
    let (file, journal) = (scratch.path("file"), scratch.path("file.runner-journal"));
    old[..4].copy_from_slice(b"FIND");
    let new = [b"them", &old[4..]].concat();
    for (foreign, direction) in [(None, &[][..]), (Some(200_000), &[]), (Some(200_000), &["--rollback"])] {
        fs::write(&file, &old).unwrap();
        runner_tests::kill::at_first_write(&file, &["--set", "find=FIND", "--set", "with=them"]);
        let file = file.to_str().unwrap();
        let mut copy = old.clone();
        if let Some(at) = foreign {
            copy[at] ^= 1;
        }
        scratch.write("copy", &copy);
        fs::rename(scratch.path("copy"), file).unwrap();
        let before = scratch.snapshot();
        let ran = runner(["recover", file].iter().chain(direction));
        if foreign.is_none() {
            ran.ok();
            assert!(fs::read(file).unwrap() == new);
        } else {
            ran.fails(6, "is not the file that its journal was made for");
            assert_eq!(before, scratch.snapshot());
            fs::remove_file(&journal).unwrap();
        }
    }
}

/// A patch that moves bytes cannot be written over a file twice.
#[test]
fn a_patch_that_is_no_journal_is_not_written() {
    let run = interrupted(0);
    let (file, journal) = (run.file.to_str().unwrap(), run.scratch.path("file.runner-journal"));
    fs::remove_file(&journal).unwrap();
    let saved = run.scratch.path("saved");
    let plan = ["plan", "replace", file, "--set", "find=user", "--set", "with=u", "-o"];
    runner(plan.iter().chain(&[saved.to_str().unwrap()])).ok();
    fs::rename(&saved, &journal).unwrap();
    let before = run.scratch.snapshot();
    runner!["recover", file].fails(4, "is not trusted: it was made without a key");
    // What it would do is shown before it is refused.
    let ran = runner!["recover", "--trust-journal", file];
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    ran.says("is a patch, but not a journal");
    assert_eq!(before, run.scratch.snapshot());
}

#[test]
fn a_damaged_journal_is_kept() {
    let run = interrupted(70_000);
    let journal = run.scratch.path("file.runner-journal");
    let whole = fs::read(&journal).unwrap();
    let mut bad = whole.clone();
    bad[whole.len() / 2] ^= 1;
    for bytes in [&bad[..], &whole[..whole.len() - 1], b"a text\n", b""] {
        fs::write(&journal, bytes).unwrap();
        run.refused("file.runner-journal");
        let before = run.scratch.snapshot();
        runner!["recover", &run.file].fails(6, "cannot be used").says("hint: nothing was written");
        assert_eq!(before, run.scratch.snapshot());
    }
    fs::write(&journal, whole).unwrap();
    runner!["recover", &run.file].ok();
    assert!(run.content() == run.new);
}

/// They never happened, whatever is in them.
#[test]
fn a_scan_or_a_new_file_is_removed() {
    for scan in [true, false] {
        let run = interrupted(0);
        let names = runner_tests::sidecars(&run.file);
        let left = if scan { names.scan } else { names.new };
        fs::remove_file(run.scratch.path("file.runner-journal")).unwrap();
        fs::write(left.path(), "what was written so far").unwrap();
        fs::set_permissions(left.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        run.refused(left.name().to_str().unwrap());
        runner!["recover", &run.file]
            .ok()
            .says("intact; removed the files that the interrupted run left behind");
        assert!(run.content() == run.old);
    }
}

#[test]
fn a_link_leads_to_the_journal_of_its_file() {
    let run = interrupted(70_000);
    let elsewhere = Scratch::new();
    let link = elsewhere.path("link");
    std::os::unix::fs::symlink(&run.file, &link).unwrap();
    runner!["verify", &link].fails(6, "did not finish");
    runner!["recover", &link].ok();
    assert!(run.content() == run.new);
    assert_eq!(runner_tests::names(elsewhere.dir()), ["link"]);
}
