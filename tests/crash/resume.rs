//! `apply --resume`: a scan that was killed goes on from its last checkpoint,
//! and comes to the same patch; where it cannot go on, it starts over and says
//! why.

mod starts_over;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use runner_tests::{Ran, Random, Scratch, names, runner};

/// A plugin that takes its time, and names each window that it was asked
/// about; a file of some blocks; and the options that all runs have.
struct Slow {
    scratch: Scratch,
    file: PathBuf,
}

const BLOCK: u64 = 1 << 20;
const MOST_BLOCKS: u64 = 20;

/// Made once for all tests.
fn content() -> &'static [u8] {
    static CONTENT: OnceLock<Vec<u8>> = OnceLock::new();
    CONTENT.get_or_init(|| runner_tests::log_lines((MOST_BLOCKS * BLOCK) as usize, "\n"))
}

impl Slow {
    fn new(blocks: u64) -> Self {
        let scratch = Scratch::in_memory();
        let file = scratch.write("file", &content()[..(blocks * BLOCK) as usize - 1000]);
        scratch.guest("slow");
        Self { scratch, file }
    }

    fn command(&self, options: &[&str]) -> std::process::Command {
        let mut command = runner_tests::command();
        command.arg("apply").arg(self.scratch.path("slow.wasm")).arg(&self.file);
        // A checkpoint after each block.
        command.args(["--json", "--checkpoint", "0.000001"]).args(options);
        command
    }

    fn run(&self, options: &[&str]) -> Told {
        let ran = Ran::of(self.command(options).output().unwrap());
        Told::of(&ran.stdout, ran.code)
    }

    /// Runs, and kills after a while, unless it has ended.
    fn killed(&self, options: &[&str], after: Duration) -> Told {
        let mut child = self.command(options).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(after);
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        Told::of(&output.stdout, output.status.code().unwrap_or(KILLED))
    }

    /// The offset up to which the checkpoint says that all is done.
    fn checkpoint(&self) -> Option<u64> {
        let text = fs::read_to_string(runner_tests::sidecars(&self.file).checkpoint.path()).ok()?;
        let json: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        json["state"]["at"].as_u64()
    }

