//! `plugin keygen`, `sign` and `verify`, against minisign and ssh-keygen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use runner_tests::packages::User;
use runner_tests::{Ran, has, program, skip};

/// Runs another program in the user's folder, with a text on its standard input.
fn other(user: &User, name: &str, args: &[&str], input: &str) -> Ran {
    user.scratch.write("input", input);
    let input = fs::File::open(user.scratch.path("input")).unwrap();
    let mut command = program(name);
    command.args(args).current_dir(user.scratch.dir()).stdin(Stdio::from(input));
    Ran::of(command.output().unwrap())
}

fn user() -> User {
    let user = User::new();
    user.pack("x.wasm", "1.2.0", b'1');
    user
}

fn sign<'a>(key: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["sign", "x.wasm", "--key", key], more].concat()
}

fn verify(key: &str) -> [&str; 4] {
    ["verify", "x.wasm", "--key", key]
}

#[test]
fn what_is_signed_is_verified_and_nothing_else() {
    let user = user();
    user.keys("key");
    user.keys("other");
    user.plugin(&verify("key.pub")).fails(4, "x.wasm has no signature of a key of minisign");
    user.plugin(&sign("key", &[])).ok();
    let said = user.plugin(&verify("key.pub")).ok().text();
    let digest = blake3::hash(&fs::read(user.scratch.path("x.wasm")).unwrap());
    let line = format!("it says: runner-plugin id=acme:guest version=1.2.0 blake3={digest}");
    assert!(said.lines().any(|found| found == line), "{said}");
    user.plugin(&verify("other.pub")).fails(4, "x.wasm.minisig does not vouch for x.wasm");
    // The signature of one version does not do for another one.
    fs::rename(user.scratch.path("x.wasm.minisig"), user.scratch.path("old.minisig")).unwrap();
    user.pack("x.wasm", "1.3.0", b'1');
    let ran = user.plugin(&["verify", "x.wasm", "--key", "key.pub", "--signature", "old.minisig"]);
    ran.fails(4, "does not vouch for x.wasm");
    user.scratch.write("plain.wasm", runner_tests::packages::guest_plugin("1.0.0", b'1'));
    for command in ["sign", "verify"] {
        let ran =
            user.plugin(&[command, "plain.wasm", "--key", if command == "sign" { "key" } else { "key.pub" }]);
        ran.fails(2, "nothing is written in plain.wasm that says which plugin it is");
    }
}

#[test]
fn secrets_are_kept() {
    let user = user();
    user.keys("key");
    let mode = |name: &str| fs::metadata(user.scratch.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("key"), mode("key.pub")), (0o600, 0o644));
    // A key is never replaced.
    let before = fs::read_to_string(user.scratch.path("key")).unwrap();
    user.plugin(&["keygen", "key", "--no-password"]).fails(4, "key exists");
    fs::rename(user.scratch.path("key"), user.scratch.path("moved")).unwrap();
    user.plugin(&["keygen", "key", "--no-password"]).fails(4, "key.pub exists");
    fs::rename(user.scratch.path("moved"), user.scratch.path("key")).unwrap();
    let secret = before.lines().nth(1).unwrap();
    let silent = |ran: &Ran| assert!(!(ran.text() + &ran.stderr).contains(&secret[10..60]), "{}", ran.stderr);
    for mode in [0o640, 0o604, 0o620, 0o660] {
        fs::set_permissions(user.scratch.path("key"), PermissionsExt::from_mode(mode)).unwrap();
        let ran = user.plugin(&sign("key", &[])).fails(4, "key is not secret").says("chmod 600 key");
        silent(&ran);
    }
    assert!(!user.scratch.path("x.wasm.minisig").exists());
    // What is no key is not shown.
    let broken = user.scratch.write("broken", before.replace("RWQ", "RXQ"));
    fs::set_permissions(&broken, PermissionsExt::from_mode(0o600)).unwrap();
    silent(&user.plugin(&sign("broken", &[])).fails(2, "cannot use the key in broken"));
    silent(&user.plugin(&verify("broken")).fails(2, "cannot use the key in broken"));
    // There is no terminal to ask for a password.
    user.plugin(&["keygen", "new"]).fails(2, "there is no terminal to ask for the password");
    assert!(!user.scratch.path("new").exists());
    user.scratch.write("public", "password\n");
    user.plugin(&["keygen", "new", "--password-file", "public"]).fails(4, "public is not secret");
    for place in [".", "/dev/zero"] {
        user.plugin(&sign(place, &[])).fails(2, "is not a regular file");
    }
}

