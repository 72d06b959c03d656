//! `--memory-total`, on the real binary: what a run has at its peak, as the
//! kernel counts it (`VmHWM`: all that is resident, mapped pages of files
//! included), is compared with what it was allowed. What is not in the budget
//! (the program, compiled code, the runtime, the pages of the file that are
//! mapped at the moment) is `BASE_BYTES`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use runner_tests::peak::measured;
use runner_tests::{Ran, Scratch, is_root, names, runner, skip};

const MIB: u64 = 1 << 20;
/// Beside the budget. Much of it is the debug build of a program that links a
/// compiler.
const BASE_BYTES: u64 = 64 * MIB;

fn apply(plugin: &Path, file: &Path, options: &[&str]) -> (Ran, u64) {
    let mut command = runner_tests::command();
    command.arg("apply").arg(plugin).arg(file).args(options).stdout(Stdio::null());
    measured(command)
}

/// A file of zeros that takes no room.
fn zeros(scratch: &Scratch, bytes: u64) -> PathBuf {
    let path = scratch.path("file");
    File::create(&path).unwrap().set_len(bytes).unwrap();
    path
}

/// A plugin that takes 100 MiB an instance, on a file of several times the
/// budget.
#[test]
fn a_greedy_plugin_stays_within_the_budget() {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hungry");
    let mut expected = vec![0; 500 << 20];
    expected.chunks_mut(1 << 20).for_each(|window| window[0] = b'!');
    let expected = blake3::hash(&expected);
    for (total, limit, jobs, workers) in [
        // All that there is: both workers have what they ask for.
        (None, "256M", "2", 2),
        // Not enough for two such instances.
        (Some(300), "256M", "2", 1),
        (Some(200), "256M", "4", 1),
        // Its own limit is no business of the budget.
        (Some(128), "20M", "2", 2),
    ] {
        let file = zeros(&scratch, 500 << 20);
        let total_option = total.map(|total: u64| format!("{total}M"));
        let mut options = vec!["-j", jobs, "--memory", limit];
        options.extend(total_option.iter().flat_map(|total| ["--memory-total", total]));
        let (ran, peak) = apply(&plugin, &file, &options);
        let ran = ran.ok();
        let allowed = total.unwrap_or(2 * 100 + 60) * MIB + BASE_BYTES;
        eprintln!("counted: {options:?}: {} MiB at the peak, {} are allowed", peak / MIB, allowed / MIB);
        assert!(peak <= allowed, "{options:?}: {peak} of {allowed} bytes");
        assert!(peak > 10 * MIB, "{peak} bytes are no measurement");
        if workers == 1 {
            ran.says("file: memory is short: ").says(&format!("1 of {jobs} workers continue"));
        }
        assert_eq!(blake3::hash(&fs::read(&file).unwrap()), expected, "{options:?}");
        assert_eq!(names(scratch.dir()), ["file", "hungry.wasm"]);
    }
}

#[test]
fn shedding_is_an_event_too() {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hungry");
    let file = zeros(&scratch, 20 << 20);
    let ran = runner!["apply", &plugin, &file, "-j", "2", "--memory-total", "300M", "--json"].ok();
    assert_eq!(ran.stderr, "");
    let events: Vec<serde_json::Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shed = events.iter().find(|event| event["event"] == "workers").unwrap();
    assert_eq!((&shed["running"], &shed["of"]), (&1.into(), &2.into()));
    assert_eq!(shed["file"], file.to_str().unwrap());
    assert_eq!(events.last().unwrap()["event"], "applied");
}

/// What does not even fit alone is an error that names the option.
#[test]
fn what_does_not_fit_changes_nothing() {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hungry");
    let file = zeros(&scratch, 30 << 20);
    let before = scratch.snapshot();
    for jobs in ["1", "2"] {
        let (ran, peak) = apply(&plugin, &file, &["-j", jobs, "--memory-total", "128M"]);
        ran.fails(3, "needed more memory at offset 0 than is left")
            .says("caused by: all 128 MiB of `--memory-total` are in use")
            .says("hint: allow more memory with `--memory-total`");
        assert!(peak <= 128 * MIB + BASE_BYTES, "{peak} bytes");
    }
    let (ran, _) = apply(&plugin, &file, &["--memory-total", "10M"]);
    ran.fails(2, "10 MiB of memory are not enough for one worker").says("hint: `--memory-total ");
    assert_eq!(before, scratch.snapshot());
    // What the hint says is enough to try.
    let hint = runner!["apply", &plugin, &file, "--memory-total", "1"].stderr;
    let least = hint.split("--memory-total ").nth(1).unwrap().split('`').next().unwrap();
    runner!["apply", &plugin, &file, "--memory-total", least, "--memory", "8M"].ok();
}

/// Edits, too: a file of nothing else, of which each block needs 13 MiB.
#[test]
fn edits_that_wait_are_in_the_budget() {
    let scratch = Scratch::new();
    let content = b"a\n".repeat(6 << 20);
    let file = scratch.write("file", &content);
    let (small, usual) = (scratch.path("small"), scratch.path("usual"));
    let options = ["--set", "find=a", "--set", "with=bc", "-j", "4"];
    let plan = |saved: &Path, more: &[&str]| {
        let mut command = runner_tests::command();
        command.args(["plan", "replace"]).arg(&file).arg("-o").arg(saved).args(options).args(more);
        let (ran, peak) = measured(command);
        ran.ok();
        peak
    };
    let usual_peak = plan(&usual, &[]);
    let small_peak = plan(&small, &["--memory-total", "128M"]);
    eprintln!("counted: edits: {} MiB at the peak, {} with 128 MiB", usual_peak / MIB, small_peak / MIB);
    assert!(small_peak <= 128 * MIB + BASE_BYTES, "{small_peak} bytes");
    assert!(fs::read(small).unwrap() == fs::read(usual).unwrap(), "another patch");
}

