//! Nothing is left open. Three ways to look, and none of them needs anything
//! in the product:
//!
//! - A soak in this process: a thousand files through every driver of the
//!   library, good runs and failing ones, with descriptors, mappings, threads
//!   and temporary files counted before and after. The counts of the whole
//!   process only mean something while nothing else runs in it, so this is done
//!   in a process of its own.
//! - A thousand files in one run of the binary that may open few descriptors.
//! - Every command under `strace`: what each run has open when it ends is what
//!   it was started with. (All runs of the binary in other tests may open no
//!   more than `runner_tests::DESCRIPTORS` either.)

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use runner_contract::{FileHead, Param};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::output::Output;
use runner_pipeline::commit::recover::{self, OtherChanges};
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::commit::{Backup, Keep};
use runner_pipeline::error::Kind;
use runner_pipeline::memory::{Budget, MemoryContext, Need, plan};
use runner_pipeline::patch::{Direction, Patch, PluginId};
use runner_pipeline::run::{self, Begun, Options, Program};
use runner_pipeline::sidecar::{Names, Trust};
use runner_pipeline::storage::{Entry, FileType, OsStorage};
use runner_sandbox::{Isolation, Limits, Sandbox};
use runner_tests::{Scratch, has, log_lines, names, skip};

/// What this process has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    descriptors: Vec<PathBuf>,
    threads: usize,
    /// Files that are mapped.
    mapped: BTreeSet<String>,
    /// Mappings of all kinds.
    mappings: usize,
}

impl Held {
    fn now() -> Self {
        let entries = |dir: &str| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        // The one that reads the directory is gone when its link is read.
        let descriptors = entries("/proc/self/fd").filter_map(|path| fs::read_link(path).ok()).collect();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mapped = maps.lines().filter_map(|line| line.find('/').map(|at| line[at..].to_owned())).collect();
        Self {
            descriptors,
            threads: entries("/proc/self/task").count(),
            mapped,
            mappings: maps.lines().count(),
        }
    }

    /// Asserts that nothing was added. The allocator maps as it likes, so of
    /// all mappings there may be some more, but not one a file.
    #[track_caller]
    fn nothing_more(&self, before: &Self, runs: usize) {
        assert_eq!(self.descriptors, before.descriptors, "descriptors");
        assert_eq!(self.threads, before.threads, "threads");
        assert_eq!(self.mapped, before.mapped, "mapped files");
        let more = self.mappings.saturating_sub(before.mappings);
        assert!(more < runs / 10, "{more} more mappings after {runs} runs: {} before", before.mappings);
    }
}

