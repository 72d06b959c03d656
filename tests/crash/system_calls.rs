//! The system calls of the real binary, in their order: that what the
//! simulated disk is asked for is what the kernel is asked for.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use runner_tests::{Scratch, has, log_lines, skip};

const TRACED: &str = "trace=openat,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fsetxattr,fremovexattr";

/// Runs the binary, and says which calls it has made on what is in `dir`, in
/// words: files by their names, the directory as `.`.
fn calls(dir: &Path, args: &[&str]) -> Option<Vec<String>> {
    calls_with(dir, args, None)
}

/// The same, with a state directory of its own.
fn calls_with(dir: &Path, args: &[&str], state: Option<&Path>) -> Option<Vec<String>> {
    if !has("strace") {
        skip("strace is missing");
        return None;
    }
    let log = Scratch::new();
    let mut strace = runner_tests::program("strace");
    if let Some(state) = state {
        strace.env("RUNNER_STATE_DIR", state);
    }
    let status = strace
        .args(["-f", "-qq", "--seccomp-bpf", "-y", "-e", TRACED, "-e", "signal=none", "-o"])
        .arg(log.path("log"))
        .arg("--")
        .arg(runner_tests::binary())
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let dir = fs::canonicalize(dir).unwrap();
    let log = fs::read_to_string(log.path("log")).unwrap();
    let mut calls: Vec<_> = log.lines().filter_map(|line| call(line, dir.to_str().unwrap())).collect();
    // Several pieces are one write.
    calls.dedup();
    Some(calls)
}

/// One line of a log; `None` when it tells of nothing that matters here.
fn call(line: &str, dir: &str) -> Option<String> {
    let (_pid, line) = line.split_once(' ')?;
    let (name, rest) = line.trim_start().split_once('(')?;
    let mut names = paths(name, rest).into_iter().filter_map(|path| {
        let name = path.strip_prefix(dir)?;
        Some(if name.is_empty() { ".".to_owned() } else { runner_tests::untagged(name.strip_prefix('/')?) })
    });
    let first = names.next()?;
    match name {
        // Others are opened by every run.
        "openat" if line.contains("O_DIRECT") && !line.contains("O_DIRECTORY") => {
            Some(format!("direct {first}"))
        }
        "openat" => None,
        "pwrite64" => Some(format!("write {first}")),
        "rename" | "renameat" => Some(format!("rename {first} {}", names.next()?)),
        "renameat2" if line.contains("RENAME_EXCHANGE") => {
            Some(format!("exchange {first} {}", names.next_back()?))
        }
        "fsetxattr" | "fremovexattr" if line.contains("user.runner.journal") => {
            // The attribute's name looks like one in a directory.
            let file = first.strip_suffix("/user.runner.journal")?;
            Some(format!("{} {file}", if name == "fsetxattr" { "mark" } else { "unmark" }))
        }
        "fsetxattr" | "fremovexattr" => None,
        "unlink" | "unlinkat" => Some(format!("remove {first}")),
        "link" | "linkat" => Some(format!("link {first} {}", names.next_back()?)),
        _ => Some(format!("{name} {first}")),
    }
}

/// The paths in the arguments of a call: those of descriptors, and names
/// relative to them.
fn paths(call: &str, mut rest: &str) -> Vec<String> {
    let mut paths = Vec::new();
    while let Some((_, after)) = rest.split_once('<') {
        let Some((path, after)) = after.split_once('>') else { break };
        rest = after;
        let name = after
            .strip_prefix(", \"")
            .filter(|_| call.contains("at") && call != "fdatasync")
            .and_then(|name| name.split_once('"'));
        paths.push(match name {
            Some((name, after)) => {
                rest = after;
                Path::new(path).join(name).to_str().unwrap().to_owned()
            }
            None => path.to_owned(),
        });
    }
    paths
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("file", log_lines(300_000, "\n"));
    scratch
}

fn apply(scratch: &Scratch, with: &str, options: &[&str]) -> Option<Vec<String>> {
    let file = scratch.path("file");
    let with = format!("with={with}");
    let args = ["apply", "replace", file.to_str().unwrap(), "--set", "find=user1", "--set", &with, "-j", "1"];
    calls(scratch.dir(), &[&args[..], options].concat())
}

#[test]
fn in_place() {
    let scratch = scratch();
    let Some(calls) = apply(&scratch, "USER1", &[]) else { return };
    let expected = [
        "direct file",
        "write file.runner-scan",
        "fsync file.runner-scan",
        "direct file.runner-scan",
        "mark file",
        "rename file.runner-scan file.runner-journal",
        "fsync .",
        "write file",
        "fdatasync file",
        "direct file",
        "remove file.runner-journal",
        "fsync .",
        "unmark file",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn by_a_new_file() {
    let scratch = scratch();
    let Some(calls) = apply(&scratch, "somebody", &["--strategy", "rewrite", "--backup", ".old"]) else {
        return;
    };
    let expected = [
        "write file.runner-new",
        "fsync file.runner-new",
        "direct file.runner-new",
        "link file file.old",
        "fsync .",
        "exchange file.runner-new file",
        "remove file.runner-new",
        "fsync .",
    ];
    assert_eq!(calls, expected);
}

/// The directory that is synced is the one that holds the name.
#[test]
fn elsewhere() {
    let scratch = scratch();
    fs::create_dir(scratch.path("dir")).unwrap();
    let out = scratch.path("dir/out");
    let Some(calls) = apply(&scratch, "somebody", &["-o", out.to_str().unwrap()]) else { return };
    let expected = [
        "write dir/out.runner-new",
        "fsync dir/out.runner-new",
        "direct dir/out.runner-new",
        "rename dir/out.runner-new dir/out",
        "fsync dir",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn a_saved_plan() {
    let scratch = scratch();
    let (file, plan) = (scratch.path("file"), scratch.path("plan"));
    let args = ["plan", "replace", file.to_str().unwrap(), "--set", "find=user1", "-j", "1", "-o"];
    let Some(calls) = calls(scratch.dir(), &[&args[..], &[plan.to_str().unwrap()]].concat()) else { return };
    let expected =
        ["write plan.runner-new", "fsync plan.runner-new", "rename plan.runner-new plan", "fsync ."];
    assert_eq!(calls, expected);
}

/// The name of what has none yet in the state directory is chosen by chance.
fn without_chance(calls: &[String]) -> Vec<String> {
    let one = |call: &String| {
        let (head, tail) = call.split_once("state/")?;
        let (_, rest) = tail.split_once(".new")?;
        Some(format!("{head}state/NEW{rest}"))
    };
    calls.iter().map(|call| one(call).unwrap_or_else(|| call.clone())).collect()
}

/// Before the first journal; else nobody could tell after a crash whose it is.
#[test]
fn the_key_is_durable_before_the_first_journal() {
    let scratch = scratch();
    let (file, state) = (scratch.path("file"), scratch.path("above/state"));
    let args = ["apply", "replace", file.to_str().unwrap(), "--set", "find=user1", "--set", "with=USER1"];
    let Some(calls) = calls_with(scratch.dir(), &args, Some(&state)) else { return };
    let calls = without_chance(&calls);
    let expected = [
        "fsync .",
        "fsync above",
        "fsync above/state/NEW",
        "link above/state/NEW above/state/journal-key",
        "remove above/state/NEW",
        "fsync above/state",
    ];
    assert_eq!(calls[..expected.len()], expected);
    let journal = calls.iter().position(|call| call.starts_with("rename file.runner-scan"));
    assert!(journal.unwrap() > expected.len());
}
