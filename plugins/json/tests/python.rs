//! Python's json module is the model: a script applies the same edit to what it
//! has parsed, and compares the results, for thousands of generated files and
//! for files with a wrong byte.

mod common;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use runner_json::Json;
use runner_plugin::testing::edit;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

const CASES: usize = 4000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A case as a line of JSON.
fn case((action, path, argument): (&str, &str, &str), input: &[u8]) -> String {
    let value = common::text(path, argument);
    let is_one_line = !input.trim_ascii().contains(&b'\n');
    let params = [(action, value.as_str()), ("lines", if is_one_line { "auto" } else { "false" })];
    let mut case = serde_json::json!({
        "action": action, "path": path, "argument": argument, "input": hex(input), "output": null, "error": "",
    });
    match edit::<Json>(&params, input) {
        Ok(output) => case["output"] = hex(&output).into(),
        Err(error) => case["error"] = error.into(),
    }
    case.to_string()
}

#[track_caller]
fn check(cases: &[String]) {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/model.py");
    let mut python = Command::new("python3")
        .arg(model)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut input = python.stdin.take().expect("a pipe");
    let lines = cases.join("\n");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().expect("python3 ends");
    writer.join().expect("no panic").expect("python3 reads all");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
}

#[test]
fn edits_are_those_of_python() {
    let mut runner = TestRunner::deterministic();
    let strategy = (common::params(), common::texts());
    let cases = (0..CASES).map(|_| {
        let (params, input) = strategy.new_tree(&mut runner).unwrap().current();
        case(params, &input)
    });
    check(&cases.collect::<Vec<_>>());
}

#[test]
fn wrong_bytes_are_those_of_python() {
    let mut runner = TestRunner::deterministic();
    let bytes = prop::sample::select(b"\"\\{}[],:0-e.tn* \n\x00\x1f\x1e\xff\xc3".to_vec());
    let strategy = (common::params(), common::texts(), any::<prop::sample::Index>(), bytes);
    let cases = (0..CASES).map(|at| {
        let (params, mut input, place, byte) = strategy.new_tree(&mut runner).unwrap().current();
        if !input.is_empty() {
            let place = place.index(input.len());
            match at % 3 {
                0 => input[place] = byte,
                1 => input.insert(place, byte),
                _ => input.truncate(place),
            }
        }
        case(params, &input)
    });
    check(&cases.collect::<Vec<_>>());
}
