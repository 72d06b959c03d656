//! What the host itself does for a plugin: it sees a signal and the end of the
//! run's time wherever it is, and has room for it whatever the limits are that
//! the process was started with.

use std::fs;
use std::io::read_to_string;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::guest;
use runner_tests::peak::measured;
use runner_tests::runner;
use runner_tests::{Ran, Scratch, command, repository};

/// Without a look at the signal, each of these would go on for hours.
const LONG: &str = "36000";
/// What no run takes that sees a signal.
const PATIENCE: Duration = Duration::from_secs(30);
/// Processor time after which a run is where it stays.
const INSIDE: u64 = 30;

/// A guest of `guests/`.
fn hostile(name: &str) -> Vec<u8> {
    let path = repository().join(format!("tests/hostile/guests/{name}.wat"));
    guest::build(name, &fs::read_to_string(path).unwrap())
}

/// Asks the host for one thing again and again, without a loop: each time it
/// takes a text of 60 MiB.
fn row_of_calls() -> Vec<u8> {
    let call = "(call $log (i32.const 0) (i32.const 65536) (i32.const 62914560))\n".repeat(20_000);
    let text = format!(
        "(import \"runner:plugin/host@0.2.0\" \"log\" (func $log (param i32 i32 i32)))
         (memory $memory 1000)
         (func $transform (type $window) {call} (i32.const 512))"
    );
    guest::build("row-of-calls", &text)
}

/// Takes one byte of a window at a time, each time quickly.
fn byte_by_byte() -> Vec<u8> {
    let text = "(data (i32.const 2056) \"\\06\")
         (func $transform (type $window)
           (i64.store (i32.const 608) (i64.const 1))
           (i32.store8 (i32.const 600) (i32.const 0))
           (i32.store8 (i32.const 616) (i32.const 0))
           (i32.const 600))
         (func $realloc (param i32 i32 i32 i32) (result i32) (i32.const 65536))
         (memory $memory 100)";
    guest::build("byte-by-byte", text)
}

/// Plugins that keep the host at work, each with a file.
fn endless(scratch: &Scratch) -> Vec<(PathBuf, PathBuf)> {
    let letters = scratch.write("letters", "abcdefghijklmnopqrstuvwxyz".repeat(200_000));
    let lines = scratch.write("lines", "abc\n".repeat(2 << 20));
    [
        ("prefilter-slow", hostile("prefilter-slow"), &letters),
        ("spin-transform", hostile("spin-transform"), &lines),
        ("row-of-calls", row_of_calls(), &lines),
        ("byte-by-byte", byte_by_byte(), &lines),
    ]
    .into_iter()
    .map(|(name, wasm, file)| (scratch.write(&format!("{name}.wasm"), wasm), file.clone()))
    .collect()
}

/// Clock ticks of processor time that a process and its children have used.
fn ticks(process: u32) -> u64 {
    let children = runner_tests::helpers(process, "__work").into_iter();
    ticks_alone(process) + children.map(ticks_alone).sum::<u64>()
}

fn ticks_alone(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<_> = stat.rsplit_once(") ").map_or(Vec::new(), |(_, rest)| rest.split(' ').collect());
    [11, 12].iter().filter_map(|&field| fields.get(field)?.parse::<u64>().ok()).sum()
}

/// A run, and what it says.
struct Running {
    child: Child,
    said: JoinHandle<String>,
}

impl Running {
    fn start(plugin: &Path, options: &[&str]) -> Self {
        let mut command = command();
        command.arg("apply").arg(plugin).args(options).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Read meanwhile: a plugin may say more than a pipe holds.
        let stderr = child.stderr.take().unwrap();
        let said = move || runner_tests::without_compiling(&read_to_string(stderr).unwrap());
        Self { child, said: std::thread::spawn(said) }
    }

    /// Waits for its end, which is near.
    #[track_caller]
    fn end(mut self, plugin: &Path) -> Ran {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("{} does not see that it is to end", plugin.display());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let stderr = self.said.join().unwrap();
        let code = status.code().unwrap_or_else(|| panic!("{status}: {stderr}"));
        Ran { code, stdout: Vec::new(), stderr }
    }
}

#[test]
fn a_signal_ends_all_work_for_a_plugin() {
    let scratch = Scratch::new();
    for (plugin, file) in endless(&scratch) {
        let before = scratch.snapshot();
        for (signal, jobs) in [(Signal::TERM, "1"), (Signal::INT, "2")] {
            let mut run = Running::start(&plugin, &[file.to_str().unwrap(), "--timeout", LONG, "-j", jobs]);
            while ticks(run.child.id()) < INSIDE && run.child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(10));
            }
            kill_process(Pid::from_child(&run.child), signal).unwrap();
            run.end(&plugin).fails(7, "interrupted");
            assert_eq!(before, scratch.snapshot());
        }
    }
}

#[test]
fn the_time_of_a_run_is_bounded() {
    let scratch = Scratch::new();
    for (plugin, file) in endless(&scratch) {
        let before = scratch.snapshot();
        let times = ["--timeout", LONG, "--timeout-total", "0.5"];
        let files = [file.to_str().unwrap(), file.to_str().unwrap()];
        for count in [1, 2] {
            let options = [&files[..count], &times[..]].concat();
            let ran = Running::start(&plugin, &options).end(&plugin);
            let ran = ran.fails(7, "the run took longer than 0.5 s");
            assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
            assert_eq!(before, scratch.snapshot());
        }
    }
    // Compiling counts, too.
    let plugin = scratch.write("slow.wasm", super::generated::branches(5000, 2000));
    let file = scratch.write("file", "abc");
    let options = ["--compile-timeout", LONG, "--timeout-total", "0.5", file.to_str().unwrap()];
    Running::start(&plugin, &options).end(&plugin).fails(7, "the run took longer than 0.5 s");
}

