//! `--profile` says where the time went, and changes nothing else.

use std::fs;

use runner_tests::{Scratch, runner};
use serde_json::Value;

const REPLACE: [&str; 6] = ["apply", "replace", "--set", "find=user", "--set", "with=USER"];

/// The profile of a run, with what else it has told.
fn profile(scratch: &Scratch, more: &[&str]) -> (Value, Vec<Value>) {
    let file = scratch.write("file", runner_tests::log_lines(3 << 20, "\n"));
    let arguments = REPLACE.iter().copied().chain(["--profile", "--json", file.to_str().unwrap()]);
    let ran = runner(arguments.chain(more.iter().copied())).ok();
    let mut events: Vec<Value> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let profile = events.pop().unwrap();
    assert_eq!(profile["event"], "profile");
    (profile, events)
}

fn stages<'p>(profile: &'p Value, place: &str) -> Vec<&'p str> {
    let stages = profile["stages"].as_array().unwrap().iter();
    stages.filter(|spent| spent["place"] == place).map(|spent| spent["stage"].as_str().unwrap()).collect()
}

#[test]
fn each_stage_that_a_run_comes_to_is_told() {
    let scratch = Scratch::new();
    // An expression is looked for by lines, which are packed.
    let (told, events) = profile(&scratch, &["-j", "2", "--set", "regex=true"]);
    assert_eq!(events.last().unwrap()["event"], "applied");
    let driver = [
        "load",
        "begin",
        "scan",
        "new-root",
        "keep",
        "journal-sync",
        "journal-check",
        "commit",
        "write",
        "sync",
        "read-back",
        "clean-up",
    ];
    assert_eq!(stages(&told, "driver"), driver);
    let worker: Vec<_> = stages(&told, "worker").into_iter().filter(|stage| *stage != "wait").collect();
    let expected = [
        "page-in",
        "hash",
        "ask",
        "cut",
        "prefilter",
        "pack",
        "copy-in",
        "guest",
        "copy-out",
        "accept",
        "hash-new",
    ];
    assert_eq!(worker, expected);
    assert_eq!(stages(&told, "collector"), ["merge", "collect"]);
    let (told, _) = profile(&scratch, &["-j", "1", "--strategy", "rewrite"]);
    let driver = ["load", "begin", "scan", "new-root", "keep", "commit", "fill", "sync", "read-back"];
    assert_eq!(stages(&told, "driver"), driver);
}

/// Stages of one thread do not overlap, so their times are a part of all.
#[test]
fn times_add_up() {
    let scratch = Scratch::new();
    let (told, _) = profile(&scratch, &["-j", "1"]);
    let ms = |place: &str| -> f64 {
        let stages = told["stages"].as_array().unwrap().iter();
        stages.filter(|spent| spent["place"] == place).map(|spent| spent["ms"].as_f64().unwrap()).sum()
    };
    let scan = told["stages"].as_array().unwrap().iter().find(|spent| spent["stage"] == "scan").unwrap();
    let scan = scan["ms"].as_f64().unwrap();
    assert!(0.0 < scan && ms("driver") <= told["ms"].as_f64().unwrap(), "{told}");
    assert!(0.0 < ms("worker") && ms("worker") <= scan, "{told}");
    assert!(0.0 < ms("collector") && ms("collector") <= scan, "{told}");
    assert!(told["stages"].as_array().unwrap().iter().all(|spent| spent["spans"].as_u64().unwrap() > 0));
}

#[test]
fn without_json_it_is_a_table_behind_the_report() {
    let scratch = Scratch::new();
    let file = scratch.write("file", runner_tests::log_lines(100_000, "\n"));
    let wanted = fs::read_to_string(&file).unwrap().replace("user", "USER");
    let ran = runner(REPLACE.iter().copied().chain(["--profile", file.to_str().unwrap()])).ok();
    let (report, table) = ran.stderr.split_once('\n').unwrap();
    assert!(report.contains("verified"), "{report}");
    assert!(table.starts_with("profile of "), "{table}");
    assert!(table.contains("  hash          BLAKE3 of the old file"), "{table}");
    assert_eq!(fs::read_to_string(&file).unwrap(), wanted);
}
