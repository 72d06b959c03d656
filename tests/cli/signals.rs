//! Signals that a run ends at, and those that it was started to ignore.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use runner_tests::Scratch;
use rustix::process::{Pid, Signal, kill_process};

/// A run of a plugin that takes its time, started with a trap for signals, and
/// stopped after its first block, whose log arrives with the edits.
fn in_the_first_window(scratch: &Scratch, trap: &str) -> (Child, impl Read) {
    let plugin = scratch.guest("slow");
    let file = scratch.write("file", vec![b'x'; 3_000_000]);
    let mut shell = runner_tests::program("sh");
    shell.args(["-c", &format!("{trap} exec \"$0\" \"$@\""), runner_tests::binary()]);
    shell.arg("apply").arg(plugin).arg(file).args(["-j", "1", "--window", "64K"]);
    shell.args(["--set", "key=a", "--set", "word=b"]);
    let mut child = shell.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("plugin ") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before a window");
    }
    (child, stderr)
}

/// As by `nohup`, and in the background of a script.
#[test]
fn an_ignored_signal_stays_ignored() {
    let scratch = Scratch::new();
    let (mut child, mut stderr) = in_the_first_window(&scratch, "trap '' HUP INT TERM;");
    for signal in [Signal::HUP, Signal::INT, Signal::TERM, Signal::HUP] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(fs::read(scratch.path("file")).unwrap().starts_with(b"!"));
}

#[test]
fn any_other_one_ends_the_run() {
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        let scratch = Scratch::new();
        let (mut child, mut stderr) = in_the_first_window(&scratch, "");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(7), "{said}");
        assert!(fs::read(scratch.path("file")).unwrap().starts_with(b"x"));
    }
}
