//! Lists and statements that `trust draft` writes and `trust sign` signs: read here, and
//! verified by the programs of others.

use std::fs;
use std::process::Stdio;

use runner_tests::packages::User;
use runner_tests::{Ran, has, program, skip};

use super::{applied, key_line, minisign, run, signed, user, write};

fn draft(user: &User, what: &str, file: &str, more: &[&str]) -> Ran {
    run(user, &[&["trust", "draft", what, file], more].concat())
}

fn revocations(user: &User, more: &[&str]) -> Ran {
    draft(user, "revocations", "l.toml", more)
}

fn sign(user: &User, file: &str, key: &str) -> Ran {
    run(user, &["trust", "sign", file, "--key", key])
}

fn revoke(user: &User) -> Ran {
    run(user, &["trust", "revoke", "l.toml"])
}

/// Whether ssh-keygen accepts a signature of this key over a file.
fn ssh_verifies(user: &User, file: &str, public: &str) -> bool {
    user.scratch.write("allowed", format!("me {}", user.read(public)));
    let ran = program("ssh-keygen")
        .args([
            "-Y",
            "verify",
            "-n",
            "runner-plugin",
            "-f",
            "allowed",
            "-I",
            "me",
            "-s",
            &format!("{file}.sig"),
        ])
        .stdin(Stdio::from(fs::File::open(user.scratch.path(file)).unwrap()))
        .current_dir(user.scratch.dir())
        .output()
        .unwrap();
    ran.status.success()
}

#[test]
fn a_list_is_written_signed_and_extended() {
    if !has("minisign") || !has("ssh-keygen") {
        return skip("minisign or ssh-keygen");
    }
    let user = user();
    user.keys("sec");
    super::minisign_key(&user, "second");
    signed(&user, "a.wasm", "1.2.0", b'2', "sec");
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    let said = revocations(
        &user,
        &["--name", "acme", "--plugin", "acme:guest", "--below", "1.3.0", "--why", "it leaks"],
    )
    .ok()
    .text();
    assert!(said.starts_with("l.toml: the list acme with number 1, which expires at 2"), "{said}");
    assert!(said.contains("\nrevokes acme:guest below 1.3.0: it leaks\n"), "{said}");
    revoke(&user).fails(4, "l.toml is not signed");
    let said = sign(&user, "l.toml", "sec").ok().text();
    assert!(said.starts_with("l.toml.minisig: the list acme with number 1 is signed by RW"), "{said}");
    minisign(&user, &["-Vm", "l.toml", "-p", "sec.pub"]);
    run(&user, &["trust", "add", "sec", "sec.pub", "--for", "acme:*", "--role", "revoke"]).ok();
    revoke(&user).ok();
    applied(&user, "acme:guest")
        .fails(4, "acme:guest@1.2.0 is revoked")
        .says("it leaks (list acme, number 1");
    // The next one, by two people, with a kept content and without the first entry.
    let digest = blake3::hash(&fs::read(user.scratch.path("a.wasm")).unwrap()).to_string();
    let other = blake3::hash(b"other").to_string();
    let said = revocations(&user, &["--digest", &other, "--why", "other", "--keep", &digest]).ok().text();
    assert!(said.contains("with number 2"), "{said}");
    assert!(said.contains(&format!("revokes digest {other}: other\nkeeps digest {digest}\n")), "{said}");
    assert!(!user.scratch.path("l.toml.minisig").exists(), "it was for the list before");
    run(&user, &["trust", "add", "second", "second.pub", "--for", "acme:*", "--role", "revoke"]).ok();
    let group = "\n[[group]]\nname = \"both\"\nkeys = [\"sec\", \"second\"]\nmin = 2\n";
    write(&user, "config/trust.toml", &(user.read("config/trust.toml") + group));
    sign(&user, "l.toml", "sec").ok();
    revoke(&user).fails(4, "sec has signed it, and its group demands more");
    let said = sign(&user, "l.toml", "second").ok().text();
    assert!(said.starts_with("l.toml.2.minisig: ") && said.ends_with("it has 2 signatures now\n"), "{said}");
    minisign(&user, &["-Vm", "l.toml", "-x", "l.toml.2.minisig", "-p", "second.pub"]);
    assert!(sign(&user, "l.toml", "sec").ok().text().starts_with("l.toml.minisig: "));
    revoke(&user).ok().prints("with number 2 counts from now on: signed by sec and second");
    applied(&user, "acme:guest").ok();
    revocations(&user, &["--plugin", "acme:guest", "--below", "1.3.0", "--take-out"]).ok();
    revocations(&user, &["--plugin", "acme:guest", "--take-out"])
        .fails(2, "the list has no entry for acme:guest");
    // A file that is gone is continued from what is known here.
    fs::remove_file(user.scratch.path("l.toml")).unwrap();
    revocations(&user, &["--name", "acme"])
        .ok()
        .prints("with number 3")
        .prints("revokes acme:guest below 1.3.0");
}

