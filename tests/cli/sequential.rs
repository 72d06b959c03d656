//! Plugins that see the file in order, and skip parts of it.

use std::fs;

use runner_tests::{Ran, Scratch, guest, pipe, runner};

/// The end of the file is never lost: a skip to it is followed by an empty last
/// window, and one beyond it is an error.
#[test]
fn a_skip_does_not_lose_the_end_of_the_file() {
    let scratch = Scratch::in_memory();
    let guest = scratch.guest("skipping");
    let guest = guest.to_str().unwrap();
    for (size, window) in [(10, "4"), (200_000, "64K"), (5 << 20, "64K"), (5 << 20, "1M"), (3 << 20, "2M")] {
        for to in [size / 2, size - 1, size, size + 1, size + 5000, u32::MAX] {
            let mut content = vec![b'a'; size as usize];
            content[..4].copy_from_slice(&to.to_le_bytes());
            let file = scratch.write("file", &content);
            let shown = file.to_str().unwrap();
            let whole = [&content[..], b"!"].concat();
            let error = |ran: Ran| {
                ran.fails(2, "beyond the end of the file").says("skips to offset ").says("may be cut short");
            };
            for threads in ["1", "3"] {
                let ran = runner(["apply", guest, shown, "--window", window, "-j", threads]);
                let after = fs::read(&file).unwrap();
                if to > size {
                    error(ran);
                    assert!(after == content, "{size} {window} {to}");
                } else {
                    ran.ok();
                    assert!(after == whole, "{size} {window} {to}");
                }
                fs::write(&file, &content).unwrap();
            }
            let piped = pipe(&["pipe", guest, "--window", window], &content);
            if to > size {
                error(piped);
            } else {
                assert!(piped.ok().stdout == whole, "{size} {window} {to}");
            }
        }
    }
    // No window, as before.
    let file = scratch.write("file", "");
    runner(["apply", guest, file.to_str().unwrap()]).ok();
    assert!(fs::read(&file).unwrap().is_empty());
    assert!(pipe(&["pipe", guest], b"").ok().stdout.is_empty());
}

/// The rest can be skipped anywhere, in the last window too; a skip of another length
/// beyond the end is an error there as elsewhere.
#[test]
fn the_rest_can_be_skipped_in_every_window() {
    let scratch = Scratch::in_memory();
    let skips = |name: &str, consumed: &str| {
        let text = format!(
            "(data (i32.const 2056) \"\\06\")
             (func $transform (type $window) (i64.store (i32.const 608) {consumed}) (i32.const 600))"
        );
        scratch.write(&format!("{name}.wasm"), guest::build(name, &text))
    };
    let rest = skips("rest", "(i64.const -1)");
    let beyond = skips("beyond", "(i64.add (i64.extend_i32_u (local.get 2)) (i64.const 7))");
    for (size, window) in [(1, "1"), (12, "1"), (12, "5"), (12, "64K"), (200_000, "64K"), (5 << 20, "1M")] {
        let content = vec![b'a'; size];
        let file = scratch.write("file", &content);
        for threads in ["1", "3"] {
            let ran = runner!["apply", &rest, &file, "--window", window, "-j", threads];
            ran.ok().says("nothing to change");
            assert!(fs::read(&file).unwrap() == content);
            let ran = runner!["apply", &beyond, &file, "--window", window, "-j", threads];
            ran.fails(2, "beyond the end of the file").says("skips to offset ");
        }
        let piped = pipe(&["pipe", rest.to_str().unwrap(), "--window", window], &content);
        assert!(piped.ok().stdout == content);
        let piped = pipe(&["pipe", beyond.to_str().unwrap(), "--window", window], &content);
        piped.fails(2, "beyond the end of the file");
    }
}

/// A window that would be longer than the limit is the file's fault, also where the
/// plugin's process finds that out.
#[test]
fn a_value_beyond_the_limit_is_no_fault_of_the_plugin() {
    // It is sequential, and wants a longer window each time.
    let hungry = r#"
(data (i32.const 2056) "\06")
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.const 0)) (i32.const 600))"#;
    let scratch = Scratch::in_memory();
    let plugin = scratch.write("hungry.wasm", guest::build("hungry", hungry));
    let file = scratch.write("file", vec![b'a'; 17 << 20]);
    let before = scratch.snapshot();
    runner!["apply", &plugin, &file, "--window", "64K"]
        .fails(2, "plugin `hungry` needs more than 16,777,216 bytes at once")
        .says("raise the limit with `--window`");
    assert_eq!(before, scratch.snapshot());
}
