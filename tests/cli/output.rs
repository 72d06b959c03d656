//! What is printed, and where to: `--json`, parameters from files, several
//! files, completions and the manual.

use std::fs;

use runner_tests::{Ran, Scratch, has, kill, runner, skip};
use serde_json::Value;

const OPTIONS: [&str; 4] = ["--set", "find=abc", "--set", "with=xyz"];

fn run(args: &[&str]) -> Ran {
    runner(args.iter().chain(&OPTIONS))
}

/// Every line is an object with an `event`; nothing is on standard error.
#[track_caller]
fn events(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.stderr, "");
    let parse = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let events: Vec<_> = ran.text().lines().map(parse).collect();
    assert!(events.iter().all(|event| event["event"].is_string()), "{events:?}");
    // Told once a second, and when the machine is short of memory: chance.
    let chance = |event: &Value| event["event"] == "progress" || event["event"] == "workers";
    events.into_iter().filter(|event| !chance(event)).collect()
}

#[track_caller]
fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn json_tells_what_was_done() {
    let scratch = Scratch::new();
    let (old, new) = ("abc\nabc", "xyz\nxyz");
    let file = scratch.write("file", old);
    let file = file.to_str().unwrap();
    let patch = scratch.path("patch");
    let check = |event: &Value| {
        assert_eq!(event["file"], file);
        assert_eq!(event["edits"], 2);
        assert_eq!((&event["old_bytes"], &event["new_bytes"]), (&6.into(), &6.into()));
        assert_eq!((&event["pre_size"], &event["post_size"]), (&7.into(), &7.into()));
        assert_eq!(event["pre_root"], *blake3::hash(old.as_bytes()).to_hex());
        assert_eq!(event["post_root"], *blake3::hash(new.as_bytes()).to_hex());
        assert_eq!(event["plan"]["strategy"], "in-place");
        assert!(event["plan"]["write_bytes"].is_u64() && event["plan"]["space_bytes"].is_u64());
        assert!(event["seconds"].is_f64());
    };
    for options in ["--dry-run", "--check"] {
        let ran = run(&["apply", "replace", file, "--json", options]);
        assert_eq!(ran.code, i32::from(options == "--check"));
        let events = events(&ran);
        assert_eq!(names(&events), ["would-apply"]);
        check(&events[0]);
    }
    let planned = events(&run(&["plan", "replace", file, "--json", "-o", patch.to_str().unwrap()]).ok());
    assert_eq!(names(&planned), ["planned", "saved"]);
    check(&planned[0]);
    assert_eq!(planned[1]["patch"], patch.to_str().unwrap());
    assert_eq!(planned[1]["bytes"], fs::metadata(&patch).unwrap().len());

    let shown = events(&runner!["show", &patch, "--format", "json"].ok());
    assert_eq!(names(&shown), ["patch", "edit", "edit"]);
    assert_eq!(shown[0]["header"]["plugin"]["name"], "replace");
    assert_eq!(shown[2]["start"], 4);
    assert_eq!((&shown[2]["old"], &shown[2]["new"]), (&"616263".into(), &"78797a".into()));

    let applied = events(&run(&["apply", "replace", file, "--json"]).ok());
    assert_eq!(names(&applied), ["applied"]);
    check(&applied[0]);
    assert!(["direct", "evicted", "cached"].contains(&applied[0]["verified"].as_str().unwrap()));
    assert_eq!(fs::read_to_string(file).unwrap(), new);

    let undone = events(&runner!["undo", &patch, file, "--json"].ok());
    assert_eq!(names(&undone), ["applied"]);
    assert_eq!(undone[0]["post_root"], *blake3::hash(old.as_bytes()).to_hex());
    let patched = events(&runner!["patch", &patch, file, "--json"].ok());
    assert_eq!(names(&patched), ["applied"]);
    check(&patched[0]);
    assert_eq!(fs::read_to_string(file).unwrap(), new);
}

