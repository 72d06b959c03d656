//! Errors of each kind, with their causes, hints and exit codes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use runner_sandbox::plugin::bundled;
use runner_tests::{has, kill, skip};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::Session;

const REPLACE: [&str; 5] = ["replace", "--set", "find=foo", "--set", "with=bar"];
const LONGER: [&str; 5] = ["replace", "--set", "find=foo", "--set", "with=foobar"];

fn session() -> Session {
    let session = Session::new();
    session.write("f.txt", "a foo\n");
    session
}

fn apply<'a>(edit: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["apply"], edit, more].concat()
}

#[test]
fn usage() {
    let mut session = session();
    fs::create_dir(session.scratch.path("directory")).unwrap();
    mknodat(CWD, session.scratch.path("fifo"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    for (name, args) in [
        ("missing-file", apply(&REPLACE, &["missing.txt"])),
        ("directory", apply(&REPLACE, &["directory"])),
        ("fifo", apply(&REPLACE, &["fifo"])),
        ("standard-input", apply(&REPLACE, &["-"])),
        ("unknown-plugin", apply(&["replce", "--set", "find=a"], &["f.txt"])),
        ("unknown-parameter", apply(&["replace", "--set", "fnd=a"], &["f.txt"])),
        ("missing-parameter", apply(&["replace"], &["f.txt"])),
        ("parameter-twice", apply(&REPLACE, &["--set", "find=b", "f.txt"])),
        ("bad-value", apply(&REPLACE, &["--set", "regex=perhaps", "f.txt"])),
        ("bad-expression", apply(&["replace", "--set", "find=a(b", "--set", "regex=true"], &["f.txt"])),
        ("unknown-option", apply(&REPLACE, &["--drry-run", "f.txt"])),
        ("no-command", vec![]),
        ("bad-size", apply(&REPLACE, &["--window", "12Q", "f.txt"])),
        ("diff-without-dry-run", apply(&REPLACE, &["--diff", "f.txt"])),
        ("bad-root", apply(&REPLACE, &["--expect", "12", "f.txt"])),
        ("bad-root-to-verify", vec!["verify", "--root", "zz", "f.txt"]),
        ("bad-suffix", apply(&REPLACE, &["--backup", "/x", "f.txt"])),
        ("no-patch-file", vec!["show", "missing.patch"]),
        ("fifo-as-patch", vec!["patch", "fifo", "f.txt"]),
        ("no-directory", apply(&REPLACE, &["f.txt", "-o", "nowhere/g.txt"])),
        ("kernel-file", apply(&REPLACE, &["/proc/version"])),
        ("large-timeout", apply(&REPLACE, &["--timeout", "1e300", "f.txt"])),
    ] {
        session.run(&args).is(&format!("error-usage-{name}"));
    }
}

#[test]
fn plugin() {
    let mut session = session();
    session.write("text.wasm", "this is no module\n");
    let csv = bundled::ALL[0].bytes;
    session.write("cut.wasm", &csv[..csv.len() / 2]);
    session.write("component.wasm", b"\0asm\x0d\0\x01\0\xff\xff\xff");
    for guest in
        ["trap", "spin-transform", "memory-bomb", "no-contract", "old-contract", "bad-error", "wordy"]
    {
        session.scratch.guest(guest);
    }
    for (name, plugin, more) in [
        ("not-wasm", "text.wasm", &[][..]),
        ("trap", "trap.wasm", &[]),
        ("timeout", "spin-transform.wasm", &["--timeout", "0.2"]),
        ("memory", "memory-bomb.wasm", &[]),
        ("cut", "cut.wasm", &[]),
        ("damaged-component", "component.wasm", &[]),
        ("hardly-any-memory", "newline", &["--memory", "1"]),
        ("no-contract", "no-contract.wasm", &[]),
        ("old-contract", "old-contract.wasm", &[]),
        ("own-words", "bad-error.wasm", &[]),
        // One worker, whose share of the memory is not the tighter limit.
        ("long-answer", "wordy.wasm", &["-j", "1", "--memory-total", "2G"]),
    ] {
        session.run(&[&["apply", plugin, "f.txt"], more].concat()).is(&format!("error-plugin-{name}"));
    }
}

#[test]
fn refused() {
    let mut first = session();
    first.run(&apply(&REPLACE, &["f.txt", "-o", "g.runner-journal"])).is("error-refused-reserved-name");
    first.run(&[&["plan"], &REPLACE[..], &["f.txt", "-o", "p"]].concat());
    first.printed.clear();
    first.run(&apply(&REPLACE, &["p"])).is("error-refused-patch-file");
    first.write("h.runner-journal", "no journal\n");
    first.run(&apply(&REPLACE, &["h.runner-journal"])).is("error-refused-reserved-name-of-no-journal");
    // Of another key.
    fs::copy(first.scratch.path("p"), first.scratch.path("f.txt.runner-journal")).unwrap();
    first.run(&["recover", "f.txt"]).is("error-refused-journal");

    let mut second = session();
    fs::hard_link(second.scratch.path("f.txt"), second.scratch.path("other.txt")).unwrap();
    second.run(&apply(&LONGER, &["--strategy", "rewrite", "f.txt"])).is("error-refused-hard-links");

    let mut third = session();
    fs::set_permissions(third.scratch.path("f.txt"), PermissionsExt::from_mode(0o4755)).unwrap();
    third.run(&apply(&REPLACE, &["f.txt"])).is("error-refused-privileges");
}

#[test]
fn policies() {
    let mut session = session();
    let mut with = |policy: &str, args: &[&str], name: &str| {
        session.write("runner-policy.toml", policy);
        session.run(args).is(&format!("error-policy-{name}"));
    };
    let usual = apply(&REPLACE, &["f.txt"]);
    with("signed-by = 'acme'\nsinged-by = 'acme'\n", &usual, "misspelt");
    with("[[rule]]\nfor-files = 'srv/**'\n", &usual, "path");
    with("vetted = { by = [] }\n", &usual, "nobody");
    with("\n[[rule]]\nrefuse-bundled = true\n", &usual, "bundled");
    with("lists = ['security']\n", &usual, "unknown-list");
    with("max-memory = '1M'\n", &apply(&REPLACE, &["f.txt", "--memory", "2M"]), "memory");
    with("capabilities = []\n", &apply(&REPLACE, &["f.txt", "--seed", "1"]), "seed");
}

#[test]
fn verification() {
    let mut session = session();
    let zeros = "0".repeat(64);
    session.run(&apply(&REPLACE, &["--expect", &zeros, "f.txt"])).is("error-verification-expect");
    session.run(&["verify", "f.txt", "--root", &zeros]).is("error-verification-root");
    session.run(&[&["plan"], &REPLACE[..], &["f.txt", "-o", "p"]].concat());
    session.printed.clear();
    session.write("g.txt", "b foo\n");
    session.run(&["patch", "p", "g.txt"]).is("error-verification-another-file");
    session.run(&["verify", "g.txt", "--patch", "p"]).is("error-verification-neither-side");
    session.run(&["undo", "p", "f.txt"]).is("error-verification-undone-already");
    let patch = fs::read(session.scratch.path("p")).unwrap();
    session.write("torn", &patch[..patch.len() - 5]);
    session.run(&["show", "torn"]).is("error-verification-torn-patch");
    let mut bad = patch;
    bad[40] ^= 1;
    session.write("bad", bad);
    session.run(&["show", "bad"]).is("error-verification-damaged-patch");
    session.write("text", "no patch\n");
    session.run(&["show", "text"]).is("error-verification-not-a-patch");
}

#[test]
fn recovery_needed() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let mut session = session();
    let file = session.scratch.path("f.txt");
    kill::at_first_write(&file, &REPLACE[1..]);
    session.run(&apply(&REPLACE, &["f.txt"])).is("error-recovery-journal");
    // Outside of the edit.
    fs::write(&file, "b foo\n").unwrap();
    session.run(&["recover", "f.txt"]).is("error-recovery-does-not-fit");
    let journal = runner_tests::sidecars(&file).journal;
    let bytes = fs::read(journal.path()).unwrap();
    fs::write(journal.path(), &bytes[..bytes.len() - 5]).unwrap();
    session.run(&["recover", "f.txt"]).is("error-recovery-torn-journal");
}
