//! The real binary on a real filesystem, killed at each of its system calls
//! that change something: after `recover`, the file is old or new, and nothing
//! is left beside it. (What a machine loses when it dies is for `crash`.)

use std::fs;

use runner_tests::{Scratch, has, kill, log_lines, names, runner, skip};

/// Kills runs at one call after the other, until one comes to its end.
#[track_caller]
fn killed(content: &[u8], options: &[&str]) {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", content);
    // Compiles the plugin, too: what is counted is the run alone.
    runner(["apply", "replace"].iter().chain(options).chain([&file.to_str().unwrap()])).ok();
    let new = fs::read(&file).unwrap();
    assert!(new != content, "it changes nothing: that shows nothing");
    let (mut kills, mut in_between) = (0, 0);
    for call in kill::CALLS {
        for nth in 1.. {
            fs::write(&file, content).unwrap();
            let done = kill::apply(&file, options, call, nth);
            let left = names(scratch.dir()).len() > 1;
            let rollback = kills % 2 == 1;
            let direction = if rollback { &["recover", "--rollback"][..] } else { &["recover"] };
            runner(direction.iter().chain([&file.to_str().unwrap()])).ok();
            let found = fs::read(&file).unwrap();
            let what = format!("killed at {call} {nth}, rollback {rollback}, left something {left}");
            assert!(found == new || found == content, "mixed: {what}");
            assert_eq!(names(scratch.dir()), ["file"], "{what}");
            if done {
                assert!(found == new, "done, but old: {what}");
                assert!(!left, "done, but not cleaned up: {what}");
                break;
            }
            kills += 1;
            in_between += u32::from(left);
        }
    }
    eprintln!("counted: killed {kills} times, {in_between} of them with something to recover");
    assert!(in_between >= 5, "it was hardly ever killed in between: {in_between} of {kills}");
}

#[test]
fn in_place() {
    killed(&log_lines(300_000, "\n"), &["--set", "find=Find", "--set", "with=FIND"]);
}

#[test]
fn with_a_new_tail() {
    let options = ["--set", "find=Find", "--set", "with=Found", "--strategy", "in-place"];
    killed(&log_lines(300_000, "\n"), &options);
}

#[test]
fn by_a_new_file() {
    killed(&log_lines(300_000, "\n"), &["--set", "find=Find", "--set", "with=", "--strategy", "rewrite"]);
}
