//! Parameters of a plugin: their values stay secret, and their faults are
//! reported once.

use runner_tests::{Ran, Scratch, runner};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;

use super::arguments::os;

#[test]
fn what_a_file_of_parameters_holds_is_not_told() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "bob@example.com foo\n");
    let params = scratch.path("p.toml");
    let secret = "TOPSECRET";
    let silent = |ran: &Ran| {
        let all = ran.text() + &ran.stderr;
        assert!(!all.contains(secret), "{all}");
    };
    for (content, args) in [
        ("style = \"hash\"\nkey = TOPSECRET\n", ["redact", "--check"]),
        ("TOPSECRET = \"hash\"\n", ["redact", "--check"]),
        ("find = 'foo'\nregex = 'TOPSECRET'\n", ["replace", "--check"]),
        ("find = '(TOPSECRET'\nregex = true\nwith = ''\n", ["replace", "--check"]),
        ("find = [['TOPSECRET']]\n", ["replace", "--check"]),
    ] {
        fs::write(&params, content).unwrap();
        for json in [&[][..], &["--json"]] {
            let args = [os(&["apply"]), os(&args), os(json), vec![OsStr::new("--params")]].concat();
            let ran = runner(args.into_iter().chain([params.as_os_str(), file.as_os_str()]));
            assert_eq!(ran.code, 2, "{content}: {}", ran.stderr);
            silent(&ran);
        }
    }
    // Nor is it stored: text from a file is secret, numbers and switches not.
    fs::write(&params, "find = 'foo'\nwith = 'TOPSECRET'\nignore-case = true\n").unwrap();
    let patch = scratch.path("patch");
    let plan = os(&["plan", "replace", "-o"]);
    let plan = [plan, vec![patch.as_os_str(), file.as_os_str(), OsStr::new("--params"), params.as_os_str()]];
    silent(&runner(plan.concat()).ok());
    let json = runner!["show", &patch, "--format", "json"].ok().text();
    let head: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let params: Vec<(String, Option<String>)> =
        serde_json::from_value(head["header"]["params"].clone()).unwrap();
    let value = |name: &str| params.iter().find(|(n, _)| n == name).unwrap().1.clone();
    assert_eq!((value("find"), value("with")), (None, None));
    assert_eq!(value("ignore-case").as_deref(), Some("true"));
    assert!(runner!["show", &patch].ok().text().contains("  with = (secret)\n"));
}

#[test]
fn each_parameter_is_set_once() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a b\n");
    let args = [
        "apply",
        "replace",
        "--set",
        "find=a",
        "--set",
        "regex=true",
        "--set",
        "with=1",
        "--set",
        "regex=true",
    ];
    let before = scratch.snapshot();
    runner(args.iter().map(OsStr::new).chain([file.as_os_str()])).fails(2, "parameter `regex` is set twice");
    assert_eq!(before, scratch.snapshot());
}

#[test]
fn a_fault_of_the_parameters_is_told_once_and_points_at_its_place() {
    let scratch = Scratch::new();
    let files: Vec<_> = (0..40).map(|i| scratch.write(&format!("f{i}"), format!("line {i}\n"))).collect();
    let bad = ["apply", "replace", "--set", "find=a(b", "--set", "with=", "--set", "regex=true"];
    let args: Vec<_> = bad.iter().map(OsStr::new).chain(files.iter().map(|f| f.as_os_str())).collect();
    let ran = runner(&args).fails_with_lines(2);
    assert_eq!(ran.stderr.matches(": plugin `replace` failed").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("\n    |     a(b\n    |      ^\n    | error: unclosed group\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with("the same error for 39 other files\n"), "{}", ran.stderr);
    // The same for one file, an empty one, a plan and a pipe.
    runner(bad.iter().map(OsStr::new).chain([files[0].as_os_str()])).fails_with_lines(2);
    let empty = scratch.write("empty", "");
    runner(bad.iter().map(OsStr::new).chain([empty.as_os_str()])).fails_with_lines(2);
    let pipe = [&["pipe"], &bad[1..]].concat();
    assert_eq!(runner_tests::pipe(&pipe, b"a\n").code, 2);
    let json = runner(args.iter().copied().chain([OsStr::new("--json")]));
    let event: Value = serde_json::from_str(json.text().lines().next().unwrap()).unwrap();
    assert!(event["error"].as_str().unwrap().contains("\n    a(b\n     ^\n"), "{event}");
    // What only this file's content is the reason of is the plugin's failure.
    let quotes = scratch.write("quotes.csv", "a,b\n1,\"2\n");
    let ran = runner!["apply", "csv", "--set", "column=b", "--set", "value=x", &quotes];
    assert!([2, 3].contains(&ran.code), "{}", ran.stderr);
}
