//! The process that runs a plugin holds nothing, and says what confines it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use runner_tests::{Ran, Scratch, assert_confined, helpers, names, runner, skip, status};

/// Runs the binary where the kernel seems to have no Landlock.
fn without_landlock(scratch: &Scratch, args: &[&str]) -> Ran {
    let lacks = ["-e", "trace=landlock_create_ruleset", "-e", "inject=landlock_create_ruleset:error=ENOSYS"];
    let mut command = runner_tests::program("strace");
    command.args(["-f", "-qq", "-o", "/dev/null"]).args(lacks).arg("--").arg(runner_tests::binary());
    Ran::of(command.args(args).current_dir(scratch.dir()).output().unwrap())
}

#[test]
fn a_missing_layer_is_told_once_or_refused() {
    if !runner_tests::has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    scratch.write("a", "old\n");
    scratch.write("b", "old\n");
    let before = scratch.snapshot();
    let replace = ["apply", "replace", "a", "b", "--set", "find=old", "--set", "with=new"];
    let refused = without_landlock(&scratch, &[&replace[..], &["--require-confinement"]].concat());
    refused.fails(4, "landlock is missing").says("without `--require-confinement`");
    let never = ["--require-confinement", "--compile-timeout", "300", "--set", "x=y"];
    let file = scratch.guest("tiny");
    let of_others = [&["apply", file.to_str().unwrap(), "a"][..], &never].concat();
    without_landlock(&scratch, &of_others).fails(4, "landlock is missing");
    fs::remove_file(file).unwrap();
    assert_eq!(before, scratch.snapshot());

    let told = without_landlock(&scratch, &[&replace[..], &["--json", "--dry-run"]].concat()).ok();
    let events: Vec<serde_json::Value> =
        told.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = events.iter().filter(|event| event["event"] == "not-confined").collect();
    assert_eq!(told.len(), 1, "{events:?}");
    assert_eq!(told[0]["missing"], serde_json::json!(["landlock"]));

    let ran = without_landlock(&scratch, &replace).ok();
    assert_eq!(ran.stderr.matches("lacks a part of what confines plugins: landlock").count(), 1);
    assert_eq!(fs::read(scratch.path("a")).unwrap(), b"new\n");
}

/// All layers are there on a kernel that has them.
#[test]
fn this_kernel_confines_fully() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "old\n");
    runner!["apply", "replace", &file, "--set", "find=old", "--set", "with=new", "--require-confinement"]
        .ok();
    assert_eq!(fs::read(file).unwrap(), b"new\n");
}

