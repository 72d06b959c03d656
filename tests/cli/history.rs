//! `runner log`: each change is in the history, and only changes are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use runner_tests::{Ran, Scratch, binary, command, has, kill, program, skip};
use serde_json::Value;

const STATE: &str = "state";

fn run(scratch: &Scratch, args: &[&str]) -> Ran {
    let mut command = command();
    command.current_dir(scratch.dir()).env("RUNNER_STATE_DIR", scratch.path(STATE)).args(args);
    Ran::of(command.output().unwrap())
}

fn replace(scratch: &Scratch, find: &str, with: &str, more: &[&str]) -> Ran {
    let set = ["apply", "replace", "--set", &format!("find={find}"), "--set", &format!("with={with}")];
    run(scratch, &[&set[..], more].concat())
}

/// The changes that `runner log --json` lists.
fn changes(scratch: &Scratch, args: &[&str]) -> Vec<Value> {
    let ran = run(scratch, &[&["log", "--json"], args].concat()).ok();
    let events = ran.text();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] != "history").collect()
}

fn text<'e>(events: &'e [Value], key: &str) -> Vec<&'e str> {
    events.iter().map(|event| event[key].as_str().unwrap_or("")).collect()
}

#[test]
fn each_change_is_recorded_and_nothing_else() {
    let scratch = Scratch::new();
    for name in ["a", "b", "c"] {
        scratch.write(name, "one two\n");
    }
    assert_eq!(changes(&scratch, &[]), [] as [Value; 0]);
    replace(&scratch, "one", "two", &["--dry-run", "a"]).ok();
    assert_eq!(replace(&scratch, "one", "two", &["--check", "a"]).code, 1);
    replace(&scratch, "absent", "two", &["a"]).ok();
    assert_eq!(replace(&scratch, "one", "two", &["a", "b", "nowhere"]).code, 2);
    replace(&scratch, "one", "1", &["c", "-o", "d"]).ok();
    run(&scratch, &["plan", "replace", "--set", "find=two", "--set", "with=2", "c", "-o", "patch"]).ok();
    run(&scratch, &["patch", "patch", "c"]).ok();
    run(&scratch, &["undo", "patch", "c"]).ok();
    run(&scratch, &["append", "--text", "more", "b"]).ok();

    let all = changes(&scratch, &[]);
    let mut names: Vec<_> = all
        .iter()
        .map(|event| {
            let file = Path::new(event["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
            let plugin = event["plugin"]["name"].as_str().unwrap();
            format!("{} {file} {plugin}", event["action"].as_str().unwrap())
        })
        .collect();
    // The first two were in flight at the same time.
    names[..2].sort();
    let expected = [
        "apply a replace",
        "apply b replace",
        "apply c replace",
        "patch c replace",
        "undo c replace",
        "apply b bytes",
    ];
    assert_eq!(names, expected);
    assert_eq!(all[2]["output"], scratch.path("d").to_str().unwrap());
    assert_eq!(all[3]["old_root"], all[4]["new_root"]);
    assert_eq!(all[3]["new_size"], 6);
    // The roots are those of the files.
    let root = run(&scratch, &["verify", "b"]).ok().text();
    assert!(root.starts_with(all[5]["new_root"].as_str().unwrap()), "{root}");

    assert_eq!(text(&changes(&scratch, &["b"]), "action"), ["apply", "apply"]);
    assert_eq!(changes(&scratch, &["."]).len(), 6);
    assert_eq!(changes(&scratch, &["d"]).len(), 1);
    assert_eq!(changes(&scratch, &[STATE]).len(), 0);
    assert_eq!(changes(&scratch, &["--plugin", "bytes"]).len(), 1);
    let digest = all[0]["plugin"]["digest"].as_str().unwrap();
    assert_eq!(changes(&scratch, &["--plugin", &digest[..8]]).len(), 5);
    assert_eq!(changes(&scratch, &["--plugin", &digest[..7]]).len(), 0);
    let page = run(&scratch, &["log", "b"]).ok().says("2 of 6 changes").text();
    assert!(
        page.contains("  plugin replace 0.1.0, ")
            && page.contains(
                "  1 edit; 8 bytes
"
            ),
        "{page}"
    );
}

#[test]
fn the_history_says_how_a_plugin_is_undone() {
    let scratch = Scratch::new();
    for name in ["kept", "lost", "saved", "again"] {
        scratch.write(name, "one two\n");
    }
    replace(&scratch, "one", "eins", &["kept", "--undo", "kept.undo"]).ok();
    run(&scratch, &["append", "--text", "x", "kept", "--undo", "later.undo"]).ok();
    replace(&scratch, "one", "eins", &["lost"]).ok();
    replace(&scratch, "one", "eins", &["saved", "--backup", ".old"]).ok();
    replace(&scratch, "one", "eins", &["again", "--undo", "again.undo"]).ok();
    run(&scratch, &["undo", "again.undo", "again"]).ok();

    let steps = changes(&scratch, &["--plugin", "replace", "--undo"]);
    let name = |name: &str| scratch.path(name).to_str().unwrap().to_owned();
    assert_eq!(text(&steps, "file"), [name("kept"), name("kept"), name("lost"), name("saved")]);
    assert_eq!(text(&steps, "patch"), [name("later.undo"), name("kept.undo"), String::new(), String::new()]);
    assert_eq!(text(&steps, "backup")[3], name("saved.old"));
    let page = run(&scratch, &["log", "--plugin", "replace", "--undo"]).ok().text();
    assert!(page.contains("cannot be undone"), "{page}");
    // What it says can be done.
    let commands: Vec<_> = page.lines().filter_map(|line| line.trim().strip_prefix("runner ")).collect();
    assert_eq!(commands.len(), 2, "{page}");
    for line in commands {
        let words: Vec<_> = line.split_whitespace().take_while(|word| *word != "#").collect();
        run(&scratch, &words).ok();
    }
    assert_eq!(fs::read(scratch.path("kept")).unwrap(), b"one two\n");
    assert_eq!(
        text(&changes(&scratch, &["--plugin", "replace", "--undo"]), "file"),
        [name("lost"), name("saved")]
    );
}

#[test]
fn a_recovery_is_recorded_with_its_plugin() {
    for (option, action) in [(None, "roll-forward"), (Some("--rollback"), "roll-back")] {
        let scratch = Scratch::new();
        let file = scratch.write("file", "one\n".repeat(100_000));
        kill::at_first_write(&file, &["--set", "find=one", "--set", "with=two"]);
        let state = runner_tests::state_dir();
        let mut command = command();
        command.arg("recover").args(option).arg(&file);
        Ran::of(command.env("RUNNER_STATE_DIR", &state).output().unwrap()).ok();
        let mut log = runner_tests::command();
        let ran =
            Ran::of(log.args(["log", "--json"]).arg(&file).env("RUNNER_STATE_DIR", &state).output().unwrap())
                .ok();
        let text = ran.text();
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["action"], action);
        assert_eq!(first["plugin"]["name"], "replace");
    }
}

#[test]
fn damage_is_found() {
    let scratch = Scratch::new();
    scratch.write("a", "one\n");
    replace(&scratch, "one", "two", &["a"]).ok();
    replace(&scratch, "two", "one", &["a"]).ok();
    let said = run(&scratch, &["log"]).ok();
    let head = said.stderr.split_whitespace().last().unwrap().to_owned();
    replace(&scratch, "one", "three", &["a"]).ok();
    run(&scratch, &["log", "--head", &head]).ok();
    let path = scratch.path("state/history.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    // The last lines are gone.
    let cut: String = good.split_inclusive('\n').take(1).collect();
    fs::write(&path, cut).unwrap();
    run(&scratch, &["log", "--head", &head]).fails(5, "no line with the hash");
    fs::write(&path, good.replacen("\"edits\":1", "\"edits\":2", 1)).unwrap();
    run(&scratch, &["log"]).fails(5, "line 2: the line does not follow the one before");
}

/// A change is made even if it cannot be recorded, and the user hears of it.
#[test]
fn without_a_history_files_are_still_changed() {
    let scratch = Scratch::new();
    scratch.write("a", "one\n");
    scratch.write("b", "one\n");
    replace(&scratch, "x", "y", &["a"]).ok();
    let path = scratch.write("state/history.jsonl", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = replace(&scratch, "one", "two", &["a", "b"]).ok().says("not recorded in the history");
    assert_eq!(ran.stderr.matches("not recorded").count(), 1);
    assert_eq!(fs::read(scratch.path("b")).unwrap(), b"two\n");
    run(&scratch, &["log"]).fails(4, "history.jsonl");

    let mut off = command();
    off.current_dir(scratch.dir())
        .env("RUNNER_STATE_DIR", scratch.path("other"))
        .env("RUNNER_HISTORY", "off");
    let ran = Ran::of(off.args(["append", "--text", "x", "a"]).output().unwrap()).ok();
    assert!(!ran.stderr.contains("history"), "{}", ran.stderr);
    assert!(!scratch.path("other/history.jsonl").exists());
}

/// When a command ends, what it has recorded is durable.
#[test]
fn the_history_is_synced() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let scratch = Scratch::new();
    scratch.write("a", "one\n");
    replace(&scratch, "absent", "x", &["a"]).ok();
    let mut strace = program("strace");
    strace.args(["-f", "-qq", "-y", "-o", "trace", "-e", "trace=write,fdatasync", "--", binary()]);
    strace.args(["apply", "replace", "--set", "find=one", "--set", "with=two", "a"]);
    strace.current_dir(scratch.dir()).env("RUNNER_STATE_DIR", scratch.path(STATE));
    Ran::of(strace.output().unwrap()).ok();
    let trace = fs::read_to_string(scratch.path("trace")).unwrap();
    let calls: Vec<_> = trace.lines().filter(|line| line.contains("history.jsonl")).collect();
    let names: Vec<_> = calls.iter().map(|line| line.contains("fdatasync(")).collect();
    assert_eq!(names, [false, true], "one write, then a sync: {calls:#?}");
}
