//! Runs a case as a user of the library does, and checks what it leaves.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::{Budget, MemoryContext, Plan};
use runner_pipeline::patch::PluginId;
use runner_pipeline::pipe::{self, Input};
use runner_pipeline::profile;
use runner_pipeline::run::{self, Options, Program};
use runner_sandbox::plugin::{bundled, params};
use runner_sandbox::{Cache, Isolation, Limits, Plugin, Sandbox, Sink};

use crate::cases::{Case, Ends};

/// The name of the program whose workers are real.
const HONEST: &str = "honest";
/// The time limit of a call, and what the rest of a run may take on top.
const DEADLINE: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(1);
/// What the parent's memory may grow by in a case, with the shared memory that
/// it touches.
const GROWTH_KIB: u64 = 192 << 10;
/// The budget of cases that have one.
const POOL_BYTES: u64 = 64 << 20;
/// Several blocks.
const FILE_BYTES: usize = (2 << 20) + 4321;

pub(crate) fn is_honest() -> bool {
    std::env::current_exe().is_ok_and(|program| program.file_name().is_some_and(|name| name == HONEST))
}

pub(crate) struct Stage {
    scratch: tempfile::TempDir,
    hostile: Sandbox,
    /// A plugin in a worker that does its work.
    good: Plugin,
}

impl Stage {
    pub(crate) fn new() -> Self {
        // Times that lie must do no harm.
        profile::start();
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let program = std::env::current_exe().unwrap();
        let honest = scratch.path().join(HONEST);
        fs::hard_link(&program, &honest).unwrap();
        let sandbox = |program: PathBuf| {
            let cache = Cache::open(&scratch.path().join("cache")).unwrap();
            let compile_deadline = Isolation::COMPILE_DEADLINE;
            Sandbox::new(Some(cache), Isolation::Processes { program, compile_deadline }).unwrap()
        };
        let good = sandbox(honest).load("replace", wasm(), Limits::default(), Arc::new(|_, _| {})).unwrap();
        Self { good, hostile: sandbox(program), scratch }
    }

    pub(crate) fn run(&self, case: &Case) {
        let before = (children(), descriptors());
        let log = Arc::new(Mutex::new(String::new()));
        let started = Instant::now();
        let result = self.hostile.load(&case.name, wasm(), limits(case), sink(&log));
        let took = started.elapsed();
        // What seems stale is compiled again, which is not bounded by a call.
        let compiles = matches!(case.ends, Ends::Error(Kind::Internal, _));
        assert!(compiles || took < DEADLINE + GRACE, "{}: loading took {took:?}", case.name);
        match result {
            Ok(plugin) if case.piped => piped(case, &plugin),
            Ok(plugin) => (0..case.rounds).for_each(|round| self.file(case, &plugin, round)),
            Err(error) => check_error(case, &error),
        }
        let times = profile::take();
        assert!(
            times.iter().all(|spent| spent.ms.is_finite() && spent.ms >= 0.0),
            "{}: {times:?}",
            case.name
        );
        let log = log.lock().unwrap();
        assert!(!log.chars().any(|c| c.is_control() && c != '\n'), "{}: {log:?}", case.name);
        // A log of 64 KiB for each of the instances, of which two work at once.
        assert!(log.len() < case.rounds * (1 << 20), "{}: {} bytes of log", case.name, log.len());
        self.next_file(case);
        let until = Instant::now() + GRACE;
        while (children(), descriptors()) != before && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!((children(), descriptors()), before, "{}: processes and descriptors", case.name);
    }

    /// A run over a file with the plugin of the case.
    fn file(&self, case: &Case, plugin: &Plugin, round: usize) {
        let content: Vec<u8> = b"a##c\n".iter().copied().cycle().take(FILE_BYTES).collect();
        let folder = self.scratch.path().join(format!("round-{round}"));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("file");
        fs::write(&file, &content).unwrap();
        let limits = limits(case);
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let (rss, started) = (status_kib("VmRSS:"), Instant::now());
        let result = apply(plugin, &[], &file, &limits.budget);
        // Where one block is late, the work on another one dies with it, and is
        // tried once more on its own.
        let (took, growth) = (started.elapsed(), status_kib("VmHWM:").saturating_sub(rss));
        assert!(took < 2 * DEADLINE + GRACE, "{}: it took {took:?}", case.name);
        assert!(growth < GROWTH_KIB, "{}: memory grew by {growth} KiB", case.name);
        let after = fs::read(&file).unwrap();
        match (&result, case.ends) {
            (Ok(()), Ends::RacedEdits) => {
                let kept = |(old, new): (&u8, &u8)| old == new || b"xy".contains(new);
                assert!(after.len() == content.len() && content.iter().zip(&after).all(kept));
            }
            (Ok(()), Ends::Unchanged | Ends::UnchangedOr(_)) => assert!(after == content, "{}", case.name),
            (Ok(()), ends) => panic!("{}: no error, but {ends:?}", case.name),
            (Err(error), _) => {
                assert!(after == content, "{}: the file was changed", case.name);
                check_error(case, error);
                let said = error.hints().iter().any(|hint| hint == "the file is untouched");
                assert!(said || error.kind() != Kind::Plugin, "{}: {error:?}", case.name);
            }
        }
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["file"], "{}", case.name);
        fs::remove_dir_all(folder).unwrap();
    }

    /// The same process does the next file with another plugin.
    fn next_file(&self, case: &Case) {
        let next = self.scratch.path().join("next");
        fs::write(&next, "abc\nabc\n").unwrap();
        let given = [("find", "b"), ("with", "##")];
        apply(&self.good, &given, &next, &Budget::UNLIMITED).unwrap();
        assert_eq!(fs::read(&next).unwrap(), b"a##c\na##c\n", "{}", case.name);
    }
}

