//! Property tests: the result does not depend on the cut, matches are those of
//! the engine over the whole text, and lines are treated as by `sed`.

mod faults;
mod programs;
mod promises;
mod refusals;
mod selection;

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use runner_plugin::testing::{assert_split_invariant, edit, run_cases};
use runner_plugin::{FileHead, Framing, Plugin};

use crate::Replace;

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aabbc \n".to_vec()), 0..40)
}

/// Expressions with the same meaning in sed: without alternations and optional
/// groups, where POSIX takes the longest match and this plugin the first.
fn sed_expression() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec!["a", "b", "c", ".", "[ab]", "[^a]", "[^b]"]);
    let times = prop::sample::select(vec!["", "", "*", "+", "?"]);
    let parts = prop::collection::vec((atom, times), 1..4);
    let anchors = prop::sample::select(vec![("", ""), ("", ""), ("^", ""), ("", "$"), ("^", "$")]);
    (parts, anchors).prop_map(|(parts, (from, to))| {
        let parts = parts.into_iter().map(|(atom, times)| format!("{atom}{times}")).collect::<String>();
        format!("{from}{parts}{to}")
    })
}

/// Arbitrary expressions, for comparison with this plugin's own definition
/// only.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a", "b", "c", ".", "[^a]", r"\n", r"\s", r"\w", r"(?s:.)", "^", "$", r"\b", r"\B", r"\A", r"\z",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.concat()),
            1 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("(?:{left}|{right})")),
            1 => (inner, prop::sample::select(vec!["*", "+", "?", "*?", "{2}"]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

fn sed(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("sed")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sed to start");
    child.stdin.take().expect("a pipe").write_all(input).expect("sed to read");
    let output = child.wait_with_output().expect("sed to end");
    assert!(output.status.success());
    output.stdout
}

fn regex(expression: &str) -> Regex {
    Regex::builder()
        .syntax(syntax::Config::new().utf8(false).multi_line(true))
        .build(expression)
        .expect("a valid expression")
}

/// The engine's own iteration over the whole text, without an empty match
/// after the last line end.
fn multiline_model(expression: &str, input: &[u8]) -> Vec<u8> {
    let regex = regex(expression);
    let mut output = Vec::new();
    let mut done = 0;
    for found in regex.find_iter(input) {
        let is_outside = found.end() == input.len() && input.last().is_none_or(|byte| *byte == b'\n');
        if found.is_empty() && is_outside && !expression.contains("\\z") {
            continue;
        }
        output.extend_from_slice(&input[done..found.start()]);
        output.push(b'X');
        done = found.end();
    }
    output.extend_from_slice(&input[done..]);
    output
}

/// Searches each line separately with the engine's iterator.
fn lines_model(expression: &str, input: &[u8]) -> Vec<u8> {
    let regex = regex(expression);
    let mut output = Vec::new();
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let (text, end) = match line.strip_suffix(b"\n") {
            Some(text) => (text, &b"\n"[..]),
            None => (line, &b""[..]),
        };
        let mut done = 0;
        for found in regex.find_iter(text) {
            output.extend_from_slice(&text[done..found.start()]);
            output.push(b'X');
            done = found.end();
        }
        output.extend_from_slice(&text[done..]);
        output.extend_from_slice(end);
    }
    output
}

proptest! {
    #[test]
    fn an_expression_is_replaced_as_by_sed(find in sed_expression(), input in text()) {
        let expected = sed(&["-E", &format!("s/{find}/<&>/g")], &input);
        let params = [("find", find.as_str()), ("with", "<$0>"), ("regex", "true")];
        prop_assert_eq!(edit::<Replace>(&params, &input), Ok(expected));
    }

    #[test]
    fn a_text_is_replaced_as_by_sed(find in "[abc ]{1,3}", with in "[abX]{0,3}", input in text()) {
        let expected = sed(&[&format!("s/{find}/{with}/g")], &input);
        prop_assert_eq!(edit::<Replace>(&[("find", &find), ("with", &with)], &input), Ok(expected));
    }

    #[test]
    fn a_text_in_either_case_is_replaced_as_by_sed(find in "[abC ]{1,3}", input in "[aAbBcC \n]{0,40}") {
        let expected = sed(&[&format!("s/{find}/X/gI")], input.as_bytes());
        let params = [("find", find.as_str()), ("with", "X"), ("ignore-case", "true")];
        prop_assert_eq!(edit::<Replace>(&params, input.as_bytes()), Ok(expected));
    }

    #[test]
    fn lines_are_searched_each_alone(find in expression(), input in text()) {
        let params = [("find", find.as_str()), ("with", "X"), ("regex", "true")];
        let expected = lines_model(&find, &input);
        match edit::<Replace>(&params, &input) {
            Ok(output) => prop_assert_eq!(output, expected),
            Err(error) if error.contains("matches only across lines") => prop_assert_eq!(input, expected),
            Err(error) => {
                let names = ["(?s", "\\A", "\\z", "\\n"].iter().any(|part| find.contains(part));
                prop_assert!(names && error.contains("set `multiline`"), "{}", error);
            }
        }
    }

    #[test]
    fn lines_do_not_depend_on_the_cut(find in expression(), input in text()) {
        assert_split_invariant::<Replace>(&[("find", &find), ("with", "X"), ("regex", "true")], &input);
    }

}

proptest! {
    // Each case builds many automata.
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// The CR before a line end belongs to it; others are characters.
    #[test]
    fn lines_with_crlf_are_searched_each_alone(find in expression(), input in "[abc \r\r\n\n]{0,30}") {
        let params = [("find", find.as_str()), ("with", "X"), ("regex", "true"), ("crlf", "true")];
        let mut expected = Vec::new();
        for line in input.as_bytes().split_inclusive(|byte| *byte == b'\n') {
            let end = if line.ends_with(b"\r\n") { 2 } else { usize::from(line.ends_with(b"\n")) };
            let (text, end) = line.split_at(line.len() - end);
            // The model takes no empty text for a line.
            expected.extend(lines_model(&find, &[text, b"\n"].concat()));
            expected.pop();
            expected.extend_from_slice(end);
        }
        match edit::<Replace>(&params, input.as_bytes()) {
            Ok(output) => prop_assert_eq!(output.escape_ascii().to_string(), expected.escape_ascii().to_string()),
            Err(error) => prop_assert!(error.contains("set `multiline`"), "{}", error),
        }
        assert_split_invariant::<Replace>(&params, input.as_bytes());
    }

    #[test]
    fn multiline_is_a_search_over_the_whole_text(find in expression(), input in "[aabbc\né ]{1,30}") {
        let params = [("find", find.as_str()), ("with", "X"), ("regex", "true"), ("multiline", "true")];
        let input = input.as_bytes();
        prop_assert_eq!(edit::<Replace>(&params, input), Ok(multiline_model(&find, input)));
        assert_split_invariant::<Replace>(&params, input);
    }
}

proptest! {
    #[test]
    fn texts_do_not_depend_on_the_cut(
        find in "[ab\n]{1,3}",
        with in "[abX]{0,3}",
        ignore_case in any::<bool>(),
        input in text(),
    ) {
        let ignore_case = ignore_case.to_string();
        let params = [("find", find.as_str()), ("with", &with), ("multiline", "true"), ("ignore-case", &ignore_case)];
        assert_split_invariant::<Replace>(&params, &input);
    }
}

/// Replaces matches in each line separately.
fn each_line_alone(expression: &str, with: &str, input: &[u8]) -> Vec<u8> {
    let regex = regex(expression);
    let mut output = Vec::new();
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let mut done = 0;
        for found in regex.find_iter(line) {
            output.extend_from_slice(&line[done..found.start()]);
            output.extend_from_slice(with.as_bytes());
            done = found.end();
        }
        output.extend_from_slice(&line[done..]);
    }
    output
}

