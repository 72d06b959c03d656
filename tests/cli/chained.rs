//! Several bundled plugins in one pass: what comes out is what one run after the
//! other makes.

use std::fs;

use proptest::prelude::*;
use runner_tests::{Ran, Random, Scratch, runner};
use serde_json::Value;

/// A plugin and its parameters.
type Step = (&'static str, &'static [&'static str]);

const STEPS: [Step; 9] = [
    ("newline", &["to=lf"]),
    ("newline", &["to=crlf"]),
    ("redact", &[]),
    ("redact", &["style=hash", "key=a key of some length"]),
    ("replace", &["find=foo", "with=bar@foo.com"]),
    ("replace", &["find=[0-9]+", "regex=true", "with="]),
    ("replace", &["delete-lines=^#"]),
    ("replace", &["insert-before=# before 10.0.0.1", "lines=foo"]),
    ("json", &["mask=$.user", "lines=true", "check=false"]),
];

fn list(steps: &[Step]) -> String {
    steps.iter().map(|step| step.0).collect::<Vec<_>>().join(",")
}

/// The parameters, with the number of the plugin if there are several.
fn sets(steps: &[Step]) -> Vec<String> {
    let of = |(index, step): (usize, &Step)| {
        let number = if steps.len() > 1 { format!("{}.", index + 1) } else { String::new() };
        step.1.iter().flat_map(move |set| ["--set".to_owned(), format!("{number}{set}")]).collect::<Vec<_>>()
    };
    steps.iter().enumerate().flat_map(of).collect()
}

fn run(command: &[&str], steps: &[Step], options: &[&str]) -> Ran {
    let (list, sets) = (list(steps), sets(steps));
    let [command, file] = command else { panic!("a command and a file") };
    let args = [*command, &list, *file].into_iter().chain(sets.iter().map(String::as_str));
    runner(args.chain(options.iter().copied()))
}

fn text(parts: &[(usize, usize)], seed: u64) -> Vec<u8> {
    const LINES: [&str; 8] = [
        "# a comment with foo\r\n",
        "mail a@bc.de foo, call 10.1.2.3 foo\n",
        "\r\n",
        "{\"user\": \"foo\", \"n\": 12}\n",
        "#\n",
        "foo foo 4111 1111 1111 1111\r\n",
        "plain\n",
        "1234\n",
    ];
    let mut random = Random(seed | 1);
    let mut out = Vec::new();
    for &(kind, lines) in parts {
        for _ in 0..lines {
            let line = if kind < LINES.len() { kind } else { random.below(LINES.len() as u64) as usize };
            out.extend_from_slice(LINES[line].as_bytes());
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn one_pass_does_what_runs_in_turn_do(
        steps in prop::collection::vec(prop::sample::select(STEPS.to_vec()), 2..4),
        parts in prop::collection::vec((0_usize..12, prop_oneof![3 => 1_usize..200, 1 => 30_000_usize..60_000]), 1..4),
        (seed, is_cut) in (any::<u64>(), any::<bool>()),
    ) {
        let mut content = text(&parts, seed);
        if is_cut {
            content.truncate(content.len() - 1);
        }
        let scratch = Scratch::in_memory();
        let (file, turn, saved) = (scratch.write("f", &content), scratch.write("turn", &content), scratch.path("p"));
        let (file, turn, saved) = (file.to_str().unwrap(), turn.to_str().unwrap(), saved.to_str().unwrap());
        for step in &steps {
            let ran = run(&["apply", turn], &[*step], &[]);
            if ran.code != 0 {
                // What one cannot read, it cannot read here either.
                prop_assert_eq!(run(&["apply", file], &steps, &[]).code, ran.code);
                prop_assert!(fs::read(file).unwrap() == content);
                return Ok(());
            }
        }
        let mut first: Option<Vec<u8>> = None;
        for (window, jobs) in [("64K", "1"), ("64K", "3"), ("1M", "2"), ("4M", "2")] {
            run(&["plan", file], &steps, &["-o", saved, "--window", window, "-j", jobs]).ok();
            let patch = fs::read(saved).unwrap();
            prop_assert!(first.is_none_or(|first| first == patch), "{:?}: another patch with {window}, {jobs}", steps);
            first = Some(patch);
            fs::remove_file(saved).unwrap();
        }
        run(&["apply", file], &steps, &["--undo", saved]).ok();
        prop_assert!(fs::read(file).unwrap() == fs::read(turn).unwrap(), "{:?}", steps);
        // Without a change, there is nothing to undo.
        if fs::read(file).unwrap() != content {
            runner!["undo", saved, file].ok();
        }
        prop_assert!(fs::read(file).unwrap() == content);
    }
}

#[test]
fn a_table_can_be_read_by_rows_and_by_lines() {
    let scratch = Scratch::new();
    let content = "name,mail\nann,\"a foo\r\nb\"\nbob,foo\r\n";
    let file = scratch.write("f.csv", content);
    let file = file.to_str().unwrap();
    let steps =
        [("csv", &["mask=name"][..]), ("newline", &[][..]), ("replace", &["find=foo", "with=a b"][..])];
    run(&["apply", file], &steps, &[]).ok();
    assert_eq!(fs::read_to_string(file).unwrap(), "name,mail\n***,\"a a b\nb\"\n***,a b\n");
}

#[test]
fn what_made_a_patch_and_what_it_counted_is_told_of_each() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo 1 bar\r\n");
    let saved = scratch.path("p");
    let (file, saved) = (file.to_str().unwrap(), saved.to_str().unwrap());
    let twice = [
        ("replace", &["find=foo", "with=2"][..]),
        ("newline", &[][..]),
        ("replace", &["find=2", "with=3"][..]),
    ];
    let ran = run(&["plan", file], &twice, &["-o", saved, "--json"]).ok();
    let event: Value = serde_json::from_str(ran.text().lines().next().unwrap()).unwrap();
    let expected = serde_json::json!({ "replace-1.match": 1, "line-end": 1, "replace-3.match": 1 });
    assert_eq!(event["counts"], expected);
    let page = runner!["show", saved].ok().text();
    let plugins: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("plugin    ")).collect();
    let names: Vec<_> = plugins.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["replace", "newline", "replace"]);
    assert!(plugins.iter().all(|line| line.rsplit(' ').next().unwrap().len() == 64), "{page}");
    assert!(
        page.contains("  replace-3.find = \"2\"\n") && page.contains("  newline.to = \"lf\"\n"),
        "{page}"
    );
    assert!(page.contains("+ 3 1 bar\n"), "{page}");
}

#[test]
fn a_parameter_says_for_which_plugin_it_is() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo a@bc.de 10.1.2.3\r\n");
    let file = file.to_str().unwrap();
    let params = scratch.write("p.toml", "[redact]\nkinds = \"email\"\n[replace]\nfind = \"foo\"\n");
    runner![
        "apply",
        "newline,replace,redact",
        file,
        "--params",
        &params,
        "--set",
        "replace.with=x",
        "--set",
        "redact.kinds=ipv4"
    ]
    .ok();
    assert_eq!(fs::read_to_string(file).unwrap(), "x a@bc.de **.*.*.*\n");
    let error = "parameter `find` could be for `replace-1` or `replace-2`";
    runner!["apply", "replace,replace", file, "--set", "find=x"].fails(2, error);
    runner!["apply", "replace,newline", file, "--set", "kinds=x"]
        .fails(2, "none of the plugins `replace`, `newline` has parameter `kinds`");
    runner!["apply", "replace,newline", file, "--set", "newline.find=x"]
        .fails(2, "plugin `newline` has no parameter `find`");
    runner!["apply", "newline,redact", file, "--seed", "1"].fails(2, "none of the plugins takes a seed");
    runner!["apply", "newline,", file].fails(2, "a name is missing in the list of plugins `newline,`");
}

