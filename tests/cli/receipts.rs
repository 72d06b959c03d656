//! `apply --receipt` and `receipt verify`.

mod made;

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt};
use std::process::Stdio;
use std::time::{Duration, Instant};

use runner_tests::packages::User;
use runner_tests::{Ran, has, program, repository, skip};
use runner_trust::receipt::{Key, Signed};
use runner_trust::secret::SecretKey;
use serde_json::Value;

const GROUP: usize = 65_536;

/// A user with two keys, folders of configuration, and a file of five groups, in which
/// `needle` stands twice.
fn user() -> User {
    let user = User::with_policies();
    user.keys("key");
    user.keys("other");
    user.scratch.write("file", content());
    user
}

fn content() -> Vec<u8> {
    let mut bytes = b"some line of text\n".repeat(4 * GROUP / 18 + 100);
    for at in [GROUP + 180, 3 * GROUP + 9000] {
        let line = at / 18 * 18;
        bytes[line..line + 18].copy_from_slice(b"needle is in here\n");
    }
    bytes
}

fn run(user: &User, args: &[&str]) -> Ran {
    Ran::of(user.guarded().args(args).output().unwrap())
}

const SIGNED: [&str; 4] = ["--receipt", "r", "--receipt-key", "key"];

/// Runs `replace` on the file.
fn replaced(user: &User, with: &str, more: &[&str]) -> Ran {
    let with = format!("with={with}");
    let args = ["apply", "replace", "file", "--set", "find=needle", "--set", &with];
    run(user, &[&args[..], more].concat())
}

fn verify(user: &User, more: &[&str]) -> Ran {
    run(user, &[&["receipt", "verify", "r"], more].concat())
}

