//! Real filesystems on a medium that loses, tears and reorders what was not
//! flushed. Runs of the real binary are recorded, write by write and flush by
//! flush; crash states that the medium could have been left in are mounted,
//! and the file is recovered: old or new. As root only.
//!
//! `RUNNER_CRASH_STATES` says how many states are tried on each filesystem,
//! `RUNNER_SEED` chooses them. What the kernel writes when differs a little
//! from run to run, so a failure keeps the state it came from as an image.

mod check;
mod states;

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use check::{BACKUP, Counts, FILE, Subject, UNDO};
use runner_tests::medium::{Arrival, Image, Medium};
use runner_tests::mount::{IMAGE_BYTES, format};
use runner_tests::{Ran, Random, command, has, log_lines, skip};
use states::Recording;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |number| number.parse().expect("a number"))
}

/// How the binary is run while it is recorded.
struct Run {
    name: &'static str,
    old: Vec<u8>,
    options: &'static [&'static str],
    extras: bool,
    /// Somebody else syncs the filesystem all the time, so that its writes
    /// come in between.
    restless: bool,
}

fn runs() -> Vec<Run> {
    const UPPER: &[&str] = &["--set", "find=Find", "--set", "with=FIND"];
    const TAIL: &[&str] = &["--set", "find=Find", "--set", "with=Found", "--strategy", "in-place"];
    const CUT: &[&str] = &["--set", "find=Find", "--set", "with=", "--strategy", "rewrite"];
    const DENSE: &[&str] = &["--set", "find=user", "--set", "with=USER"];
    let run = |name, options, extras, restless| Run {
        name,
        old: log_lines(300_000, "\n"),
        options,
        extras,
        restless,
    };
    const DENSE_CUT: &[&str] = &["--set", "find=user", "--set", "with=use", "--strategy", "rewrite"];
    const DENSE_TAIL: &[&str] = &["--set", "find=user", "--set", "with=use", "--strategy", "in-place"];
    let dense = b"user;;;\n".repeat(75_000);
    vec![
        run("in place", UPPER, false, false),
        run("in place, with extras, amid syncs", UPPER, true, true),
        // More than a patch keeps in memory.
        Run { old: dense.clone(), ..run("a new file, with a large patch", DENSE_CUT, false, false) },
        Run { old: dense.clone(), ..run("a new tail, with a large patch", DENSE_TAIL, false, false) },
        Run { old: dense, ..run("in place, with a large journal, amid syncs", DENSE, false, true) },
        run("a new tail", TAIL, false, true),
        run("a new tail, with extras", TAIL, true, false),
        run("a new file", CUT, false, true),
        run("a new file, with extras", CUT, true, false),
    ]
}

/// A filesystem on a medium.
struct Bench {
    medium: Medium,
    empty: Image,
}

impl Bench {
    fn new(filesystem: &str) -> Option<Self> {
        let medium = Medium::new(IMAGE_BYTES)?;
        format(filesystem, &medium.path()).then_some(())?;
        let (empty, _) = medium.take();
        Some(Self { medium, empty })
    }

    /// Records what happens to a file in a directory; both are durable before.
    fn record(&self, old: &[u8], happens: impl FnOnce(&Path)) -> Recording {
        self.medium.put(self.empty.clone());
        let mount = self.medium.mount().unwrap();
        let directory = mount.path("directory");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join(FILE), old).unwrap();
        drop(mount);
        let (base, _) = self.medium.take();
        self.medium.put(base.clone());
        let mount = self.medium.mount().unwrap();
        let started = self.medium.arrived();
        happens(&mount.path("directory"));
        let ended = self.medium.arrived();
        drop(mount);
        let (_, log) = self.medium.take();
        Recording { base, log, started, ended }
    }

    /// Records a run of the binary, behind `before`.
    fn record_run(&self, run: &Run, before: &[&str]) -> Recording {
        self.record(&run.old, |directory| {
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                if run.restless {
                    let directory = File::open(directory).unwrap();
                    let done = &done;
                    scope.spawn(move || {
                        while !done.load(Ordering::Relaxed) {
                            rustix::fs::syncfs(&directory).unwrap();
                        }
                    });
                }
                let output = apply(run, directory, before).output();
                done.store(true, Ordering::Relaxed);
                Ran::of(output.unwrap()).ok();
            });
        })
    }
}

fn apply(run: &Run, directory: &Path, before: &[&str]) -> Command {
    let mut apply = command();
    if let [program, arguments @ ..] = before {
        apply = runner_tests::program(program);
        apply.args(arguments).arg(runner_tests::binary());
    }
    apply.args(["apply", "replace"]).args(run.options);
    if run.extras {
        let suffix = BACKUP.strip_prefix(FILE).unwrap();
        apply.args(["--backup", suffix, "--undo"]).arg(directory.join(UNDO));
    }
    apply.arg(directory.join(FILE));
    apply
}

/// The new content, by a run that nothing happens to.
fn undisturbed(run: &Run) -> Vec<u8> {
    let scratch = runner_tests::Scratch::new();
    let file = scratch.write(FILE, &run.old);
    Ran::of(apply(run, scratch.dir(), &[]).output().unwrap()).ok();
    let new = fs::read(file).unwrap();
    assert!(new != run.old, "{} changes nothing: that shows nothing", run.name);
    new
}

