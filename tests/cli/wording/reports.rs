//! What commands report when all goes well, for people and as JSON.

use std::fs;

use runner_tests::{has, kill, skip};

use super::Session;

const TEXT: &str = "one License\ntwo\nthree License\n";
const REPLACE: [&str; 7] =
    ["replace", "--set", "find=License", "--set", "with=Licence", "--verify", "cached"];
const LONGER: [&str; 7] =
    ["replace", "--set", "find=License", "--set", "with=licence text", "--verify", "cached"];

fn session() -> Session {
    let session = Session::new();
    session.write("f.txt", TEXT);
    session
}

fn with<'a>(command: &'a str, edit: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&[command], edit, more].concat()
}

#[test]
fn apply() {
    for (name, edit, more) in [
        ("apply-in-place", &REPLACE, &["f.txt"][..]),
        ("apply-rewrite", &LONGER, &["f.txt"]),
        ("apply-json", &LONGER, &["f.txt", "--json"]),
        ("apply-undo-and-backup", &REPLACE, &["f.txt", "--undo", "f.undo", "--backup", ".old"]),
        ("apply-dry-run", &LONGER, &["f.txt", "--dry-run"]),
        ("apply-dry-run-diff", &REPLACE, &["f.txt", "--dry-run", "--diff"]),
        ("apply-dry-run-json", &REPLACE, &["f.txt", "--dry-run", "--json"]),
        ("apply-check", &REPLACE, &["f.txt", "--check"]),
        ("apply-output", &REPLACE, &["f.txt", "-o", "out.txt"]),
        ("apply-standard-output", &REPLACE, &["f.txt", "-o", "-"]),
        ("apply-quiet", &REPLACE, &["f.txt", "--quiet"]),
    ] {
        // What is only looked at is not read back.
        let looks = more.iter().any(|option| ["--check", "--dry-run"].contains(option));
        let edit = if looks || more.contains(&"-o") { &edit[..5] } else { &edit[..] };
        session().run(&with("apply", edit, more)).is(name);
    }
}

#[test]
fn apply_to_several_files() {
    for (name, more) in [("apply-several", &[][..]), ("apply-several-json", &["--json"])] {
        let mut session = session();
        session.write("g.txt", "nothing of it\n");
        session.write("h.txt", TEXT);
        let files = [&["f.txt", "g.txt", "missing.txt", "h.txt"], more].concat();
        session.run(&with("apply", &REPLACE, &files)).is(name);
    }
}

#[test]
fn nothing_to_change() {
    let mut session = Session::new();
    session.write("f.txt", "nothing of it\n");
    session.run(&with("apply", &REPLACE, &["f.txt"]));
    session.run(&with("apply", &REPLACE, &["f.txt", "--require-edits"]));
    session.run(&with("apply", &REPLACE[..5], &["f.txt", "--dry-run"]));
    session.is("apply-nothing-to-change");
    session.run(&with("plan", &REPLACE[..5], &["f.txt", "-o", "p"])).is("plan-nothing-to-change");
}

#[test]
fn profile() {
    let mut session = session();
    session.run(&with("apply", &REPLACE, &["f.txt", "--profile", "-j", "1"]));
    // Of each stage, only what it is called and what it says.
    let without_times = |line: &str| {
        let words = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || " .".contains(c));
        let is_stage = line.trim_start().starts_with(|c: char| c.is_ascii_digit());
        if is_stage { format!("  {words}") } else { line.to_owned() }
    };
    // Workers wait for each other, or not.
    let lines = session.printed.lines().map(without_times).filter(|line| !line.starts_with("  wait "));
    let lines = lines.map(|line| match line.strip_prefix("profile of ") {
        Some(_) => "profile of N ms".to_owned(),
        None => line,
    });
    session.printed = lines.collect::<Vec<_>>().join("\n");
    session.is("apply-profile");
}

#[test]
fn patches() {
    let mut session = session();
    session.run(&with("plan", &LONGER[..5], &["f.txt", "-o", "p"])).is("plan");
    session.run(&with("plan", &LONGER[..5], &["f.txt", "-o", "q", "--json"])).is("plan-json");
    session.run(&["show", "p"]).is("show");
    session.run(&["show", "p", "--format", "hex"]).is("show-hex");
    session.run(&["show", "p", "--format", "json"]).is("show-json");
    session.run(&["show", "p", "--diff"]).is("show-diff");
    session.run(&["patch", "p", "f.txt", "--verify", "cached"]).is("patch");
    session.run(&["show", "p"]).run(&["show", "p", "f.txt"]).run(&["show", "p", "--diff"]);
    session.is("show-of-an-applied-patch");
    session.run(&["undo", "p", "f.txt", "--verify", "cached"]).is("undo");
    session.write("f.txt", "something else\n");
    session.run(&["show", "p"]).is("show-of-a-changed-file");
}

#[test]
fn verify() {
    let mut session = session();
    let root = blake3::hash(TEXT.as_bytes()).to_hex();
    session.run(&["verify", "f.txt"]).run(&["verify", "f.txt", "--root", &root]);
    session.run(&with("plan", &LONGER[..5], &["f.txt", "-o", "p"]));
    session.run(&["verify", "f.txt", "--patch", "p"]).is("verify");
}

#[test]
fn pipe() {
    let mut session = Session::new();
    session.pipe(&["pipe", "replace", "--set", "find=License", "--set", "with=Licence"], TEXT.as_bytes());
    session.is("pipe");
}

#[test]
fn recover() {
    let mut session = session();
    session.run(&["recover", "f.txt"]).is("recover-nothing");
    if !has("strace") {
        return skip("strace is missing");
    }
    for (name, more) in [
        ("recover", &[][..]),
        ("recover-rollback", &["--rollback"]),
        // It is shown before it is believed.
        ("recover-trust-journal", &["--trust-journal"]),
    ] {
        fs::write(session.scratch.path("f.txt"), TEXT).unwrap();
        kill::at_first_write(&session.scratch.path("f.txt"), &REPLACE[1..5]);
        session.run(&[&["recover", "f.txt"], more].concat()).is(name);
    }
}

#[test]
fn plugins() {
    let mut session = Session::new();
    session.run(&["plugin", "list"]).is("plugin-list");
    for name in ["bytes", "csv", "newline", "redact", "replace"] {
        session.run(&["plugin", "inspect", name]).is(&format!("plugin-inspect-{name}"));
    }
}
