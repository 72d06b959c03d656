//! Generates JSON texts with everything that JSON allows.

use proptest::prelude::*;

/// Keys that the tests' paths name, also with escapes, and others.
const KEYS: [&str; 10] =
    ["a", "b", "c", "\\u0061", "items", "", "key with \\\" and \\\\", "é", "\\ud83d\\ude00", "aa"];

fn space() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(String::new()), 2 => Just(" ".to_owned()), 1 => "[ \t\n\r]{0,4}"]
}

fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[ -!#-\\[\\]-~]{0,12}",
        1 => "[é-ꙮ😀-😎]{1,3}",
        1 => prop::sample::select(vec!["\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\uD83D\\uDE00", "\\ud800", "\\u0000", "*"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn number() -> impl Strategy<Value = String> {
    ("-?", "0|[1-9][0-9]{0,20}", "(\\.[0-9]{1,5})?", "([eE][+-]?[0-9]{1,3})?")
        .prop_map(|(sign, whole, fraction, exponent)| format!("{sign}{whole}{fraction}{exponent}"))
}

/// One value.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        3 => string(),
        2 => number(),
        2 => prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        let item = (space(), inner.clone(), space()).prop_map(|(a, value, b)| a + &value + &b).boxed();
        let key = prop::sample::select(KEYS.to_vec());
        let member = (space(), key, space(), item.clone())
            .prop_map(|(a, key, b, value)| format!("{a}\"{key}\"{b}:{value}"));
        prop_oneof![
            (prop::collection::vec(item, 0..5), space()).prop_map(|(items, space)| format!(
                "[{}]",
                if items.is_empty() { space } else { items.join(",") }
            )),
            (prop::collection::vec(member, 0..6), space()).prop_map(|(items, space)| format!(
                "{{{}}}",
                if items.is_empty() { space } else { items.join(",") }
            )),
        ]
    })
}

/// Some values after each other, with or without a byte order mark.
pub(crate) fn texts() -> impl Strategy<Value = Vec<u8>> {
    let separator = prop::sample::select(vec!["\n", " ", "\n\x1e", "\r\n\r\n"]);
    (any::<bool>(), prop::collection::vec((value(), separator), 0..4)).prop_map(|(mark, values)| {
        let values = values.into_iter().map(|(value, separator)| value + separator).collect::<String>();
        format!("{}{values}", if mark { "\u{feff}" } else { "" }).into_bytes()
    })
}

/// Parameters: the action, a path, and an argument.
pub(crate) fn params() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    let action = prop::sample::select(vec![
        ("mask", ""),
        ("null", ""),
        ("delete", ""),
        ("set", "\"NL\""),
        ("set", "{\"x\": [1]}"),
        ("truncate", "2"),
    ]);
    let path = prop::sample::select(vec![
        "$.a",
        "$..a",
        "$.a.b",
        "$..a.b",
        "$[0]",
        "$.*",
        "$..*",
        "$[*].a",
        "$..[0]",
        "$['a','b']",
        "$[0,2]",
        "$..b[1]",
        "$.items[*].a",
        "$..a..b",
        "$.*.*",
        "$..*.c",
    ]);
    (action, path).prop_map(|((action, argument), path)| (action, path, argument))
}

/// The value of an action's parameter.
pub(crate) fn text(path: &str, argument: &str) -> String {
    if argument.is_empty() { path.to_owned() } else { format!("{path}={argument}") }
}