proptest! {
    /// Also for bytes that are not UTF-8, and for letters that match letters
    /// outside ASCII.
    #[test]
    fn a_text_anywhere_is_that_of_each_line(
        find in "[akKsé ]{1,3}",
        ignore_case: bool,
        input in prop::collection::vec(prop::sample::select(vec![
            &b"a"[..], b"A", b"k", b"s", b"S", "\u{17f}".as_bytes(), "\u{212a}".as_bytes(), "é".as_bytes(),
            "É".as_bytes(), b"\xc3", b"\xa9", b"\xff", b" ", b"\n",
        ]), 0..30),
    ) {
        let input = input.concat();
        let ignore_case_text = ignore_case.to_string();
        let params = [("find", find.as_str()), ("with", "<>"), ("ignore-case", &ignore_case_text)];
        let flags = if ignore_case { "(?i)" } else { "" };
        let expected = each_line_alone(&format!("{flags}{}", regex_syntax::escape(&find)), "<>", &input);
        prop_assert_eq!(edit::<Replace>(&params, &input), Ok(expected));
        assert_split_invariant::<Replace>(&params, &input);
    }
}

#[test]
fn a_log_with_occasional_matches_is_searched_by_lines() {
    let log =
        |gap: usize, line_end: &str| format!("{}ask{line_end}", "x\n".repeat(gap / 2)).repeat(20_000 / gap);
    let by_lines = |head: &str, find: &str, multiline: &str| {
        let params = runner_plugin::testing::params::<Replace>(&[
            ("find", find),
            ("ignore-case", "true"),
            ("multiline", multiline),
        ])
        .expect("good parameters");
        let file = FileHead::new(Some(1 << 30), head.as_bytes());
        Replace::begin(&params, &file).expect("a job").1.framing == Framing::lines()
    };
    for find in ["ask", "as", "a"] {
        assert!(by_lines(&log(3000, "\n"), find, "false"), "{find}");
        assert!(!by_lines(&log(3000, "\n"), find, "true"), "{find}");
        // In every line, in very few lines, in the only line.
        assert!(!by_lines(&log(500, "\n"), find, "false"), "{find}");
        assert!(!by_lines(&log(10_000, "\n"), find, "false"), "{find}");
        assert!(!by_lines(&log(3000, "\n").replace('\n', ";"), find, "false"), "{find}");
    }
}