#[test]
fn minisign_and_we_understand_each_other() {
    if !has("minisign") {
        return skip("minisign is missing");
    }
    let user = user();
    user.keys("key");
    user.plugin(&sign("key", &[])).ok();
    let check = |key: &str| other(&user, "minisign", &["-Vm", "x.wasm", "-p", key], "");
    let said = check("key.pub").ok().text();
    assert!(said.contains("Trusted comment: runner-plugin id=acme:guest version=1.2.0 blake3="), "{said}");
    // Its keys, of which those that it does not encrypt have no checksum.
    other(&user, "minisign", &["-G", "-W", "-s", "theirs", "-p", "theirs.pub"], "").ok();
    // What another key has signed would stay.
    fs::remove_file(user.scratch.path("x.wasm.minisig")).unwrap();
    user.plugin(&sign("theirs", &[])).ok();
    check("theirs.pub").ok();
    user.plugin(&verify("theirs.pub")).ok();
    user.plugin(&verify("key.pub")).fails(4, "does not vouch");
    // Its signatures, with our key and what we say that is to be signed.
    let statement = user.plugin(&["statement", "x.wasm"]).ok().text();
    let by_minisign = |key: &str, comment: &str, password: &str| {
        other(&user, "minisign", &["-Sm", "x.wasm", "-s", key, "-t", comment], password).ok();
    };
    by_minisign("key", statement.trim_end(), "");
    user.plugin(&verify("key.pub")).ok();
    // Whatever else the comment says is not enough, and is shown escaped.
    by_minisign("key", "timestamp:1 \u{1b}[2J", "");
    user.plugin(&verify("key.pub"))
        .fails(4, "does not vouch")
        .says("the signature is for another plugin")
        .says("it says `timestamp:1`");
    other(&user, "minisign", &["-Sm", "x.wasm", "-l", "-s", "key", "-t", statement.trim_end()], "").ok();
    user.plugin(&verify("key.pub")).fails(4, "does not vouch").says("the signature is not valid");
}

/// Each use of a key that minisign has encrypted takes 1 GiB of memory.
#[test]
fn keys_with_a_password_work_in_both() {
    if !has("minisign") {
        return skip("minisign is missing");
    }
    let user = user();
    for (name, text) in [("right", "correct horse\n"), ("wrong", "battery staple\n")] {
        let file = user.scratch.write(name, text);
        fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    }
    user.plugin(&["keygen", "key", "--password-file", "right"]).ok();
    user.plugin(&sign("key", &["--password-file", "wrong"])).fails(2, "is the password right?");
    user.plugin(&sign("key", &[])).fails(2, "there is no terminal to ask for the password");
    user.plugin(&sign("key", &["--password-file", "right"])).ok();
    let check = |key: &str| other(&user, "minisign", &["-Vm", "x.wasm", "-p", key], "");
    check("key.pub").ok();
    other(&user, "minisign", &["-Sm", "x.wasm", "-s", "key"], "correct horse\n").ok();
    check("key.pub").ok();
    let twice = "correct horse\ncorrect horse\n";
    other(&user, "minisign", &["-G", "-s", "theirs", "-p", "theirs.pub"], twice).ok();
    fs::set_permissions(user.scratch.path("theirs"), PermissionsExt::from_mode(0o600)).unwrap();
    user.plugin(&sign("theirs", &["--password-file", "right"])).ok();
    check("theirs.pub").ok();
}

#[test]
fn ssh_keygen_and_we_understand_each_other() {
    if !has("ssh-keygen") {
        return skip("ssh-keygen is missing");
    }
    let user = user();
    let password = user.scratch.write("password", "correct horse\n");
    fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).unwrap();
    let statement = user.plugin(&["statement", "x.wasm"]).ok().text();
    for (kind, phrase) in [("ed25519", ""), ("ed25519", "correct horse"), ("ecdsa", ""), ("rsa", "")] {
        let key = format!("{kind}-{}", phrase.len());
        let public = format!("{key}.pub");
        other(&user, "ssh-keygen", &["-q", "-t", kind, "-N", phrase, "-C", "an author", "-f", &key], "").ok();
        // What another key has signed would stay.
        let _ = fs::remove_file(user.scratch.path("x.wasm.sshsig"));
        let with: &[&str] = if phrase.is_empty() { &[] } else { &["--password-file", "password"] };
        if kind == "rsa" {
            user.plugin(&sign(&key, with))
                .fails(2, "a key of this kind cannot sign here")
                .says("let ssh-keygen sign");
        } else {
            user.plugin(&sign(&key, with)).ok();
        }
        let line = format!("author namespaces=\"runner-plugin\" {}", user.read(&public));
        user.scratch.write("allowed", line);
        let check = |namespace: &str, text: &str| {
            let args =
                ["-Y", "verify", "-f", "allowed", "-I", "author", "-n", namespace, "-s", "x.wasm.sshsig"];
            other(&user, "ssh-keygen", &args, text)
        };
        if kind != "rsa" {
            check("runner-plugin", &statement).ok();
            assert_ne!(check("file", &statement).code, 0);
            assert_ne!(check("runner-plugin", &statement.replace("1.2.0", "1.3.0")).code, 0);
            user.plugin(&verify(&public)).ok();
        }
        if !phrase.is_empty() {
            continue;
        }
        // Its signature of what we say that is to be signed.
        for (namespace, code) in [("runner-plugin", 0), ("file", 4)] {
            user.scratch.write("statement", &statement);
            let _ = fs::remove_file(user.scratch.path("statement.sig"));
            other(&user, "ssh-keygen", &["-Y", "sign", "-n", namespace, "-f", &key, "statement"], "").ok();
            fs::rename(user.scratch.path("statement.sig"), user.scratch.path("x.wasm.sshsig")).unwrap();
            assert_eq!(user.plugin(&verify(&public)).code, code, "{kind} {namespace}");
        }
    }
}
