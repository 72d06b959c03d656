//! What is said about compiling a plugin, and its time limit.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use runner_tests::authoring::plugin;
use runner_tests::{Scratch, command};
use serde_json::Value;

/// The events of a run with a cache of its own.
fn events(cache: &Path, args: &[&str]) -> Vec<Value> {
    let mut command = command();
    command.args(args).arg("--json").env("RUNNER_CACHE_DIR", cache);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_first_run_says_how_long_compiling_took() {
    let scratch = Scratch::in_memory();
    let (tiny, other) = (scratch.guest("tiny"), scratch.guest("upcase"));
    let (tiny, other) = (tiny.to_str().unwrap(), other.to_str().unwrap());
    let (file, patch) = (scratch.write("file", "abc\n"), scratch.path("patch"));
    let (file, patch) = (file.to_str().unwrap(), patch.to_str().unwrap());
    let both = format!("{tiny},{other}");
    for (plugins, args) in [
        (&[tiny][..], &["apply", tiny, file, file][..]),
        (&[tiny], &["plan", tiny, file, "-o", patch]),
        (&[tiny, other], &["apply", &both, file, "--stateless", "--dry-run"]),
    ] {
        let cache = scratch.path("cache");
        let first = events(&cache, args);
        let compiled: Vec<_> = first.iter().take_while(|event| event["event"] == "compiled").collect();
        let names: Vec<_> = compiled.iter().map(|event| event["plugin"].as_str().unwrap()).collect();
        assert_eq!(names, plugins, "{first:?}");
        assert!(compiled.iter().all(|event| event["seconds"].as_f64().unwrap() > 0.0), "{first:?}");
        let _ = fs::remove_file(patch);
        let again = events(&cache, args);
        assert!(again.iter().all(|event| event["event"] != "compiled"), "{again:?}");
        assert!(first.len() > compiled.len() && !again.is_empty());
        fs::remove_dir_all(&cache).unwrap();
    }
}

/// A plugin with a function of five thousand branches, each of which may set one of
/// two thousand variables: nothing compiles that in time.
#[test]
fn commands_for_authors_have_the_time_limit() {
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "slow", "--lang", "wat"]).ok();
    let folder = scratch.path("slow");
    let source = fs::read_to_string(folder.join("plugin.wat")).unwrap();
    let (module, _) = source.rsplit_once(')').unwrap();
    let mut text = format!("{module}(func (param i32) (local{})", " i32".repeat(2000));
    for branch in 0..5000 {
        writeln!(text, "(if (local.get 0) (then (local.set {} (local.get 0))))", 1 + branch % 2000).unwrap();
    }
    (1..=2000).for_each(|local| writeln!(text, "(local.set 0 (local.get {local}))").unwrap());
    fs::write(folder.join("plugin.wat"), text + "))").unwrap();
    let limit = ["--compile-timeout", "0.5"];
    plugin(&folder, &[&["build"], &limit[..]].concat())
        .fails(3, "cannot compile `slow` within 0.5 s")
        .says("`--compile-timeout`");
    assert!(!folder.join("slow.wasm").exists());
    // It is valid, so the others get as far.
    fs::copy(folder.join("plugin.wat"), folder.join("slow.wat")).unwrap();
    for command in [&["test", "slow.wat", "cases"][..], &["vet", "slow.wat"], &["inspect", "slow.wat"]] {
        plugin(&folder, &[command, &limit].concat()).fails(3, "cannot compile `slow` within 0.5 s");
    }
}
