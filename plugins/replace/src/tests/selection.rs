//! Lines that are selected, and matches that are counted, as by `sed`.

use proptest::prelude::*;
use runner_plugin::testing::{assert_split_invariant, edit};

use super::sed;
use crate::Replace;

/// Parameters, and a script for sed that means the same.
type Params = &'static [(&'static str, &'static str)];

const SCRIPTS: &[(Params, &[&str])] = &[
    (&[("find", "a"), ("with", "X"), ("lines", "b")], &["/b/s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("not-lines", "b")], &["/b/!s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("line", "2")], &["2s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("line", "2-3")], &["2,3s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("line", "$")], &["$s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("line", "3-")], &["3,$s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("from", "b"), ("to", "c")], &["/b/,/c/s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("from", "b")], &["/b/,$s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("to", "c")], &["0,/c/s/a/X/g"]),
    (&[("find", "a"), ("with", "X"), ("nth-per-line", "2")], &["s/a/X/2"]),
    (&[("find", "a*"), ("with", "X"), ("regex", "true"), ("max-per-line", "1")], &["-E", "s/a*/X/"]),
    (&[("find", "a"), ("with", "X"), ("max", "1")], &["0,/a/s/a/X/"]),
    (&[("delete-lines", "a")], &["/a/d"]),
    (&[("delete-lines", "^"), ("line", "2-3")], &["2,3d"]),
    (&[("delete-lines", "^"), ("from", "a"), ("to", "b")], &["/a/,/b/d"]),
    (&[("delete-lines", "a"), ("not-lines", "b")], &["/b/!{/a/d}"]),
    (&[("insert-before", "X"), ("lines", "a")], &["/a/i\\X"]),
    (&[("insert-after", "X"), ("lines", "a")], &["/a/a\\X"]),
    (&[("insert-after", r"X\nY"), ("line", "2")], &["2a\\X\\\nY"]),
    (&[("insert-before", "X"), ("insert-after", "Y")], &["i\\X\na\\Y"]),
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aabbc \n\n".to_vec()), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lines_are_selected_as_by_sed(index in 0..SCRIPTS.len(), input in text()) {
        let (params, script) = SCRIPTS[index];
        prop_assert_eq!(edit::<Replace>(params, &input), Ok(sed(script, &input)), "{:?}", params);
        assert_split_invariant::<Replace>(params, &input);
    }
}

#[track_caller]
fn gives(params: &[(&str, &str)], input: &str, output: &str) {
    let found = edit::<Replace>(params, input.as_bytes()).expect("an edit");
    assert_eq!(String::from_utf8(found).expect("UTF-8"), output, "{params:?}");
    assert_split_invariant::<Replace>(params, input.as_bytes());
}

/// Row A 14.
#[test]
fn all_matches_in_a_selected_line_are_replaced() {
    let params = [("find", "Monday"), ("with", "Tuesday"), ("lines", "Sunday")];
    gives(&params, "Monday Sunday Monday\nMonday\n", "Tuesday Sunday Tuesday\nMonday\n");
}

/// Row A 44.
#[test]
fn lines_between_markers_are_commented() {
    let params = [
        ("find", "^"),
        ("with", "# "),
        ("regex", "true"),
        ("from", "BEGIN"),
        ("to", "END"),
        ("markers", "false"),
    ];
    gives(&params, "a\nBEGIN\nb\nc\nEND\nd\nBEGIN\ne\n", "a\nBEGIN\n# b\n# c\nEND\nd\nBEGIN\n# e\n");
}

/// Row B 83.
#[test]
fn a_line_is_deleted_with_its_end() {
    gives(&[("delete-lines", "x")], "a\r\nx\r\nb", "a\r\nb");
}

#[test]
fn inserted_lines_end_as_the_file_does() {
    gives(
        &[("insert-after", r"X\nY"), ("lines", "a$")],
        "a\r\nb\r\na",
        "a\r\nX\r\nY\r\nb\r\na\r\nX\r\nY\r\n",
    );
    gives(&[("insert-before", ""), ("line", "2")], "a\nb\n", "a\n\nb\n");
    gives(&[("insert-after", ""), ("line", "2")], "a\nb\n", "a\nb\n\n");
}

#[test]
fn pairs_and_expressions_heed_the_selection() {
    gives(&[("pairs", "a\tb\nb\ta\n"), ("line", "2")], "ab\nab\n", "ab\nba\n");
    gives(&[("find", "k"), ("with", "x"), ("ignore-case", "true"), ("lines", "b")], "K b\nk\n", "x b\nk\n");
    gives(
        &[("find", "(a)"), ("with", "<$1>"), ("regex", "true"), ("lines", "b")],
        "abéa\na\n",
        "<a>bé<a>\na\n",
    );
    gives(
        &[("find", "a+"), ("with", "X"), ("regex", "true"), ("multiline", "true"), ("nth", "2")],
        "aa\naaa a",
        "aa\nX a",
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let fails = |params: &[(&str, &str)], words: &str| {
        let error = edit::<Replace>(params, b"a\n").expect_err(words);
        assert!(error.contains(words), "`{error}` has no `{words}`");
    };
    fails(&[], "nothing to do");
    fails(&[("find", "a"), ("delete-lines", "a")], "one thing at a time");
    fails(&[("delete-lines", "a"), ("with", "b")], "`with` cannot be used");
    fails(&[("find", "a"), ("multiline", "true"), ("lines", "b")], "`multiline` cannot be used");
    fails(&[("find", "a"), ("nth", "1"), ("max", "1")], "`nth` cannot be used with `max`");
    fails(&[("find", "a"), ("max", "0")], "at least 1");
    fails(&[("find", "a"), ("line", "x")], "`line` must be numbers");
    fails(&[("find", "a"), ("crlf", "maybe")], "one of `auto`, `true`, `false`");
    fails(&[("append", "a"), ("line", "1")], "a selection of lines");
    fails(&[("find", "a"), ("lines", r"\Aa")], "`lines` has `\\A`");
}
