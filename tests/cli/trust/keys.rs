//! Keys that follow others, that have expired, and that are revoked.

use std::fs;

use runner_tests::{has, skip};

use super::{applied, key_line, minisign, minisign_key, run, signed, user, write};

#[test]
fn a_new_key_follows_an_old_one_that_says_so() {
    if !has("minisign") {
        return skip("minisign");
    }
    let user = user();
    for key in ["old", "new", "other"] {
        minisign_key(&user, key);
    }
    write(&user, "config/trust.toml", "# Ours.\n");
    run(&user, &["trust", "add", "acme", "old.pub", "--for", "acme:*"]).ok();
    write(&user, "config/policy.toml", "signed-by = 'acme'\n");
    signed(&user, "a.wasm", "1.2.0", b'2', "new");
    signed(&user, "b.wasm", "1.3.0", b'3', "old");
    applied(&user, "./a.wasm").fails(4, "may not be run");
    let statement = |plugins: &str, key: &str| {
        let (old, new) = (key_line(&user, "old.pub"), key_line(&user, "new.pub"));
        let text = format!(
            "kind = \"runner-rotation\"\nform = 1\nold = \"{old}\"\nnew = \"{new}\"\nfor = [\"{plugins}\"]\n\
             issued = \"2026-01-01T00:00:00Z\"\n"
        );
        user.scratch.write("new.toml", text);
        minisign(&user, &["-Sm", "new.toml", "-s", key]);
    };
    signed(&user, "c.wasm", "1.1.0", b'1', "old");
    run(&user, &["plugin", "install", "c.wasm"]).ok();
    let before = user.read("config/trust.toml");
    let rotate = || run(&user, &["trust", "rotate", "new.toml"]);
    statement("acme:*", "other");
    rotate().fails(4, "the old key has not signed the statement");
    statement("*", "old");
    rotate()
        .fails(4, "the new key is not taken")
        .says("is trusted for acme:*, and the new one is to be for *");
    assert_eq!(user.read("config/trust.toml"), before);
    statement("acme:guest", "old");
    let said = rotate().ok().text();
    assert!(said.contains("acme signs acme:*, expired 2026-01-01T00:00:00Z"), "{said}");
    assert!(user.read("config/trust.toml").starts_with("# Ours.\n"));
    applied(&user, "./a.wasm").ok();
    applied(&user, "./b.wasm").fails(4, "may not be run").says("which has expired");
    rotate().fails(4, "the new key is not taken").says("is trusted already");
    // What the old key has signed is followed by what the new one signs, unasked.
    write(&user, "config/policy.toml", "no-downgrade = true\n");
    for more in [&[][..], &["--key", "old.pub"]] {
        run(&user, &[&["plugin", "install", "b.wasm"], more].concat())
            .fails(4, "acme:guest@1.3.0 is signed by a key that has expired");
    }
    run(&user, &["plugin", "install", "c.wasm"]).ok().prints("was installed already");
    let said = run(&user, &["plugin", "install", "a.wasm"]).ok().text();
    assert!(said.contains(&key_line(&user, "new.pub")), "{said}");
    signed(&user, "d.wasm", "1.4.0", b'4', "other");
    run(&user, &["plugin", "install", "d.wasm"]).fails(4, "d.wasm.minisig does not vouch for d.wasm");
}

#[test]
fn a_revoked_key_says_nothing_more() {
    if !has("minisign") {
        return skip("minisign");
    }
    let user = user();
    for key in ["stolen", "next", "good"] {
        minisign_key(&user, key);
    }
    let key = |name: &str| key_line(&user, &format!("{name}.pub"));
    for (name, file) in [("sec", "stolen.pub"), ("other", "good.pub")] {
        run(&user, &["trust", "add", name, file, "--for", "acme:*", "--role", "revoke"]).ok();
    }
    run(&user, &["trust", "add", "acme", "stolen.pub", "--for", "acme:*"]).ok();
    signed(&user, "a.wasm", "1.2.0", b'2', "stolen");
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    let revoke = |number: u32, signer: &str, what: &str| {
        let text = format!(
            "kind = \"runner-revocations\"\nform = 1\nname = \"acme\"\nsequence = {number}\n\
             issued = \"2026-01-01T00:00:00Z\"\nexpires = \"2999-01-01T00:00:00Z\"\n{what}"
        );
        user.scratch.write("list.toml", text);
        minisign(&user, &["-Sm", "list.toml", "-s", signer]);
        run(&user, &["trust", "revoke", "list.toml"])
    };
    let entry = format!("[[revoked]]\nkey = \"{}\"\nwhy = \"stolen\"\n", key("stolen"));
    revoke(1, "good", &entry).ok();
    // A copy without its signature is the plugin that is installed.
    fs::copy(user.scratch.path("a.wasm"), user.scratch.path("copy.wasm")).unwrap();
    for plugin in ["acme:guest", "./a.wasm", "./copy.wasm"] {
        applied(&user, plugin).fails(4, "the plugin acme:guest@1.2.0 is revoked");
    }
    revoke(2, "stolen", "").fails(4, "the list acme is not accepted").says("neither expired nor revoked");
    let text = format!(
        "kind = \"runner-rotation\"\nform = 1\nold = \"{}\"\nnew = \"{}\"\nfor = [\"acme:*\"]\n\
         issued = \"2026-01-01T00:00:00Z\"\n",
        key("stolen"),
        key("next")
    );
    user.scratch.write("next.toml", text);
    minisign(&user, &["-Sm", "next.toml", "-s", "stolen"]);
    run(&user, &["trust", "rotate", "next.toml"]).fails(4, "the new key is not taken").says("is revoked");
    applied(&user, "acme:guest").fails(4, "is revoked");
    revoke(2, "good", "").ok();
    applied(&user, "acme:guest").ok();
    // An index that names another signer, or another plugin.
    let index = user.data().join("installed.toml");
    let good = fs::read_to_string(&index).unwrap();
    let (stolen, next) = (key("stolen"), key("next"));
    for (from, to) in [(stolen.as_str(), next.as_str()), ("acme:guest", "acme:other")] {
        fs::write(&index, good.replace(from, to)).unwrap();
        applied(&user, if from == stolen { "acme:guest" } else { to })
            .fails(5, "the index of installed plugins");
    }
    // Of an unsigned one, only the plugin itself says who it is.
    fs::write(&index, &good).unwrap();
    user.pack("b.wasm", "1.2.0", b'3');
    run(&user, &["plugin", "install", "b.wasm", "--accept", "signer", "--accept", "bytes"]).ok();
    let unsigned = fs::read_to_string(&index).unwrap();
    fs::write(&index, unsigned.replace("acme:guest", "acme:other")).unwrap();
    applied(&user, "acme:other").fails(5, "the index of installed plugins is wrong about acme:other@1.2.0");
}
