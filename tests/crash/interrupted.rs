//! Ctrl-C at every stage of every command: `strace` sends the signal when the
//! binary makes a call for the n-th time, for call after call and n after n.
//!
//! Before the commit point the directory is as it was, to the last time stamp
//! of the file, and the exit code is 7 (or the signal's own, as long as the
//! plugin is still loaded and nothing was begun). After it, the run goes to its
//! end. A second Ctrl-C kills; then `recover` brings the file to one state.
//!
//! By default every third call that changes something is tried, and every
//! thirtieth other one; with `RUNNER_EVERY=1` every one and every tenth. Where
//! a call is made very often, steps get longer.
//!
//! A killed run leaves its files of other names: `undo`, a backup, the scan of
//! a patch that was to be saved, the new file of `-o`, and what it had in the
//! directory for temporary files. `recover` knows the target's own alone.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;

use runner_tests::{Scratch, Snapshot, has, kill, log_lines, names, runner, skip};

/// Those that read and set up, beside all that change something.
const MORE_CALLS: [&str; 6] = ["openat", "mmap", "statx", "pread64", "madvise", "munmap"];
/// What a run is committed by: the name of a journal, a patch or a new file, or
/// an exchange of two; of a rewrite with a backup, the old file's second name.
const COMMITS: &str = "rename,renameat,renameat2,link,linkat";
const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

/// Of those there are many in most runs.
const MANY: usize = 10;

/// The calls to send signals at, and how many of each to go on by.
fn calls(more: usize) -> impl Iterator<Item = (&'static str, usize)> {
    let every = std::env::var("RUNNER_EVERY").map_or(3, |every| every.parse().unwrap());
    let changing = kill::CALLS.into_iter().map(move |call| (call, every));
    changing.chain(MORE_CALLS.into_iter().map(move |call| (call, (more * every).max(1))))
}

/// Of three groups, one of them in which `a` is so frequent that a patch
/// spills.
fn content() -> Vec<u8> {
    [log_lines(100_000, "\n"), b"aaaaaaaaaaaaaaa\n".repeat(5_000)].concat()
}

/// A directory to work in, one for temporary files, and what strace says.
struct Place {
    _scratch: Scratch,
    work: PathBuf,
    temporary: PathBuf,
    log: PathBuf,
}

/// What a run has come to.
struct Came {
    /// The exit code, or minus the signal.
    code: i32,
    said: String,
    /// Signals that were sent: a call may be some thread's n-th one each.
    signals: usize,
    /// The first one was sent before the commit point.
    early: bool,
    /// There was one.
    committed: bool,
}

impl Place {
    fn new() -> Self {
        let scratch = Scratch::in_memory();
        let [work, temporary, log] = ["work", "tmp", "log"].map(|name| scratch.path(name));
        fs::create_dir(&work).unwrap();
        fs::create_dir(&temporary).unwrap();
        Self { _scratch: scratch, work, temporary, log }
    }

    /// Runs the binary in the directory, with a signal at some call.
    fn run(&self, command: &[&str], call: &str, signal: &str, when: &str) -> Came {
        // No length is changed while somebody has the file open.
        let input = match command[0] {
            "pipe" => File::open(self.work.join("file")).unwrap().into(),
            _ => Stdio::null(),
        };
        let output = runner_tests::program("strace")
            // The signal is for the run, not for its worker.
            .args(["-f", "-b", "execve", "-qq", "-o"])
            .arg(&self.log)
            .args(["-e", &format!("trace={call},{COMMITS}")])
            .args(["-e", &format!("inject={call}:signal={signal}:when={when}"), "--"])
            .arg(runner_tests::binary())
            .args(command)
            .env("TMPDIR", &self.temporary)
            .current_dir(&self.work)
            .stdin(input)
            .stdout(Stdio::null())
            .output()
            .unwrap();
        let log = fs::read_to_string(&self.log).unwrap();
        Came {
            code: output.status.code().unwrap_or_else(|| -output.status.signal().unwrap()),
            said: runner_tests::without_compiling(&String::from_utf8(output.stderr).unwrap()),
            signals: log.matches(&format!("--- SIG{signal} ")).count(),
            early: log
                .find("--- SIG")
                .is_some_and(|at| !COMMITS.split(',').any(|call| log[..at].contains(call))),
            committed: COMMITS.split(',').any(|call| log.contains(call)),
        }
    }

