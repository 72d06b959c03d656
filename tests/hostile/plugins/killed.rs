//! A worker that is killed at any of its system calls: the file is the old one
//! or the new one, and this process goes on. If only the first worker is killed,
//! the next one does its work.

use std::fs;

use runner_pipeline::error::Kind;
use runner_sandbox::plugin::bundled;
use runner_sandbox::{Cache, Isolation, Limits, Sandbox};
use runner_tests::{Scratch, has, names, skip};

use super::{apply, silent};

/// Of each thread: any calls; those with which it exchanges messages; those
/// with which it maps the code, and memory for an instance.
const CALLS: [&str; 3] = ["all", "futex", "mmap,munmap,mprotect"];

/// More calls than any thread of a worker makes here.
const MOST: u32 = 2000;

#[test]
fn a_worker_is_killed_at_each_of_its_calls() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let (scratch, outside) = (Scratch::new(), Scratch::new());
    let old = runner_tests::log_lines(8 << 20, "\n");
    let file = scratch.write("file", &old);
    let given =
        [("find", "Find"), ("with", "FOUND")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let replace = bundled::ALL.iter().find(|bundled| bundled.name == "replace").unwrap();
    // Applies `replace` in workers of this program.
    let run = |program: &str| {
        fs::write(&file, &old).unwrap();
        let compile_deadline = Isolation::COMPILE_DEADLINE;
        let isolation = Isolation::Processes { program: program.into(), compile_deadline };
        // What is compiled once is not compiled under `strace`.
        let cache = Cache::open(&outside.path("cache")).ok();
        let sandbox = Sandbox::new(cache, isolation).unwrap();
        let plugin =
            sandbox.load("replace", replace.bytes, Limits { lanes: 3, ..Limits::default() }, silent());
        plugin.and_then(|plugin| apply(&plugin, &given, &file, 1 << 20))
    };
    run(runner_tests::binary()).unwrap();
    let new = fs::read(&file).unwrap();
    assert!(new != old, "it changes nothing: that shows nothing");
    let mut kills = 0;
    for calls in CALLS {
        for nth in 1.. {
            assert!(nth < MOST, "it is killed at every call: {calls}");
            // The tracer is a process beside the worker, which keeps its parent.
            let killing = format!(
                "#!/bin/sh\nexec strace -D -f -qq -o /dev/null -e trace={calls} -e inject={calls}:signal=KILL:when={nth} -- {} \"$@\"\n",
                runner_tests::binary()
            );
            let once = format!(
                "#!/bin/sh\nmkdir {0} || exec {1} \"$@\"\n",
                outside.path("once").display(),
                runner_tests::binary()
            );
            let first_dies = outside.script("once-killing", &killing.replace("#!/bin/sh\n", &once));
            run(first_dies.to_str().unwrap()).unwrap_or_else(|error| panic!("{calls} {nth}: {error:?}"));
            assert!(fs::read(&file).unwrap() == new, "wrong after one death: {calls} {nth}");
            fs::remove_dir(outside.path("once")).unwrap();
            let script = outside.script("killing", &killing);
            let result = run(script.to_str().unwrap());
            let found = fs::read(&file).unwrap();
            assert_eq!(names(scratch.dir()), ["file"], "{calls} {nth}");
            match result {
                Ok(()) => assert!(found == new, "done, but wrong: {calls} {nth}"),
                Err(error) => {
                    assert!(found == old, "not done, but changed: {calls} {nth}");
                    assert_eq!(error.kind(), Kind::Plugin, "{calls} {nth}: {error:?}");
                    assert!(format!("{error:?}").contains("died"), "{calls} {nth}: {error:?}");
                    kills += 1;
                    continue;
                }
            }
            break;
        }
    }
    eprintln!("counted: killed {kills} times");
    assert!(kills >= 50, "it was hardly ever killed: {kills}");
}
