//! What an installed plugin may have beyond the usual limits: what was granted to it,
//! or what a run gives.

use std::fs;

use runner_tests::packages::{User, guest_plugin};

/// Packs `acme:guest` in a version, which wants so much memory, and signs it.
fn wanting(user: &User, version: &str, memory_mib: u64) -> String {
    let folder = user.scratch.path("guest");
    if !folder.exists() {
        fs::create_dir(&folder).unwrap();
    }
    let memory_bytes = memory_mib << 20;
    let description = format!(
        "name = \"guest\"\nlanguage = \"wat\"\n\n[package]\nnamespace = \"acme\"\nmemory_bytes = {memory_bytes}\n\
         timeout_ms = 20000\n"
    );
    user.scratch.write("guest/runner.toml", description);
    user.scratch.write("guest/guest.wasm", guest_plugin(version, b'1'));
    let file = format!("{version}.wasm");
    user.plugin(&["package", "guest", "-o", &file]).ok();
    user.plugin(&["sign", &file, "--key", "key"]).ok();
    file
}

#[test]
fn a_plugin_has_nothing_that_was_not_granted() {
    let user = User::new();
    user.keys("key");
    let file = wanting(&user, "1.0.0", 300);
    let said = user.plugin(&["install", &file, "--key", "key.pub"]).ok().text();
    let wants = "acme:guest@1.0.0 wants 300 MiB of memory for an instance and 20 s for a block";
    assert!(said.contains(&format!("not granted: {wants}")), "{said}");
    assert!(user.plugin(&["list"]).ok().text().contains(&format!("not granted: {wants}")));
    let refused = |options: &[&str]| {
        let ran =
            user.applied("acme:guest", options).fails(4, "acme:guest@1.0.0 wants more than it was granted");
        assert_eq!(user.read("file"), "abc\n");
        ran
    };
    refused(&[])
        .says("it wants 300 MiB of memory for an instance and 20 s for a block")
        .says("`runner plugin grant acme:guest@1.0.0` grants it")
        .says("--memory 314572800 --timeout 20");
    refused(&["--memory", "300M"]).says("it wants 20 s for a block");
    refused(&["--timeout", "20"]).says("it wants 300 MiB");
    // What is given for a run counts for that run, whatever it is.
    assert_eq!(user.first_byte("acme:guest", &["--memory", "64M", "--timeout", "5"]), b'1');
    refused(&[]);
    // A file that the user names has the usual limits.
    assert_eq!(user.first_byte(&format!("./{file}"), &[]), b'1');
    user.plugin(&["grant", "acme:other"]).fails(4, "acme:other is not installed");
    let said = user.plugin(&["grant", "acme:guest"]).ok().text();
    assert_eq!(said, "granted to acme:guest@1.0.0: 300 MiB of memory for an instance and 20 s for a block\n");
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
    // Installing it again takes nothing away.
    user.plugin(&["install", &file]).ok();
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
    // A newer one that wants no more has it, too; one that wants more must be granted it.
    user.plugin(&["install", &wanting(&user, "1.1.0", 280)]).ok();
    assert_eq!(user.first_byte("acme:guest@1.1.0", &[]), b'1');
    let more = wanting(&user, "1.2.0", 301);
    assert!(
        user.plugin(&["install", &more]).ok().text().contains("not granted: acme:guest@1.2.0 wants 301 MiB")
    );
    user.applied("acme:guest", &[]).fails(4, "acme:guest@1.2.0 wants more than it was granted");
    assert_eq!(user.first_byte("acme:guest@1.1.0", &[]), b'1');
    let said = user.plugin(&["install", &more, "--grant"]).ok().text();
    assert!(said.contains("granted to acme:guest@1.2.0: 301 MiB"), "{said}");
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
}

#[test]
fn what_is_usual_needs_no_grant() {
    let user = User::new();
    user.pack("a.wasm", "1.0.0", b'1');
    let said = user.plugin(&["install", "a.wasm"]).ok().text();
    assert!(!said.contains("grant"), "{said}");
    let said = user.plugin(&["grant", "acme:guest"]).ok().text();
    assert_eq!(said, "acme:guest@1.0.0 wants nothing beyond the usual limits\n");
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
}