/// A deadline ends calls of the host as well as loops.
#[test]
fn a_row_of_calls_has_a_deadline() {
    let scratch = Scratch::new();
    let plugin = scratch.write("row.wasm", row_of_calls());
    let file = scratch.write("file", "abc\n");
    let before = scratch.snapshot();
    let run = Running::start(&plugin, &[file.to_str().unwrap(), "--timeout", "0.5"]);
    run.end(&plugin).fails(3, "did not process the window at offset 0 within 0.5 s");
    assert_eq!(before, scratch.snapshot());
}

/// Runs the binary with a small stack for its first thread, and a small one
/// asked for all others.
fn with_small_stacks(kib: u32, args: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -s {kib} && exec \"$0\" \"$@\"")]);
    command.arg(runner_tests::binary()).args(args);
    // Nothing is compiled already.
    let cache = Scratch::new();
    command.env("RUNNER_CACHE_DIR", cache.path("cache")).env("RUST_MIN_STACK", "16384");
    Ran::of(command.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn the_stack_of_a_guest_is_ours_to_choose() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc\n".repeat(1 << 20));
    let small = scratch.write("small", "abc\n");
    let (file, small) = (file.to_str().unwrap(), small.to_str().unwrap());
    let before = scratch.snapshot();
    let plugins: Vec<_> = ["recurse", "recurse-start", "recurse-describe", "regex-deep"]
        .map(|name| (name, scratch.write(&format!("{name}.wasm"), hostile(name))))
        .into();
    let with_plugins = scratch.snapshot();
    for (name, plugin) in &plugins {
        let plugin = plugin.to_str().unwrap();
        let says = if *name == "regex-deep" { "cannot be used" } else { "it overflowed its stack" };
        for (kib, args) in [
            (64, &["apply", plugin, small][..]),
            (1024, &["apply", plugin, file, "-j", "2"]),
            (256, &["apply", plugin, small, small, file, "--check"]),
            (128, &["pipe", plugin]),
        ] {
            let ran = with_small_stacks(kib, args);
            // Standard input is empty: there is no window to answer for.
            if args[0] == "pipe" && *name == "recurse" {
                assert_eq!(ran.code, 0, "{}", ran.stderr);
                continue;
            }
            assert_eq!(ran.code, 3, "{name} {args:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(says), "{name} {args:?}: {}", ran.stderr);
            assert_eq!(with_plugins, scratch.snapshot());
        }
    }
    assert_ne!(before, with_plugins);
    // An honest plugin is compiled, and does its work.
    let set = ["--set", "find=a", "--set", "with=##"];
    with_small_stacks(64, &[&["apply", "replace", file, small][..], &set].concat()).ok();
    assert_eq!(fs::read(small).unwrap(), b"##bc\n");
}

/// A patch is bounded by the file unless it is said; nothing is written then.
#[test]
fn the_space_of_a_patch_is_bounded() {
    let scratch = Scratch::new();
    let flood = "(memory $memory 1100)
        (func $transform (type $window)
          (call $span (i32.const 0) (i32.const 0) (i32.const 62914560)) (call $edits))";
    let plugin = scratch.write("flood.wasm", guest::build("flood", flood));
    let file = scratch.write("file", vec![b'a'; 4 << 20]);
    let (patch, before) = (scratch.path("patch"), scratch.snapshot());
    let patch = patch.to_str().unwrap();
    for options in [&["--check"][..], &["--dry-run"], &[], &["-o", patch]] {
        let mut args = vec!["apply", plugin.to_str().unwrap(), file.to_str().unwrap()];
        args.extend(options);
        runner(args)
            .fails(3, "the edits of plugin `guest` make the patch larger than 160 MiB")
            .says("24 times the 4194304 bytes")
            .says("--patch-limit");
        assert_eq!(before, scratch.snapshot());
    }
    runner!["plan", &plugin, &file, "-o", patch].fails(3, "larger than 160 MiB");
    assert_eq!(before, scratch.snapshot());
    runner!["apply", &plugin, &file, "--check", "--patch-limit", "1G"].says("replaced by 251,658,240");
}

/// The automaton of many literals is the host's memory, and the plugin's doing.
#[test]
fn literals_stay_within_the_budget() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc\n");
    let plugin = scratch.write("literals-scattered.wasm", hostile("literals-scattered"));
    let mut command = command();
    command.arg("apply").arg(&plugin).arg(&file).args(["--check", "-j", "1", "--memory-total", "280M"]);
    command.stdout(Stdio::null());
    let (ran, peak_bytes) = measured(command);
    ran.ok().says("nothing to change");
    let peak_mib = peak_bytes >> 20;
    eprintln!("counted: {peak_mib} MiB at the peak");
    assert!(peak_mib > 10, "{peak_mib} MiB are no measurement");
    // What is drawn is what is needed at most; here it is much less.
    assert!(peak_mib <= 160, "{peak_mib} MiB");
}