    /// Waits until a run has stored how far it has come.
    fn wait_for_checkpoint(&self, child: &mut Child) {
        while self.checkpoint().is_none() {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before its first checkpoint");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// A scan of which some blocks are done and stored.
    fn interrupted() -> Self {
        Self::interrupted_with(&[])
    }

    fn interrupted_with(options: &[&str]) -> Self {
        let slow = Self::new(20);
        let mut child = slow
            .command(&[&RESUME, options].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        slow.wait_for_checkpoint(&mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(slow.checkpoint().is_some(), "it was faster than we were");
        slow
    }
}

const KILLED: i32 = -9;

/// What a run has said.
#[derive(Debug)]
struct Told {
    code: i32,
    /// Offsets of the windows that the plugin was asked about.
    windows: Vec<u64>,
    resumed_at: Option<u64>,
    started_over: Option<String>,
    error: Option<String>,
}

impl Told {
    fn of(stdout: &[u8], code: i32) -> Self {
        let mut told = Self { code, windows: vec![], resumed_at: None, started_over: None, error: None };
        // The last line may be cut short.
        for line in String::from_utf8_lossy(stdout).split_inclusive('\n').filter(|line| line.ends_with('\n'))
        {
            let event: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| event[key].as_str().map(str::to_owned);
            match event["event"].as_str().unwrap() {
                "log" => {
                    told.windows.push(u64::from_str_radix(event["message"].as_str().unwrap(), 16).unwrap())
                }
                "resumed" => told.resumed_at = event["bytes"].as_u64(),
                "started-over" => told.started_over = text("why"),
                "error" => told.error = text("error"),
                _ => {}
            }
        }
        told
    }
}

/// Killed a hundred times, at whatever moment: no window that a checkpoint
/// covers is asked about again, and the patch is the one of a scan that
/// nothing happened to.
#[test]
fn a_scan_that_is_killed_again_and_again() {
    let kills = std::env::var("RUNNER_KILLS").map_or(100, |n| n.parse().expect("a number of kills"));
    let mut random = Random(runner_tests::seed());
    let (mut done, mut resumed) = (0, 0);
    while done < kills {
        let slow = Slow::new(12);
        let old = fs::read(&slow.file).unwrap();
        let (saved, undo) = (slow.scratch.path("saved"), slow.scratch.path("undo"));
        let plan = ["plan", slow.scratch.path("slow.wasm").to_str().unwrap()].map(str::to_owned);
        let mut command = runner_tests::command();
        command.args(plan).arg(&slow.file).arg("-o").arg(&saved);
        let began = Instant::now();
        Ran::of(command.output().unwrap()).ok();
        // A later kill would find nothing to kill.
        let takes_ms = began.elapsed().as_millis() as u64 + 1;
        let options = ["--resume", "-j", "2", "--undo", undo.to_str().unwrap()];
        loop {
            let before = slow.checkpoint();
            let told = if done < kills {
                let after = Duration::from_millis(random.below(takes_ms));
                slow.killed(&options, after)
            } else {
                slow.run(&options)
            };
            if told.code == KILLED && told.resumed_at.is_none() && told.started_over.is_none() {
                // It had not yet begun: that shows nothing.
                continue;
            }
            if let Some(at) = before {
                assert_eq!(told.resumed_at, Some(at), "{told:?}");
                assert!(told.windows.iter().all(|window| *window >= at), "{told:?}");
                resumed += 1;
            }
            if told.code == 0 {
                break;
            }
            assert_eq!(told.code, KILLED, "{told:?}");
            done += 1;
            if names(slow.scratch.dir()).iter().any(|name| name.ends_with("-journal")) {
                // Behind the commit point, `recover` is what goes on.
                let refused = slow.run(&options);
                assert_eq!(refused.code, 6, "{refused:?}");
                Ran::of(runner_tests::command().arg("recover").arg(&slow.file).output().unwrap()).ok();
                break;
            }
            if fs::read(&slow.file).unwrap() != old {
                // Killed when all was done: nothing is left to go on with.
                assert!(!names(slow.scratch.dir()).iter().any(|name| name.contains(".runner-")));
                break;
            }
        }
        assert!(fs::read(&undo).unwrap() == fs::read(&saved).unwrap(), "the patch is another one");
        runner!["verify", "--patch", &saved, &slow.file].ok();
        assert_eq!(names(slow.scratch.dir()), ["file", "saved", "slow.wasm", "undo"]);
    }
    eprintln!("counted: killed {done} times, went on {resumed} times");
    assert!(resumed >= kills / 5, "it hardly ever went on: {resumed} of {done}");
}

const RESUME: [&str; 3] = ["--resume", "-j", "1"];

#[test]
fn another_number_of_threads_is_fine() {
    let slow = Slow::interrupted();
    let told = slow.run(&["--resume", "-j", "3"]);
    assert_eq!((told.code, told.resumed_at.is_some()), (0, true), "{told:?}");
}

/// A journal is to be carried out or taken back, whatever else is there.
#[test]
fn a_journal_goes_first() {
    let slow = Slow::interrupted();
    let journal = slow.scratch.write("file.runner-journal", "of whatever run");
    fs::set_permissions(&journal, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let before = slow.scratch.snapshot();
    let told = slow.run(&RESUME);
    assert_eq!(told.code, 6, "{told:?}");
    assert_eq!(before, slow.scratch.snapshot());
}

/// Without `--resume`, an unfinished scan is in the way, and nobody touches it.
#[test]
fn who_does_not_ask_is_told() {
    let slow = Slow::interrupted();
    let before = slow.scratch.snapshot();
    let told = slow.run(&["-j", "1"]);
    assert_eq!(told.code, 6, "{told:?}");
    // A mistake on the command line costs nothing.
    let told = slow.run(&["--resume", "--set", "no=such"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert_eq!(before, slow.scratch.snapshot());
    runner!["recover", &slow.file].ok().says("intact; removed");
    assert_eq!(names(slow.scratch.dir()), ["file", "slow.wasm"]);
}

/// What stands there besides may be the old file of a rewrite.
#[test]
fn a_new_file_alone_is_no_scan() {
    let slow = Slow::new(1);
    fs::write(runner_tests::sidecars(&slow.file).new.path(), "old or new").unwrap();
    let before = slow.scratch.snapshot();
    let told = slow.run(&RESUME);
    assert_eq!(told.code, 6, "{told:?}");
    assert_eq!(before, slow.scratch.snapshot());
}

/// An interruption keeps what is done for who asks for it, and nothing for
/// who does not.
#[test]
fn an_interruption() {
    use rustix::process::{Pid, Signal, kill_process};
    for (resume, left) in [
        (true, &["file", "file.runner-checkpoint", "file.runner-scan", "slow.wasm"][..]),
        (false, &["file", "slow.wasm"]),
    ] {
        let slow = Slow::new(20);
        let options: &[&str] = if resume { &RESUME } else { &["-j", "1"] };
        let mut child = slow.command(options).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        slow.wait_for_checkpoint(&mut child);
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = Told::of(&output.stdout, output.status.code().unwrap());
        assert_eq!((told.code, told.error.as_deref()), (7, Some("interrupted")), "{told:?}");
        assert_eq!(runner_tests::untagged_names(slow.scratch.dir()), left);
        if resume {
            let at = slow.checkpoint();
            let told = slow.run(&RESUME);
            assert_eq!((told.code, told.resumed_at), (0, at), "{told:?}");
        }
    }
}

#[test]
fn one_file_at_a_time() {
    let slow = Slow::new(1);
    let other = slow.scratch.write("other", "abc");
    let ran = Ran::of(slow.command(&["--resume", other.to_str().unwrap()]).output().unwrap());
    assert_eq!(ran.code, 2);
    assert!(ran.text().contains("--resume takes one FILE, not 2"), "{}", ran.text());
}
