//! A program that is its own compiler: plugins that are not bundled run, and
//! what is wrong with one comes back from the child.

use std::fs;

use runner_embed::{Change, Kind, PluginSource, enable_child_compiler};
use runner_sandbox::plugin::bundled;

fn main() {
    enable_child_compiler();
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
    println!("test result: ok. 1 passed; 0 failed");
}
