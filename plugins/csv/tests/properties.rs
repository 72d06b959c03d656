//! What holds for every dialect: the result does not depend on the cut, other
//! bytes stay, and what promises it changes nothing the second time.

use proptest::prelude::*;
use runner_csv::Csv;
use runner_plugin::testing::{Cut, assert_split_invariant, edit, edits};

/// Parameters of a dialect, and text that uses its special bytes.
fn dialect() -> impl Strategy<Value = (Vec<(&'static str, &'static str)>, String)> {
    let delimiter = prop::sample::select(vec![",", "tab", "||", "¦"]);
    let quote = prop::sample::select(vec!["\"", "\"", "none", "'"]);
    let quotes = prop::sample::select(vec!["strict", "lenient"]);
    let escape = prop::sample::select(vec!["none", "auto", "\\", "mysql", "tsv"]);
    let line_end = prop::sample::select(vec!["auto", "lf", "cr", "any"]);
    let comment = prop::sample::select(vec!["", "", "#", "//"]);
    let skip = prop::sample::select(vec!["0", "0", "1"]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (delimiter, quote, quotes, escape, line_end, comment, skip, flags).prop_flat_map(
        |(delimiter, quote, quotes, escape, line_end, comment, skip, (double, space, header))| {
            let flag = |value: bool| if value { "true" } else { "false" };
            let params = vec![
                ("delimiter", delimiter),
                ("quote", quote),
                ("quotes", quotes),
                ("escape", escape),
                ("line-end", line_end),
                ("comment", comment),
                ("skip", skip),
                ("double-quote", flag(double)),
                ("skip-initial-space", flag(space)),
                ("header", flag(header)),
            ];
            let delimiter = if delimiter == "tab" { "\t" } else { delimiter };
            let ends = if line_end == "cr" { "\r" } else { "\n" };
            let quote = if quote == "none" { "\"" } else { quote };
            let pieces = prop::sample::select(vec![
                "a", "bc", "é", " ", delimiter, delimiter, delimiter, ends, ends, "\r\n", "\r", quote, quote,
                "\\", "#", "/", "|", "\\N", "NULL", "*",
            ]);
            let text = prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat());
            (Just(params), text)
        },
    )
}

/// One action on the first or second column.
fn action() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop::sample::select(vec![
        vec![("mask", "1")],
        vec![("mask", "2?=fit")],
        vec![("mask", "*")],
        vec![("keep-last", "1=1")],
        vec![("hash", "1"), ("key", "k")],
        vec![("hash", "!1"), ("key", "k")],
        vec![("set", "1=x\"y,z")],
        vec![("null", "1")],
        vec![("truncate", "1=1")],
        vec![("replace", "1=/a/,\"/")],
        vec![("map", "1\na\tb\nbc\t")],
        vec![("drop", "1")],
        vec![("drop", "2?"), ("mask", "1")],
        vec![("delete-rows", "1=a")],
        vec![("delete-rows", "2?~b"), ("null", "1")],
    ])
}

/// Whether a second run changes nothing. A shorter or masked value could mean
/// NULL or begin a comment in the second run only if it did in the first.
fn is_idempotent(action: &[(&str, &str)]) -> bool {
    ["mask", "keep-last", "set", "null", "truncate", "hash"].contains(&action[0].0) && action.len() == 1
        || action[0].0 == "hash"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cut_does_not_matter((dialect, text) in dialect(), action in action()) {
        let params = [dialect, action].concat();
        assert_split_invariant::<Csv>(&params, text.as_bytes());
    }

    #[test]
    fn a_second_run_changes_nothing(
        (dialect, text) in dialect(),
        action in action().prop_filter("it promises that", |action| is_idempotent(action)),
    ) {
        let params = [dialect, action].concat();
        let Ok(once) = edit::<Csv>(&params, text.as_bytes()) else { return Ok(()) };
        let twice = edit::<Csv>(&params, &once);
        // A shortened value may end with a backslash, of which a second run
        // cannot tell whether it escapes the delimiter. It says so.
        if twice.as_ref().is_err_and(|error| error.contains("a backslash before a delimiter")) {
            return Ok(());
        }
        let twice = twice.map(|twice| String::from_utf8_lossy(&twice).into_owned());
        prop_assert_eq!(twice, Ok(String::from_utf8_lossy(&once).into_owned()), "from {:?}", text);
    }

    /// A comment ends where the file's lines end: what ends lines elsewhere is
    /// a part of it, also at the end of a window.
    #[test]
    fn a_comment_ends_with_its_line(text in "[#\r\na,]{0,12}", line_end in prop::sample::select(vec!["auto", "lf", "cr", "any"])) {
        let params = [("mask", "1?"), ("header", "false"), ("comment", "#"), ("line-end", line_end)];
        assert_split_invariant::<Csv>(&params, text.as_bytes());
    }

    /// Each edit lies in the bytes of one field, and contains no line end
    /// outside quotes; with actions that keep the length it also keeps every
    /// byte that structures the file.
    #[test]
    fn masks_keep_what_structures_the_file(text in "([ab*,\n]|\"\"|\",\"|\"a\nb\"|\r\n){0,20}") {
        let params = [("mask", "1"), ("header", "false")];
        let Ok(edits) = edits::<Csv>(&params, text.as_bytes(), &Cut::default()) else { return Ok(()) };
        for edit in edits {
            prop_assert_eq!(edit.new.len(), edit.end - edit.start);
            prop_assert!(edit.new.iter().all(|byte| *byte == b'*'));
            let starts_record = edit.start == 0 || matches!(text.as_bytes()[edit.start - 1], b'\n' | b'"');
            prop_assert!(starts_record, "{edit:?} in {text:?}");
        }
    }
}
