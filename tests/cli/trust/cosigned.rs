//! Several signatures over one plugin: groups of authors of whom some must agree.

use std::fs;

use runner_tests::packages::User;
use runner_tests::{has, names, skip};

use super::{applied, minisign, minisign_key, run, user, write};

/// A user with a plugin that `one` and `two` have signed, who trusts both, and demands both.
fn demanding() -> User {
    let user = user();
    for key in ["one", "two", "three"] {
        minisign_key(&user, key);
    }
    user.pack("a.wasm", "1.2.0", b'2');
    trusting(&user);
    user
}

fn trusting(user: &User) {
    for key in ["one", "two"] {
        run(user, &["trust", "add", key, &format!("{key}.pub"), "--for", "acme:*"]).ok();
    }
    let group = "\n[[group]]\nname = \"both\"\nkeys = [\"one\", \"two\"]\nmin = 2\n";
    write(user, "config/trust.toml", &(user.read("config/trust.toml") + group));
    write(user, "config/policy.toml", "signed-by = 'both'\n");
}

fn sign(user: &User, key: &str) -> String {
    user.plugin(&["sign", "a.wasm", "--key", key]).ok().text()
}

#[test]
fn each_author_adds_a_signature_and_all_are_counted() {
    if !has("minisign") {
        return skip("minisign");
    }
    let user = demanding();
    assert_eq!(sign(&user, "one"), "a.wasm.minisig: acme:guest@1.2.0 is signed\n");
    applied(&user, "./a.wasm").fails(4, "may not be run").says("it must be signed by 2 of both (one, two)");
    run(&user, &["plugin", "install", "a.wasm"]).fails(4, "may not be run");
    let first = user.read("a.wasm.minisig");
    // The same signature under two names is one.
    fs::copy(user.scratch.path("a.wasm.minisig"), user.scratch.path("a.wasm.3.minisig")).unwrap();
    applied(&user, "./a.wasm").fails(4, "may not be run");
    fs::remove_file(user.scratch.path("a.wasm.3.minisig")).unwrap();
    let said = sign(&user, "two");
    assert_eq!(said, "a.wasm.2.minisig: acme:guest@1.2.0 is signed\nit has 2 signatures now\n");
    assert_eq!(user.read("a.wasm.minisig"), first);
    applied(&user, "./a.wasm").ok();
    // A key has one file, and other programs read both.
    assert!(sign(&user, "one").starts_with("a.wasm.minisig: "));
    assert!(sign(&user, "two").starts_with("a.wasm.2.minisig: "));
    minisign(&user, &["-Vm", "a.wasm", "-p", "one.pub"]);
    minisign(&user, &["-Vm", "a.wasm", "-x", "a.wasm.2.minisig", "-p", "two.pub"]);
    let verify = |key: &str| run(&user, &["plugin", "verify", "a.wasm", "--key", key]);
    verify("one.pub").ok();
    verify("two.pub").ok();
    verify("three.pub").fails(4, "a.wasm.minisig does not vouch for a.wasm");
    // One that is not trusted adds nothing.
    fs::rename(user.scratch.path("a.wasm.2.minisig"), user.scratch.path("second")).unwrap();
    assert!(sign(&user, "three").starts_with("a.wasm.2.minisig: "));
    applied(&user, "./a.wasm").fails(4, "may not be run");
    fs::rename(user.scratch.path("second"), user.scratch.path("a.wasm.3.minisig")).unwrap();
    applied(&user, "./a.wasm").ok();
    // What was signed before is replaced when the plugin is another one.
    for file in ["a.wasm", "a.wasm.minisig", "a.wasm.3.minisig"] {
        fs::remove_file(user.scratch.path(file)).unwrap();
    }
    fs::rename(user.scratch.path("a.wasm.2.minisig"), user.scratch.path("a.wasm.minisig")).unwrap();
    user.pack("a.wasm", "1.3.0", b'3');
    assert_eq!(sign(&user, "one"), "a.wasm.minisig: acme:guest@1.3.0 is signed\n");
}

#[test]
fn there_are_no_more_than_eight() {
    let user = user();
    user.pack("a.wasm", "1.2.0", b'2');
    for number in 0..9 {
        user.keys(&format!("key{number}"));
    }
    (0..8).for_each(|number| drop(sign(&user, &format!("key{number}"))));
    user.plugin(&["sign", "a.wasm", "--key", "key8"]).fails(4, "a.wasm has signatures of 8 other keys");
    user.plugin(&["sign", "a.wasm", "--key", "key7"]).ok().prints("a.wasm.8.minisig: ");
    run(&user, &["plugin", "install", "a.wasm", "--key", "key3.pub"]).ok();
    run(&user, &["plugin", "export", "box"]).ok();
    let signatures = names(&user.scratch.path("box")).into_iter().filter(|name| name.ends_with(".minisig"));
    assert_eq!(signatures.count(), 8);
}