#[test]
fn json_tells_what_was_recovered() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    let file = scratch.path("file");
    for (options, action, left) in [
        (&["--json"][..], "rolled-forward", "xyz\nxyz"),
        (&["--json", "--rollback"], "rolled-back", "abc\nabc"),
    ] {
        fs::write(&file, "abc\nabc").unwrap();
        kill::at_first_write(&file, &OPTIONS);
        let args = ["recover", file.to_str().unwrap()];
        let recovered = events(&runner(args.iter().chain(options)).ok());
        assert_eq!(names(&recovered), ["recovered"]);
        let event = &recovered[0];
        assert_eq!(event["file"], file.to_str().unwrap());
        assert_eq!(event["action"], action);
        assert_eq!(event["root"], *blake3::hash(left.as_bytes()).to_hex());
        assert_eq!(event["size"], 7);
        assert!(["direct", "evicted", "cached"].contains(&event["verified"].as_str().unwrap()));
        let journal = event["removed"][0].as_str().unwrap();
        assert!(journal.starts_with(&format!("{}.runner-journal", file.display())), "{event}");
        assert_eq!(fs::read_to_string(&file).unwrap(), left);
        // Now there is nothing left to do.
        let again = events(&runner!["recover", &file, "--json"].ok());
        assert_eq!((&again[0]["action"], &again[0]["root"]), (&"nothing".into(), &Value::Null));
    }
    let missing = scratch.path("missing");
    let failed = events(&runner!["recover", &missing, "--json"]);
    assert_eq!(names(&failed), ["error"]);
}

#[test]
fn json_tells_what_went_wrong() {
    let scratch = Scratch::new();
    let missing = scratch.path("missing");
    let missing = missing.to_str().unwrap();
    for command in
        [&["apply", "replace", missing, "--json"][..], &["plan", "replace", missing, "--json", "-o", "x"]]
    {
        let ran = run(command);
        assert_eq!(ran.code, 2);
        let events = events(&ran);
        assert_eq!(names(&events), ["error"]);
        assert_eq!(events[0]["exit_code"], 2);
        assert_eq!(events[0]["error"], format!("cannot open {missing}"));
        assert!(events[0]["causes"][0].as_str().unwrap().starts_with("No such file or directory"));
        assert!(events[0]["hints"].is_array());
    }
    // There is room for one of them on standard output.
    let ran = run(&["apply", "replace", missing, "--json", "-o", "-"]);
    assert_eq!(ran.code, 2);
    assert_eq!(events(&ran)[0]["error"], "`-o -` and `--json` both write to standard output");
    // Log lines too; escape codes are gone.
    let (file, guest) = (scratch.write("file", "abc"), scratch.guest("log-bomb"));
    let ran = runner!["apply", &guest, &file, "--json"].ok();
    let events = events(&ran);
    let (last, logs) = events.split_last().unwrap();
    assert_eq!(last["event"], "applied");
    assert!(logs.iter().all(|log| log["event"] == "log" && log["level"] == "warn"));
    assert!(!ran.text().contains('\u{1b}') && !ran.text().contains("\\u001b"), "escape codes are gone");
    assert!(logs[0]["message"].as_str().unwrap().contains("said by the guest"));
}

#[test]
fn parameters_come_from_a_file_and_the_command_line() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "Abc 1 abc 2\n");
    let file = file.to_str().unwrap();
    let params = scratch.write("params.toml", "find = 'abc'\nwith = \"in the file\"\nignore-case = true\n");
    let with = |options: &[&str]| {
        let args = ["apply", "replace", file, "-o", "-", "--params", params.to_str().unwrap()];
        runner(args.iter().chain(options)).ok().text()
    };
    assert_eq!(with(&[]), "in the file 1 in the file 2\n");
    assert_eq!(with(&["--set", "with=x"]), "x 1 x 2\n");
    assert_eq!(with(&["--set", "with=y=z"]), "y=z 1 y=z 2\n");
    assert_eq!(with(&["--set", "ignore-case=false", "--set", "with="]), "Abc 1  2\n");
}

#[test]
fn one_bad_file_does_not_keep_the_others_back() {
    let scratch = Scratch::new();
    let [first, bad, last] = ["first", "bad", "last"].map(|name| scratch.write(name, "abc\n"));
    fs::remove_file(&bad).unwrap();
    let missing = scratch.path("missing");
    let args = ["apply", "replace"].map(std::path::Path::new);
    let files = [first.as_path(), &bad, &missing, &last];
    let args = args.iter().chain(&files).map(|path| path.to_str().unwrap());
    let args: Vec<_> = args.collect();
    // Of two kinds of failure, the first one counts.
    fs::create_dir(&bad).unwrap();
    let ran = run(&args);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    for file in [&first, &last] {
        assert_eq!(fs::read_to_string(file).unwrap(), "xyz\n");
    }
    for what in ["bad is a directory", "cannot open", "missing", "first: 1 edit,", "last: 1 edit,"] {
        assert!(ran.stderr.contains(what), "{}", ran.stderr);
    }
    assert_eq!(ran.stderr.matches("error: ").count(), 2, "{}", ran.stderr);

    // `--check` sees all files, and an error counts more than a change.
    fs::write(&last, "abc\n").unwrap();
    let (first, last) = (first.to_str().unwrap(), last.to_str().unwrap());
    assert_eq!(run(&["apply", "replace", "--check", first, last]).code, 1);
    assert_eq!(run(&["apply", "replace", "--check", last, first]).code, 1);
    assert_eq!(run(&["apply", "replace", "--check", first]).code, 0);
    assert_eq!(run(&["apply", "replace", "--check", last, missing.to_str().unwrap()]).code, 2);
    let ran = run(&["apply", "replace", "--json", missing.to_str().unwrap(), last]);
    assert_eq!(ran.code, 2);
    let mut events: Vec<_> = names(&events(&ran)).into_iter().map(str::to_owned).collect();
    events.sort();
    assert_eq!(events, ["applied", "error"]);

    // A file that is named twice is simply done twice.
    fs::write(last, "abc\n").unwrap();
    run(&["apply", "replace", last, last]).ok().says("nothing to change");
}

