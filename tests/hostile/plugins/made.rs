//! Guests that are made by code: too many parts, all of WASI, other worlds,
//! and a plugin with a memory.

use std::fs;

use runner_pipeline::error::{Kind, Result};
use runner_sandbox::{Limits, Sandbox};

use super::guest::{self, CONTENT};
use super::{apply, generated, isolated, silent};
use runner_tests::Scratch;
use runner_tests::runner;

/// Loads a guest and runs it on a file, in this process; what the file is
/// then.
fn run(sandbox: &Sandbox, name: &str, wasm: &[u8]) -> Result<Vec<u8>> {
    let scratch = Scratch::new();
    let file = scratch.write("file", CONTENT);
    let before = scratch.snapshot();
    let done = sandbox
        .load(name, wasm, Limits::default(), silent())
        .and_then(|plugin| apply(&plugin, &[], &file, 1 << 20));
    if done.is_err() {
        assert_eq!(before, scratch.snapshot(), "{name}");
    }
    done.map(|()| fs::read(file).unwrap())
}

#[track_caller]
fn fails(result: Result<Vec<u8>>, what: &str) {
    let error = result.expect_err(what);
    assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
    assert!(format!("{error:?}").contains(what), "it should say `{what}`: {error:?}");
}

#[test]
fn a_plugin_may_have_many_parts_and_not_more() {
    let sandbox = isolated();
    let run = |count, module| run(&sandbox, "parts", &generated::beside(count, module));
    assert_eq!(run(15, "(module (memory 1))").unwrap(), CONTENT);
    assert_eq!(run(200, "(module (table 1 funcref))").unwrap(), CONTENT);
    for (count, module, why) in [
        (300, "(module)", "instance count too high"),
        (16, "(module (memory 1))", "memory count too high"),
        (200, "(module (table 1 funcref) (table 1 funcref))", "table count too high"),
    ] {
        fails(run(count, module), "plugin `parts` failed while starting");
        fails(run(count, module), why);
    }
    fails(run(10, "(module (memory 1000))"), "needed more than 256 MiB of memory while starting");
    fails(run(10, "(module (table 200000 funcref))"), "failed while starting");
    // What the engine does not ask about.
    let globals = format!("(module {})", "(global i32 (i32.const 0))".repeat(10_000));
    assert_eq!(run(50, &globals).unwrap(), CONTENT);
    fails(run(200, &globals), "bytes for the globals and functions of its instances; the limit is 16777216");
    let functions = format!("(module {})", "(func)".repeat(10_000));
    fails(run(50, &functions), "bytes for the globals and functions");
    let elements =
        format!("(module (table 20000 funcref) (func $f) (elem (i32.const 0) {}))", "$f ".repeat(20_000));
    fails(run(60, &elements), "elements to be copied into its tables; the limit is 1048576");
    let data = format!("(module (memory 17) (data (i32.const 0) \"{}\"))", "a".repeat(1 << 20));
    fails(run(130, &data), "bytes to be copied into its memories; the limit is 134217728");
    let traps = "(module (func $start unreachable) (start $start))";
    fails(run(1, traps), "crashed while starting");
}

/// A small component in which each part holds two of the one below.
#[test]
fn a_plugin_of_plugins_of_plugins_is_stopped() {
    let scratch = Scratch::new();
    let plugin = scratch.write("nested.wasm", generated::nested(40));
    let file = scratch.write("file", CONTENT);
    let before = scratch.snapshot();
    runner!["apply", &plugin, &file, "--compile-timeout", "1"].fails(3, "`nested`");
    assert_eq!(before, scratch.snapshot());
}

/// Whatever it calls, there is no file, no socket and no process to be had:
/// an error, or an end.
#[test]
fn all_of_wasi_0_1_gives_nothing() {
    let sandbox = isolated();
    let mut asked = 0;
    for file in [3, 4, 1000, u32::MAX] {
        for (name, wasm) in generated::wasi_0_1(file) {
            if !["fd_", "path_", "sock_", "proc_"].iter().any(|kind| name.starts_with(kind)) {
                continue;
            }
            asked += 1;
            match run(&sandbox, name, &wasm) {
                Ok(content) => assert_eq!(content, CONTENT, "{name} of {file} gets something"),
                Err(error) => assert_eq!(error.kind(), Kind::Plugin, "{name}: {error:?}"),
            }
        }
    }
    assert_eq!(asked, 4 * 36);
}

/// The whole of it can be imported, and is harmless with wild arguments.
#[test]
fn all_of_wasi_0_1_can_be_called() {
    let sandbox = isolated();
    for first in [0, 1, 2, 3072, 0x7fff_fff0] {
        for (name, wasm) in generated::wasi_0_1(first) {
            if let Err(error) = run(&sandbox, name, &wasm) {
                assert_eq!(error.kind(), Kind::Plugin, "{name}: {error:?}");
            }
        }
    }
}

#[test]
fn other_worlds_cannot_be_imported() {
    let sandbox = isolated();
    for import in [
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:http/types@0.2.3",
        "wasi:keyvalue/store@0.2.0-draft",
        "wasi:config/store@0.2.0-draft",
        "wasi:nn/inference@0.2.0-rc-2024-10-28",
        "wasi:threads/threads@0.1.0",
        "wasi:tls/types@0.2.0-draft",
        "wasi:blobstore/container@0.2.0-draft",
        "wasi:logging/logging",
        "runner:plugin/secret@0.2.0",
        "other:package/all@1.0.0",
    ] {
        let text = format!("(component (import \"{import}\" (instance (export \"go\" (func)))))");
        let what = format!("imports `{import}`, which is not available to plugins");
        fails(run(&sandbox, "it", &wat::parse_str(text).unwrap()), &what);
    }
    for (module, name, what) in [
        ("env", "system", "imports `system` from `env`, which nobody provides"),
        ("wasi_unstable", "fd_write", "cannot convert the module"),
        ("wasi_snapshot_preview1", "nothing", "cannot convert the module"),
    ] {
        let text = format!("(import \"{module}\" \"{name}\" (func))");
        fails(run(&sandbox, "it", &guest::build("it", &text)), what);
    }
}

/// The contract forbids a plugin to remember what it was asked before. Nobody
/// can tell whether one does: all that it answers is checked, and the file
/// becomes what some of its answers say. (Two instances that are asked alike
/// answer alike: neither time nor chance tells them apart.)
#[test]
fn a_plugin_with_a_memory_changes_what_it_says_and_no_more() {
    let scratch = Scratch::new();
    let counts = "(global $calls (mut i32) (i32.const 48))
        (func $transform (type $window)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (i32.store8 (i32.const 6144) (global.get $calls))
          (call $span (i32.const 0) (i32.const 1) (i32.const 1)) (call $edits))";
    let plugin = scratch.write("counts.wasm", guest::build("counts", counts));
    let content = b"abcdefgh".repeat(200_000);
    for jobs in ["1", "2", "7"] {
        let file = scratch.write("file", &content);
        runner!["apply", &plugin, &file, "--window", "64K", "-j", jobs].ok();
        let after = fs::read(&file).unwrap();
        assert_eq!(after.len(), content.len());
        for (at, (new, old)) in after.iter().zip(&content).enumerate() {
            if at % 65536 == 0 {
                assert!((b'1'..b'1' + 25).contains(new), "{new} at {at}");
            } else {
                assert_eq!(new, old, "at {at}");
            }
        }
    }
}
