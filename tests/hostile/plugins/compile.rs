//! Bounds on what comes before a plugin runs: reading and compiling it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use runner_pipeline::error::{Kind, Result};
use runner_sandbox::plugin::bundled;
use runner_sandbox::{Isolation, Limits, Plugin, Sandbox};
use rustix::process::{Pid, Signal, kill_process};

use super::guest::CONTENT;
use super::{generated, silent};
use runner_tests::runner;
use runner_tests::{Scratch, assert_confined, command, helpers, status};

/// Nothing of this may be compiled in the time that tests have.
const LONG: Duration = Duration::from_secs(3600);

fn child(program: impl Into<PathBuf>, deadline: Duration) -> Sandbox {
    Sandbox::new(None, Isolation::Processes { program: program.into(), compile_deadline: deadline }).unwrap()
}

fn load(sandbox: &Sandbox, bytes: &[u8]) -> Result<Plugin> {
    sandbox.load("it", bytes, Limits::default(), silent())
}

#[track_caller]
fn fails(result: Result<Plugin>, kind: Kind, what: &str) {
    let error = result.err().expect("it is loaded");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(format!("{error:?}").contains(what), "it should say `{what}`: {error:?}");
}

fn honest() -> &'static [u8] {
    bundled::ALL.iter().find(|bundled| bundled.name == "newline").unwrap().bytes
}

/// Refused by the binary, before or while it is compiled; then an honest
/// plugin does the same file.
#[track_caller]
fn refused(plugin: &Path, options: &[&str], code: i32, what: &str) {
    let scratch = Scratch::new();
    let file = scratch.write("file", CONTENT);
    let before = scratch.snapshot();
    let mut args = vec!["apply", plugin.to_str().unwrap(), file.to_str().unwrap()];
    args.extend(options);
    runner(args).fails(code, what);
    assert_eq!(before, scratch.snapshot());
    runner!["apply", "newline", &file, "--set", "to=crlf"].ok();
    assert_eq!(fs::read(&file).unwrap(), b"abc\r\nabc\r\n");
}

#[test]
fn a_plugin_that_is_too_large_is_not_read() {
    let scratch = Scratch::new();
    let plugin = scratch.write("large.wasm", b"\0asm\x01\0\0\0");
    let file = File::options().write(true).open(&plugin).unwrap();
    for bytes in [200_000_000, 1 << 40] {
        file.set_len(bytes).unwrap();
        refused(&plugin, &[], 3, &format!("has {bytes} bytes; the limit is 64 MiB"));
    }
}

#[test]
fn a_plugin_that_never_ends_is_not_read() {
    let scratch = Scratch::new();
    let fifo = scratch.path("fifo.wasm");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    refused(&fifo, &[], 2, "is not a file");
    refused(Path::new("/dev/zero"), &[], 2, "is not a file");
    // A file by all signs, without a size of its own.
    refused(Path::new("/proc/self/maps"), &[], 3, "is not a WebAssembly module");
}

/// A kilobyte that is an hour of work, or all the memory there is.
#[test]
fn a_plugin_that_never_compiles_is_stopped() {
    let scratch = Scratch::new();
    let plugin = scratch.write("slow.wasm", generated::branches(5000, 2000));
    refused(&plugin, &["--compile-timeout", "0.5"], 3, "cannot compile `slow` within 0.5 s");
}