/// Every driver of the library, on one file; what fails is to fail.
fn all_drivers(scratch: &Scratch, program: &Program<'_>, bad: &Program<'_>, memory: MemoryContext<'_>) {
    let never = AtomicBool::new(false);
    let options = |choice, keep| Options {
        threads: 2,
        window_bytes: 1 << 16,
        choice,
        keep,
        scratch: Some(Entry::unpinned(scratch.path("spill"))),
        memory,
        cancel: Cancel::new(&never),
        ..Options::default()
    };
    let plain = |choice| options(choice, Keep::default());
    let auto = plain(Choice::Auto);
    let (file, saved, out) = (scratch.path("file"), scratch.path("saved"), scratch.path("out"));
    let content = log_lines(100_000, "\n");
    fs::write(&file, &content).unwrap();
    let events = &mut |_| {};
    run::plan(&file, program, &auto, &Entry::unpinned(&saved), events).unwrap();
    run::dry_run(&file, program, &auto, events, &mut |_, _, _| Ok(())).unwrap();
    run::apply_to(&file, &Output::File(Entry::unpinned(&out)), program, &auto, events).unwrap();
    let extras = Keep {
        undo: Some(Entry::unpinned(scratch.path("undo"))),
        backup: Some(Backup::At(Entry::unpinned(scratch.path("old")))),
    };
    run::apply(&file, program, &options(Choice::Rewrite, extras.clone()), events).unwrap();
    // It stands in the way of the next one.
    let again = run::apply(&file, program, &options(Choice::InPlace, extras), events);
    assert!(again.is_ok_and(|report| report.stats.edits == 0), "nothing to do is no error");
    let patch = || Patch::load(&OsStorage, &Entry::unpinned(&saved)).unwrap();
    let error = run::apply_patch(&file, patch(), Direction::Forward, &auto, events).unwrap_err();
    assert_eq!(error.kind(), Kind::Verification);
    run::apply_patch(&file, patch(), Direction::Reverse, &plain(Choice::InPlace), events).unwrap();
    assert!(fs::read(&file).unwrap() == content);
    let error = run::apply(&file, bad, &auto, events).unwrap_err();
    assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
    // A journal that does not fit, one that does, and a torn scan.
    fs::copy(&saved, scratch.path("file.runner-journal")).unwrap();
    let error = run::apply(&file, program, &auto, events).unwrap_err();
    assert_eq!(error.kind(), Kind::RecoveryNeeded);
    let recovery = recover::Options {
        direction: Direction::Forward,
        verify: VerifyChoice::Deepest,
        threads: 2,
        other_changes: OtherChanges::Refuse,
    };
    for (trust, kind) in [(Trust::Own, Kind::Refused), (Trust::Any, Kind::RecoveryNeeded)] {
        let error = run::recover_file(&file, trust, &recovery, &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
    }
    let key = runner_pipeline::user_state::existing_key();
    let beside = Names::new(&Entry::unpinned(&file), FileType::Regular, key).unwrap();
    fs::rename(scratch.path("file.runner-journal"), beside.scan.path()).unwrap();
    run::recover_file(&file, Trust::Own, &recovery, &mut |_| Ok(())).unwrap();
    let cancelled = AtomicBool::new(true);
    let stopped = Options { cancel: Cancel::new(&cancelled), ..plain(Choice::Auto) };
    run::apply(&file, program, &stopped, events).unwrap_err();
    run::apply(&scratch.path("missing"), program, &auto, events).unwrap_err();
    assert_eq!(names(scratch.dir()), ["file", "old", "out", "saved", "undo"]);
    for name in ["old", "out", "saved", "undo"] {
        fs::remove_file(scratch.path(name)).unwrap();
    }
}

#[test]
fn nothing_is_left_open() {
    runner_tests::run_alone("leaks::a_soak_of_a_thousand_files_leaves_nothing_open");
}

/// Runs over a thousand files; each driver reads or writes one of its own.
#[test]
#[ignore = "started by `nothing_is_left_open`"]
fn a_soak_of_a_thousand_files_leaves_nothing_open() {
    const ROUNDS: usize = 72;
    /// Files that are opened in a round.
    const FILES: usize = 14;
    let scratch = Scratch::new();
    let need = Need {
        workers: 2,
        window_bytes: 1 << 16,
        instance_bytes: 32 << 20,
        reply_bytes: 1 << 20,
        costs: run::COSTS,
    };
    let budget = Budget::new(&plan(&need, 256 << 20).unwrap());
    let limits = || Limits { memory_bytes: 32 << 20, lanes: 3, budget: budget.clone(), ..Limits::default() };
    let sandbox = Sandbox::new(
        None,
        Isolation::Processes {
            program: runner_tests::binary().into(),
            compile_deadline: Isolation::COMPILE_DEADLINE,
        },
    )
    .unwrap();
    let load = |name: &str, bytes: &[u8]| sandbox.load(name, bytes, limits(), Arc::new(|_, _| {})).unwrap();
    let replace = load("replace", &runner_sandbox::plugin::resolve("replace").unwrap().bytes);
    let given =
        [("find", "Find"), ("with", "found a")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let params: Vec<Param> = runner_sandbox::plugin::params::check(
        replace.manifest(),
        &given.map(|(name, value)| runner_sandbox::plugin::params::Given::set(&name, &value)),
    )
    .unwrap();
    let begin =
        |head: FileHead<'_>| -> runner_pipeline::error::Result<Begun> { replace.begin(&params, head) };
    let guests = Scratch::new();
    let trap = load("trap", &fs::read(guests.guest("trap")).unwrap());
    let begin_trap = |head: FileHead<'_>| -> runner_pipeline::error::Result<Begun> { trap.begin(&[], head) };
    let id =
        || PluginId { name: "soak".into(), version: "1".into(), digest: String::new(), evidence: Vec::new() };
    let program = Program {
        id: id(),
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        params_digest: blake3::hash(b""),
        begin: &begin,
    };
    let bad = Program {
        id: id(),
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        params_digest: blake3::hash(b""),
        begin: &begin_trap,
    };
    let memory = MemoryContext { budget: &budget, ..MemoryContext::NONE };
    // What is made once, is made now.
    all_drivers(&scratch, &program, &bad, memory);
    let before = Held::now();
    for _ in 0..ROUNDS {
        all_drivers(&scratch, &program, &bad, memory);
    }
    Held::now().nothing_more(&before, ROUNDS * FILES);
    assert_eq!(budget.leased_bytes(), 0);
}

/// All on one command line.
#[test]
fn the_binary_needs_few_descriptors() {
    let scratch = Scratch::new();
    let files: Vec<_> = (0..1000).map(|n| scratch.write(&format!("{n:04}"), "a cat\n")).collect();
    let before = names(scratch.dir());
    let args = ["apply", "replace", "--set", "find=cat", "--set", "with=dogs"].map(Path::new);
    let output =
        runner_tests::command().args(args).args(&files).env("TMPDIR", scratch.dir()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(before, names(scratch.dir()));
    assert!(files.iter().all(|file| fs::read(file).unwrap() == b"a dogs\n"));
}

/// What the C library reads when a heap shrinks, at whatever moment: also in a
/// thread that has nothing left to do when the process ends.
const OF_THE_HEAP: &str = "\"/proc/sys/vm/overcommit_memory\"";

/// The descriptors that are open when a process ends, by what `strace -f`
/// says of it. Descriptors belong to all of its threads.
fn open_at_the_end(log: &str) -> BTreeSet<i32> {
    let mut open: BTreeSet<i32> = (0..3).collect();
    let mut of_the_heap = BTreeSet::new();
    let mut pending: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        // A call that another thread has cut in two.
        let (call, result) = if rest.ends_with("<unfinished ...>") {
            pending.insert(thread, rest);
            continue;
        } else if rest.starts_with("<... ") {
            (pending.remove(thread).unwrap_or(rest), rest)
        } else {
            (rest, rest)
        };
        let Some(result) = result.rsplit_once(" = ").map(|(_, result)| result) else { continue };
        let result = result.split_whitespace().next().and_then(|number| number.parse::<i32>().ok());
        let Some(result) = result.filter(|&result| result >= 0) else { continue };
        let (name, args) = call.split_once('(').unwrap_or((call, ""));
        match name {
            "close" => {
                let number = args.split([')', ' ', '<']).next().unwrap().parse().unwrap();
                assert!(open.remove(&number), "it closes what is not open: {line}");
                of_the_heap.remove(&number);
            }
            "openat" | "open" | "openat2" | "dup" | "dup2" | "dup3" | "memfd_create" | "eventfd2"
            | "epoll_create1" | "pidfd_open" | "socket" | "timerfd_create" | "inotify_init1" => {
                open.insert(result);
                if args.contains(OF_THE_HEAP) {
                    of_the_heap.insert(result);
                }
            }
            "fcntl" if args.contains("F_DUPFD") => {
                open.insert(result);
            }
            "pipe2" | "pipe" | "socketpair" => {
                let both = args.split(['[', ']']).nth(1).unwrap();
                open.extend(both.split(", ").map(|number| number.parse::<i32>().unwrap()));
            }
            _ => {}
        }
    }
    &open - &of_the_heap
}

#[test]
fn no_command_leaves_anything_open() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let [work, temporary, log] = ["work", "tmp", "log"].map(|name| scratch.path(name));
    fs::create_dir(&work).unwrap();
    fs::create_dir(&temporary).unwrap();
    let content = log_lines(3 << 20, "\n");
    fs::write(work.join("file"), &content).unwrap();
    fs::write(work.join("other"), &content).unwrap();
    fs::write(work.join("trap.wasm"), fs::read(scratch.guest("trap")).unwrap()).unwrap();
    // What compiles a plugin is a process of its own, and makes the code that is
    // mapped below. What runs it is one as well, which `-b` leaves alone.
    for plugin in ["replace", "newline", "csv", "redact", "bytes", work.join("trap.wasm").to_str().unwrap()] {
        runner_tests::runner(["plugin", "inspect", plugin]).ok();
    }
    let replace = ["replace", "file", "--set", "find=a", "--set", "with=bb"];
    let with = |command: &str, options: &[&str]| {
        [&[command], &replace[..], options].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for (args, code) in [
        (with("plan", &["-o", "patch"]), 0),
        (with("apply", &["--dry-run"]), 0),
        (with("apply", &["--check", "--json"]), 1),
        (with("apply", &["-o", "out"]), 0),
        (with("apply", &["-o", "-"]), 0),
        (with("apply", &["--undo", "undo", "--backup", ".old"]), 0),
        (with("apply", &["other", "missing"]), 2),
        (with("apply", &["--window", "0"]), 2),
        (plain("apply trap.wasm file"), 3),
        (plain("apply none.wasm file"), 2),
        (plain("patch patch file"), 5),
        (plain("undo undo file"), 0),
        (plain("patch patch file"), 0),
        (plain("show patch"), 0),
        (plain("show patch --format json"), 0),
        (plain("verify file --patch patch"), 0),
        (plain("recover file"), 0),
        (plain("pipe newline --set to=crlf"), 0),
        (plain("plugin list"), 0),
        (plain("plugin inspect csv"), 0),
        (plain("man"), 0),
        (plain("completions bash"), 0),
    ] {
        let output = runner_tests::program("strace")
            .args(["-f", "-b", "execve", "-qq", "--seccomp-bpf", "-e", "signal=none", "-e", TRACED, "-o"])
            .arg(&log)
            .arg("--")
            .arg(runner_tests::binary())
            .args(&args)
            .env("TMPDIR", &temporary)
            .current_dir(&work)
            .stdin(fs::File::open(work.join("other")).unwrap())
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let log = fs::read_to_string(&log).unwrap();
        assert!(log.contains("openat("), "{args:?}: nothing was seen");
        assert_eq!(
            open_at_the_end(&log),
            (0..3).collect(),
            "{args:?}: {:#?}",
            log.lines().rev().take(40).collect::<Vec<_>>()
        );
        assert_eq!(names(&temporary), [""; 0], "{args:?}");
        assert!(!names(&work).iter().any(|name| name.contains(".runner-")), "{args:?}: {:?}", names(&work));
    }
}

/// All calls that [`open_at_the_end`] knows.
const TRACED: &str = "trace=open,openat,openat2,close,dup,dup2,dup3,memfd_create,eventfd2,epoll_create1,socket,\
    timerfd_create,inotify_init1,fcntl,pidfd_open,pipe,pipe2,socketpair";

/// That the count above would find what is left open.
#[test]
fn what_is_left_open_is_seen() {
    let log = "1 openat(AT_FDCWD, \"a\", O_RDONLY) = 3\n1 close(3) = 0\n\
               2 openat(AT_FDCWD, \"b\", O_RDONLY <unfinished ...>\n1 dup(1) = 4\n\
               2 <... openat resumed>) = 3\n1 close(7) = -1 EBADF (Bad file descriptor)\n1 close(4) = 0\n\
               1 pipe2([5, 6], O_CLOEXEC) = 0\n1 close(6) = 0\n1 fcntl(0, F_DUPFD_CLOEXEC, 3) = 4\n";
    assert_eq!(open_at_the_end(log), [0, 1, 2, 3, 4, 5].into());
}