#[test]
fn a_text_needs_no_lines() {
    for (find, ignore_case, size, lines) in [
        ("ab", "false", Some(4), false),
        ("ab", "false", None, false),
        ("ab", "true", None, false),
        ("ask", "true", Some(4), false),
        // A stream is written line by line.
        ("ask", "true", None, true),
    ] {
        let params =
            runner_plugin::testing::params::<Replace>(&[("find", find), ("ignore-case", ignore_case)])
                .expect("good parameters");
        let (_, job) = Replace::begin(&params, &FileHead::new(size, b"")).expect("a job");
        assert_eq!(job.framing == Framing::lines(), lines, "{find} {ignore_case} {size:?}");
    }
}

#[test]
fn cases() {
    run_cases::<Replace>("cases");
}

#[test]
fn letters_fold_as_in_unicode() {
    let params = [("find", "sk"), ("with", "X"), ("ignore-case", "true")];
    assert_eq!(edit::<Replace>(&params, "SK ſK sk".as_bytes()), Ok(b"X X X".to_vec()));
    assert_split_invariant::<Replace>(&params, "SK\nſK\nsk".as_bytes());
}

#[test]
fn an_empty_match_does_not_split_a_character() {
    let params = [("find", "x*"), ("with", "-"), ("regex", "true")];
    assert_eq!(edit::<Replace>(&params, "éx".as_bytes()), Ok("-é-".as_bytes().to_vec()));
}

#[test]
fn a_claim_of_equal_length_holds_when_case_changes_it() {
    // Two bytes for `sk`, four for what it also matches.
    let params = [("find", "sk"), ("with", "xx"), ("ignore-case", "true")];
    assert_eq!(edit::<Replace>(&params, "ſK".as_bytes()), Ok(b"xx".to_vec()));
}
