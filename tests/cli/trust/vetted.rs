//! Who must have vetted a plugin, and what is remembered of that.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{applied, run, signed, user, write};

#[test]
fn a_plugin_must_have_been_vetted_as_the_policy_says() {
    let user = user();
    for key in ["key", "lab", "other"] {
        user.keys(key);
    }
    signed(&user, "a.wasm", "1.2.0", b'2', "key");
    write(&user, "config/policy.toml", "vetted = { by = ['lab'], criteria = ['safe-to-run', 'read'] }\n");
    applied(&user, "./a.wasm")
        .fails(4, "may not be run")
        .says("of lab, 1 must have vetted it, as safe-to-run and read: nobody has")
        .says("`runner plugin attest FILE.wasm --key KEY --approve safe-to-run,read`")
        .says("the user trusts no key of the name lab to vet: `runner trust add lab KEY.pub --role vet");
    run(&user, &["plugin", "install", "a.wasm"]).fails(4, "may not be run");
    let attest = |key: &str, words: &str| {
        user.plugin(&["attest", "a.wasm", "--key", key, "--approve", words]).ok();
    };
    run(&user, &["trust", "add", "lab", "lab.pub", "--for", "acme:*", "--role", "vet"]).ok();
    attest("lab", "safe-to-run");
    attest("other", "read");
    // What is missing is named, and nothing else.
    let ran = applied(&user, "./a.wasm").fails(4, "nobody has").says("--approve read`");
    assert!(!ran.stderr.contains("safe-to-run,") && !ran.stderr.contains("plugin vet"), "{}", ran.stderr);
    attest("lab", "read");
    applied(&user, "./a.wasm").ok();
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    applied(&user, "acme:guest").ok();
    let lab = super::key_line(&user, "lab.pub");
    run(&user, &["log", "--plugin", "acme:guest"]).ok().prints(&format!("vetted by {lab}\n"));
    // Another digest under the same name has its own attestations, or none.
    signed(&user, "b.wasm", "1.3.0", b'3', "key");
    fs::copy(user.scratch.path("a.wasm.intoto.jsonl"), user.scratch.path("b.wasm.intoto.jsonl")).unwrap();
    applied(&user, "./b.wasm").fails(4, "nobody has");
    run(&user, &["trust", "remove", "lab"]).ok();
    applied(&user, "acme:guest").fails(4, "nobody has");
}

#[test]
fn that_a_plugin_was_vetted_is_remembered_when_it_is_removed() {
    let user = user();
    for key in ["key", "lab"] {
        user.keys(key);
    }
    run(&user, &["trust", "add", "lab", "lab.pub", "--for", "acme:*", "--role", "vet"]).ok();
    signed(&user, "a.wasm", "1.2.0", b'2', "key");
    signed(&user, "b.wasm", "1.3.0", b'3', "key");
    user.plugin(&["attest", "a.wasm", "--key", "lab", "--approve", "safe"]).ok();
    let install = |more: &[&str]| run(&user, &[&["plugin", "install"], more].concat());
    install(&["a.wasm", "--key", "key.pub"]).ok();
    run(&user, &["plugin", "remove", "acme:guest"]).ok();
    install(&["b.wasm"])
        .fails(4, "acme:guest@1.3.0 is attested by fewer than what was installed before")
        .says("1 trusted key attested the version before, and 0 trusted keys this one")
        .says("--accept evidence");
    // So it is for the same bytes without what was attested of them.
    let attested = user.scratch.path("a.wasm.intoto.jsonl");
    fs::rename(&attested, user.scratch.path("kept")).unwrap();
    install(&["a.wasm"]).fails(4, "is attested by fewer");
    fs::rename(user.scratch.path("kept"), &attested).unwrap();
    install(&["a.wasm"]).ok();
    run(&user, &["plugin", "remove", "acme:guest"]).ok();
    install(&["b.wasm", "--accept", "evidence"]).ok();
    // What was accepted is what is remembered now.
    run(&user, &["plugin", "remove", "acme:guest"]).ok();
    install(&["b.wasm"]).ok();
    // A key that is not trusted any more is missed by nobody.
    install(&["a.wasm", "--accept", "older"]).ok();
    run(&user, &["plugin", "remove", "acme:guest"]).ok();
    run(&user, &["trust", "remove", "lab"]).ok();
    install(&["b.wasm"]).ok();
}

#[test]
fn a_lock_file_that_others_may_write_to_is_no_pin() {
    let user = user();
    write(&user, "config/policy.toml", "pinned = true\n");
    user.pack("a.wasm", "1.2.0", b'2');
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    run(&user, &["plugin", "lock", "acme:guest"]).ok();
    applied(&user, "acme:guest").ok();
    let lock = user.scratch.path("runner.lock");
    for mode in [0o664, 0o646] {
        fs::set_permissions(&lock, PermissionsExt::from_mode(mode)).unwrap();
        applied(&user, "acme:guest")
            .fails(4, "may not be run")
            .says("runner.lock names it, and other users may write to that file")
            .says("`chmod go-w runner.lock`");
    }
    fs::set_permissions(&lock, PermissionsExt::from_mode(0o644)).unwrap();
    applied(&user, "acme:guest").ok();
}

#[test]
fn a_limit_names_the_policy_that_sets_it() {
    let user = user();
    write(&user, "machine/policy.toml", "max-memory = '64M'\n");
    write(&user, "config/policy.toml", "max-timeout = 2.0\n[[rule]]\ncapabilities = []\n");
    write(&user, "runner-policy.toml", "no-downgrade = true\n");
    let options = |more: &[&str]| run(&user, &[&["apply", "newline", "file"], more].concat());
    for (option, policy) in [
        (["--memory", "65M"], "machine/policy.toml demands, the policy of the machine"),
        (["--timeout", "3"], "config/policy.toml demands, the policy of the user"),
        (["--seed", "1"], "config/policy.toml demands, the policy of the user, rule in line 2"),
    ] {
        options(&option).fails(4, option[0]).says(policy);
    }
    user.pack("a.wasm", "1.2.0", b'2');
    run(&user, &["plugin", "install", "a.wasm", "--accept", "older"])
        .fails(4, "a policy demands `no-downgrade`")
        .says("runner-policy.toml demands, the policy of the project");
}
