//! A medium that cannot be read at one place, or loses what is written there:
//! an error with the offset, never a signal, and the file as it was. Most of it
//! as root only.

mod dropped;

use std::fs;
use std::path::PathBuf;

use runner_pipeline::sidecar::Names;
use runner_pipeline::storage::Entry;
use runner_tests::medium::Medium;
use runner_tests::mount::{IMAGE_BYTES, Mount, format};
use runner_tests::{Ran, Scratch, has, log_lines, names, runner, skip};

/// Stands once in the file, and lies where the medium is bad.
const MARK: &str = "this line can not be read: Find/me\n";
const MARK_AT: usize = 2_000_000;
/// Of the pages that the kernel reads together, one is bad.
const READ_TOGETHER_BYTES: usize = 2 << 20;

/// A filesystem with one file, on a medium.
struct Bench {
    mount: Option<Mount>,
    medium: Medium,
    old: Vec<u8>,
}

impl Bench {
    fn new(filesystem: &str) -> Option<Self> {
        let medium = Medium::new(IMAGE_BYTES)?;
        format(filesystem, &medium.path()).then_some(())?;
        let mut old = log_lines(3 << 20, "\n");
        old[MARK_AT..MARK_AT + MARK.len()].copy_from_slice(MARK.as_bytes());
        let mut bench = Self { mount: None, medium, old };
        bench.put_back();
        Some(bench)
    }

    fn directory(&self) -> PathBuf {
        self.mount.as_ref().unwrap().path("directory")
    }

    fn file(&self) -> PathBuf {
        self.directory().join("file")
    }

    /// Forgets what is cached.
    fn mount_again(&mut self) {
        self.mount = None;
        self.mount = Some(self.medium.mount().unwrap());
    }

    /// The file as it was at first, on a medium that is well.
    fn put_back(&mut self) {
        self.medium.mend();
        self.mount_again();
        let _ = fs::remove_dir_all(self.directory());
        fs::create_dir(self.directory()).unwrap();
        fs::write(self.file(), &self.old).unwrap();
        self.mount_again();
    }

    /// That a run has changed nothing, and met what is bad.
    #[track_caller]
    fn untouched(&mut self, what: &str) {
        assert!(self.medium.mend() > 0, "{what}: it did not touch what is bad");
        self.mount_again();
        assert_eq!(names(&self.directory()), ["file"], "{what}");
        assert!(fs::read(self.file()).unwrap() == self.old, "{what}: the file is not as it was");
        // Reading it has cached it.
        self.mount_again();
    }
}

const UPPER: [&str; 4] = ["--set", "find=Find/me", "--set", "with=FIND/ME"];
const SHORTER: [&str; 4] = ["--set", "find=Find/me", "--set", "with=Find"];