    /// Makes the directory what it is to be before the command.
    fn set_up(&self, before: &[(String, Vec<u8>)]) -> Snapshot {
        for name in names(&self.work) {
            fs::remove_file(self.work.join(name)).unwrap();
        }
        for (name, content) in before {
            let path = self.work.join(name);
            fs::write(&path, content).unwrap();
            if name.contains(".runner-") {
                // With rights for others it would not be believed.
                fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
            }
        }
        Snapshot::of(&self.work)
    }

    fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let read = |name: String| {
            let content = fs::read(self.work.join(&name)).unwrap();
            (name, content)
        };
        names(&self.work).into_iter().map(read).collect()
    }

    /// The file, after what the run has left was recovered; nothing beside it
    /// is left then.
    fn recovered(&self, what: &str) -> Vec<u8> {
        let file = self.work.join("file");
        runner!["recover", &file].ok();
        let left = names(&self.work);
        assert!(!left.iter().any(|name| name.starts_with("file.runner-")), "{what}: {left:?}");
        fs::read(file).unwrap()
    }
}

/// A patch tells of its file's inode and times: of those, the names count.
fn comparable(list: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    let content = |name: &str, content| if matches!(name, "undo" | "patch") { &[][..] } else { content };
    list.iter().map(|(name, bytes)| (name.as_str(), content(name, bytes))).collect()
}

/// What came of the signals.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    /// Killed before anything was begun.
    at_once: u32,
    /// Stopped before the commit point.
    stopped: u32,
    /// Gone to its end, behind it.
    ended: u32,
    /// Killed by a second signal.
    killed: u32,
    /// Of those, with a journal to recover from.
    journals: u32,
}

/// Sends a signal at each call, once or again and again. `before` is what the
/// directory holds; there is a `file` in it.
#[track_caller]
fn interrupted(command: &[&str], before: &[(String, Vec<u8>)]) -> Counts {
    interrupted_by(command, before, MANY)
}

/// The same; `more` is what makes steps longer between calls that change
/// nothing.
#[track_caller]
fn interrupted_by(command: &[&str], before: &[(String, Vec<u8>)], more: usize) -> Counts {
    let mut counts = Counts::default();
    if !has("strace") {
        skip("strace is missing");
        return counts;
    }
    let place = Place::new();
    place.set_up(before);
    // Without a signal; compiles the plugin, too.
    let came = place.run(command, "flock", "INT", "60000");
    assert_eq!(came.code, 0, "{}", came.said);
    let after = place.contents();
    let file = |list: &[(String, Vec<u8>)]| list.iter().find(|(name, _)| name == "file").unwrap().1.clone();
    let mut turn = 0;
    for (call, step) in calls(more) {
        // Where there are very many, they are all alike: ever longer steps.
        for nth in std::iter::successors(Some(1), |nth| Some(nth + step + nth / 3)) {
            turn += 1;
            let (signal, number) = SIGNALS[turn % SIGNALS.len()];
            let when = if turn % 4 == 0 { format!("{nth}+") } else { nth.to_string() };
            let untouched = place.set_up(before);
            let came = place.run(command, call, signal, &when);
            let Came { code, said, signals, early, committed } = came;
            let left = names(&place.work);
            let what = format!("{command:?}: SIG{signal} at {call} {when}: {code}, {said}{left:?}");
            if code == 0 {
                assert!(
                    comparable(&place.contents()) == comparable(&after),
                    "not as without a signal: {what}"
                );
                assert!(!(early && committed), "it was asked to stop, and did not: {what}");
            } else if code == -number && signals < 2 {
                assert_eq!(untouched, Snapshot::of(&place.work), "{what}");
                counts.at_once += 1;
            } else if code == -number {
                counts.killed += 1;
                counts.journals += u32::from(left.iter().any(|name| name.ends_with(".runner-journal")));
                let found = place.recovered(&what);
                assert!(found == file(before) || found == file(&after), "mixed: {what}");
            } else {
                assert_eq!(code, 7, "{what}");
                assert!(said.starts_with("error: interrupted\n"), "{what}");
                assert_eq!(untouched, Snapshot::of(&place.work), "{what}");
                counts.stopped += 1;
            }
            if signals < 2 {
                assert_eq!(names(&place.temporary), [""; 0], "{what}");
            } else {
                names(&place.temporary)
                    .iter()
                    .for_each(|name| fs::remove_file(place.temporary.join(name)).unwrap());
            }
            if signals == 0 {
                break;
            }
            counts.ended += u32::from(code == 0);
        }
    }
    eprintln!("counted: {command:?}: {counts:?}");
    counts
}

