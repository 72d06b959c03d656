//! Plugins that mean harm. Whatever one does: its own clear error within its
//! limits, a file and a directory that nobody has touched, and a process that
//! lives and does the next file.
//!
//! Most of them are files in `guests/`; to add one is to add a file (see
//! `plugins/guest.rs`). What is too large for a file is made in `plugins/generated.rs`.

mod compile;
mod generated;
mod guest;
mod killed;
mod made;
mod native;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use guest::{CONTENT, Guest};
use runner_pipeline::error::Result;
use runner_pipeline::memory::{MemoryContext, Space};
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::{self, Options, Program};
use runner_sandbox::plugin::{bundled, params};
use runner_sandbox::{Isolation, Limits, Plugin, Sandbox, Sink};
use runner_tests::peak::measured;
use runner_tests::{Ran, Scratch};

/// Runs `check` on all guests, two at a time, and names those that failed.
fn for_each(guests: &[Guest], check: impl Fn(&Guest) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(guest) = guests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| check(guest))).is_err() {
                        failed.lock().unwrap().push(guest.name.clone());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} guests: {failed:?}", failed.len(), guests.len());
}

fn guests() -> Vec<Guest> {
    let guests = guest::all();
    assert!(guests.len() >= 40, "{}", guests.len());
    guests
}

/// A run of the binary comes to what the guest says.
#[track_caller]
fn comes_to(guest: &Guest, ran: Ran) -> Ran {
    if guest.expect.code == 0 {
        let ran = ran.ok().says(&guest.expect.says);
        assert!(!ran.stderr.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.stderr);
        assert!(ran.stderr.len() < 256 << 10, "{} bytes of log", ran.stderr.len());
        ran
    } else {
        // By the name of its file, or by that which all of them say themselves.
        let names = [format!("plugin `{}`", guest.name), format!("{}.wasm", guest.name)];
        let is_named =
            names.iter().any(|name| ran.stderr.contains(name)) || ran.stderr.contains("plugin `guest`");
        assert!(is_named || guest.expect.code != 3, "{}", ran.stderr);
        ran.fails(guest.expect.code, &guest.expect.says)
    }
}

#[test]
fn every_guest_comes_to_its_own_end() {
    for_each(&guests(), |guest| {
        let scratch = Scratch::in_memory();
        let plugin = scratch.write(&format!("{}.wasm", guest.name), &guest.wasm);
        let (plugin, file) = (plugin.to_str().unwrap(), scratch.write("file", &guest.content));
        let (file, out) = (file.to_str().unwrap(), scratch.path("out"));
        let out = out.to_str().unwrap();
        let mut options: Vec<&str> = guest.options.iter().map(String::as_str).collect();
        // One that ends well does so on a busy machine as well.
        if guest.expect.code == 0 && guest.option("--timeout").is_none() {
            options.extend(["--timeout", "120"]);
        }
        let run = |args: &[&str]| {
            comes_to(guest, runner_tests::runner(args.iter().copied().chain(options.iter().copied())))
        };
        let new = guest.expect.file.as_ref().unwrap_or(&guest.content);
        let before = scratch.snapshot();
        run(&["apply", plugin, file, "--dry-run", "-j", "1"]);
        assert_eq!(before, scratch.snapshot());
        for way in ["apply", "plan"] {
            run(&[way, plugin, file, "-o", out]);
            if guest.expect.code == 0 {
                assert!(way == "plan" || fs::read(out).unwrap() == *new);
                fs::remove_file(out).unwrap();
            }
            assert_eq!(before, scratch.snapshot());
        }
        let mut args = vec!["pipe", plugin];
        args.extend(&options);
        let piped = comes_to(guest, runner_tests::pipe(&args, &guest.content));
        assert!(guest.expect.code != 0 || piped.stdout == *new);
        run(&["apply", plugin, file]);
        if new == &guest.content {
            assert_eq!(before, scratch.snapshot());
        } else {
            assert_eq!(fs::read(file).unwrap(), *new);
        }
    });
}

/// Time and memory, of all processes together. With a small budget, some guests
/// meet it before they meet their own limit; with a large one, none does.
#[test]
fn every_guest_stays_within_its_bounds() {
    let scratch = Scratch::in_memory();
    let (mut latest, mut largest) = (Duration::ZERO, 0);
    for guest in guests() {
        let plugin = scratch.write(&format!("{}.wasm", guest.name), &guest.wasm);
        let file = scratch.write("file", &guest.content);
        let command = |total_mib: u64| {
            let mut command = runner_tests::command();
            command.arg("apply").arg(&plugin).arg(&file).args(["--dry-run", "--memory-total"]);
            command.arg(format!("{total_mib}M")).args(&guest.options).stdout(Stdio::null());
            command
        };
        // Compiling it has a deadline of its own.
        command(256).stderr(Stdio::null()).status().unwrap();
        let allowed = Duration::from_secs_f64(guest.option("--timeout").unwrap_or("10").parse().unwrap());
        for total_mib in [256, 1024] {
            let started = Instant::now();
            let (ran, peak) = measured(command(total_mib));
            let late = started.elapsed().saturating_sub(allowed);
            let mib = peak >> 20;
            // The promise is a second; other tests use the processors, too.
            assert!(late < Duration::from_secs(3), "{}: {late:?} after its deadline", guest.name);
            assert!(mib <= total_mib + 64, "{}: {mib} MiB", guest.name);
            let met_the_budget = ran.stderr.contains("of `--memory-total`");
            if total_mib > 256 || !met_the_budget {
                comes_to(&guest, ran);
            }
            (latest, largest) = (latest.max(late), largest.max(mib));
        }
    }
    eprintln!("counted: {latest:?} after a deadline at most, {largest} MiB at the peak");
}