/// The child does what the process itself does, only elsewhere.
#[test]
fn an_honest_plugin_compiles_in_a_child() {
    let sandbox = child(runner_tests::binary(), LONG);
    assert_eq!(load(&sandbox, honest()).unwrap().manifest().name, "newline");
    fails(load(&sandbox, b"#!"), Kind::Plugin, "`it` is not a WebAssembly module");
    fails(load(&sandbox, b"(module)"), Kind::Plugin, "`it` is a core module, but does not export");
    fails(load(&sandbox, b"(module"), Kind::Plugin, "`it` is not valid in the text format");
    // Text is the plugin's doing like anything else: it may not overflow a stack.
    let nested = |depth| [b"(module (func ".as_slice(), &b"(block ".repeat(depth)].concat();
    fails(load(&sandbox, &nested(290_000)), Kind::Plugin, "`it` is not valid in the text format");
    fails(
        load(&sandbox, &nested(1 << 20)),
        Kind::Plugin,
        "the limit for the text format of WebAssembly is 2 MiB",
    );
    fails(load(&sandbox, &generated::nested(0)), Kind::Plugin, "is a component, but does not export");
    assert_eq!(load(&sandbox, honest()).unwrap().manifest().name, "newline", "after all of that");
}

/// What a child may do wrong, done by shell scripts.
#[test]
fn a_child_that_fails_is_an_error() {
    let scratch = Scratch::new();
    let script = |text: &str| child(scratch.script("script", text), LONG);
    let fails = |text: &str, what: &str| fails(load(&script(text), honest()), Kind::Plugin, what);
    fails("kill -SEGV $$", "cannot compile `it`: the compiler crashed (signal 11)");
    fails("exit 1", "cannot compile `it`: the compiler crashed (exit code 1)");
    fails("echo nonsense; exit 3", "cannot compile `it`: the compiler crashed (exit code 3)");
    fails("printf '\\033[2Jhelp' >&2; exit 101", "crashed (exit code 101): \\u{1b}[2Jhelp");
    fails("echo 'memory allocation of 64 bytes failed' >&2; exit 134", "needed more than 2048 MiB of memory");
    let of_the_stack = "crashed (exit code 7): RUST_MIN_STACK=4194304";
    fails("tr '\\0' ' ' < /proc/$$/environ >&2; exit 7", of_the_stack);
    fails("exec cat /dev/zero", "compiles to more than 256 MiB of code");
    // As it ends a child that has limited itself; in units of 512 bytes.
    fails("ulimit -c 0; ulimit -f 524289; exec cat /dev/zero", "compiles to more than 256 MiB of code");
    fails("exit 0", "cannot compile `it`: the compiler's answer is not code");
    fails("echo nonsense", "cannot compile `it`: the compiler's answer is not code");
    let refuses = |what: &str| format!("printf '{{\"what\":\"%s\",\"hints\":[]}}' '{what}'; exit 3");
    fails(&refuses("\\u001b[2Jno"), "\\u{1b}[2Jno");
    fails("yes | head -c 300000; exit 3", "cannot compile `it`: the compiler crashed (exit code 3)");
    // Whoever did that, it was not the plugin.
    let result = load(&script("kill -KILL $$"), honest());
    self::fails(result, Kind::OutOfMemory, "cannot compile `it`: the process that compiles was killed");
    let text = "echo 'ThreadPoolBuildError { kind: IOError(Os { code: 11 }) }' >&2; exit 101";
    self::fails(load(&script(text), honest()), Kind::OutOfMemory, "the compiler could not start a thread");
    let gone = child(scratch.path("none"), LONG);
    self::fails(load(&gone, honest()), Kind::Io, "cannot start the process that compiles plugins");
    let sleeps = scratch.script("script", "exec sleep 3600");
    let late = child(sleeps, Duration::from_millis(50));
    self::fails(load(&late, honest()), Kind::Plugin, "cannot compile `it` within 0.05 s");
}

/// The limit that the child sets itself would take a minute to reach, so a
/// lower one stands in for it.
#[test]
fn a_plugin_that_takes_all_memory_to_compile_is_stopped() {
    let scratch = Scratch::new();
    let runner = runner_tests::binary();
    let script = scratch.script("script", &format!("ulimit -d 65536\nexec '{runner}' \"$@\""));
    let sandbox = child(script, LONG);
    let greedy = generated::branches(20_000, 20_000);
    fails(load(&sandbox, &greedy), Kind::Plugin, "the compiler needed more than 2048 MiB of memory");
    assert_eq!(load(&sandbox, honest()).unwrap().manifest().name, "newline");
}

