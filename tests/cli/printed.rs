//! What a plugin says reaches its author: its log, by level, and what it prints.

use std::fs;

use runner_tests::{Ran, Scratch, runner};

/// Runs the test guest on a file with this content.
fn run(content: &str, options: &[&str]) -> Ran {
    let scratch = Scratch::new();
    let (plugin, file) = (scratch.guest("printing"), scratch.write("file", content));
    let args = ["apply", plugin.to_str().unwrap(), file.to_str().unwrap(), "-j", "1"];
    runner(args.into_iter().chain(options.iter().copied()))
}

fn said(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter(|line| line.starts_with("plugin ")).collect()
}

#[test]
fn levels_are_chosen() {
    let lines = |levels: &[&str]| -> Vec<String> {
        let of = |level: &&str| [format!("plugin {level}: message"), format!("plugin {level}: of two lines")];
        levels.iter().flat_map(of).collect()
    };
    for (options, levels) in [
        (&["-q"][..], &["warn", "error"][..]),
        (&[], &["info", "warn", "error"]),
        (&["-v"], &["debug", "info", "warn", "error"]),
        (&["-vv"], &["trace", "debug", "info", "warn", "error"]),
    ] {
        assert_eq!(said(&run("l", options).ok()), lines(levels), "{options:?}");
    }
    let ran = run("l", &["--json", "-v"]).ok();
    let events = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(events.lines().filter(|line| line.contains("\"event\":\"log\"")).count(), 8);
}

#[test]
fn what_is_printed_is_logged_line_by_line() {
    let expected = [
        "plugin info: out, line 1",
        "plugin info: half a line, and its rest",
        "plugin warn: a warning\\u{1b}[2J",
        "plugin info: not ended",
        "plugin warn: more",
    ];
    let ran = run("p", &[]).ok();
    let mut lines = said(&ran);
    lines.sort_unstable();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(lines, sorted);
}

#[test]
fn last_words_are_heard() {
    let ran = run("t", &[]).fails(3, "plugin `printing` crashed at offset 0");
    assert_eq!(said(&ran), ["plugin warn: last words"]);
    let ran =
        run("x", &[]).fails(3, "plugin `printing` failed at offset 0").says("ended itself with exit code 3");
    assert_eq!(said(&ran), ["plugin warn: last words"]);
}

/// What is logged and printed before the deadline is passed on, but for lines that
/// have no end.
#[test]
fn a_plugin_that_never_answers_is_heard() {
    for (options, code, error) in [
        (&["--timeout", "3"][..], 3, "did not process the window at offset 0 within 3 s"),
        (&["--timeout-total", "3"], 7, "the run took longer than 3 s"),
    ] {
        let ran = run("s", &[options, &["-vv"]].concat()).fails(code, error);
        let levels = ["trace", "debug", "info", "warn", "error"].into_iter();
        let mut expected: Vec<_> = levels
            .flat_map(|level| [format!("plugin {level}: message"), format!("plugin {level}: of two lines")])
            .collect();
        expected.push("plugin info: out, line 1".to_owned());
        expected.push("plugin warn: a warning\\u{1b}[2J".to_owned());
        expected.push("plugin info: half a line, and its rest".to_owned());
        assert_eq!(said(&ran), expected, "{options:?}");
    }
}

/// The text format is taken as it is.
#[test]
fn a_plugin_may_be_text() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "p");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/guests/printing.wat");
    let plugin = scratch.write("printing.wat", fs::read(source).unwrap());
    let [file, plugin] = [&file, &plugin].map(|path| path.to_str().unwrap());
    runner(["apply", plugin, file]).ok().says("plugin info: out, line 1");
    let wrong = scratch.write("wrong.wat", "(module (func $f (result i32)) (export \"f\" (func $g)))");
    runner(["apply", wrong.to_str().unwrap(), file])
        .fails(3, "is not valid in the text format of WebAssembly")
        .says("unknown func");
}
