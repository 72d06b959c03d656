//! What holds the values stays valid: parse, redact, parse gives the same
//! structure, with other values only.

use proptest::prelude::*;
use runner_plugin::testing::edit;
use runner_redact::Redact;
use serde_json::Value;

/// Values of many kinds.
const VALUES: &[&str] = &[
    "bob@example.com",
    "o'brien@example.com",
    "\"bob smith\"@example.com",
    "müller@example.com",
    "bob@mül-lü.de",
    "CORP\\root@example.com",
    "10.1.2.3",
    "IP 10.0.0.1.443 > 10.0.0.2.51234: x",
    "dhcp-192-168-0-66",
    "2001:db8::1",
    "4111111111111111",
    "4111 1111 1111 1111",
    "password=hunter2&x=1",
    "password='a b'",
    "Authorization: Bearer mavev6XdLeMOXyzVucb",
    "Cookie: a=b1; c=d2",
    "+49 151 12345678",
    "123-45-6789",
    "00:1a:2b:3c:4d:5e",
    "postgres://app:p\"w@db:5432/app",
    "DE89 3704 0044 0532 0130 00",
    "{\"password\":\"x\\\"y\",\"mail\":\"bob@example.com\",\"pin\":1234}",
    "mysql -psecret",
    "\u{1b}[36m10.1.2.3\u{1b}[0m",
];

/// Values, glued in many ways.
fn value() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(VALUES);
    let glue = prop::sample::select(vec![
        " ", "\n", "\t", "\"", "<", ">", "\\", "\u{8}", "\u{c}", "ü", "'", ",", "=", "\r", "/",
    ]);
    prop::collection::vec((glue, fixed), 1..4).prop_flat_map(|parts| {
        let text: String = parts.into_iter().flat_map(|(glue, fixed)| [glue, fixed]).collect();
        prop::sample::select(vec!["", "\\", "\"", "'", "\\\""]).prop_map(move |end| format!("{text}{end}"))
    })
}

/// A document of JSON with values in it, glued in any way.
fn json() -> impl Strategy<Value = Value> {
    json_with(value().boxed())
}

/// A document of JSON with values in it, with the same text before each.
fn json_of(glue: String) -> impl Strategy<Value = Value> {
    let values = prop::collection::vec(prop::sample::select(VALUES), 1..4);
    json_with(
        values
            .prop_map(move |values| values.into_iter().flat_map(|value| [glue.as_str(), value]).collect())
            .boxed(),
    )
}

fn json_with(texts: BoxedStrategy<String>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => texts.prop_map(Value::from),
        1 => Just(Value::from(4_111_111_111_111_111_u64)),
        1 => Just(Value::from(378_282_246_310_005_u64)),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let key = prop::sample::select(vec![
        "m",
        "pan",
        "password",
        "token",
        "email",
        "ip",
        "pin",
        "phone",
        "Authorization",
        "cookie",
        "ssn",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(|(value, escape)| {
                let text = value.to_string();
                Value::from(if escape { escaped(&text) } else { text })
            }),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The parameters of each style.
fn styles() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop::sample::select(vec![
        vec![],
        vec![("style", "hash"), ("key", "k")],
        vec![("with", "[REDACTED]")],
        vec![("keep-last", "4")],
    ])
}

/// The structure of a document: all but texts and the digits of numbers.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => Value::from("text"),
        Value::Number(_) => Value::from(0),
        Value::Array(items) => items.iter().map(shape).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), shape(value))).collect())
        }
        other => other.clone(),
    }
}

/// The document with every letter beyond ASCII as `\u00fc`, and `<` as `\u003c`.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            '<' | '>' | '&' => format!("\\u{:04x}", u32::from(char)),
            _ if char.is_ascii() => char.to_string(),
            _ => char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn json_stays_json(document in json(), style in styles(), escape: bool) {
        let text = document.to_string();
        let text = if escape { escaped(&text) } else { text };
        let output = edit::<Redact>(&style, text.as_bytes()).expect("no error");
        let shown = String::from_utf8_lossy(&output).into_owned();
        let parsed: Value = serde_json::from_slice(&output).unwrap_or_else(|error| panic!("{error}: {text} -> {shown}"));
        prop_assert_eq!(shape(&parsed), shape(&document), "{} -> {}", text, shown);
    }

    /// Values stand apart: a replacement may uncover what touches it, such as
    /// `66/4111...`, which a version or a longer number hid before.
    #[test]
    fn a_second_run_changes_nothing(document in json_of(" ; ".to_owned()), style in styles()) {
        let output = edit::<Redact>(&style, document.to_string().as_bytes()).expect("no error");
        let twice = edit::<Redact>(&style, &output).expect("no error");
        prop_assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(&twice));
    }

    #[test]
    fn sql_stays_sql(values in prop::collection::vec(value(), 1..5), number in prop::sample::select(vec![4_111_111_111_111_111_u64, 17]), style in styles()) {
        let fields: Vec<String> = values.iter().map(|value| format!("'{}'", value.replace('\'', "''").replace('\n', " "))).collect();
        let text = format!("INSERT INTO t VALUES ({number},{},NULL);", fields.join(","));
        let output = edit::<Redact>(&style, text.as_bytes()).expect("no error");
        let shown = String::from_utf8_lossy(&output).into_owned();
        let kinds = |text: &str| sql_fields(text).iter().map(|field| field.starts_with('\'')).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&shown), kinds(&text), "{} -> {}", text, shown);
        let first = sql_fields(&shown)[0].clone();
        prop_assert!(first.parse::<u64>().is_ok(), "{} -> {}", text, shown);
    }

    #[test]
    fn fields_of_csv_stay(values in prop::collection::vec(prop::sample::select(vec!["4111111111111111", "bob@example.com", "10.1.2.3", "x", ""]), 1..6), style in styles()) {
        let text = values.join(",");
        let output = String::from_utf8(edit::<Redact>(&style, text.as_bytes()).expect("no error")).expect("text");
        prop_assert_eq!(output.split(',').count(), values.len(), "{} -> {}", text, output);
    }
}

/// The fields of the first row of an `INSERT`; strings with their quotes.
fn sql_fields(text: &str) -> Vec<String> {
    let row = text.split_once('(').map_or("", |(_, row)| row);
    let (mut fields, mut field, mut is_open) = (Vec::new(), String::new(), false);
    for char in row.chars() {
        match char {
            '\'' => {
                is_open = !is_open;
                field.push(char);
            }
            ',' | ')' if !is_open => {
                fields.push(std::mem::take(&mut field));
                if char == ')' {
                    break;
                }
            }
            _ => field.push(char),
        }
    }
    fields
}
