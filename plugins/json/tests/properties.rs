//! Properties: neither the cut nor the framing matters, every truncation and
//! every wrong byte is an error or a right result, and values may be larger
//! than windows.

mod common;

use proptest::prelude::*;
use runner_json::Json;
use runner_plugin::testing::{Cut, apply, assert_split_invariant, edit, edits};
use serde_json::Value;

/// Whether serde_json can read some values after each other.
fn is_json(input: &[u8]) -> bool {
    let values = serde_json::Deserializer::from_slice(input).into_iter::<Value>();
    values.into_iter().all(|value| value.is_ok())
}

/// Asserts that masking everything fails for what is not JSON, and otherwise
/// masks everything and nothing else.
#[track_caller]
fn check_masked(input: &[u8]) {
    let result = edit::<Json>(&[("mask", "$..*"), ("lines", "false")], input);
    let Ok(before) = serde_json::from_slice::<Value>(input) else {
        assert!(result.is_err() || is_json(input), "{}: {result:?}", input.escape_ascii());
        return;
    };
    let output = result.unwrap_or_else(|error| panic!("{}: {error}", input.escape_ascii()));
    let after = serde_json::from_slice::<Value>(&output).expect("the output is JSON");
    // `$..*` does not lead to the top-level value itself.
    let is_right =
        if before.is_object() || before.is_array() { is_masked(&before, &after) } else { before == after };
    assert!(is_right, "{} {}", input.escape_ascii(), output.escape_ascii());
}

/// Whether `after` is `before` with every scalar masked.
fn is_masked(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let keys = before.keys().eq(after.keys());
            keys && before.values().zip(after.values()).all(|(before, after)| is_masked(before, after))
        }
        (Value::Array(before), Value::Array(after)) => {
            let mut pairs = before.iter().zip(after);
            before.len() == after.len() && pairs.all(|(before, after)| is_masked(before, after))
        }
        (Value::String(before), Value::String(after)) => {
            after.bytes().all(|byte| byte == b'*') && after.len() >= before.chars().count()
        }
        (Value::Number(_), Value::Number(after)) => {
            !after.to_string().contains(['2', '3', '4', '5', '6', '7', '8', '9'])
        }
        (Value::Bool(_) | Value::Null, Value::Null) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn the_cut_does_not_matter(input in common::texts(), (action, path, argument) in common::params()) {
        let value = common::text(path, argument);
        assert_split_invariant::<Json>(&[(action, value.as_str()), ("lines", "false")], &input);
        assert_split_invariant::<Json>(&[(action, value.as_str()), ("lines", "true")], &input);
    }

    #[test]
    fn lines_are_read_as_one_text_is(
        lines in prop::collection::vec(common::value(), 0..5),
        (action, path, argument) in common::params(),
    ) {
        let input = lines.iter().map(|line| line.replace(['\n', '\r'], " ") + "\n").collect::<String>();
        let value = common::text(path, argument);
        let run = |lines| edit::<Json>(&[(action, value.as_str()), ("lines", lines)], input.as_bytes());
        prop_assert_eq!(run("true").ok(), run("false").ok());
        prop_assert_eq!(run("true").ok(), run("auto").ok());
    }

    #[test]
    fn no_truncation_and_no_wrong_byte_is_taken_for_json(value in common::value(), byte in any::<u8>()) {
        // serde_json refuses halves of surrogate pairs, which RFC 8259 allows.
        let mut input = value.replace("\\ud800", "").into_bytes();
        for end in 1..input.len() {
            check_masked(&input[..end]);
        }
        for place in 0..input.len() {
            let old = std::mem::replace(&mut input[place], byte);
            if !input.windows(3).any(|bytes| bytes[0] == b'u' && bytes[1].eq_ignore_ascii_case(&b'd')) {
                check_masked(&input);
            }
            input[place] = old;
        }
    }
}

/// A document with a string, and a container, of some bytes.
fn large(bytes: usize) -> (String, String, String) {
    let string = format!("\"{}\"", "x\\n".repeat(bytes / 3));
    let array = format!("[{}1]", "{\"a\": \"b\"}, ".repeat(bytes / 12));
    let document = format!("{{\"before\": 1, \"s\": {string}, \"l\": {array}, \"after\": [2]}}\n");
    (document, string, array)
}

fn in_windows(params: &[(&str, &str)], input: &str, bytes: usize) -> Result<String, String> {
    let cut = Cut { windows: vec![bytes], ..Cut::default() };
    let edits = edits::<Json>(params, input.as_bytes(), &cut)?;
    Ok(String::from_utf8(apply(input.as_bytes(), &edits)).expect("UTF-8"))
}

#[test]
fn values_may_be_larger_than_windows() {
    let (document, string, array) = large(3 << 20);
    let stars = format!("\"{}\"", "*".repeat(string.len() - 2));
    for (params, expected) in [
        (("mask", "$.s"), document.replace(&string, &stars)),
        (("null", "$.s,$.l"), document.replace(&string, "null").replace(&array, "null")),
        (("set", "$.s=[]"), document.replace(&string, "[]")),
        (("delete", "$.s,$.l"), "{\"before\": 1, \"after\": [2]}\n".to_owned()),
        (("delete", "$.before,$.s,$.l"), "{\"after\": [2]}\n".to_owned()),
        (("delete", "$.l[*]"), document.replace(&array, "[]")),
        (("delete", "$.*"), "{}\n".to_owned()),
    ] {
        for bytes in [100_000, 1_500_000] {
            let found = in_windows(&[params, ("lines", "false")], &document, bytes);
            let start = found.as_ref().map(|found| found.chars().take(100).collect::<String>());
            assert!(found.as_ref() == Ok(&expected), "{params:?} {bytes}: {start:?}");
        }
    }
}

#[test]
fn limits_are_named() {
    let string = format!("{{\"a\": \"{}\"}}\n", "x".repeat((16 << 20) + 10));
    let key = format!("{{\"{}\": 1}}", "k".repeat((1 << 20) + 10));
    let number = format!("[{}]", "1".repeat((1 << 20) + 10));
    let deep = "[".repeat(10_001);
    let space = format!("{{\"a\": 1,{}\"b\": 2}}", " ".repeat((1 << 20) + 10));
    for (input, what) in [
        (&string, "a string whose new value depends on all of it is longer than 16777216 bytes"),
        (&key, "a key is longer than 1048576 bytes"),
        (&number, "a number is longer than 1048576 bytes"),
        (&deep, "values are nested more than 10000 deep"),
    ] {
        for bytes in [1 << 20, 1 << 26] {
            let found = in_windows(&[("truncate", "$.a=3"), ("lines", "false")], input, bytes).unwrap_err();
            assert_eq!(found, what);
        }
    }
    for bytes in [1 << 20, 1 << 26] {
        let found = in_windows(&[("delete", "$.b"), ("lines", "false")], &space, bytes).unwrap_err();
        assert!(found.contains("the whitespace around a comma is longer than 1048576 bytes"), "{found}");
    }
}