/// The code passes through a file in memory, to which such a limit applies.
#[test]
fn a_limit_on_files_that_the_code_exceeds_is_named() {
    let scratch = Scratch::new();
    let runner = runner_tests::binary();
    // 4 KiB.
    let script = scratch.script("script", &format!("ulimit -f 8\nexec '{runner}' \"$@\""));
    let error = load(&child(script, LONG), honest()).err().expect("it is loaded");
    assert_eq!(error.kind(), Kind::Io, "{error:?}");
    assert!(format!("{error:?}").contains("cannot compile `it`: cannot write the compiler's answer"));
    assert!(error.hints()[0].contains("`ulimit -f`"), "{:?}", error.hints());
}

/// However the parent ends, the child that compiles for it ends too.
#[test]
fn no_child_outlives_its_parent() {
    let scratch = Scratch::new();
    let plugin = scratch.write("slow.wasm", generated::branches(5000, 2000));
    let file = scratch.write("file", CONTENT);
    let before = scratch.snapshot();
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let mut parent = command()
            .args(["apply", "--compile-timeout", "3600"])
            .args([&plugin, &file])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = parent.id();
        let compiling = loop {
            // It has its own name once it has begun, and dies with its parent from then on.
            match helpers(pid, "__compile").first().copied() {
                Some(child) if bound_to_parent(child) => break child,
                _ => assert!(parent.try_wait().unwrap().is_none(), "it has ended by itself"),
            }
        };
        kill_process(Pid::from_child(&parent), signal).unwrap();
        assert!(!parent.wait().unwrap().success());
        // Only this process could leave it unburied, and it is not its parent.
        while alive(compiling) {
            std::thread::yield_now();
        }
        assert_eq!(before, scratch.snapshot());
    }
}

/// A compiler that a plugin has taken over finds nothing: no files, no
/// descriptors but its own streams, no environment, no privileges, and hardly
/// any system calls.
#[test]
fn the_compiler_is_confined() {
    let scratch = Scratch::new();
    let plugin = scratch.write("slow.wasm", generated::branches(5000, 2000));
    // A descriptor that comes from whoever starts the program.
    let inherit = "exec 9< /dev/null; exec \"$@\"";
    let mut parent = std::process::Command::new("/bin/sh")
        .args(["-c", inherit, "sh", runner_tests::binary(), "apply", "--compile-timeout", "3600"])
        .args([&plugin, &scratch.write("file", CONTENT)])
        .env("RUNNER_CACHE_DIR", scratch.path("cache"))
        .env("SECRET", "secret")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = loop {
        match helpers(parent.id(), "__compile").first().copied() {
            Some(child) if status(child, "Seccomp_filters").is_some_and(|filters| filters != "0") => {
                break child;
            }
            _ => assert!(parent.try_wait().unwrap().is_none(), "it has ended by itself"),
        }
    };
    assert_confined(child);
    assert_eq!(runner_tests::names(Path::new(&format!("/proc/{child}/fd"))), ["0", "1", "2"]);
    let environment = fs::read(format!("/proc/{child}/environ")).unwrap();
    assert_eq!(String::from_utf8_lossy(&environment), "RUST_MIN_STACK=4194304\0");
    // 256 MiB of code with 32 bytes about it, and one byte that is too many.
    assert!(is_limited(child, "Max file size", "268435489"));
    parent.kill().unwrap();
    parent.wait().unwrap();
}

/// Whether a process has bounded its memory, which it does after it has bound
/// itself to its parent.
fn bound_to_parent(process: u32) -> bool {
    is_limited(process, "Max data size", "2147483648")
}

fn is_limited(process: impl std::fmt::Display, name: &str, value: &str) -> bool {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap_or_default();
    limits.lines().any(|line| line.starts_with(name) && line.contains(value))
}

fn alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