/// The text round an edit is that of the file the patch was made for, or not
/// shown at all.
#[test]
fn no_text_is_shown_of_a_file_that_has_changed() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "before abc behind\n");
    let patch = scratch.path("patch");
    run(&["plan", "replace", file.to_str().unwrap(), "-o", patch.to_str().unwrap()]).ok();
    let show = || runner!["show", &patch].ok().text();
    let shown = show();
    assert!(shown.contains("- before abc behind\n+ before xyz behind\n"), "{shown}");
    fs::write(&file, "others abc others\n").unwrap();
    let shown = show();
    assert!(shown.contains("- abc\n+ xyz\n"), "{shown}");
    assert!(shown.contains("depends on the file, which is missing or has changed"), "{shown}");
}

#[test]
fn secrets_are_not_shown() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "bob@example.com\n");
    let patch = scratch.path("patch");
    let args = ["plan", "redact", file.to_str().unwrap(), "-o", patch.to_str().unwrap()];
    let secret = ["--set", "style=hash", "--set", "key=hunter2hunter2"];
    let mut said = runner(args.iter().chain(&secret)).ok().stderr;
    said += &runner!["show", &patch].ok().text();
    said += &runner!["show", &patch, "--format", "json"].ok().text();
    said += &String::from_utf8_lossy(&fs::read(&patch).unwrap());
    assert!(said.contains("key = (secret)"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn completions_and_the_manual_are_there() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = runner!["completions", shell].ok().text();
        assert!(script.contains("runner") && script.contains("recover"), "{shell}: {script}");
    }
    let manual = runner!["man"].ok().text();
    assert!(manual.starts_with(".ie") || manual.starts_with(".TH"), "{manual}");
    for page in [
        "apply",
        "overwrite",
        "append",
        "truncate",
        "plan",
        "show",
        "patch",
        "undo",
        "recover",
        "verify",
        "pipe",
        "plugin-list",
        "plugin-inspect",
    ] {
        assert!(manual.contains(&format!("\n.TH runner-{page} 1 ")), "{page}");
    }
    for args in [&["--help"][..], &["apply", "--help"], &["--version"], &["plugin", "list"]] {
        assert!(!runner(args).ok().stdout.is_empty());
    }
    for plugin in ["bytes", "csv", "json", "newline", "redact", "replace", "sql"] {
        assert!(runner!["plugin", "inspect", plugin].ok().text().starts_with(plugin));
        assert!(runner!["plugin", "list"].ok().text().contains(plugin));
    }
}

/// What is printed would be lost, and the exit code would not say so.
#[test]
fn without_a_standard_output_nothing_is_printed_to_it() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc\n");
    let before = scratch.snapshot();
    let closed = |args: &[&str]| {
        let mut shell = runner_tests::program("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" >&- </dev/null", runner_tests::binary()]).args(args);
        Ran::of(shell.output().unwrap())
    };
    let name = file.to_str().unwrap();
    let apply = [&["apply", "replace", name][..], &OPTIONS].concat();
    let pipe = [&["pipe", "replace"][..], &OPTIONS].concat();
    let elsewhere = [&apply[..], &["-o", "-"]].concat();
    let json = [&apply[..], &["--json"]].concat();
    let looked = [&apply[..], &["--dry-run"]].concat();
    for args in [&pipe[..], &elsewhere, &json, &looked, &["verify", name], &["plugin", "list"]] {
        closed(args).fails(2, "standard output is closed");
        assert_eq!(before, scratch.snapshot());
    }
    // This one prints nothing there.
    closed(&apply).ok();
    assert_eq!(fs::read(&file).unwrap(), b"xyz\n");
}