/// While a plugin runs: no files but its own code, no environment, no
/// privileges, and hardly any system calls, for each thread.
#[test]
fn a_worker_holds_nothing() {
    let scratch = Scratch::new();
    let (plugin, file) = (scratch.guest("spin-transform"), scratch.write("file", "abc\n"));
    // A descriptor that comes from whoever starts the program.
    let inherit = "exec 9< /dev/null; exec \"$@\"";
    let mut parent = std::process::Command::new("/bin/sh")
        .args(["-c", inherit, "sh", runner_tests::binary(), "apply", "--timeout", "3600"])
        .args([&plugin, &file])
        .env("RUNNER_CACHE_DIR", scratch.path("cache"))
        .env("SECRET", "secret")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let worker = loop {
        let worker = helpers(parent.id(), "__work").first().copied();
        match worker.filter(|worker| status(worker, "Seccomp_filters").is_some_and(|count| count == "3")) {
            Some(worker) => break worker,
            None => assert!(parent.try_wait().unwrap().is_none(), "it has ended by itself"),
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_confined(worker);
    let open = format!("/proc/{worker}/fd");
    for name in names(Path::new(&open)) {
        let target = fs::read_link(Path::new(&open).join(&name)).unwrap();
        assert_eq!(target.to_str(), Some("/memfd:runner-code (deleted)"), "{name}");
    }
    assert_eq!(fs::read(format!("/proc/{worker}/environ")).unwrap(), b"");
    // Of the memory that it shares, it can change the replies alone. (Copies of
    // parts of the code are where instances begin.)
    let maps = fs::read_to_string(format!("/proc/{worker}/maps")).unwrap();
    for line in maps.lines().filter(|line| line.contains("memfd:")) {
        let access = line.split(' ').nth(1).unwrap();
        let is_shared = access.contains('w') && access.ends_with('s');
        assert!(!is_shared || line.contains("runner-replies"), "{line}");
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    while Path::new(&open).exists() {
        std::thread::yield_now();
    }
}

/// What the system refuses is named, whatever it is, and no plugin is blamed.
#[test]
fn what_the_system_refuses_is_named() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "old\n");
    let file = file.to_str().unwrap();
    let (cache, plugin) = (scratch.path("cache"), scratch.guest("tiny"));
    let plugin = plugin.to_str().unwrap();
    let run = |shell: &str, args: &[&str]| {
        let mut command = runner_tests::program("sh");
        command.args(["-c", shell, runner_tests::binary()]).args(args).env("RUNNER_CACHE_DIR", &cache);
        Ran::of(command.output().unwrap())
    };
    let apply = ["apply", plugin, file, "--check", "--timeout", "60"];
    run("trap '' CHLD; exec \"$0\" \"$@\"", &apply).ok();
    run("ulimit -d 30000; exec \"$0\" \"$@\"", &apply).fails(7, "a limit of this process allows 30 MiB");
    let channel = run("ulimit -f 1000; exec \"$0\" \"$@\"", &apply).fails(2, "cannot start the process");
    channel.says("(`ulimit -f`) is too low");
    let ran = run("ulimit -v 6000000; exec \"$0\" \"$@\"", &[&apply[..], &["-j", "7"]].concat());
    assert!(matches!(ran.code, 0 | 7), "{} {}", ran.code, ran.stderr);
    if runner_tests::has("strace") {
        let strace = "exec strace -f -qq -o /dev/null -e trace=landlock_restrict_self -e inject=landlock_restrict_self:error=E2BIG \"$0\" \"$@\"";
        run(strace, &apply).fails(2, "the kernel refuses `landlock`");
    } else {
        skip("strace is missing");
    }
    if !runner_tests::is_root() {
        return skip("only root can run a program as another user");
    }
    run("exec unshare -m sh -c 'umount -l /proc; exec \"$0\" \"$@\"' \"$0\" \"$@\"", &apply)
        .fails(2, "`/proc` must be mounted");
    // Threads and processes run out at one step after the other.
    let copy = scratch.path("runner");
    runner_tests::copy_binary(&copy);
    let mut done = 0;
    for most in 1..24 {
        let mut command = runner_tests::program("setpriv");
        command.args(["--reuid=64123", "--regid=64123", "--clear-groups", "prlimit"]);
        command.arg(format!("--nproc={most}")).arg(&copy).args(apply).args(["-j", "4"]);
        // Without a cache, each run compiles the plugin.
        for name in ["RUNNER_CACHE_DIR", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command.env("RUNNER_STATE_DIR", scratch.path("none"));
        let ran = Ran::of(command.output().unwrap());
        match ran.code {
            0 => done += 1,
            _ => drop(ran.fails(7, "thread")),
        }
    }
    assert!(done > 0, "it never came to its end");
}

/// A directory for compiled code that others may enter is not used, and the user is
/// told so, once, with the way to mend it.
#[test]
fn a_cache_that_cannot_be_trusted_is_named_once() {
    let scratch = Scratch::new();
    let (plugin, cache) = (scratch.guest("tiny"), scratch.path("cache"));
    fs::create_dir(&cache).unwrap();
    let run = |mode, options: &[&str]| {
        fs::set_permissions(&cache, fs::Permissions::from_mode(mode)).unwrap();
        let files = [scratch.write("one", "abc\n"), scratch.write("two", "abc\n")];
        let mut command = runner_tests::command();
        command.arg("apply").arg(&plugin).args(&files).args(options).env("RUNNER_CACHE_DIR", &cache);
        Ran::of(command.output().unwrap()).ok()
    };
    let ran = run(0o755, &[])
        .says("compiled plugins are not kept")
        .says("other users may enter it")
        .says("chmod 700");
    assert_eq!(ran.stderr.matches("warning").count(), 1, "{}", ran.stderr);
    let events = String::from_utf8(run(0o755, &["--json"]).stdout).unwrap();
    assert_eq!(events.matches("\"no-code-cache\"").count(), 1, "{events}");
    assert!(!run(0o755, &["--quiet"]).stderr.contains("warning"));
    assert_eq!(names(&cache).len(), 0, "it was used");
    assert!(!run(0o700, &[]).stderr.contains("warning"));
    assert_eq!(names(&cache).len(), 2, "the key and the entry");
}
