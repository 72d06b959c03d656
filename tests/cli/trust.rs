//! Trusted keys, policies and lists of revoked plugins.

mod cosigned;
mod drafts;
mod imports;
mod keys;
mod policies;
mod revocation;
mod road;
mod vetted;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use runner_tests::packages::User;
use runner_tests::{Ran, program};

/// A user with the folders of their machine and of their own.
fn user() -> User {
    let user = User::with_policies();
    user.scratch.write("file", "abc\n");
    user
}

fn run(user: &User, args: &[&str]) -> Ran {
    Ran::of(user.guarded().args(args).output().unwrap())
}

/// Runs the plugin on a new file.
fn applied(user: &User, plugin: &str) -> Ran {
    user.scratch.write("file", "abc\n");
    run(user, &["apply", plugin, "file"])
}

fn write(user: &User, path: &str, text: &str) {
    user.scratch.write(path, text);
    fs::set_permissions(user.scratch.path(path), PermissionsExt::from_mode(0o644)).unwrap();
}

/// Packs and signs a version of the plugin into a file.
fn signed(user: &User, file: &str, version: &str, mark: u8, key: &str) {
    user.pack(file, version, mark);
    user.plugin(&["sign", file, "--key", key]).ok();
}

fn key_line(user: &User, file: &str) -> String {
    user.read(file).lines().nth(1).unwrap().to_owned()
}

/// A key without a password, made by minisign itself.
fn minisign_key(user: &User, name: &str) {
    let args = ["-G", "-f", "-W", "-p", &format!("{name}.pub"), "-s", name];
    minisign(user, &args);
}

fn minisign(user: &User, args: &[&str]) {
    let ran = program("minisign").args(args).current_dir(user.scratch.dir()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_change_says_whose_plugin_made_it() {
    let user = user();
    user.keys("key");
    signed(&user, "a.wasm", "1.2.0", b'2', "key");
    run(&user, &["plugin", "install", "a.wasm", "--key", "key.pub"]).ok();
    run(&user, &["apply", "newline,acme:guest", "--undo", "undo.patch", "file"]).ok();
    let key = key_line(&user, "key.pub");
    for args in [&["show", "undo.patch"][..], &["log"]] {
        let said = run(&user, args).ok().text();
        assert!(said.contains("identity acme:guest@1.2.0\n"), "{said}");
        assert!(said.contains(&format!("signed by {key}\n")), "{said}");
    }
    let said = run(&user, &["show", "undo.patch", "--format", "json"]).ok().text();
    assert!(said.contains(&format!("\"signer\":\"{key}\"")), "{said}");
    run(&user, &["undo", "undo.patch", "file"]).ok();
    let said = run(&user, &["log", "--json"]).ok().text();
    assert_eq!(said.matches(&format!("\"signer\":\"{key}\"")).count(), 2, "{said}");
    for (plugin, changes) in
        [("acme:guest", 2), ("acme:guest@1.2.0", 2), ("acme:guest@1.2", 0), ("acme:gues", 0)]
    {
        let said = run(&user, &["log", "--plugin", plugin, "file"]).ok().text();
        assert_eq!(said.matches("identity acme:guest@1.2.0\n").count(), changes, "{plugin}: {said}");
    }
    // What only says of itself whose it is, is not believed.
    signed(&user, "b.wasm", "1.3.0", b'3', "key");
    run(&user, &["plan", "./b.wasm", "file", "-o", "unknown.patch"]).ok();
    let said = run(&user, &["show", "unknown.patch"]).ok().text();
    assert!(!said.contains("identity") && !said.contains("signed by"), "{said}");
}