#[test]
fn a_path_with_a_comma_is_one_plugin() {
    let scratch = Scratch::new();
    let plugin = scratch.path("a,b.wasm");
    fs::copy(runner_tests::repository().join("host/sandbox/bundled/newline.wasm"), &plugin).unwrap();
    let file = scratch.write("f", "a\r\n");
    runner!["apply", &plugin, &file].ok();
    assert_eq!(fs::read(&file).unwrap(), b"a\n");
}

#[test]
fn a_stream_goes_through_all_of_them() {
    let content = text(&[(9, 20_000)], 3);
    let all = runner_tests::pipe(&["pipe", "newline,redact", "--window", "64K"], &content).ok().stdout;
    let one = runner_tests::pipe(&["pipe", "newline"], &content).ok().stdout;
    assert!(all == runner_tests::pipe(&["pipe", "redact"], &one).ok().stdout && all != one);
    let args = ["pipe", "replace,redact", "--set", "find=foo", "--set", "replace.with=x"];
    runner_tests::pipe(&args, b"one line\n").fails(2, "plugin `replace` looks across the ends of lines");
}

#[test]
fn plugins_that_do_not_fit_are_refused_and_nothing_is_written() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a,2\n1,3\n");
    runner!["apply", "newline,replace", &file, "--set", "append=x"]
        .fails(2, "plugin `replace` must see the whole file");
    runner!["apply", "replace,newline", &file, "--set", "find=2\n", "--set", "multiline=true"]
        .fails(2, "plugin `replace` removes the end of a record");
    assert_eq!(fs::read(&file).unwrap(), b"a,2\n1,3\n");
}