/// Input that pauses before it ends.
struct Pausing<'a>(&'a [u8]);

impl Read for Pausing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Input for Pausing<'_> {
    fn wait(&mut self, most: Option<Duration>) -> io::Result<bool> {
        Ok(!self.0.is_empty() || most.is_none())
    }
}

/// A run over a pipe that pauses, which is when it matters what is settled.
fn piped(case: &Case, plugin: &Plugin) {
    let content = b"a##c\n".repeat(4000);
    let budget = limits(case).budget;
    let mut input = Pausing(&content);
    let memory = MemoryContext { budget: &budget, ..MemoryContext::NONE };
    let options = pipe::Options { memory, ..pipe::Options::default() };
    let (mut output, started) = (Vec::new(), Instant::now());
    let result = pipe::run(&mut input, &mut output, &|head| plugin.begin(&[], head), &options);
    let took = started.elapsed();
    assert!(took < DEADLINE + GRACE, "{}: it took {took:?}", case.name);
    assert!(content.starts_with(&output), "{}: {output:?}", case.name);
    match result {
        Ok(_) => {
            assert!(matches!(case.ends, Ends::Unchanged), "{}: no error, but {:?}", case.name, case.ends);
            assert_eq!(output.len(), content.len(), "{}", case.name);
        }
        Err(error) => check_error(case, &error),
    }
}

fn check_error(case: &Case, error: &Error) {
    let text = format!("{error:?}");
    let all = format!("{text}\n{}", error.hints().join("\n"));
    let (kind, says) = match case.ends {
        Ends::Refused(says) | Ends::UnchangedOr(says) => (Kind::Plugin, says),
        Ends::Error(kind, says) => (kind, says),
        Ends::Late => (Kind::Plugin, "within 1 s"),
        Ends::Died => (Kind::Plugin, "died"),
        Ends::RacedEdits => (Kind::Plugin, ""),
        Ends::Unchanged => panic!("{}: {all}", case.name),
    };
    assert_eq!(error.kind(), kind, "{}: {all}", case.name);
    assert!(text.contains(says), "{}: it should say `{says}`: {all}", case.name);
    assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{}: {all:?}", case.name);
    assert!(all.len() < 256 << 10, "{}: {} bytes of error", case.name, all.len());
}

fn limits(case: &Case) -> Limits {
    let plan = Plan {
        workers: 2,
        total_bytes: 2 * POOL_BYTES,
        pool_bytes: POOL_BYTES,
        reply_bytes: 8 << 20,
        files: 1,
        file_bytes: 0,
    };
    let budget = if case.budget { Budget::new(&plan) } else { Budget::UNLIMITED };
    Limits { lanes: 3, deadline: DEADLINE, budget, ..Limits::default() }
}

fn wasm() -> &'static [u8] {
    bundled::ALL.iter().find(|bundled| bundled.name == "replace").unwrap().bytes
}

fn sink(log: &Arc<Mutex<String>>) -> Sink {
    let log = Arc::clone(log);
    Arc::new(move |_, line| log.lock().unwrap().push_str(line))
}

fn apply(plugin: &Plugin, given: &[(&str, &str)], file: &Path, budget: &Budget) -> Result<()> {
    let manifest = plugin.manifest();
    let given: Vec<_> = given.iter().map(|(name, value)| params::Given::set(name, value)).collect();
    let params = params::check(manifest, &given)?;
    let memory = MemoryContext { budget, ..MemoryContext::NONE };
    let options = Options { threads: 2, window_bytes: 1 << 20, memory, ..Options::default() };
    let program = Program {
        params_digest: blake3::hash(b""),
        id: PluginId {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: plugin.digest().to_hex().to_string(),
            evidence: Vec::new(),
        },
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        begin: &|head| plugin.begin(&params, head),
    };
    run::apply(file, &program, &options, &mut |_| {}).map(|_| ())
}

/// The processes that are children of this one.
fn children() -> Vec<String> {
    let own = std::process::id().to_string();
    let is_child = |id: &String| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.split_whitespace().nth(1) == Some(&own))
    };
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let mut ids: Vec<_> = all.filter_map(|name| name.into_string().ok()).filter(is_child).collect();
    ids.sort();
    ids
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn status_kib(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    value.trim().trim_end_matches(" kB").parse().unwrap()
}
