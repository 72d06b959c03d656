//! Writes that the kernel says it has done, and has not: `strace` drops them,
//! one after the other. Whatever way they go, what is read back tells.

use std::fs;
use std::path::Path;
use std::process::Command;

use runner_tests::{Ran, Scratch, command, has, names, skip};

const GROUP: usize = 65_536;

/// A run whose writes to `file` are watched, and one of them dropped, if it is
/// told which, and how many bytes it has. Also the bytes of each write.
fn watched(args: &[&str], file: &Path, log: &Path, drop: Option<(usize, usize)>) -> (Ran, Vec<usize>) {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o"]).arg(log).args(["-e", "trace=pwrite64", "-P"]).arg(file);
    if let Some((nth, bytes)) = drop {
        strace.args(["-e", &format!("inject=pwrite64:retval={bytes}:when={nth}")]);
    }
    strace.arg("--").arg(runner_tests::binary()).args(args).arg(file).args(["-j", "1"]);
    for (name, value) in command().get_envs() {
        strace.env(name, value.unwrap());
    }
    let ran = Ran::of(strace.output().unwrap());
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("INJECTED").count(), usize::from(drop.is_some()), "it hits once:\n{log}");
    let written = log
        .lines()
        .filter_map(|line| line.rsplit_once(" = "))
        .map(|(_, count)| count.split_whitespace().next().unwrap().parse().unwrap());
    (ran, written.collect())
}

/// Files of less than a group, of one, and of several, of which the last is
/// not full; with something to find in each part of them.
fn contents() -> Vec<Vec<u8>> {
    let sizes = [12, 5000, GROUP, GROUP + 9, 3 * GROUP, 3 * GROUP + 5000];
    let content = |size: usize| {
        let mut content = b"line\n".repeat(size.div_ceil(5));
        content.truncate(size);
        for at in [0, size / 2, size - 4] {
            content[at..at + 4].copy_from_slice(b"two\n");
        }
        content
    };
    sizes.map(content).into()
}

#[test]
fn no_write_is_dropped_unnoticed() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
    let (file, log) = (scratch.path("file"), elsewhere.path("log"));
    let patch = elsewhere.path("patch");
    let (name, saved) = (file.to_str().unwrap(), patch.to_str().unwrap());
    let mut dropped = [0; 3];
    for old in contents() {
        for with in ["TWO", "twice", "2"] {
            let in_place = ["--strategy", "in-place"];
            let edits = ["replace", "--set", "find=two", "--set", &format!("with={with}")];
            fs::write(&file, &old).unwrap();
            let _ = fs::remove_file(&patch);
            runner(["plan"].iter().chain(&edits).chain(&[name, "-o", saved])).ok();
            let new = String::from_utf8(old.clone()).unwrap().replace("two", with).into_bytes();
            let ways = [
                ([&["apply"][..], &edits, &in_place].concat(), &old, &new),
                ([&["patch", saved][..], &in_place].concat(), &old, &new),
                ([&["undo", saved][..], &in_place].concat(), &new, &old),
            ];
            for ((way, from, to), count) in ways.iter().zip(&mut dropped) {
                fs::write(&file, from).unwrap();
                let (ran, writes) = watched(way, &file, &log, None);
                ran.ok();
                assert!(fs::read(&file).unwrap() == **to, "{way:?}");
                assert!(!writes.is_empty(), "{way:?} writes nothing");
                for (nth, bytes) in writes.iter().enumerate() {
                    fs::write(&file, from).unwrap();
                    let (ran, _) = watched(way, &file, &log, Some((nth + 1, *bytes)));
                    let what = format!("{way:?} of {} bytes, write {nth} of {writes:?}", from.len());
                    // The zeros behind a shorter version, which are cut off.
                    if ran.code == 0 && nth + 1 == writes.len() && from.len() > to.len() {
                        assert!(fs::read(&file).unwrap() == **to, "{what}");
                        continue;
                    }
                    assert_eq!(ran.code, 5, "{what}: {}", ran.stderr);
                    ran.fails(5, "file does not read back as it was written")
                        .says("was rolled back to its old content");
                    assert!(fs::read(&file).unwrap() == **from, "{what}");
                    assert_eq!(names(scratch.dir()), ["file"], "{what}");
                    *count += 1;
                }
            }
        }
    }
    eprintln!("counted: {dropped:?} writes dropped by apply, patch and undo");
    assert!(dropped.iter().all(|&count| count >= 18), "{dropped:?} is hardly any");
}

fn runner<'a>(args: impl IntoIterator<Item = &'a &'a str>) -> Ran {
    runner_tests::runner(args)
}