fn a_file() -> Vec<(String, Vec<u8>)> {
    vec![("file".to_owned(), content())]
}

/// Applies, keeping all that can be kept.
#[track_caller]
fn apply(options: &[&str]) {
    let keeping = ["apply", "replace", "file", "--undo", "undo", "--backup", ".old", "--set", "find=a"];
    let counts = interrupted(&[&keeping[..], options].concat(), &a_file());
    // Behind the commit point of a rewrite there are hardly any calls left.
    assert!(counts.stopped > 5 && counts.ended > 1 && counts.at_once > 0, "{counts:?}");
}

#[test]
fn in_place() {
    apply(&["--set", "with=b"]);
}

#[test]
fn with_a_new_tail() {
    apply(&["--set", "with=bb", "--strategy", "in-place"]);
}

#[test]
fn by_a_new_file() {
    apply(&["--set", "with=bb", "--strategy", "rewrite"]);
}

#[test]
fn to_another_file_or_none() {
    let replace = ["apply", "replace", "file", "--set", "find=a", "--set", "with=bb"];
    for options in [&["-o", "out"][..], &["--dry-run"], &["--check"]] {
        let mut command = [&replace[..], options].concat();
        let (mut before, mut more) = (a_file(), MANY);
        if options == ["--check"] {
            // A code of 0, so that nothing is found.
            command[4] = "find=nowhere";
            // A look at a file is done in hardly any calls: none is left out, and there
            // are more with small windows.
            command.extend(["--window", "64K", "-j", "1"]);
            before[0].1 = content().repeat(40);
            more = 0;
        }
        let counts = interrupted_by(&command, &before, more);
        assert!(counts.stopped > 0, "{counts:?}");
    }
}

#[test]
fn saved_patches() {
    let place = Place::new();
    place.set_up(&a_file());
    let plan = ["plan", "replace", "file", "-o", "patch", "--set", "find=a", "--set", "with=bb"];
    assert_eq!(place.run(&plan, "flock", "INT", "60000").code, 0);
    let with_patch = place.contents();
    assert_eq!(place.run(&["patch", "patch", "file"], "flock", "INT", "60000").code, 0);
    let patched = place.contents();
    let counts = interrupted(&plan, &a_file());
    assert!(counts.stopped > 1, "{counts:?}");
    for (command, before) in [("patch", &with_patch), ("undo", &patched)] {
        let counts = interrupted(&[command, "patch", "file"], before);
        assert!(counts.stopped > 1 && counts.ended > 1, "{counts:?}");
    }
}

/// These do not look for signals: they are killed, and have changed nothing.
#[test]
fn what_only_reads_is_killed() {
    for command in [&["verify", "file"][..], &["pipe", "newline"]] {
        let counts = interrupted(command, &a_file());
        assert!(counts.at_once > 0 && counts.stopped == 0, "{counts:?}");
    }
}

/// A recovery is killed too, and its journal stands until it is done.
#[test]
fn a_recovery() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let place = Place::new();
    place.set_up(&a_file());
    let apply = ["apply", "replace", "file", "--set", "find=Find", "--set", "with=FIND"];
    // At the first write to the target behind the journal's name.
    assert_eq!(place.run(&apply, "fdatasync", "KILL", "1").code, -9);
    let half = place.contents();
    assert!(half.iter().any(|(name, _)| name == "file.runner-journal"), "{:?}", names(&place.work));
    for direction in [&["recover", "file"][..], &["recover", "--rollback", "file"]] {
        place.set_up(&half);
        assert_eq!(place.run(direction, "flock", "INT", "60000").code, 0);
        let after = place.contents();
        assert_eq!(after.len(), 1);
        let mut killed = 0;
        for (call, step) in calls(MANY) {
            for nth in std::iter::successors(Some(1), |nth| Some(nth + step + nth / 3)) {
                place.set_up(&half);
                let came = place.run(direction, call, "INT", &nth.to_string());
                let what = format!("{direction:?}: SIGINT at {call} {nth}: {}, {}", came.code, came.said);
                assert!(came.code == 0 || came.code == -2, "{what}");
                killed += u32::from(came.code == -2);
                // Once more, and all is well.
                assert_eq!(place.run(direction, "flock", "INT", "60000").code, 0, "{what}");
                assert!(place.contents() == after, "{what}");
                if came.signals == 0 {
                    break;
                }
            }
        }
        assert!(killed > 5, "{direction:?}: {killed}");
    }
}
