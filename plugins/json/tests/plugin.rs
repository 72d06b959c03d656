//! Runs the cases, and small files whose results are plain to see.

use runner_json::Json;
use runner_plugin::testing::{self, Cut, assert_split_invariant, edit, outcome, run_cases};
use runner_plugin::{Edits, FileHead, Job, Plugin, Window};

#[test]
fn cases() {
    run_cases::<Json>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
}

/// Applies parameters to a text as lines (where it has one line) and as one
/// text.
#[track_caller]
fn check(params: &[(&str, &str)], input: &str, expected: &str) {
    for lines in ["true", "false"] {
        if lines == "true" && input.trim_end().contains('\n') {
            continue;
        }
        let params = [params, &[("lines", lines)]].concat();
        let output =
            edit::<Json>(&params, input.as_bytes()).unwrap_or_else(|error| panic!("{input}: {error}"));
        assert_eq!(String::from_utf8(output).expect("UTF-8"), expected, "{input}");
    }
}

#[test]
fn each_action_keeps_the_type() {
    let input = r#"{"a":"x\"y","b":-12.5e-3,"c":true,"d":false,"e":null,"f":{"g":["h",0]},"i":""}"#;
    for (params, expected) in [
        (
            &[("mask", "$.*")][..],
            r#"{"a":"****","b":-11.1e-0,"c":null,"d":null ,"e":null,"f":{"g":["*",1]},"i":""}"#,
        ),
        (&[("null", "$.a,$.f")], r#"{"a":null,"b":-12.5e-3,"c":true,"d":false,"e":null,"f":null,"i":""}"#),
        (
            &[("set", "$.f=[1, 2]"), ("set", "$.a=\"NL\"")],
            r#"{"a":"NL","b":-12.5e-3,"c":true,"d":false,"e":null,"f":[1, 2],"i":""}"#,
        ),
        (
            &[("delete", "$.a,$.c"), ("delete", "$.i")],
            r#"{"b":-12.5e-3,"d":false,"e":null,"f":{"g":["h",0]}}"#,
        ),
        (
            &[("truncate", "$.a=2")],
            r#"{"a":"x\"","b":-12.5e-3,"c":true,"d":false,"e":null,"f":{"g":["h",0]},"i":""}"#,
        ),
    ] {
        check(params, input, expected);
    }
}

#[test]
fn deleting_takes_one_comma() {
    for (input, expected) in [
        (r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2,"c":3}"#),
        (r#"{"b":2,"a":1,"c":3}"#, r#"{"b":2,"c":3}"#),
        (r#"{"b":2,"c":3,"a":1}"#, r#"{"b":2,"c":3}"#),
        (r#"{"a":1,"a":2,"c":3}"#, r#"{"c":3}"#),
        (r#"{"a":1 , "a":2 }"#, r#"{}"#),
        (r#"{ "a":1}"#, r#"{}"#),
        (r#"{"a":1, "b":2, "c":3}"#, r#"{"b":2, "c":3}"#),
        (r#"{ "a":1, "b":2, "c":3 }"#, r#"{ "b":2, "c":3 }"#),
        ("{\n  \"a\": [1, {}],\n  \"b\": 2,\n  \"a\": 3\n}\n", "{\n  \"b\": 2\n}\n"),
        ("{\n  \"b\": {\n    \"a\": 2\n  }\n}", "{\n  \"b\": {}\n}"),
        (r#"[{"a":1},{"a":2}]"#, r#"[{},{}]"#),
    ] {
        check(&[("delete", "$..a")], input, expected);
    }
    check(&[("delete", "$[0,2]")], "[1, 2, 3, 4]", "[2, 4]");
    check(&[("delete", "$[*]")], "[ 1, [2] , 3 ]", "[]");
}

#[test]
fn values_and_keys_are_compared_after_decoding() {
    check(
        &[("mask", "$.email")],
        r#"{"\u0065mail":"a@b","e\/mail":"x"}"#,
        r#"{"\u0065mail":"***","e\/mail":"x"}"#,
    );
    check(
        &[("mask", "$['e/mail']")],
        r#"{"\u0065mail":"a@b","e\/mail":"x"}"#,
        r#"{"\u0065mail":"a@b","e\/mail":"*"}"#,
    );
    let hash = |text: &str| {
        let params = [("hash", "$"), ("key", "k")];
        String::from_utf8(edit::<Json>(&params, text.as_bytes()).unwrap()).unwrap()
    };
    assert_eq!(hash(r#""bob@example.com""#), hash(r#""\u0062ob\u0040example.com""#));
}

#[test]
fn the_cut_does_not_matter() {
    let input = "{\"a\":\"x\\\"y\u{e9}\\u00e9\",\"b\":[-12.5e-3,true],\"e\":null,\"f\":{\"g\":[\"h\",0]},\"i\":\"\"}\n\"x\"\n[1]\n";
    for params in [("mask", "$..*"), ("truncate", "$..*=1"), ("set", "$..g=7"), ("mask", "$.b")] {
        assert_split_invariant::<Json>(&[params], input.as_bytes());
    }
}

#[test]
fn a_deeper_path_wins() {
    let params = [("mask", "$.user"), ("null", "$.user.id"), ("keep", "$.user.x")];
    check(&params, r#"{"user":{"a":"b","id":7,"x":[1]}}"#, r#"{"user":{"a":"*","id":null,"x":[1]}}"#);
}

#[test]
fn tables_and_expressions_apply_to_scalars() {
    let input = r#"{"a":[1,"x","x-1",true],"ab":"abcdef"}"#;
    check(
        &[("map", "$.a=1\tone\nx\ty\ntrue\tfalse")],
        input,
        r#"{"a":["one","y","x-1",false],"ab":"abcdef"}"#,
    );
    check(&[("replace", "$.a[2]=/-\\d/!/")], input, r#"{"a":[1,"x","x!",true],"ab":"abcdef"}"#);
    check(&[("keep-last", "$.ab=2")], input, r#"{"a":[1,"x","x-1",true],"ab":"****ef"}"#);
}

#[test]
fn skipped_lines_are_those_without_a_key() {
    let params = [("mask", "$..email"), ("lines", "true"), ("check", "false")];
    let input = b"not JSON\n{\"\\u0065mail\":\"a\"}\n{\"email\":\"b\"}\n";
    let output = edit::<Json>(&params, input).expect("lines without the key are skipped");
    assert_eq!(output, b"not JSON\n{\"\\u0065mail\":\"*\"}\n{\"email\":\"*\"}\n");
    assert!(edit::<Json>(&params[..1], input).is_err());
    assert!(
        edit::<Json>(&[params[0], params[2]], input).is_err_and(|error| error.contains("needs `lines=true`"))
    );
}

#[test]
fn case_is_ignored_on_demand() {
    check(&[("mask", "$..PassWord"), ("ignore-case", "true")], r#"{"PASSWORD":"x"}"#, r#"{"PASSWORD":"*"}"#);
}

#[test]
fn a_map_may_name_its_paths_on_the_first_line() {
    let table = "\u{feff}$.a,$['b']\r\n1\tone\r\nx\ty\r\n";
    check(&[("map", table)], r#"{"a":1,"b":"x"}"#, r#"{"a":"one","b":"y"}"#);
}

#[test]
fn a_new_value_does_not_tear_a_line_apart() {
    let params = [("set", "$.a={\r\n\"b\":\n1}"), ("lines", "true")];
    let output = edit::<Json>(&params, b"{\"a\":0}\n{\"a\":1}\n").expect("lines");
    assert_eq!(output, b"{\"a\":{  \"b\": 1}}\n{\"a\":{  \"b\": 1}}\n");
}

/// The counts of a run, with their names.
fn counts(params: &[(&str, &str)], input: &str, windows: &[usize]) -> Vec<(String, u64)> {
    let cut = Cut { windows: windows.to_vec(), ..Cut::default() };
    outcome::<Json>(params, input.as_bytes(), &cut).expect("no error").counts
}

fn begin(params: &[(&str, &str)], input: &str) -> Job {
    let params = testing::params::<Json>(params).expect("parameters");
    Json::begin(&params, &FileHead::new(None, input.as_bytes())).expect("a job").1
}

#[test]
fn each_path_counts_the_values_that_it_leads_to() {
    let input = r#"{"user":{"email":"a","name":null},"email":["x","y"],"keep":{"email":1},"d":1,"d":[2]}"#;
    let blank = "['two words']";
    let params = [
        ("mask", "$..email,$.user.email,$.none"),
        ("null", blank),
        ("delete", "$.d"),
        ("keep", "$.keep"),
        ("lines", "false"),
    ];
    for windows in [&[1][..], &[7], &[1000]] {
        let counts = counts(&params, input, windows);
        let expected = [
            ("mask:$..email", 2),
            ("mask:$.user.email", 1),
            ("mask:$.none", 0),
            ("null:path-4", 0),
            ("delete:$.d", 2),
            ("keep:$.keep", 1),
        ];
        assert_eq!(counts, expected.map(|(name, number)| (name.to_owned(), number)), "{windows:?}");
    }
}

#[test]
fn many_paths_are_counted_by_action() {
    let paths = (0..300).map(|at| format!("$.a{at}")).collect::<Vec<_>>().join(",");
    let params = [("mask", paths.as_str()), ("null", "$.b,$.*.c")];
    let input = r#"{"a1":"x","a299":"y","b":1,"z":{"c":2}}"#;
    assert_eq!(counts(&params, input, &[1000]), [("mask".to_owned(), 2), ("null".to_owned(), 2)]);
}

#[test]
fn claims_hold_only_where_they_can() {
    let claims = |params: &[(&str, &str)]| begin(params, "{}\n").claims;
    assert!(claims(&[("mask", "$.a")]).length_preserving);
    assert!(!claims(&[("mask", "$.a"), ("null", "$.b")]).length_preserving);
    assert!(claims(&[("mask", "$.a[0]"), ("null", "$.b")]).idempotent);
    assert!(claims(&[("delete", "$..a")]).idempotent);
    assert!(!claims(&[("delete", "$.a[0]")]).idempotent);
    assert!(!claims(&[("delete", "$.a"), ("mask", "$.b[0]")]).idempotent);
    assert!(!claims(&[("hash", "$.a=number"), ("key", "k")]).idempotent);
    assert!(claims(&[("mask", "$.a")]).text && claims(&[("mask", "$.a")]).deterministic);
    // A window of a document depends on the ones before it.
    assert!(!claims(&[("mask", "$.a"), ("lines", "false")]).deterministic);
}

#[test]
fn errors_have_the_place_in_the_window() {
    let input = b"{\"a\":1}\n{\"a\":tru}\n";
    for (lines, position) in [("true", 13), ("false", 13)] {
        let params = testing::params::<Json>(&[("mask", "$.a"), ("lines", lines)]).expect("parameters");
        let (mut plugin, _) = Json::begin(&params, &FileHead::new(None, input)).expect("a job");
        let window = Window::new(100, input).last(true);
        let failure = plugin.transform(&window, &mut Edits::new(&window)).expect_err("no JSON");
        assert_eq!(failure.position, Some(position));
        assert!(failure.message.starts_with("not JSON: expected a value"), "{failure}");
    }
}
