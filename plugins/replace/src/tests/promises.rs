//! What the plugin promises about a run, and what it counts.

use runner_plugin::testing::{Cut, assert_split_invariant, outcome, params};
use runner_plugin::{Edits, FileHead, Job, Plugin, Window};

use crate::Replace;

fn job(given: &[(&str, &str)], head: &[u8]) -> Job {
    let params = params::<Replace>(given).expect("good parameters");
    Replace::begin(&params, &FileHead::new(Some(head.len() as u64), head)).expect("a job").1
}

fn counts(given: &[(&str, &str)], input: &[u8]) -> Vec<(String, u64)> {
    assert_split_invariant::<Replace>(given, input);
    outcome::<Replace>(given, input, &Cut::default()).expect("an edit").counts
}

const REGEX: (&str, &str) = ("regex", "true");

#[test]
fn a_search_for_bytes_is_no_search_for_text() {
    for (given, text) in [
        (&[("find", "a"), ("with", r"\xe9")][..], true),
        (&[("find", r"\xe9"), ("escapes", "true")], false),
        (&[("find", r"f\0o\0"), ("escapes", "true")], false),
        (&[("find", r"(?-u:\xff\xfe)"), REGEX], false),
        // To drop what is not UTF-8 is about a text.
        (&[("find", r"(?-u:[\x80-\xff])"), REGEX], true),
        (&[("pair", r"\xe9=e")], false),
        (&[("append", "x")], true),
        (&[("delete-lines", "x")], true),
    ] {
        assert_eq!(job(given, b"a\n").claims.text, text, "{given:?}");
    }
}

#[test]
fn a_length_that_is_always_the_same_is_promised() {
    for (given, keeps) in [
        (&[("find", "abc"), ("with", "xyz")][..], true),
        (&[("find", "abc"), ("with", "é")], false),
        (&[("find", r"[0-9]{4}"), ("with", "****"), REGEX], true),
        (&[("find", r"\d{4}"), ("with", "****"), REGEX], false),
        (&[("find", r"[0-9]+"), ("with", "****"), REGEX], false),
        (&[("find", "is"), ("with", "at"), ("ignore-case", "true")], false),
        (&[("find", "ab"), ("with", "xy"), ("max", "1")], true),
        (&[("find", "ab"), ("with", "xy"), ("lines", "c")], true),
        (&[("pair", "ab=xy"), ("pair", "c=d")], true),
    ] {
        assert_eq!(job(given, b"a\n").claims.length_preserving, keeps, "{given:?}");
    }
}

#[test]
fn only_a_walk_in_order_has_a_state() {
    for (given, deterministic) in [
        (&[("find", "a")][..], true),
        (&[("find", "a"), ("max", "1")], false),
        (&[("find", "a"), ("line", "1")], false),
        (&[("find", "a"), ("lines", "b")], true),
        (&[("prepend", "a")], true),
    ] {
        assert_eq!(job(given, b"a\n").claims.deterministic, deterministic, "{given:?}");
    }
}

#[test]
fn changes_are_counted() {
    let one = |name: &str, number| vec![(name.to_owned(), number)];
    let input = b"a b a\nb\na\n";
    assert_eq!(counts(&[("find", "a"), ("with", "x")], input), one("match", 3));
    assert_eq!(counts(&[("find", "a"), ("with", "a")], input), one("match", 3));
    assert_eq!(counts(&[("find", "(a)"), ("with", "<$1>"), REGEX], input), one("match", 3));
    assert_eq!(counts(&[("find", r"a\n"), REGEX, ("multiline", "true")], input), one("match", 2));
    assert_eq!(
        counts(&[("find", r"a\n?"), REGEX, ("multiline", "true"), ("max", "2")], input),
        one("match", 2)
    );
    assert_eq!(counts(&[("pairs", "a\tb\nb\ta\n")], input), one("match", 5));
    assert_eq!(counts(&[("find", "a"), ("max-per-line", "1")], input), one("match", 2));
    assert_eq!(counts(&[("delete-lines", "a")], input), one("deleted-line", 2));
    assert_eq!(counts(&[("insert-after", "x"), ("lines", "b")], input), one("insertion", 2));
    assert_eq!(counts(&[("prepend", "x"), ("append", "y")], input), one("insertion", 2));
    assert_eq!(counts(&[("prepend", "x"), ("append", "y")], b""), one("insertion", 2));
}

/// The host refuses a reply that consumes more of the last window.
#[test]
fn the_last_window_is_consumed_as_it_is() {
    for given in [
        &[("find", "a"), ("max", "1")][..],
        &[("find", "a"), ("line", "1")],
        &[("delete-lines", "a"), ("line", "1")],
        &[("insert-after", "x"), ("line", "1")],
        &[("prepend", "x")],
        &[("append", "x")],
    ] {
        let params = params::<Replace>(given).expect("good parameters");
        for last in [false, true] {
            let input = b"a\nb\nc\n";
            let file = FileHead::new(Some(input.len() as u64), input);
            let (mut plugin, _) = Replace::begin(&params, &file).expect("a job");
            let window = Window::new(0, input).last(last);
            let mut edits = Edits::new(&window);
            plugin.transform(&window, &mut edits).expect("a reply");
            let consumed = edits.finish().expect("edits").consumed;
            assert!(if last { consumed == 6 } else { consumed > 1 }, "{given:?}: {consumed}");
        }
    }
}