/// Help, too, is output that may be lost, unless its reader has gone away.
#[test]
fn help_that_cannot_be_printed_is_an_error() {
    let shell = |script: &str, args: &[&str]| {
        let mut shell = runner_tests::program("bash");
        shell.args(["-c", script, runner_tests::binary()]).args(args);
        Ran::of(shell.output().unwrap())
    };
    for args in [&["--help"][..], &["--version"], &["help", "apply"], &["apply", "--help"], &["man"]] {
        shell("exec \"$0\" \"$@\" >/dev/full", args).fails(2, "cannot write to standard output");
        shell("exec \"$0\" \"$@\" >&-", args).fails(2, "standard output is closed");
        let unread = shell("\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}", args);
        assert_eq!(unread.ok().stderr, "");
    }
}

/// Nothing to read is not the same as no input.
#[test]
fn without_a_standard_input_pipe_is_refused() {
    let closed = |redirection: &str| {
        let mut shell = runner_tests::program("sh");
        shell.args(["-c", &format!("exec \"$0\" \"$@\" {redirection}"), runner_tests::binary()]);
        Ran::of(shell.args(["pipe", "replace"]).args(OPTIONS).output().unwrap())
    };
    let ran = closed("<&-").fails(2, "standard input is closed");
    assert!(ran.stdout.is_empty());
    assert!(closed("</dev/null").ok().stdout.is_empty());
}

/// The result would be written into what is being read.
#[test]
fn the_input_is_no_output() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc abc\n".repeat(10_000));
    fs::hard_link(&file, scratch.path("other name")).unwrap();
    let before = scratch.snapshot();
    let run = |args: &[&str], redirections: &str| {
        // A run that reads its own output would not end.
        let script = format!("ulimit -f 1048576; exec \"$0\" \"$@\" {redirections}");
        let mut shell = runner_tests::program("sh");
        shell.args(["-c", &script, runner_tests::binary()]).args(args).args(OPTIONS);
        Ran::of(shell.current_dir(scratch.dir()).output().unwrap())
    };
    for redirection in [">> file", "1<> file", ">> 'other name'"] {
        for out in ["-", "/dev/stdout"] {
            let ran = run(&["apply", "replace", "file", "-o", out], redirection);
            ran.fails(2, "is both input and output").says("nothing was written");
        }
        let ran = run(&["pipe", "replace"], &format!("< file {redirection}"));
        ran.fails(2, "are the same file").says("nothing was written");
        assert_eq!(before, scratch.snapshot());
    }
    // The same device of characters is something else.
    run(&["pipe", "replace"], "< /dev/null > /dev/null").ok();
}

/// A plugin fails on the second of three files: the error says on which.
#[test]
fn an_error_of_a_plugin_names_the_file() {
    let scratch = Scratch::new();
    let files = ["good", "bad", "fine"].map(|name| scratch.write(name, "a,b\n1,2\n"));
    fs::write(&files[1], "a,b\n1,\"2\n").unwrap();
    let args = ["apply", "csv", "--set", "mask=b"];
    let bad = files[1].to_str().unwrap();
    let names = || files.iter().map(|file| file.to_str().unwrap());
    let text = runner(args.into_iter().chain(names()));
    assert_eq!(text.code, 3);
    text.says(&format!("error: {bad}: plugin `csv` failed"));
    for given in [vec![bad], names().collect()] {
        let ran = runner(args.into_iter().chain(["--json"]).chain(given));
        assert_eq!(ran.code, 3);
        let errors: Vec<_> = events(&ran).into_iter().filter(|event| event["event"] == "error").collect();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0]["file"], bad);
    }
    let plan = ["plan", "csv", "--set", "mask=b", "-o", "p", "--json", bad];
    assert_eq!(events(&runner(plan))[0]["file"], bad);
}

/// Who reads what is done may go; what is done, and the exit code, stay.
#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc\n");
    let name = file.to_str().unwrap();
    let code = |args: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = runner_tests::command();
        command.args(args).stdout(writer.try_clone().unwrap()).stderr(writer);
        command.status().unwrap().code()
    };
    let apply = [&["apply", "replace", name][..], &OPTIONS].concat();
    for (options, expected) in [(&["--check"][..], 1), (&["--check", "--json"], 1), (&["--dry-run"], 0)] {
        assert_eq!(code(&[&apply[..], options].concat()), Some(expected), "{options:?}");
    }
    assert_eq!(code(&apply), Some(0));
    assert_eq!(fs::read(&file).unwrap(), b"xyz\n");
    assert_eq!(code(&[&apply[..], &["--require-edits"]].concat()), Some(1));
}