#[test]
fn a_stream_has_a_budget_too() {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hungry");
    let input = zeros(&scratch, 300 << 20);
    let pipe = |total: &str| {
        let mut command = runner_tests::command();
        command.arg("pipe").arg(&plugin).args(["--memory-total", total]).stdin(File::open(&input).unwrap());
        command.stdout(File::create(scratch.path("out")).unwrap());
        measured(command)
    };
    let (ran, peak) = pipe("256M");
    ran.ok();
    assert_eq!(fs::metadata(scratch.path("out")).unwrap().len(), 300 << 20);
    assert!(peak <= 256 * MIB + BASE_BYTES, "{peak} bytes");
    pipe("128M").0.fails(3, "needed more memory at offset 0 than is left");
}

/// A guest that lacks memory because of a limit of the process, and could do
/// without, must not: with more memory it may answer something else.
#[test]
fn what_a_limit_refuses_is_no_answer() {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hungry");
    let file = zeros(&scratch, 3 << 20);
    let runner = runner_tests::command();
    let run = |data_kib: &str| {
        let mut command = Command::new("sh");
        // What the process may have of its own; far less than the guest wants.
        command.args(["-c", &format!("ulimit -d {data_kib} && exec \"$0\" \"$@\"")]);
        command.arg(runner.get_program()).args(runner.get_args());
        runner_tests::surround(&mut command);
        command.arg("apply").arg(&plugin).arg(&file).args(["-j", "1"]);
        Ran::of(command.output().unwrap())
    };
    let before = scratch.snapshot();
    // The guest's code is in the cache then.
    runner!["apply", &plugin, &file, "--dry-run"].ok();
    run("80000").fails(3, "plugin `hungry` needed more memory at offset 0 than is left");
    assert_eq!(before, scratch.snapshot());
    run("800000").ok();
}

/// A control group of our own, until it is dropped.
struct Group(PathBuf);

impl Group {
    fn new(limit_bytes: u64) -> Option<Self> {
        if !is_root() {
            skip("only root can make control groups");
            return None;
        }
        let places = [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        for (place, limit) in places {
            let dir = Path::new(place).join(format!("runner-test-{}-{limit_bytes}", std::process::id()));
            if fs::create_dir(&dir).is_ok() {
                let group = Self(dir);
                if fs::write(group.0.join(limit), limit_bytes.to_string()).is_ok() {
                    return Some(group);
                }
            }
        }
        skip("control groups of memory cannot be made here");
        None
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Whoever was in it may take a moment to be gone.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(std::thread::panicking(), "cannot remove {}", self.0.display());
    }
}

/// Runs `hungry` over 300 MiB in this group.
fn in_group(group: &Group, options: &[&str]) -> Ran {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hungry");
    // Pages that the group reads count for it; those of a hole are not read.
    let file = scratch.write("file", vec![0; 300 << 20]);
    let written = File::open(&file).unwrap();
    written.sync_all().unwrap();
    rustix::fs::fadvise(&written, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    let mut command = Command::new("sh");
    let runner = runner_tests::command();
    command.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]).arg(&group.0);
    command.arg(runner.get_program()).args(runner.get_args());
    runner_tests::surround(&mut command);
    command.arg("apply").arg(&plugin).arg(&file).args(options);
    measured(command).0
}

/// Where the kernel would kill at 160 MiB: by default the budget is half of
/// what the group has left.
#[test]
fn a_group_with_a_limit_is_not_overrun() {
    let Some(group) = Group::new(160 << 20) else { return };
    // Half of 160 MiB, for what asks for 100.
    in_group(&group, &[]).fails(3, "of `--memory-total` are in use");
    // Two workers with 24 MiB each leave 31 for the blocks that they work on.
    // How many of those there are at a time depends on the machine's load.
    in_group(&group, &["--memory", "24M"]).ok();
}

/// A run that was promised more than the group has sheds workers before the
/// kernel kills it. Eight workers take 800 MiB, and the program some 10 to 20:
/// less than a twentieth of the group is left then, which the watch calls tight.
#[test]
fn a_run_sheds_workers_where_a_group_is_nearly_full() {
    let Some(group) = Group::new(830 << 20) else { return };
    in_group(&group, &["-j", "8", "--memory-total", "4G"]).ok().says("workers continue");
}

/// A plugin that frees nothing goes on in a new instance, with the same result.
/// One that needs more for a single window does not.
#[test]
fn a_plugin_that_keeps_memory_begins_again() {
    let scratch = Scratch::new();
    let plugin = scratch.guest("hoarding");
    let plugin = plugin.to_str().unwrap();
    let mut expected = vec![0; 40 << 20];
    expected.chunks_mut(1 << 20).for_each(|window| window[0] = b'!');
    for (jobs, memory, begins_again) in [("1", "256M", false), ("1", "8M", true), ("2", "8M", true)] {
        let file = zeros(&scratch, 40 << 20);
        let ran = runner(["apply", plugin, file.to_str().unwrap(), "-j", jobs, "--memory", memory]).ok();
        assert!(fs::read(&file).unwrap() == expected, "-j {jobs}, {memory}");
        let warnings = ran.stderr.matches("it keeps memory from window to window").count();
        assert_eq!(warnings > 0, begins_again, "{}", ran.stderr);
        // Each worker says it once.
        assert!(warnings <= 2, "{}", ran.stderr);
    }
    let file = zeros(&scratch, 3 << 20);
    runner(["apply", plugin, file.to_str().unwrap(), "--memory", "2M"])
        .fails(3, "plugin `hoarding` needed more than 2 MiB of memory at offset 0");
}