fn verified(user: &User, more: &[&str]) -> Value {
    let ran = verify(user, &[&["--key", "key.pub", "--json"], more].concat()).ok();
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn who_has_neither_file_learns_what_is_the_same_and_who_says_so() {
    let user = user();
    user.scratch.write("before", content());
    let said = replaced(&user, "NEEDLE", &SIGNED).ok();
    assert!(said.stderr.contains("file: the receipt is r\n"), "{}", said.stderr);
    let key = user.read("key.pub").lines().nth(1).unwrap().to_owned();
    let said = verify(&user, &["--key", "other.pub", "--key", "key.pub"]).ok().text();
    for line in [
        &format!("r: signed by {key}\n"),
        "proven, if the sizes are right: outside of these bytes, nothing has changed\n  65 536 to 131 072\n  196 608 to 262 144\n",
        "no file was compared: name it to see whether it is the one\n",
        "the signer says:\n",
        "  find = needle\n",
        "  2 edits, 12 bytes replaced; written in-place, read back ",
    ] {
        let line = line.replace("65 536", "65,536").replace("131 072", "131,072");
        let line = line.replace("196 608", "196,608").replace("262 144", "262,144");
        assert!(said.contains(&line), "{line:?} in {said}");
    }
    // With a file, whether it is the one.
    verify(&user, &["file", "--key", "key.pub"]).ok().prints("file: it is the file after the change\n");
    verify(&user, &["before", "--key", "key.pub"]).ok().prints("before: it is the file before the change\n");
    user.scratch.write("third", b"something else");
    verify(&user, &["third", "--key", "key.pub"])
        .fails(5, "third is neither the file before the change nor the one after it");
    let event = verified(&user, &["file"]);
    assert_eq!((&event["file_is"], &event["tail"]), (&"new".into(), &Value::Null));
    assert_eq!(event["changed"], serde_json::json!([[65536, 131_072], [196_608, 262_144]]));
    assert_eq!(event["said"]["places"].as_array().unwrap().len(), 2);
    // The history has the same roots.
    let logged = run(&user, &["log"]).ok().text();
    assert!(logged.contains(event["new"]["blake3"].as_str().unwrap()), "{logged}");
}

/// The proof does not know the size, on which the place of each range depends.
#[test]
fn a_file_must_have_the_size_that_the_receipt_says() {
    let user = user();
    user.scratch.write("before", content());
    replaced(&user, "NEEDLE", &SIGNED).ok();
    let mut receipt = Signed::parse(user.read("r").as_bytes()).unwrap().receipt;
    receipt.old.size += 1;
    receipt.new.size += 1;
    let key = SecretKey::new(user.read("key")).unwrap();
    user.scratch.write("r", receipt.sign(&Key::open(&key, None).unwrap()).unwrap());
    verify(&user, &["--key", "key.pub"]).ok().prints("proven, if the sizes are right: ");
    for file in ["file", "before"] {
        verify(&user, &[file, "--key", "key.pub"])
            .fails(5, &format!("{file} has "))
            .says("whoever signed the receipt has written a wrong size");
    }
}

#[test]
fn a_receipt_counts_if_its_key_is_trusted_for_it() {
    let user = user();
    replaced(&user, "NEEDLE", &SIGNED).ok();
    verify(&user, &[]).fails(4, "no trusted key has signed r").says("--role receipt");
    verify(&user, &["--key", "other.pub"])
        .fails(4, "no trusted key has signed r")
        .says("it names the key RW");
    // A key of an author, or one for receipts of other plugins, does not count.
    run(&user, &["trust", "add", "writer", "key.pub", "--for", "*"]).ok();
    verify(&user, &[]).fails(4, "no trusted key has signed r");
    run(&user, &["trust", "add", "machine", "key.pub", "--for", "acme:*", "--role", "receipt"]).ok();
    verify(&user, &[]).fails(4, "no trusted key has signed r");
    run(&user, &["trust", "remove", "machine"]).ok();
    run(&user, &["trust", "add", "machine", "key.pub", "--for", "*", "--role", "receipt"]).ok();
    verify(&user, &[]).ok().prints("r: signed by machine (RW");
    let listed = run(&user, &["trust", "list"]).ok().text();
    assert!(listed.contains("machine signs receipts of *"), "{listed}");
    run(&user, &["trust", "remove", "machine"]).ok();
    let old = ["--for", "*", "--role", "receipt", "--until", "2020-01-01"];
    run(&user, &[&["trust", "add", "machine", "key.pub"], &old[..]].concat()).ok();
    verify(&user, &[]).fails(4, "no trusted key has signed r");
}

#[test]
fn a_revoked_key_signs_no_receipt_that_counts() {
    if !has("minisign") {
        return skip("minisign is not installed");
    }
    let user = user();
    replaced(&user, "NEEDLE", &SIGNED).ok();
    run(&user, &["trust", "add", "machine", "key.pub", "--for", "*", "--role", "receipt"]).ok();
    run(&user, &["trust", "add", "security", "other.pub", "--for", "*", "--role", "revoke"]).ok();
    verify(&user, &[]).ok();
    let key = user.read("key.pub").lines().nth(1).unwrap().to_owned();
    user.scratch.write(
        "list.toml",
        format!(
            "kind = \"runner-revocations\"\nform = 1\nname = \"all\"\nsequence = 1\n\
             issued = \"2026-01-01T00:00:00Z\"\nexpires = \"2999-01-01T00:00:00Z\"\n\
             [[revoked]]\nkey = \"{key}\"\nwhy = \"stolen\"\n"
        ),
    );
    let sign = ["-S", "-W", "-m", "list.toml", "-s", "other"];
    assert!(program("minisign").args(sign).current_dir(user.scratch.dir()).status().unwrap().success());
    run(&user, &["trust", "revoke", "list.toml"]).ok();
    verify(&user, &[]).fails(4, "no trusted key has signed r");
}

#[test]
fn a_receipt_that_was_altered_is_refused() {
    let user = user();
    replaced(&user, "NEEDLE", &SIGNED).ok();
    let good = user.read("r");
    let mut envelope: Value = serde_json::from_str(&good).unwrap();
    let mut sig = envelope["signatures"][0]["sig"].as_str().unwrap().to_owned();
    sig.replace_range(4..5, if &sig[4..5] == "A" { "B" } else { "A" });
    envelope["signatures"][0]["sig"] = sig.into();
    user.scratch.write("r", envelope.to_string());
    verify(&user, &["--key", "key.pub"]).fails(5, "the signature of r is not valid");
    for bad in ["", "{}", "needle", &good[..good.len() / 2]] {
        user.scratch.write("r", bad);
        verify(&user, &["--key", "key.pub"]).fails(5, "cannot use r");
    }
    let big = File::create(user.scratch.path("r")).unwrap();
    big.set_len(17 << 20).unwrap();
    verify(&user, &["--key", "key.pub"]).fails(2, "the limit is");
}

#[test]
fn nothing_of_runner_is_needed_to_check_a_receipt() {
    if !has("python3") || !has("openssl") {
        return skip("python3 or openssl is not installed");
    }
    let user = user();
    let script = repository().join("tests/cli/receipts/check.py");
    // Changes of equal length, and then one that moves the rest.
    for (number, with) in ["NEEDLE", "a longer needle", ""].into_iter().enumerate() {
        let old = content();
        user.scratch.write("file", &old);
        let name = format!("r{number}");
        replaced(&user, with, &["--receipt", &name, "--receipt-key", "key"]).ok();
        let ran = program("python3")
            .arg(&script)
            .args([user.scratch.path(&name), user.scratch.path("key.pub")])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let (changed, tail, before, after): (Vec<(u64, u64)>, Option<u64>, String, String) =
            serde_json::from_slice(&ran.stdout).unwrap();
        let new = fs::read(user.scratch.path("file")).unwrap();
        assert_eq!(before, blake3::hash(&old).to_string());
        assert_eq!(after, blake3::hash(&new).to_string());
        let end = tail.map_or(old.len(), |tail| tail as usize);
        assert_eq!(tail, (number > 0).then_some(GROUP as u64));
        for at in (0..end).filter(|at| old[*at] != new[*at]) {
            assert!(changed.iter().any(|(start, end)| (*start..*end).contains(&(at as u64))), "byte {at}");
        }
        // Another key has not signed it.
        let ran = program("python3")
            .arg(&script)
            .args([user.scratch.path(&name), user.scratch.path("other.pub")])
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!ran.success());
    }
}

#[test]
fn what_moves_is_listed_up_to_the_end() {
    let user = user();
    replaced(&user, "a longer needle", &SIGNED).ok();
    let said = verify(&user, &["--key", "key.pub", "file"]).ok().text();
    assert!(
        said.contains("  65,536 to the end: the length changes there, and that moved bytes are the same"),
        "{said}"
    );
    // What is appended leaves all whole groups as they are.
    fs::remove_file(user.scratch.path("r")).unwrap();
    user.scratch.write("file", vec![b'x'; 3 * GROUP]);
    run(&user, &[&["append", "--text", "more", "file"], &SIGNED[..]].concat()).ok();
    let event = verified(&user, &["file"]);
    assert_eq!((&event["changed"], &event["tail"]), (&serde_json::json!([]), &(3 * GROUP).into()));
    fs::remove_file(user.scratch.path("r")).unwrap();
    run(&user, &[&["truncate", "--size", "131072", "file"], &SIGNED[..]].concat()).ok();
    let event = verified(&user, &["file"]);
    assert_eq!((&event["changed"], &event["tail"]), (&serde_json::json!([]), &(2 * GROUP).into()));
}