/// In one record, all edits of each plugin are looked at once.
#[test]
fn a_long_line_with_many_edits() {
    let scratch = Scratch::new();
    let line = |word: &str| format!("{}\n", format!("{word} ").repeat(1 << 20));
    let file = scratch.write("file", line("foo"));
    let name = file.to_str().unwrap();
    let steps: [Step; 2] = [("replace", &["find=foo", "with=bar"]), ("replace", &["find=bar", "with=quux"])];
    run(&["apply", name], &steps, &[]).ok();
    assert!(fs::read(&file).unwrap() == line("quux").into_bytes());
}

/// A plugin that reads text gets none where those before it make something else.
#[test]
fn each_plugin_must_be_able_to_read_what_it_gets() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "XXa,b\n1,2\n");
    let name = file.to_str().unwrap();
    let steps: [Step; 2] =
        [("replace", &["find=XX", "with=\\x1f\\x8b\\x08", "escapes=true"]), ("redact", &[])];
    let before = scratch.snapshot();
    run(&["apply", name], &steps, &[]).fails(4, "this is a gzip file");
    assert_eq!(before, scratch.snapshot());
    run(&["apply", name], &steps, &["--as-is"]).ok();
    // The other way round: only the first one reads the file.
    let file = scratch.write("other", b"\x1f\x8b\x08a\n");
    let name = file.to_str().unwrap();
    let steps: [Step; 2] = [("replace", &["find=a", "with=b"]), ("redact", &[])];
    run(&["apply", name], &steps, &[]).fails(4, "this is a gzip file");
}

/// An error that is about one of several files says which.
#[test]
fn an_error_names_its_file() {
    let scratch = Scratch::new();
    let names = ["one", "two"].map(|name| scratch.write(name, "one foo\ntwo foo\n").display().to_string());
    let sets = ["find=foo\\n", "escapes=true", "multiline=true", "replace.with=_"];
    let mut args = vec!["apply", "replace,redact"];
    args.extend(names.iter().map(String::as_str));
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    let mut ran = runner(args);
    for name in &names {
        ran = ran.says(&format!("error: {name}: plugin `replace` removes the end of a record"));
    }
}