fn crashes(filesystem: &str) {
    let Some(bench) = Bench::new(filesystem) else { return };
    let (seed, wanted) = (number("RUNNER_SEED", 1), number("RUNNER_CRASH_STATES", 300));
    let mut random = Random(seed);
    let (mut counts, runs) = (Counts::default(), runs());
    for (run, index) in runs.iter().zip(1..) {
        let new = undisturbed(run);
        let recording = bench.record_run(run, &[]);
        let before_end = recording.flushes().iter().filter(|flush| **flush < recording.ended).count();
        assert!(before_end >= 3, "{}: a run syncs more than {before_end} times", run.name);
        let subject = Subject { old: &run.old, new: &new, extras: run.extras };
        while counts.states < wanted * index / runs.len() as u64 {
            let crash = recording.crash(&mut random);
            if let Err(what) = subject.survives(&bench.medium, &crash, &mut random, &mut counts) {
                let kept = keep(filesystem, &crash.image);
                panic!(
                    "{filesystem}, {}: {what}\n{}, see {}\nagain: RUNNER_SEED={seed} RUNNER_CRASH_STATES={wanted} \
                     cargo test -p runner-tests --test crash replay::{filesystem}",
                    run.name,
                    crash.what,
                    kept.display()
                );
            }
        }
    }
    let Counts { states, to_recover, twice, new } = counts;
    eprintln!(
        "counted: {filesystem}: {states} crash states, {twice} of them during a recovery, {to_recover} with something to \
         recover, {new} new at the end"
    );
    assert!(to_recover * 5 >= states && new * 10 >= states && new < states, "no interesting moments");
}

fn keep(filesystem: &str, image: &Image) -> PathBuf {
    let path = Path::new(runner_tests::temporary_dir()).join(format!("replay-{filesystem}.image"));
    image.save(&path);
    path
}

/// A promise that is broken in one of many crashes, if there is one.
fn broken(bench: &Bench, recording: &Recording, subject: &Subject<'_>) -> Option<String> {
    let (mut random, mut counts) = (Random(number("RUNNER_SEED", 1)), Counts::default());
    (0..50).find_map(|_| {
        let crash = recording.crash(&mut random);
        subject.survives(&bench.medium, &crash, &mut random, &mut counts).err()
    })
}

/// The tests can fail: they find what is wrong with programs that are not as
/// careful.
fn carelessness_is_found(filesystem: &str) {
    if !has("strace") {
        return skip("strace is missing");
    }
    let Some(bench) = Bench::new(filesystem) else { return };
    let run = &runs()[0];
    let new = undisturbed(run);
    let subject = Subject { old: &run.old, new: &new, extras: false };

    // In place without a journal, however often it syncs.
    let recording = bench.record(&run.old, |directory| {
        let file = OpenOptions::new().write(true).open(directory.join(FILE)).unwrap();
        for (piece, index) in new.chunks(50_000).zip(0..) {
            file.write_all_at(piece, index * 50_000).unwrap();
            file.sync_all().unwrap();
        }
    });
    let what = broken(&bench, &recording, &subject).expect("in place without a journal");
    assert!(what.starts_with("mixed"), "{what}");
    // A sync of a guest is a flush, behind what it makes durable.
    let last = recording.log[..recording.ended].iter().rposition(|arrival| matches!(arrival, Arrival::Flush));
    let holds = |arrival: &Arrival| match arrival {
        Arrival::Write { bytes, .. } => memchr::memmem::find(bytes, &new[299_100..299_500]).is_some(),
        Arrival::Flush => false,
    };
    assert!(recording.log[..last.unwrap()].iter().any(holds), "a sync that is no flush");

    // The binary itself, if its syncs did nothing. What the kernel writes of
    // its own accord may make up for them: then once more.
    let no_syncs = "strace -f -qq --seccomp-bpf -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:retval=0 --";
    let no_syncs: Vec<_> = no_syncs.split(' ').collect();
    for name in ["in place", "a new file"] {
        let run = runs().into_iter().find(|run| run.name == name).unwrap();
        let run = Run { restless: false, ..run };
        let new = undisturbed(&run);
        let subject = Subject { old: &run.old, new: &new, extras: false };
        let what = (0..5).find_map(|_| broken(&bench, &bench.record_run(&run, &no_syncs), &subject));
        let what = what.unwrap_or_else(|| panic!("{name}, without syncs: nothing is found"));
        assert!(what.starts_with("mixed") || what.starts_with("done before, and now old"), "{what}");
    }
}

macro_rules! on_each_filesystem {
    ($($filesystem:ident),*) => {$(
        mod $filesystem {
            #[test]
            fn crashes() {
                super::crashes(stringify!($filesystem));
            }

            #[test]
            fn carelessness_is_found() {
                super::carelessness_is_found(stringify!($filesystem));
            }
        }
    )*};
}

on_each_filesystem!(ext4, xfs, btrfs);
