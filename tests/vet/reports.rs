//! What is said, kept and returned.

use std::fs;
use std::path::Path;

use runner_tests::{Scratch, guest, runner};
use serde_json::Value;

use super::with_status;

/// Crashes where a window has a `7` in it.
const CRASHES: &str = r"
(func $transform (type $window)
  (local $at i32)
  (loop $again
    (if (i32.eq (i32.load8_u (i32.add (local.get 1) (local.get $at))) (i32.const 55)) (then unreachable))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $at) (local.get 2))))
  (i32.const 512))";

/// The longest path in bytes that a system call takes.
const PATH_BYTES: usize = 4095;

#[test]
fn the_smallest_input_is_shown_and_kept() {
    let scratch = Scratch::new();
    let path = scratch.write("crashes.wasm", guest::build("crashes", CRASHES));
    let kept = scratch.path("kept");
    let ran = runner!["plugin", "vet", &path, "--keep", &kept, "--rounds", "0"];
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let said = ran.text();
    assert!(said.contains("FAIL  trap        it does not crash"), "{said}");
    assert!(said.contains("input of 1 byte, from odd input: every byte:\n      \"7\"\n"), "{said}");
    assert_eq!(std::fs::read(kept.join("trap")).unwrap(), b"7");
    // The folder is there already.
    runner!["plugin", "vet", &path, "--keep", &kept].fails(2, "cannot create the folder");
}

#[test]
fn a_report_is_shown_also_if_its_inputs_cannot_be_kept() {
    let scratch = Scratch::new();
    let path = scratch.write("crashes.wasm", guest::build("crashes", CRASHES));
    // Its path is as long as one may be, so that no path of a file in it is short
    // enough.
    let mut kept = scratch.path("kept");
    let left = |kept: &Path| PATH_BYTES - kept.as_os_str().len() - 1;
    while left(&kept) > 255 {
        kept.push("k".repeat(200));
    }
    fs::create_dir_all(&kept).unwrap();
    kept.push("k".repeat(left(&kept)));
    let ran = runner!["plugin", "vet", &path, "--keep", &kept, "--rounds", "0"];
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.text().contains("FAIL  trap        it does not crash"), "{}", ran.text());
    assert!(!ran.text().contains("kept as"), "{}", ran.text());
    assert!(ran.stderr.contains("cannot write"), "{}", ran.stderr);
}

#[test]
fn a_plugin_that_changes_nothing_has_shown_nothing() {
    let scratch = Scratch::new();
    let path = scratch.write("idle.wasm", guest::build("idle", ""));
    let ran = runner!["plugin", "vet", &path, "--rounds", "5"].ok();
    assert!(
        ran.text().contains("NOTHING WAS SHOWN: no input made the plugin change anything"),
        "{}",
        ran.text()
    );
    let ran = runner!["plugin", "vet", &path, "--rounds", "5", "--require-edits"];
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.text().contains("FAIL  edits"), "{}", ran.text());
    let ran = runner!["plugin", "vet", "newline", "--rounds", "5", "--require-edits"].ok();
    assert!(ran.text().contains("pass  edits"), "{}", ran.text());
}

#[test]
fn samples_that_are_cut_or_refused_are_named() {
    let scratch = Scratch::new();
    let long = scratch.write("long", "one\r\n".repeat(60_000));
    let odd = scratch.write("odd", "{");
    let ran =
        runner!["plugin", "vet", "json", "--json", "--set", "mask=$.a", "--rounds", "0", "--sample", &odd];
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let notes = report["notes"].to_string();
    assert!(notes.contains("odd was refused: "), "{notes}");
    let ran = runner!["plugin", "vet", "newline", "--rounds", "0", "--sample", &long].ok();
    assert!(ran.text().contains("long, only the first 262,1"), "{}", ran.text());
}

/// A plugin that changes only a long sample is tried with that.
#[test]
fn what_takes_a_long_input_is_tried_with_a_long_sample() {
    let scratch = Scratch::new();
    let sample = scratch.write("sample", "level=info only here\n".repeat(1000));
    let set = ["--set", "find=level=info only here", "--set", "with=x"];
    let args = ["plugin", "vet", "replace", "--json", "--rounds", "0", "--sample", sample.to_str().unwrap()];
    let ran = runner_tests::runner(args.iter().chain(&set)).ok();
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    for check in ["threads", "memory"] {
        assert!(with_status(&report, "pass").iter().any(|passed| passed == check), "{report:#}");
    }
}

#[test]
fn a_seed_gives_the_same_report() {
    let scratch = Scratch::new();
    let path = scratch.write("crashes.wasm", guest::build("crashes", CRASHES));
    let report = |seed: &str| -> Value {
        let ran = runner!["plugin", "vet", &path, "--json", "--rounds", "50", "--fuzz-seed", seed];
        let mut report: Value = serde_json::from_slice(&ran.stdout).unwrap();
        report["measured"].take();
        report["time"].take();
        report
    };
    let one = report("7");
    assert_eq!(one, report("7"));
    assert_eq!((&one["event"], &one["format"], &one["seed"]), (&"vet".into(), &1.into(), &7.into()));
    assert_eq!(one["inputs"]["generated"].as_u64().unwrap() + one["inputs"]["mutated"].as_u64().unwrap(), 50);
    let digest = blake3::hash(&std::fs::read(&path).unwrap()).to_string();
    assert_eq!(one["plugin"]["digest"], digest);
    let trap = one["checks"].as_array().unwrap().iter().find(|check| check["id"] == "trap").unwrap();
    assert_eq!((&trap["status"], &trap["input"]["hex"]), (&"fail".into(), &"37".into()));
}

#[test]
fn a_plugin_that_cannot_be_tried_is_an_error() {
    let scratch = Scratch::new();
    let refuses = "
(data (i32.const 2048) \"\\01\\00\\00\\00\\00\\00\\00\\00\" \"\\00\\0c\\00\\00\\06\\00\\00\\00\")
(data (i32.const 3072) \"no pcap\")";
    let path = scratch.write("refuses.wasm", guest::build("refuses", refuses));
    runner!["plugin", "vet", &path, "--rounds", "5"]
        .fails(2, "the plugin refuses every input, so nothing can be said of it")
        .says("give a file that it is made for with `--sample`");
    runner!["plugin", "vet", "replace,newline"].fails(2, "only one plugin can be vetted at a time");
    runner!["plugin", "vet", "replace"].fails(2, "find");
    runner!["plugin", "vet", "newline", "--sample", "/dev/null"].fails(2, "is not a regular file");
}

#[test]
fn speed_is_judged_on_demand() {
    let scratch = Scratch::new();
    let sample = scratch.write("sample", "one\r\ntwo\r\n");
    let vet = |speed: &str| {
        runner!["plugin", "vet", "newline", "--sample", &sample, "--rounds", "0", "--min-speed", speed]
    };
    assert_eq!(vet("1").ok().text().matches("pass  speed").count(), 1);
    assert_eq!(vet("999T").code, 1);
}