/// What a plugin says never passes for what `runner` says.
#[test]
fn an_error_of_two_lines_is_no_hint() {
    let guests = guests();
    let forged = guests.iter().find(|guest| guest.name == "error-forged").unwrap();
    let scratch = Scratch::in_memory();
    let plugin = scratch.write("forged.wasm", &forged.wasm);
    let file = scratch.write("file", &forged.content);
    let ran = runner_tests::runner(["apply", plugin.to_str().unwrap(), file.to_str().unwrap()]);
    let ran = ran.fails(3, "failed at offset 0: x\n    |   hint: run rm -rf\n");
    assert!(!ran.stderr.contains("\n  hint: run"), "{}", ran.stderr);
}

/// A plugin that fails for one of several files does the others.
#[test]
fn the_next_file_is_done() {
    let mut guests = guests();
    guests.retain(|guest| guest.expect.code != 0 && guest.choosy.is_some());
    assert!(guests.len() >= 40, "{}", guests.len());
    for_each(&guests, |guest| {
        let scratch = Scratch::in_memory();
        let plugin = scratch.write("guest.wasm", guest.choosy.as_ref().unwrap());
        let bad = scratch.write("bad", &guest.content);
        let before = scratch.snapshot();
        let good = scratch.write("good", "x");
        let mut args = vec!["apply", plugin.to_str().unwrap(), bad.to_str().unwrap(), good.to_str().unwrap()];
        args.extend(guest.options.iter().map(String::as_str));
        let ran = runner_tests::runner(args);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        let says = guest.expect.says.replace(&format!("`{}`", guest.name), "`guest`");
        let ran = ran.says(&says);
        assert!(!ran.stderr.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.stderr);
        assert_eq!(fs::read(&good).unwrap(), b"!");
        fs::remove_file(good).unwrap();
        assert_eq!(before, scratch.snapshot());
    });
}

/// One process: after each guest an honest plugin does its work.
#[test]
fn the_process_goes_on() {
    let sandbox = isolated();
    let replace = bundled::ALL.iter().find(|bundled| bundled.name == "replace").unwrap();
    let replace = sandbox.load("replace", replace.bytes, Limits::default(), silent()).unwrap();
    for_each(&guests(), |guest| {
        let scratch = Scratch::in_memory();
        let file = scratch.write("file", &guest.content);
        let before = scratch.snapshot();
        let mut limits = Limits { lanes: 3, ..Limits::default() };
        if let Some(seconds) = guest.option("--timeout") {
            limits.deadline = Duration::from_secs_f64(seconds.parse().unwrap());
        }
        if let Some(mib) = guest.option("--memory") {
            limits.memory_bytes = mib.strip_suffix('M').unwrap().parse::<u64>().unwrap() << 20;
        }
        let window = guest
            .option("--window")
            .map_or(1 << 20, |window| window.strip_suffix('K').unwrap().parse::<u64>().unwrap() << 10);
        let result = sandbox
            .load(&guest.name, &guest.wasm, limits, silent())
            .and_then(|plugin| apply_within(&plugin, &[], &file, window, space(guest)));
        match result {
            Ok(()) => assert_eq!(guest.expect.code, 0),
            Err(error) => {
                let code = i32::from(error.kind().exit_code());
                // The binary tries an empty file, and finds the parameters at fault.
                let same = code == guest.expect.code || (code, guest.expect.code) == (3, 2);
                assert!(same, "{error:?}");
                let text = format!("{error:?}");
                assert!(text.contains(&guest.expect.says), "it should say `{}`: {text}", guest.expect.says);
                assert_eq!(before, scratch.snapshot());
            }
        }
        // Another file: a child that other tests start meanwhile may hold the
        // lock of the first one for a moment more.
        let next = scratch.write("next", CONTENT);
        let given = [("find", "b"), ("with", "##")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        apply(&replace, &given, &next, 1 << 20).unwrap();
        assert_eq!(fs::read(&next).unwrap(), b"a##c\na##c\n");
    });
}

/// A sandbox whose plugins run in workers.
fn isolated() -> Sandbox {
    let (program, compile_deadline) = (runner_tests::binary().into(), Isolation::COMPILE_DEADLINE);
    Sandbox::new(None, Isolation::Processes { program, compile_deadline }).unwrap()
}

fn silent() -> Sink {
    Arc::new(|_, _| {})
}

/// What a guest's `--patch-limit` says.
fn space(guest: &Guest) -> Space {
    guest.option("--patch-limit").map_or(Space::DEFAULT, |limit| {
        Space::bytes(limit.strip_suffix('M').unwrap().parse::<u64>().unwrap() << 20)
    })
}

fn apply(plugin: &Plugin, given: &[(String, String)], file: &Path, window_bytes: u64) -> Result<()> {
    apply_within(plugin, given, file, window_bytes, Space::DEFAULT)
}

fn apply_within(
    plugin: &Plugin,
    given: &[(String, String)],
    file: &Path,
    window_bytes: u64,
    space: Space,
) -> Result<()> {
    let manifest = plugin.manifest();
    let given: Vec<_> = given.iter().map(|(name, value)| params::Given::set(name, value)).collect();
    let params = params::check(manifest, &given)?;
    let options = Options {
        threads: 2,
        window_bytes,
        memory: MemoryContext { space, ..MemoryContext::NONE },
        ..Options::default()
    };
    let program = Program {
        params_digest: blake3::hash(b""),
        id: PluginId {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: plugin.digest().to_hex().to_string(),
            evidence: Vec::new(),
        },
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        begin: &|head| plugin.begin(&params, head),
    };
    run::apply(file, &program, &options, &mut |_| {}).map(|_| ())
}
