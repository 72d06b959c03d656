//! What an installed plugin may have beyond the usual limits: what was granted to it,
//! or what a run gives.

use std::fs;

use runner_tests::Ran;
use runner_tests::packages::{User, guest_plugin, guest_with_inputs};
use runner_tests::terminal::on_terminal;

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

/// Packs `acme:guest` in a version, which takes tables and maybe a seed, and signs it.
fn with_inputs(user: &User, version: &str, tables: &[&str], seed: u8) -> String {
    let file = format!("{version}.wasm");
    user.scratch.write("guest.wasm", guest_with_inputs(version, tables, seed));
    user.plugin(&["package", "guest.wasm", "--namespace", "acme", "-o", &file]).ok();
    user.plugin(&["sign", &file, "--key", "key"]).ok();
    file
}

#[test]
fn a_table_and_a_seed_are_handed_over_once_they_are_granted() {
    let user = User::new();
    user.keys("key");
    user.scratch.write("names", "Ada\n");
    let file = with_inputs(&user, "1.0.0", &["names"], 1);
    let inspect = user.plugin(&["inspect", "--no-run", &file]).ok();
    inspect.prints("wants    to read the table names and a seed, once it is installed and granted it");
    let said = user.plugin(&["install", &file, "--key", "key.pub"]).ok().text();
    let wants = "acme:guest@1.0.0 wants to read the table names and a seed";
    assert!(said.contains(&format!("not granted: {wants}")), "{said}");
    let table: &[&str] = &["--table", "names=names"];
    // One that nobody writes to is not waited for.
    let fifo = user.scratch.path("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    user.applied("1.0.0.wasm", &["--table", "names=fifo"]).fails(2, "fifo is not a regular file");
    let seed: &[&str] = &["--seed", "1"];
    for (options, wish) in [(table, "to read the table names"), (seed, "a seed")] {
        user.applied("acme:guest", options)
            .fails(4, "acme:guest@1.0.0 wants more than it was granted")
            .says(&format!("it wants {wish}\n"))
            .says("it is signed by RW")
            .says("`runner plugin grant acme:guest@1.0.0` grants it");
        assert_eq!(user.read("file"), "abc\n");
        // A file that the user names is what the user has picked.
        assert_eq!(user.first_byte(&format!("./{file}"), options), b'1');
    }
    // It does without both.
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
    user.plugin(&["grant", "acme:guest"])
        .ok()
        .prints("granted to acme:guest@1.0.0: to read the table names and a seed");
    assert_eq!(user.first_byte("acme:guest", &[table, seed].concat()), b'1');
    // A newer one that takes less has it, too; one that takes more is asked for again.
    user.plugin(&["install", &with_inputs(&user, "1.1.0", &["names"], 0)]).ok();
    assert_eq!(user.first_byte("acme:guest@1.1.0", table), b'1');
    user.plugin(&["install", &with_inputs(&user, "1.2.0", &["names", "codes"], 1)]).ok();
    user.applied("acme:guest@1.2.0", &["--table", "codes=names"]).fails(4, "wants more than it was granted");
    user.plugin(&["install", "1.2.0.wasm", "--grant"]).ok().prints("granted to acme:guest@1.2.0");
    assert_eq!(user.first_byte("acme:guest", &["--table", "codes=names"]), b'1');
}

/// Runs a plugin on a file, on a terminal.
fn asked(user: &User, options: &[&str], typed: &str, answer: &str) -> Ran {
    user.scratch.write("file", "abc\n");
    let mut command = user.command();
    command.args(["apply", "acme:guest", "file"]).args(options);
    on_terminal(command, typed, "[y/N]", answer)
}

#[test]
fn a_person_on_a_terminal_is_asked_before_a_plugin_gets_more() {
    let user = User::new();
    user.keys("key");
    let file = wanting(&user, "1.0.0", 300);
    user.plugin(&["install", &file, "--key", "key.pub"]).ok();
    let question = "has not been granted what it wants\nit is signed by RW";
    // What was typed before the question is no answer, and neither is anything but yes.
    for (typed, answer) in [("", "n\n"), ("", "\n"), ("y\n", "\n"), ("", "yess\n"), ("", "\u{4}")] {
        let ran = asked(&user, &[], typed, answer);
        assert_eq!(ran.code, 4, "{typed:?} {answer:?} {}", ran.stderr);
        assert!(ran.stderr.contains(question) && ran.stderr.contains("it wants 300 MiB"), "{}", ran.stderr);
        assert_eq!(user.read("file"), "abc\n");
    }
    // Programs read JSON, and with --quiet nobody wants to be asked.
    for option in ["--json", "--quiet"] {
        let ran = asked(&user, &[option], "y\n", "y\n");
        assert!(ran.code == 4 && !ran.stderr.contains("[y/N]"), "{}", ran.stderr);
    }
    let ran = asked(&user, &[], "", "y\n");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(fs::read(user.scratch.path("file")).unwrap()[0], b'1');
    // It is remembered for these bytes, also where there is no terminal.
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
    user.plugin(&["install", &wanting(&user, "1.2.0", 301)]).ok();
    user.applied("acme:guest", &[]).fails(4, "acme:guest@1.2.0 wants more than it was granted");
    assert_eq!(asked(&user, &[], "", "n\n").code, 4);
}

#[test]
fn a_policy_is_not_asked_about() {
    let user = User::new();
    user.keys("key");
    user.plugin(&["install", &wanting(&user, "1.0.0", 300), "--key", "key.pub"]).ok();
    user.scratch.write("runner-policy.toml", "signed-by = [\"acme\"]\n");
    let ran = asked(&user, &[], "", "y\n");
    assert!(ran.code == 4 && !ran.stderr.contains("[y/N]"), "{}", ran.stderr);
}

#[test]
fn a_person_on_a_terminal_is_asked_about_a_new_signer() {
    let user = User::new();
    user.keys("key");
    user.keys("other");
    user.pack("a.wasm", "1.0.0", b'1');
    user.plugin(&["sign", "a.wasm", "--key", "key"]).ok();
    user.plugin(&["install", "a.wasm", "--key", "key.pub"]).ok();
    user.pack("b.wasm", "1.1.0", b'2');
    user.plugin(&["sign", "b.wasm", "--key", "other"]).ok();
    let install = |answer: &str| {
        let mut command = user.command();
        command.args(["plugin", "install", "b.wasm", "--key", "other.pub"]);
        on_terminal(command, "", "[y/N]", answer)
    };
    user.plugin(&["install", "b.wasm", "--key", "other.pub"])
        .fails(4, "is not signed by the one who signed it before");
    let ran = install("n\n");
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("it was signed by RW") && ran.stderr.contains("it is signed by  RW"),
        "{}",
        ran.stderr
    );
    // A policy that lets nothing get weaker is not asked about.
    user.scratch.write("runner-policy.toml", "no-downgrade = true\n");
    let ran = install("y\n");
    assert!(ran.code == 4 && !ran.stderr.contains("[y/N]"), "{}", ran.stderr);
    fs::remove_file(user.scratch.path("runner-policy.toml")).unwrap();
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
    let ran = install("y\n");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(user.first_byte("acme:guest", &[]), b'2');
    // A signature that is gone is never asked about.
    user.pack("c.wasm", "1.2.0", b'3');
    let mut command = user.command();
    command.args(["plugin", "install", "c.wasm"]);
    let ran = on_terminal(command, "", "[y/N]", "y\n");
    assert!(ran.code == 4 && !ran.stderr.contains("[y/N]"), "{}", ran.stderr);
}
