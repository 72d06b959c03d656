//! The real binary, stopped at one of its system calls, so that something can
//! happen right then.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{CWD, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};

use super::{Ran, Scratch, has, program, skip};

/// Runs the binary. When it has made a call for the `nth` time (of those that
/// concern a path, if one is given), it stands still during `while_stopped`.
#[track_caller]
pub fn at(
    (call, nth): (&str, u32),
    path: Option<&Path>,
    args: &[&str],
    while_stopped: impl FnOnce(),
) -> Option<Ran> {
    if !has("strace") {
        skip("strace is missing");
        return None;
    }
    let scratch = Scratch::new();
    let log = scratch.path("log");
    mkfifoat(CWD, &log, 0o600.into()).unwrap();
    let mut command = program("strace");
    command.args(["-f", "-qq", "-o"]).arg(&log).args(["-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:signal=STOP:when={nth}")]);
    if let Some(path) = path {
        command.arg("-P").arg(path);
    }
    command.arg("--").arg(crate::binary()).args(args);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(File::open(&log).unwrap()).lines();
    let stopped = lines.find_map(|line| {
        let line = line.unwrap();
        line.contains("stopped by SIGSTOP").then(|| line.split(' ').next().unwrap().parse::<i32>().unwrap())
    });
    let Some(pid) = stopped else {
        panic!("it never stopped at {call}: {:?}", Ran::of(child.wait_with_output().unwrap()));
    };
    while_stopped();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::CONT).unwrap();
    // What is said of it any more must find a reader.
    let rest = std::thread::spawn(move || lines.for_each(drop));
    let ran = Ran::of(child.wait_with_output().unwrap());
    rest.join().unwrap();
    Some(ran)
}