/// What a message says of where it was.
fn offset(ran: &Ran) -> usize {
    let (_, rest) = ran.stderr.split_once(" at byte ").expect("a message that says where");
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The old content cannot be read, by whatever reads it.
fn bad_while_mapped(filesystem: &str) {
    let Some(mut bench) = Bench::new(filesystem) else { return };
    let out = Scratch::new();
    let out_path = out.path("out").to_str().unwrap().to_owned();
    let ways: [(&[&str], &[&str]); 12] = [
        (&["apply", "replace"], &UPPER),
        (&["apply", "replace", "-j", "1"], &UPPER),
        (&["apply", "replace", "--strategy", "rewrite"], &UPPER),
        (&["apply", "replace", "--strategy", "in-place"], &SHORTER),
        (&["apply", "replace", "--backup", ".old", "--undo", &out_path], &SHORTER),
        (&["apply", "replace", "--dry-run"], &UPPER),
        (&["apply", "replace", "--check"], &UPPER),
        (&["apply", "replace", "-o", &out_path], &SHORTER),
        (&["apply", "replace", "-o", "-"], &UPPER),
        (&["plan", "replace", "-o", &out_path], &UPPER),
        (&["verify"], &[]),
        (&["verify", "-j", "1"], &[]),
    ];
    for (way, options) in ways {
        bench.medium.refuse_to_read(MARK.as_bytes());
        let file = bench.file();
        let arguments = way.iter().chain(options).copied().map(String::from);
        let ran = runner(arguments.chain([file.to_str().unwrap().to_owned()]));
        let ran = ran.fails(2, "cannot read").says("or its medium failed").says("hint: nothing was written");
        let at = offset(&ran);
        assert!(
            at.is_multiple_of(4096) && at <= MARK_AT && MARK_AT < at + READ_TOGETHER_BYTES,
            "{way:?}: at {at}"
        );
        assert_eq!(names(out.dir()), [""; 0], "{way:?}");
        bench.untouched(&format!("{way:?}"));
    }
    eprintln!("counted: {filesystem}: unreadable in {} ways", ways.len());
}

/// What was written cannot be read back, and what was there before can.
fn bad_when_read_back(filesystem: &str) {
    let Some(mut bench) = Bench::new(filesystem) else { return };
    let old = String::from_utf8(bench.old.clone()).unwrap();
    let ways: [(&[&str], &[&str], &str); 5] = [
        (&[], &UPPER, "FIND/ME"),
        (&["--strategy", "rewrite"], &UPPER, "FIND/ME"),
        (&["--strategy", "in-place"], &SHORTER, "Find"),
        (&[], &SHORTER, "Find"),
        (&["-o", "OUT"], &UPPER, "FIND/ME"),
    ];
    for (way, options, with) in ways {
        let bad = format!("can not be read: {with}\n");
        let place = old.replace("Find/me", with).find(&bad).unwrap();
        bench.medium.refuse_to_read(bad.as_bytes());
        let file = bench.file();
        let out = bench.directory().join("out");
        let way = way.iter().map(|word| if *word == "OUT" { out.to_str().unwrap() } else { word });
        let way: Vec<_> = way.collect();
        let ran = runner(["apply", "replace", file.to_str().unwrap()].iter().chain(&way).chain(options));
        let ran = ran.fails(2, "cannot read back at byte").says("caused by: Input/output error");
        let at = offset(&ran);
        // A tail is read back in its journal first.
        let in_journal = way.contains(&"in-place");
        assert!(in_journal || at <= place && place < at + (64 << 10), "{way:?}: at {at}, not {place}");
        bench.untouched(&format!("{way:?}, read back"));
    }
}

/// Neither can be read back: the journal stays, until the medium is well.
fn bad_for_good(filesystem: &str) {
    let Some(mut bench) = Bench::new(filesystem) else { return };
    for rollback in [false, true] {
        bench.put_back();
        let file = bench.file();
        // What is cached now can be read for the scan.
        assert!(fs::read(&file).unwrap() == bench.old);
        // The same before and after.
        bench.medium.refuse_to_read(b"this line can not be read");
        let apply = ["apply", "replace", file.to_str().unwrap()];
        let ran = runner(apply.iter().chain(&UPPER)).fails(6, "could be neither changed nor rolled back");
        ran.says("cannot read back at byte").says("hint: once that is fixed, run `runner recover");
        let direction = if rollback { &["recover", "--rollback"][..] } else { &["recover"] };
        let recover = |bench: &Bench| runner(direction.iter().chain([&bench.file().to_str().unwrap()]));
        // In the cache, and then not even there.
        recover(&bench).fails(6, "could not be recovered; its journal was kept");
        bench.mount_again();
        recover(&bench).fails(2, "cannot read at byte");
        assert_eq!(names(&bench.directory()), ["file", "file.runner-journal"]);
        assert!(bench.medium.mend() > 0);
        recover(&bench).ok();
        let found = String::from_utf8(fs::read(bench.file()).unwrap()).unwrap();
        let old = String::from_utf8(bench.old.clone()).unwrap();
        assert!(if rollback { found == old } else { found == old.replace("Find/me", "FIND/ME") });
        assert_eq!(names(&bench.directory()), ["file"]);
    }
}

/// What is written goes nowhere, and nobody says so: what is read back tells.
fn lost_writes(filesystem: &str) {
    let Some(mut bench) = Bench::new(filesystem) else { return };
    let in_place: &[&str] = &["--strategy", "in-place"];
    let rewrite: &[&str] = &["--strategy", "rewrite"];
    let target: fn(&Names) -> &Entry = |names| &names.target;
    let new: fn(&Names) -> &Entry = |names| &names.new;
    let scan: fn(&Names) -> &Entry = |names| &names.scan;
    let ways = [
        // The file itself, in place, and a new one.
        (in_place, &UPPER, "can not be read: FIND/ME", target),
        (rewrite, &UPPER, "can not be read: FIND/ME", new),
        (rewrite, &SHORTER, "can not be read: Find\n", new),
        // The journal, before anything hangs on it. (That of a tail holds all
        // of it. A second one like it might find the lost bytes of the first
        // in its place on the medium.)
        (in_place, &SHORTER, "can not be read: Find\n", new),
        (in_place, &SHORTER, "RUNPATCH", new),
        (in_place, &UPPER, "RUNPATCH", scan),
    ];
    for (way, options, lost, what) in ways {
        bench.medium.lose(lost.as_bytes());
        let file = bench.file();
        let ran = runner(["apply", "replace", file.to_str().unwrap()].iter().chain(way).chain(options));
        let ran = ran.fails(5, "");
        // The patch has outgrown memory, and some of what it lost is needed
        // before the new file is read back.
        let names = runner_tests::sidecars(&file);
        let what = what(&names).path();
        let in_scan = what == names.new.path()
            && ran.stderr.contains(&format!("{} is corrupt", names.scan.path().display()));
        if !in_scan {
            ran.says(&format!("{} does not read back as it was written", what.display()))
                .says("the medium or its controller is faulty");
        }
        bench.untouched(&format!("{way:?}, lost {lost:?}"));
    }
}

#[test]
fn writes_that_are_lost_on_ext4() {
    lost_writes("ext4");
}

#[test]
fn writes_that_are_lost_on_xfs() {
    lost_writes("xfs");
}

#[test]
fn an_unreadable_place_on_ext4() {
    bad_while_mapped("ext4");
}

#[test]
fn an_unreadable_place_on_xfs() {
    bad_while_mapped("xfs");
}

#[test]
fn an_unreadable_place_on_btrfs() {
    bad_while_mapped("btrfs");
}

#[test]
fn what_cannot_be_read_back_on_ext4() {
    bad_when_read_back("ext4");
}

#[test]
fn what_cannot_be_read_back_on_xfs() {
    bad_when_read_back("xfs");
}

#[test]
fn a_medium_that_stays_bad_on_ext4() {
    bad_for_good("ext4");
}

#[test]
fn a_medium_that_stays_bad_on_xfs() {
    bad_for_good("xfs");
}

/// Each call that reads the file, or the new one, fails in turn. What is read
/// in one go is read again bit by bit then, or where it is mapped.
#[test]
fn each_read_may_fail() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let old = log_lines(300_000, "\n");
    let file = scratch.write("file", &old);
    let out = scratch.path("out");
    let names = runner_tests::sidecars(&file);
    let new_out = names.temporary(&runner_pipeline::storage::Entry::resolve(&out).unwrap());
    let [new_name, new_out] = [names.new, new_out].map(|entry| entry.path().to_owned());
    let elsewhere = Scratch::new();
    let log = elsewhere.path("log");
    let ways: [&[&str]; 4] = [
        &["--strategy", "in-place", "--set", "with=USER99", "--backup", ".old"],
        &["--strategy", "in-place", "--set", "with=USER"],
        &["--strategy", "rewrite", "--set", "with=USER"],
        &["--set", "with=USER", "-o", out.to_str().unwrap()],
    ];
    let (mut failures, mut again) = (0, 0);
    for (way, call) in ways.iter().flat_map(|way| ["pread64", "copy_file_range"].map(|call| (way, call))) {
        for nth in 1.. {
            let mut strace = runner_tests::program("strace");
            strace.args(["-f", "-qq", "-o"]).arg(&log).args(["-e", &format!("trace={call}")]);
            // Of others, the dynamic linker reads, too.
            for path in [&file, &new_name, &new_out, &scratch.path("file.old")] {
                strace.arg("-P").arg(path);
            }
            strace.args(["-e", &format!("inject={call}:error=EIO:when={nth}"), "--"]);
            strace.arg(runner_tests::binary()).args(["apply", "replace", "--set", "find=user99", "-j", "1"]);
            strace.args(*way).arg(&file);
            let ran = Ran::of(strace.output().unwrap());
            let failed = fs::read_to_string(&log).unwrap().contains("INJECTED");
            if ran.code == 0 {
                let new = if way.contains(&"-o") { &out } else { &file };
                let with = if way.contains(&"with=USER99") { "USER99" } else { "USER" };
                let expected = String::from_utf8(old.clone()).unwrap().replace("user99", with);
                assert!(fs::read_to_string(new).unwrap() == expected, "{way:?}, {call} {nth}");
                for left in [&out, &scratch.path("file.old")] {
                    let _ = fs::remove_file(left);
                }
                fs::write(&file, &old).unwrap();
                if failed {
                    again += 1;
                    continue;
                }
                break;
            }
            let _ = fs::remove_file(&out);
            let what = format!("{way:?}, {call} {nth}: {}", ran.stderr);
            ran.fails(2, "caused by: Input/output error");
            assert_eq!(runner_tests::names(scratch.dir()), ["file"], "{what}");
            assert!(fs::read(&file).unwrap() == old, "{what}");
            failures += 1;
        }
    }
    eprintln!("counted: {failures} reads failed");
    assert!(failures > 20, "{failures} is hardly any");
    assert!(again >= ways.len(), "{again}: of each way, the copy of the only block at least");
}
