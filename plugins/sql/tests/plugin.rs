//! Small files with what must come of them, and properties of any file.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use runner_plugin::testing::{Cut, Edit, assert_split_invariant, edits, run_cases};
use runner_sql::Sql;

#[test]
fn cases() {
    run_cases::<Sql>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
}

type Params<'a> = &'a [(&'a str, &'a str)];

fn found(params: Params<'_>, input: &[u8]) -> Result<Vec<Edit>, String> {
    edits::<Sql>(params, input, &Cut::default())
}

/// The dialect of a case by its name.
fn dialect(name: &str) -> &'static str {
    if name.starts_with("postgres") { "postgresql" } else { "mysql" }
}

/// Of a file that is cut short, nothing is changed, or what lies in it is
/// changed as in the whole file.
#[test]
fn a_file_cut_short_is_an_error_or_a_part_of_the_whole() {
    let samples: [(&str, Params<'_>); 4] = [
        ("postgres-copy", &[("mask", "users.email"), ("delete-rows", "users.id=3")]),
        ("postgres-inserts", &[("mask", "users.email"), ("set", "users.\"full name\"=it's")]),
        ("mysql-extended", &[("mask", "users.email"), ("hash", "users.data"), ("key", "k")]),
        ("mysql-delete-rows", &[("delete-rows", "users.email~example"), ("null", "users.data")]),
    ];
    for (name, params) in samples {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name).join("input");
        let input = fs::read(&path).expect("a case");
        let params = [params, &[("missing", "ok"), ("dialect", dialect(name))]].concat();
        let whole = found(&params, &input).expect("a valid file");
        let mut errors = 0;
        for length in 0..input.len() {
            match found(&params, &input[..length]) {
                Ok(part) => {
                    assert!(whole.starts_with(&part), "{name} up to {length}: {part:?}\nfrom {whole:?}")
                }
                Err(_) => errors += 1,
            }
        }
        assert!(errors > 100, "{name}: only {errors} errors");
    }
}

/// Pieces that mean something, in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "INSERT INTO users VALUES (",
        "INSERT INTO `users` (id, email) VALUES\n(",
        "1",
        "'a'",
        "'",
        "\"",
        "`",
        "\\",
        "''",
        ", ",
        "),(",
        ");\n",
        ")",
        "(",
        ";",
        "NULL",
        "E'",
        "$$",
        "$a$",
        "-- x\n",
        "/*",
        "*/",
        "/*!40101 ",
        "#",
        "\n",
        "COPY users (id, email) FROM stdin;\n",
        "1\ta\n",
        "\\.\n",
        "\\N",
        "\t",
        "DELIMITER ;;\n",
        ";;",
        "DELIMITER ;\n",
        "CREATE TABLE users (id int, email text);\n",
        "_binary 'x'",
        "0x61",
        "'x'::text",
        "lower('A')",
        "SET sql_mode='ANSI';",
        "CREATE FUNCTION f() BEGIN ATOMIC ",
        "END",
        "e",
        "CREATE TRIGGER ",
        "-",
        "é",
    ]);
    prop::collection::vec(piece, 0..14)
        .prop_map(|pieces| format!("CREATE TABLE users (id int, email text);\n{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_cut_does_not_matter(text in soup(), dialect in prop::sample::select(vec!["postgresql", "mysql", "sqlite"])) {
        for params in [
            &[("mask", "users.email"), ("dialect", dialect)][..],
            &[("delete-rows", "*.email=a"), ("dialect", dialect), ("null", "users.id")],
        ] {
            assert_split_invariant::<Sql>(params, text.as_bytes());
        }
    }

    /// A masked value in each dialect is the value itself, and nothing around it.
    #[test]
    fn only_the_value_changes(value in "[a-zé'\\\\\"\n\t;,()$-]{0,12}", others in "[a-z;,()]{0,6}") {
        for (dialect, escaped) in [
            ("postgresql", value.replace('\'', "''")),
            ("mysql", value.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n")),
            ("sqlite", value.replace('\'', "''")),
        ] {
            let text = |value: &str| {
                format!("CREATE TABLE t (a text, b text, c int);\nINSERT INTO t VALUES ('{others}','{value}',-1),\n('', NULL, 2);\n")
            };
            let params = [("mask", "t.b"), ("dialect", dialect)];
            let output = runner_plugin::testing::edit::<Sql>(&params, text(&escaped).as_bytes());
            let expected = text(&"*".repeat(value.len())).into_bytes();
            prop_assert_eq!(output.map_err(TestCaseError::fail)?, expected);
        }
    }
}

/// A comment at the end of a file does not end its statement.
#[test]
fn a_comment_in_the_last_statement_is_part_of_it() {
    let text = "CREATE TABLE t (a text);\nCREATE VIEW v AS SELECT -- x\nINSERT INTO t VALUES ('a')";
    let params = [("mask", "t.a"), ("dialect", "postgresql")];
    assert_eq!(found(&params, text.as_bytes()), Ok(Vec::new()));
}