#[test]
fn all_signatures_go_where_the_plugin_goes() {
    if !has("minisign") {
        return skip("minisign");
    }
    let user = demanding();
    sign(&user, "one");
    sign(&user, "two");
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    applied(&user, "acme:guest").ok();
    // A copy without the second signature takes nothing away.
    fs::rename(user.scratch.path("a.wasm.2.minisig"), user.scratch.path("second")).unwrap();
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    applied(&user, "acme:guest").ok();
    fs::rename(user.scratch.path("second"), user.scratch.path("a.wasm.2.minisig")).unwrap();
    run(&user, &["plugin", "export", "box"]).ok();
    user.plugin(&["push", "a.wasm", "oci:lay"]).ok().prints("2 signatures with it");
    user.plugin(&["push", "a.wasm", "oci-archive:a.tar"]).ok();
    let place = |name: &str| user.scratch.path(name).display().to_string();
    for (number, (from, command)) in [
        (place("box"), "import"),
        (format!("oci:{}", place("lay")), "install"),
        (format!("oci-archive:{}", place("a.tar")), "install"),
    ]
    .into_iter()
    .enumerate()
    {
        let other = super::user();
        for key in ["one.pub", "two.pub"] {
            fs::copy(user.scratch.path(key), other.scratch.path(key)).unwrap();
        }
        trusting(&other);
        run(&other, &["plugin", command, &from]).ok();
        applied(&other, "acme:guest").ok();
        assert_eq!(other.read("file"), "2bc\n", "{number}");
    }
    user.plugin(&["pull", "oci:lay", "-o", "b.wasm"]).ok();
    for (key, file) in [("one.pub", "b.wasm.minisig"), ("two.pub", "b.wasm.2.minisig")] {
        minisign(&user, &["-Vm", "b.wasm", "-x", file, "-p", key]);
    }
    // Others can add one to what they have pulled.
    user.plugin(&["sign", "b.wasm", "--key", "three"]).ok().prints("it has 3 signatures now");
    user.plugin(&["push", "b.wasm", "oci:lay"]).ok().prints("3 signatures with it");
    // In the index, a further signature counts for no more than its key.
    let index = user.data().join("installed.toml");
    let text = fs::read_to_string(&index).unwrap();
    let second = user.read("a.wasm.2.minisig");
    let line = second.lines().nth(1).unwrap();
    let first = user.read("a.wasm.minisig");
    fs::write(&index, text.replace(line, first.lines().nth(1).unwrap())).unwrap();
    applied(&user, "acme:guest").fails(4, "may not be run");
    fs::write(&index, &text).unwrap();
    applied(&user, "acme:guest").ok();
}

#[test]
fn a_revoked_second_key_does_not_stop_what_the_first_has_signed() {
    let user = user();
    for key in ["one", "two", "sec"] {
        user.keys(key);
    }
    user.pack("a.wasm", "1.2.0", b'2');
    sign(&user, "one");
    sign(&user, "two");
    trusting(&user);
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    applied(&user, "acme:guest").ok();
    run(&user, &["trust", "add", "sec", "sec.pub", "--for", "*", "--role", "revoke"]).ok();
    run(
        &user,
        &["trust", "draft", "revocations", "l.toml", "--name", "l", "--key", "two.pub", "--why", "stolen"],
    )
    .ok();
    run(&user, &["trust", "sign", "l.toml", "--key", "sec"]).ok();
    run(&user, &["trust", "revoke", "l.toml"]).ok();
    // Two are demanded, and one counts.
    applied(&user, "acme:guest").fails(4, "may not be run").says("it must be signed by 2 of both");
    write(&user, "config/policy.toml", "signed-by = 'one'\n");
    applied(&user, "acme:guest").ok();
    let said = run(&user, &["trust", "list"]).ok().text();
    let two = super::key_line(&user, "two.pub");
    assert!(
        said.contains(&format!("key    two signs acme:*  {two}, revoked by the list l (the user")),
        "{said}"
    );
    assert_eq!(said.matches("revoked by").count(), 1, "{said}");
}
