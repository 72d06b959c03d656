//! `apply --resume`: a scan that was killed goes on from its last checkpoint,
//! and comes to the same patch; where it cannot go on, it starts over and says
//! why.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

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
        Ran::of(command.output().unwrap()).ok();
        let options = ["--resume", "-j", "2", "--undo", undo.to_str().unwrap()];
        loop {
            let before = slow.checkpoint();
            let told = if done < kills {
                let after = Duration::from_millis(random.below(400));
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

/// Starts over, says why, and comes to the right end.
#[track_caller]
fn starts_over(slow: &Slow, options: &[&str], why: &str) {
    let told = slow.run(options);
    assert_eq!(told.code, 0, "{told:?}");
    let said = told.started_over.as_deref().unwrap_or_default();
    assert!(said.contains(why), "it should say `{why}`: {told:?}");
    assert_eq!(told.resumed_at, None);
    assert_eq!(told.windows.first(), Some(&0));
    assert_eq!(names(slow.scratch.dir()), ["file", "slow.wasm"]);
}

const RESUME: [&str; 3] = ["--resume", "-j", "1"];

#[test]
fn nothing_to_go_on_with() {
    starts_over(&Slow::new(2), &RESUME, "there is no earlier scan to resume");
}

#[test]
fn a_file_that_was_changed_since() {
    let slow = Slow::interrupted();
    fs::OpenOptions::new().write(true).open(&slow.file).unwrap().write_all_at(b"theirs", 5 << 20).unwrap();
    starts_over(&slow, &RESUME, "the file has changed since");
}

#[test]
fn a_file_that_was_replaced_since() {
    let slow = Slow::interrupted();
    let copy = slow.scratch.path("copy");
    fs::copy(&slow.file, &copy).unwrap();
    fs::rename(copy, &slow.file).unwrap();
    starts_over(&slow, &RESUME, "the file has changed since");
}

#[test]
fn another_plugin() {
    let slow = Slow::interrupted();
    // A custom section changes the digest, and nothing else.
    let plugin = slow.scratch.path("slow.wasm");
    let mut bytes = fs::read(&plugin).unwrap();
    bytes.extend_from_slice(&[0, 2, 1, b'x']);
    fs::write(plugin, bytes).unwrap();
    starts_over(&slow, &RESUME, "the plugin changed");
}

#[test]
fn other_parameters() {
    let why = "the parameters changed";
    let slow = Slow::interrupted();
    starts_over(&slow, &["--resume", "-j", "1", "--set", "word=other"], why);
    // A secret has the same place in the patch, whatever it is.
    let slow = Slow::interrupted_with(&["--set", "key=one"]);
    starts_over(&slow, &["--resume", "-j", "1", "--set", "key=other"], why);
    let slow = Slow::interrupted_with(&["--set", "key=one"]);
    let told = slow.run(&["--resume", "-j", "1", "--set", "key=one"]);
    assert_eq!((told.code, told.resumed_at.is_some()), (0, true), "{told:?}");
}

#[test]
fn another_window() {
    let slow = Slow::interrupted();
    starts_over(&slow, &["--resume", "-j", "1", "--window", "64K"], "the window size changed");
}

#[test]
fn another_number_of_threads_is_fine() {
    let slow = Slow::interrupted();
    let told = slow.run(&["--resume", "-j", "3"]);
    assert_eq!((told.code, told.resumed_at.is_some()), (0, true), "{told:?}");
}

#[test]
fn what_was_stored_is_damaged() {
    for (checkpoint, why) in [(true, "damaged"), (false, "corrupt")] {
        let slow = Slow::interrupted();
        let names = runner_tests::sidecars(&slow.file);
        let path = if checkpoint { names.checkpoint } else { names.scan }.path().to_owned();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
        starts_over(&slow, &RESUME, why);
    }
    for (checkpoint, why) in [(true, "before its first checkpoint"), (false, "No such file")] {
        let slow = Slow::interrupted();
        let names = runner_tests::sidecars(&slow.file);
        fs::remove_file(if checkpoint { names.checkpoint } else { names.scan }.path()).unwrap();
        let told = slow.run(&RESUME);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.started_over.is_some(), "{why}: {told:?}");
    }
    let slow = Slow::interrupted();
    fs::File::options()
        .write(true)
        .open(runner_tests::sidecars(&slow.file).scan.path())
        .unwrap()
        .set_len(100)
        .unwrap();
    starts_over(&slow, &RESUME, "is shorter than it was");
}

/// Changes what was stored; is given the hash of something else.
type Change = fn(&mut Value, Value);

fn flip(byte: &mut Value) {
    *byte = (byte.as_u64().unwrap() ^ 1).into();
}

/// What was stored has the right check, and does not fit: the release, the last
/// block of the file, and the last frame of the patch.
#[test]
fn what_was_stored_does_not_fit() {
    let hash = |json: &Value| Value::String(blake3::hash(json.to_string().as_bytes()).to_string());
    let changes: [(Change, &str); 3] = [
        (|stored, _| stored["runner"] = "0.0.1".into(), "was made by a different release"),
        (|stored, _| flip(&mut stored["state"]["last"][0][0]), "the file has changed"),
        (|stored, other| stored["state"]["partial"]["check"] = other, "has changed"),
    ];
    for (change, why) in changes {
        let slow = Slow::interrupted();
        let names = runner_tests::sidecars(&slow.file);
        let path = names.checkpoint.path();
        let text = fs::read_to_string(path).unwrap();
        let mut stored: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let other = hash(&stored);
        let before = stored.clone();
        change(&mut stored, other);
        assert_ne!(before, stored);
        let json = stored.to_string();
        let check = names.key.unwrap().of_checkpoint(json.as_bytes());
        fs::write(path, format!("{json}\n{check}\n")).unwrap();
        starts_over(&slow, &RESUME, why);
    }
}

/// Right in all else, but not made with the key.
#[test]
fn a_checkpoint_that_anybody_can_make_is_not_believed() {
    let slow = Slow::interrupted();
    let names = runner_tests::sidecars(&slow.file);
    let text = fs::read_to_string(names.checkpoint.path()).unwrap();
    let json = text.lines().next().unwrap();
    let plain = blake3::hash(json.as_bytes());
    fs::write(names.checkpoint.path(), format!("{json}\n{plain}\n")).unwrap();
    starts_over(&slow, &RESUME, "was made with a different key");
}

/// What others can have written to is not taken up, and not removed.
#[test]
fn what_others_can_have_written_to_is_left_alone() {
    type Way = fn(&Path);
    let ways: [(&str, Way); 2] = [
        ("other users may read or write it", |path| {
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o602)).unwrap();
        }),
        ("it has 2 names", |path| fs::hard_link(path, path.with_extension("link")).unwrap()),
    ];
    for (why, way) in ways {
        for which in 0..2 {
            let slow = Slow::interrupted();
            let names = runner_tests::sidecars(&slow.file);
            let entry = [&names.checkpoint, &names.scan][which];
            way(entry.path());
            // A run that is killed while it stores a checkpoint leaves this, too.
            fs::write(names.new.path(), "half a checkpoint").unwrap();
            fs::set_permissions(names.new.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            let before = slow.scratch.snapshot();
            let told = slow.run(&RESUME);
            assert_eq!(told.code, 4, "{why}: {told:?}");
            assert!(told.error.as_ref().is_some_and(|error| error.contains(why)), "{why}: {told:?}");
            assert!(entry.path().exists());
            assert_eq!(before, slow.scratch.snapshot(), "{why}");
        }
    }
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
