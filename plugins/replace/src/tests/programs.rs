//! Beside Perl, for matches over lines and for bytes that are not UTF-8.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use runner_plugin::testing::{assert_split_invariant, edit};

use crate::Replace;
use crate::hay::Hay;

fn perl(program: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("perl")
        .args(["-0777", "-pe", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("perl to start");
    child.stdin.take().expect("a pipe").write_all(input).expect("perl to read");
    let output = child.wait_with_output().expect("perl to end");
    assert!(output.status.success());
    output.stdout
}

/// Expressions of one meaning in Perl and here, none of which matches the empty
/// string.
const EXPRESSIONS: &[&str] = &[
    r"(?s)/\*.*?\*/",
    r"(?s)a.*b",
    r"\s+",
    r"(?m)^a.*\n",
    r"(?m)a*b$",
    r"a\n+b",
    r"(?s)a.{3}b|b",
    r"(?:ab|a)(?:bb|b*\n)",
    r"[^a]+a",
    r"\Aa+",
    r"\n\z",
    r"\ba+\b",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_whole_file_is_searched_as_by_perl(
        index in 0..EXPRESSIONS.len(),
        input in prop::collection::vec(prop::sample::select(b"aabb/**\n\n ".to_vec()), 0..40),
    ) {
        let find = EXPRESSIONS[index];
        let expected = perl(&format!("s{{{find}}}{{<$&>}}g"), &input);
        let params = [("find", find), ("with", "<$0>"), ("regex", "true"), ("multiline", "true")];
        prop_assert_eq!(edit::<Replace>(&params, &input), Ok(expected), "{}", find);
        assert_split_invariant::<Replace>(&params, &input);
    }

}

proptest! {
    // Each case builds many automata.
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// A byte that is not UTF-8 is a character of its own.
    #[test]
    fn invalid_bytes_are_characters(
        find in prop::sample::select(vec![
            ".", "a.", "[^a]b", "(?s).+?b", r"\W+", ".{2}", "(?s)a.*é", r"\S\n", "[^é]+a", r"a\D?", "é.*?b",
        ]),
        multiline: bool,
        input in prop::collection::vec(
            prop::sample::select(vec![&b"a"[..], b"b", b"\n", b" ", b"\xc3\xa9", b"\xc3", b"\xa9", b"\xff", b"\xe2\x82"]),
            0..24,
        ),
    ) {
        let input = input.concat();
        let params = [("find", find), ("with", "<$0>"), ("regex", "true"), ("multiline", if multiline { "true" } else { "false" })];
        let regex = Regex::builder().syntax(syntax::Config::new().multi_line(true)).build(find).expect("an expression");
        // All texts with their own line end, or one text.
        let parts = if multiline || find.contains("(?s)") { vec![&input[..]] } else { input.split(|byte| *byte == b'\n').collect() };
        let mut expected = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                expected.push(b'\n');
            }
            let hay = Hay::valid(part);
            let mut done = 0;
            for found in regex.find_iter(&hay.text[..]) {
                let range = hay.range(found.range());
                expected.extend_from_slice(&part[done..range.start]);
                expected.extend_from_slice(&[b"<", &part[range.clone()], b">"].concat());
                done = range.end;
            }
            expected.extend_from_slice(&part[done..]);
        }
        match edit::<Replace>(&params, &input) {
            Ok(output) => prop_assert_eq!(output.escape_ascii().to_string(), expected.escape_ascii().to_string()),
            Err(error) => prop_assert!(!multiline && error.contains("`multiline`"), "{}", error),
        }
        assert_split_invariant::<Replace>(&params, &input);
    }
}