#[test]
fn keys_of_openssh_sign_lists_and_statements() {
    if !has("ssh-keygen") {
        return skip("ssh-keygen");
    }
    let user = user();
    for key in ["old", "new", "sec"] {
        let args = ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key];
        Ran::of(program("ssh-keygen").args(args).current_dir(user.scratch.dir()).output().unwrap()).ok();
    }
    run(&user, &["trust", "add", "sec", "sec.pub", "--for", "acme:*", "--role", "revoke"]).ok();
    revocations(&user, &["--name", "acme", "--key", "old.pub", "--why", "stolen"]).ok();
    sign(&user, "l.toml", "sec")
        .ok()
        .prints("l.toml.sig: the list acme with number 1 is signed by ssh-ed25519 ");
    assert!(ssh_verifies(&user, "l.toml", "sec.pub") && !ssh_verifies(&user, "l.toml", "old.pub"));
    run(&user, &["trust", "add", "acme", "old.pub", "--for", "acme:*"]).ok();
    let rotation = ["--old", "old.pub", "--new", "new.pub", "--for", "acme:*"];
    draft(&user, "rotation", "n.toml", &rotation).ok().prints("n.toml: ssh-ed25519 ");
    draft(&user, "rotation", "n.toml", &rotation).fails(4, "n.toml exists");
    sign(&user, "n.toml", "new").fails(2, "the key is not the old one of the statement");
    sign(&user, "n.toml", "old").ok();
    assert!(ssh_verifies(&user, "n.toml", "old.pub"));
    let said = run(&user, &["trust", "rotate", "n.toml"]).ok().text();
    assert!(
        said.contains("acme signs acme:*, expired ") && said.contains(user.read("new.pub").trim()),
        "{said}"
    );
    // A revoked key names no other key.
    revoke(&user).ok();
    draft(&user, "rotation", "m.toml", &["--old", "old.pub", "--new", "sec.pub", "--for", "acme:*"]).ok();
    sign(&user, "m.toml", "old").ok();
    run(&user, &["trust", "rotate", "m.toml"]).fails(4, "the new key is not taken").says("is revoked");
}

#[test]
fn what_cannot_be_meant_is_not_written_or_signed() {
    let user = user();
    user.keys("sec");
    let digest = "0".repeat(64);
    revocations(&user, &["--digest", &digest, "--why", "x"]).fails(2, "a new list needs a name");
    revocations(&user, &["--name", "a b", "--digest", &digest, "--why", "x"]).fails(2, "a name has 1 to 64");
    revocations(&user, &["--name", "a", "--digest", &digest]).fails(2, "it is not said why");
    revocations(&user, &["--name", "a", "--why", "x"]).fails(2, "nothing is named");
    revocations(&user, &["--name", "a", "--expires", "2020-01-01"]).fails(2, "would have expired already");
    revocations(&user, &["--name", "a", "--digest", "0"]).fails_to_parse();
    revocations(&user, &["--name", "a", "--below", "1.0.0"]).fails_to_parse();
    assert!(!user.scratch.path("l.toml").exists());
    revocations(&user, &["--name", "a", "--digest", &digest, "--why", "x"]).ok();
    revocations(&user, &["--name", "b"]).fails(2, "the list in the file has the name a");
    let before = user.read("l.toml");
    user.scratch.write("other.toml", "kind = \"other\"\n");
    sign(&user, "other.toml", "sec").fails(2, "other.toml is no list and no statement");
    user.scratch.write("other.toml", before.replace("form = 1", "form = 2"));
    sign(&user, "other.toml", "sec").fails(2, "cannot use other.toml");
    user.pack("a.wasm", "1.2.0", b'2');
    sign(&user, "a.wasm", "sec").fails(2, "cannot use a.wasm").says("`runner plugin sign` signs a plugin");
    sign(&user, "l.toml", "sec.pub").fails(4, "sec.pub is not secret");
    // A signature over what is no longer there makes room.
    sign(&user, "l.toml", "sec").ok();
    user.keys("other");
    user.scratch.write("l.toml", before.replace("why = \"x\"", "why = \"y\""));
    assert!(sign(&user, "l.toml", "other").ok().text().starts_with("l.toml.minisig: "));
    // A list that has expired already is taken, with a warning.
    run(&user, &["trust", "add", "sec", "other.pub", "--for", "*", "--role", "revoke"]).ok();
    let text = user.read("l.toml");
    let old = text.lines().map(|line| match line.split_once(" = ") {
        Some(("issued", _)) => "issued = \"2026-01-01T00:00:00Z\"\n".to_owned(),
        Some(("expires", _)) => "expires = \"2026-02-01T00:00:00Z\"\n".to_owned(),
        _ => format!("{line}\n"),
    });
    user.scratch.write("l.toml", old.collect::<String>());
    sign(&user, "l.toml", "other").ok();
    let ran = revoke(&user).ok();
    assert!(ran.stderr.contains("the list a of revoked plugins has expired at 2026-02-01"), "{}", ran.stderr);
    assert!(key_line(&user, "sec.pub").starts_with("RW"));
}
