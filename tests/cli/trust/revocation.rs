//! Lists of revoked plugins.

use std::fs;

use runner_tests::{has, skip};

use super::{applied, minisign, minisign_key, run, user, write};

#[test]
fn a_list_revokes_and_what_was_done_can_be_undone() {
    if !has("minisign") {
        return skip("minisign");
    }
    let user = user();
    for key in ["security", "second"] {
        minisign_key(&user, key);
    }
    user.pack("a.wasm", "1.2.0", b'2');
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    run(&user, &["apply", "acme:guest", "--undo", "undo.patch", "file"]).ok();
    let list = |number: u32, expires: &str, what: &str| {
        let text = format!(
            "kind = \"runner-revocations\"\nform = 1\nname = \"acme\"\nsequence = {number}\n\
             issued = \"2026-01-01T00:00:00Z\"\nexpires = \"{expires}T00:00:00Z\"\n{what}"
        );
        user.scratch.write("list.toml", text);
        minisign(&user, &["-Sm", "list.toml", "-s", "security"]);
    };
    let revoke = || run(&user, &["trust", "revoke", "list.toml"]);
    let old = "[[revoked]]\nplugin = \"acme:guest\"\nbelow = \"1.3.0\"\nwhy = \"it\\nleaks\"\n";
    list(5, "2999-01-01", old);
    revoke().fails(4, "the list acme is not accepted").says("no key that is trusted to revoke, and");
    run(&user, &["trust", "add", "sec", "security.pub", "--for", "acme:*", "--role", "author"]).ok();
    revoke().fails(4, "the list acme is not accepted");
    run(&user, &["trust", "add", "sec", "security.pub", "--for", "acme:*", "--role", "revoke"]).ok();
    applied(&user, "acme:guest").ok();
    let said = revoke().ok().text();
    assert_eq!(said, "the list acme with number 5 counts from now on: signed by sec, for acme:*\n");
    assert!(revoke().ok().text().contains("was known already"));
    for plugin in ["acme:guest", "./a.wasm"] {
        applied(&user, plugin)
            .fails(4, "the plugin acme:guest@1.2.0 is revoked")
            .says("it\\nleaks (list acme, number 5, signed by sec)")
            .says("`runner log --plugin ");
    }
    run(&user, &["plugin", "install", "a.wasm"]).fails(4, "is revoked");
    // A lower number, another list under the same one, and what was changed after signing.
    for number in [4, 5] {
        list(number, "2999-01-01", "");
        revoke().fails(4, "the list acme with number").says("the one with number 5 is known already");
    }
    list(6, "2999-01-01", "");
    user.scratch.write("list.toml", user.read("list.toml") + "\n");
    revoke().fails(4, "the list acme is not accepted");
    applied(&user, "acme:guest").fails(4, "is revoked");
    // The keys may go; the list stays.
    run(&user, &["trust", "remove", "sec"]).ok();
    applied(&user, "acme:guest").fails(4, "is revoked");
    // What it has done can be taken back.
    user.scratch.write("file", "2bc\n");
    run(&user, &["undo", "undo.patch", "file"]).ok();
    assert_eq!(user.read("file"), "abc\n");
    run(&user, &["patch", "undo.patch", "file"]).ok();
    run(&user, &["recover", "file"]).ok();
    // Two of two, and a list that has expired.
    run(&user, &["trust", "add", "one", "security.pub", "--for", "acme:*", "--role", "revoke"]).ok();
    run(&user, &["trust", "add", "two", "second.pub", "--for", "*", "--role", "revoke"]).ok();
    let group = "\n[[group]]\nname = \"both\"\nkeys = [\"one\", \"two\"]\nmin = 2\n";
    write(&user, "config/trust.toml", &(user.read("config/trust.toml") + group));
    list(7, "2026-02-01", "");
    revoke().fails(4, "the list acme is not accepted").says("one has signed it, and its group demands more");
    fs::rename(user.scratch.path("list.toml.minisig"), user.scratch.path("first.sig")).unwrap();
    minisign(&user, &["-Sm", "list.toml", "-s", "second"]);
    let both =
        ["trust", "revoke", "list.toml", "--signature", "first.sig", "--signature", "list.toml.minisig"];
    let ran = run(&user, &both).ok();
    assert!(ran.stderr.contains("warning: a plugin may have been revoked meanwhile"), "{}", ran.stderr);
    let ran = applied(&user, "acme:guest").ok();
    assert!(ran.stderr.contains("warning: a plugin may have been revoked meanwhile"), "{}", ran.stderr);
    write(&user, "config/policy.toml", "stale-lists = 'refuse'\n");
    applied(&user, "acme:guest").fails(4, "may not be run").says("has expired at 2026-02-01");
    fs::write(user.data().join("lists.toml"), "form = 1\n[[accepted]]").unwrap();
    applied(&user, "acme:guest").fails(5, "cannot use ");
}

#[test]
fn what_was_undone_is_not_to_be_undone_again() {
    let user = user();
    user.pack("a.wasm", "1.2.0", b'2');
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    let undoable = || run(&user, &["log", "--plugin", "acme:guest", "--undo", "file"]).ok();
    undoable().prints("nothing to undo: no such change is in the history\n");
    run(&user, &["apply", "acme:guest", "--undo", "undo.patch", "file"]).ok();
    undoable().prints("  runner undo ");
    run(&user, &["undo", "undo.patch", "file"]).ok();
    undoable().prints("nothing to undo: what was changed is undone already\n");
}
