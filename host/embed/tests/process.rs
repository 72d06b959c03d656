//! What needs a process, and a `main`, of its own: a program that is its own
//! compiler, and one that dies while it writes.

use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use runner_embed::{
    Change, Choice, Framing, Job, Kind, Level, PluginSource, Recovery, VerifyChoice, recover, roll_back,
    root, worker_main,
};
use runner_sandbox::plugin::bundled;

/// Names the file that a child is to change.
const CHANGE: &str = "RUNNER_EMBED_TEST_CHANGE";
/// Longer than the limit that the child writes under.
const FILE_BYTES: usize = 1 << 20;

fn main() {
    worker_main();
    if let Some(file) = env::var_os(CHANGE) {
        let report = mark_last().apply(file);
        panic!("the limit of file sizes has not killed this process: {report:?}");
    }
    any_plugin_is_compiled_in_a_child();
    a_file_is_recovered_after_a_kill();
    a_file_that_was_changed_beside_its_journal_is_an_error();
    println!("test result: ok. 3 passed; 0 failed");
}

fn any_plugin_is_compiled_in_a_child() {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, plugin) = (scratch.path().join("file"), scratch.path().join("mine.wasm"));
    fs::write(&file, "a\r\nb\r\n").expect("written");
    let newline = bundled::ALL.iter().find(|bundled| bundled.name == "newline").expect("bundled");
    fs::write(&plugin, newline.bytes).expect("written");

    let report = Change::new(plugin).code_cache(None).apply(&file).expect("applied");
    assert_eq!(report.stats.edits, 2);
    assert_eq!(fs::read(&file).expect("read"), b"a\nb\n");

    let broken = PluginSource::bytes("broken", b"\0asm\x0d\0\x01\0 not a component".to_vec());
    let error = Change::new(broken).code_cache(None).apply(&file).expect_err("broken");
    assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
    assert!(format!("{error:?}").contains("broken"), "{error:?}");
}

/// Writes over the last byte of a file, in place.
fn mark_last() -> Change {
    Change::native("mark-last", Job::new(Framing::lines()), |window, edits| {
        if window.last {
            edits.replace(window.bytes.len() - 1..window.bytes.len(), b"!");
        }
        Ok(())
    })
    .strategy(Choice::InPlace)
}

fn a_file_is_recovered_after_a_kill() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("file");
    let old = vec![b'.'; FILE_BYTES];
    let mut new = old.clone();
    new[FILE_BYTES - 1] = b'!';
    fs::write(&file, &old).expect("written");

    interrupt(&file);
    assert_eq!(root(&file).expect_err("a journal").kind(), Kind::RecoveryNeeded);
    let error = mark_last().apply(&file).expect_err("a journal");
    assert_eq!(error.kind(), Kind::RecoveryNeeded, "{error:?}");
    assert!(roll_back(&file).expect("rolled back").state.is_some());
    assert!(fs::read(&file).expect("read") == old);

    interrupt(&file);
    let state = recover(&file).expect("recovered").state.expect("a journal");
    assert_eq!(state.root, Some(root(&file).expect("whole")));
    assert!(fs::read(&file).expect("read") == new);
}

/// The journal covers only what it changes. The rest is for the caller to know.
fn a_file_that_was_changed_beside_its_journal_is_an_error() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("file");
    let mut old = vec![b'.'; FILE_BYTES];
    fs::write(&file, &old).expect("written");
    interrupt(&file);
    old[0] = b'?';
    fs::write(&file, &old).expect("written");
    let cached = Recovery::new().threads(1).verify(VerifyChoice::Exactly(Level::Cached));
    let error = cached.recover(&file).expect_err("another byte was changed");
    assert_eq!(error.kind(), Kind::Verification, "{error:?}");
    old[FILE_BYTES - 1] = b'!';
    assert!(fs::read(&file).expect("read") == old);
}

/// Starts this program once more, where no write may go beyond 64 KiB: the
/// journal fits, and the first write to the file kills the process.
fn interrupt(file: &Path) {
    let limited = "ulimit -c 0; ulimit -f 128; exec \"$0\"";
    let this = env::current_exe().expect("this program");
    let child = Command::new("sh").args(["-c", limited]).arg(this).env(CHANGE, file).status();
    let status = child.expect("a child");
    assert!(status.signal().is_some(), "{status}");
}
