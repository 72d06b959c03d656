//! What policies demand, of which files, and where they are believed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use runner_tests::Ran;

use super::{applied, run, signed, user, write};

#[test]
fn a_policy_demands_a_signature_of_those_who_are_trusted() {
    let user = user();
    user.keys("key");
    user.keys("other");
    signed(&user, "a.wasm", "1.2.0", b'2', "key");
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    applied(&user, "acme:guest").ok();
    write(&user, "config/policy.toml", "signed-by = 'acme'\n");
    applied(&user, "acme:guest")
        .fails(4, "the plugin acme:guest@1.2.0, digest ")
        .says("may not be run")
        .says("no signature over it was verified")
        .says("config/policy.toml demands, the policy of the user")
        .says("it must be signed by acme");
    assert_eq!(user.read("file"), "abc\n");
    for plan in [["plan", "acme:guest", "file", "-o", "p"], ["plan", "./a.wasm", "file", "-o", "p"]] {
        run(&user, &plan).fails(4, "may not be run");
    }
    run(&user, &["pipe", "acme:guest"]).fails(4, "may not be run");
    run(&user, &["apply", "newline,acme:guest", "file"]).fails(4, "may not be run");
    run(&user, &["apply", "newline", "file"]).ok();
    // A trusted key is found by itself, in a file and at the next installation.
    let said = run(&user, &["trust", "add", "acme", "key.pub", "--for", "acme:*"]).ok().text();
    assert!(said.contains("config/trust.toml: acme signs acme:*  RW"), "{said}");
    applied(&user, "./a.wasm").ok();
    applied(&user, "acme:guest").fails(4, "may not be run");
    let said = run(&user, &["plugin", "install", "a.wasm"]).ok().text();
    assert!(said.contains("signed by RW"), "{said}");
    applied(&user, "acme:guest").ok();
    assert_eq!(user.read("file"), "2bc\n");
    signed(&user, "b.wasm", "1.3.0", b'3', "other");
    run(&user, &["plugin", "install", "b.wasm", "--key", "other.pub", "--accept", "signer"])
        .fails(4, "may not be run")
        .says("which is not trusted");
    applied(&user, "./b.wasm").fails(4, "may not be run");
    let said = run(&user, &["trust", "list"]).ok().text();
    assert!(said.contains("key    acme signs acme:*  RW") && said.contains("(the user trusts it)"), "{said}");
    run(&user, &["trust", "add", "b", "key.pub", "--for", "*"]).fails(2, "this key is trusted already");
    run(&user, &["trust", "remove", "acme"]).ok();
    run(&user, &["trust", "remove", "acme"]).fails(2, "has no key of the name acme");
    applied(&user, "acme:guest").fails(4, "may not be run");
}

#[test]
fn a_user_cannot_meet_what_the_machine_demands() {
    let user = user();
    user.keys("key");
    signed(&user, "a.wasm", "1.2.0", b'2', "key");
    run(&user, &["trust", "add", "acme", "key.pub", "--for", "acme:*"]).ok();
    write(&user, "machine/policy.toml", "signed-by = 'acme'\n");
    applied(&user, "./a.wasm").fails(4, "may not be run").says("the policy of the machine");
    let trust = user.read("config/trust.toml");
    write(&user, "machine/trust.toml", &trust);
    applied(&user, "./a.wasm").ok();
    // The project adds to it, and takes nothing away.
    write(&user, "runner-policy.toml", "refuse-files = true\n");
    applied(&user, "./a.wasm").fails(4, "may not be run").says("the policy of the project");
    write(&user, "runner-policy.toml", "");
    write(&user, "machine/policy.toml", "refuse-bundled = true\n");
    applied(&user, "newline").fails(4, "may not be run").says("bundled plugins are not run there");
    run(&user, &["append", "file", "--text", "x"]).fails(4, "may not be run");
}

#[test]
fn a_policy_is_for_files_by_whatever_name() {
    let user = user();
    fs::create_dir_all(user.scratch.path("pii/sub")).unwrap();
    fs::create_dir(user.scratch.path("open")).unwrap();
    user.scratch.write("pii/sub/file", "abc\n");
    user.scratch.write("open/file", "abc\n");
    symlink(user.scratch.path("pii/sub/file"), user.scratch.path("open/link")).unwrap();
    symlink(user.scratch.path("pii"), user.scratch.path("door")).unwrap();
    symlink(user.scratch.path("pii/new"), user.scratch.path("open/dangling")).unwrap();
    let rule = |folder: &str| {
        let folder = user.scratch.path(folder);
        let text = format!("[[rule]]\nfor-files = '{}/**'\nrefuse-bundled = true\n", folder.display());
        write(&user, "config/policy.toml", &text);
    };
    // The pattern may go through a link itself.
    for folder in ["pii", "door"] {
        rule(folder);
        for file in
            ["pii/sub/file", "open/link", "door/sub/file", "open/../pii/./sub/file", "open/../door/sub/file"]
        {
            run(&user, &["apply", "newline", "open/file", file])
                .fails(4, "may not be run")
                .says("rule in line 1");
            run(&user, &["apply", "newline", file, "--dry-run"]).fails(4, "may not be run");
            run(&user, &["plan", "newline", file, "-o", "p"]).fails(4, "may not be run");
        }
        run(&user, &["apply", "newline", "open/file", "-o", "pii/new"]).fails(4, "may not be run");
        run(&user, &["apply", "newline", "open/file", "-o", "open/dangling"]).fails(2, "dangling");
        run(&user, &["apply", "newline", "open/file"]).ok();
        let mut pipe = user.guarded();
        pipe.args(["pipe", "newline"]).stdin(fs::File::open(user.scratch.path("open/link")).unwrap());
        Ran::of(pipe.output().unwrap()).fails(4, "may not be run");
    }
}

#[test]
fn nothing_runs_while_a_policy_cannot_be_read() {
    let user = user();
    run(&user, &["apply", "newline", "--undo", "undo.patch", "--set", "to=crlf", "file"]).ok();
    for (text, line) in
        [("signed-by = 'a'\nsinged-by = 'b'\n", 2), ("pinned = \n", 1), ("\n[[rule]]\nfor-files = 'x'", 3)]
    {
        for path in ["config/policy.toml", "machine/policy.toml", "runner-policy.toml"] {
            write(&user, path, text);
            run(&user, &["apply", "newline", "file"])
                .fails(2, "cannot use ")
                .says(&format!("policy.toml, line {line}\n"));
            run(&user, &["plugin", "install", "x.wasm"]).fails(2, "");
            fs::remove_file(user.scratch.path(path)).unwrap();
        }
    }
    for path in ["config/policy.toml", "config/trust.toml", "machine/policy.toml", "machine/trust.toml"] {
        let whole = user.scratch.path(path);
        let refused = |what: &str| {
            run(&user, &["apply", "newline", "file"]).fails(4, "cannot be trusted").says(what);
        };
        write(&user, path, "");
        for mode in [0o664, 0o646] {
            fs::set_permissions(&whole, PermissionsExt::from_mode(mode)).unwrap();
            refused("other users may write to it");
        }
        fs::remove_file(&whole).unwrap();
        write(&user, "elsewhere", "");
        symlink(user.scratch.path("elsewhere"), &whole).unwrap();
        refused("it is a symbolic link");
        fs::remove_file(&whole).unwrap();
        fs::hard_link(user.scratch.path("elsewhere"), &whole).unwrap();
        refused("it has several names");
        fs::remove_file(&whole).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &whole, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
            .unwrap();
        refused("it is not a regular file");
        fs::remove_file(&whole).unwrap();
        user.scratch.write(path, vec![b'#'; (1 << 20) + 1]);
        refused("it has more than 1 MiB");
        fs::remove_file(&whole).unwrap();
        let folder = whole.parent().unwrap();
        fs::set_permissions(folder, PermissionsExt::from_mode(0o775)).unwrap();
        refused("other users may write to it");
        // What was done can be taken back all the same.
        run(&user, &["verify", "file"]).ok();
        run(&user, &["recover", "file"]).ok();
        fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
        if rustix::process::geteuid().is_root() {
            write(&user, path, "");
            std::os::unix::fs::chown(&whole, Some(12345), None).unwrap();
            refused("it belongs to user 12345");
            fs::remove_file(&whole).unwrap();
        }
    }
    write(&user, "config/policy.toml", "[[");
    run(&user, &["undo", "undo.patch", "file"]).ok();
    run(&user, &["patch", "undo.patch", "file"]).ok();
    assert_eq!(user.read("file"), "abc\r\n");
}

#[test]
fn a_policy_limits_what_a_plugin_may_have() {
    let user = user();
    write(&user, "config/policy.toml", "max-memory = '64M'\nmax-timeout = 2.0\ncapabilities = []\n");
    applied(&user, "newline").ok();
    let options = |more: &[&str]| run(&user, &[&["apply", "newline", "file"], more].concat());
    options(&["--memory", "64M", "--timeout", "2"]).ok();
    options(&["--memory", "65M"]).fails(4, "--memory gives the plugin newline more than a policy allows");
    options(&["--timeout", "3"]).fails(4, "--timeout gives the plugin newline more than a policy allows");
    options(&["--seed", "1"]).fails(4, "a policy does not give --seed to the plugin newline");
    options(&["--table", "x=file"]).fails(4, "a policy does not give --table to the plugin newline");
    write(&user, "config/policy.toml", "pinned = true\nno-downgrade = true\n");
    user.pack("a.wasm", "1.2.0", b'2');
    user.pack("b.wasm", "1.1.0", b'1');
    applied(&user, "./a.wasm").fails(4, "may not be run").says("no runner.lock names it");
    run(&user, &["plugin", "install", "a.wasm"]).ok();
    applied(&user, "acme:guest").fails(4, "may not be run").says("`runner plugin lock acme:guest`");
    run(&user, &["plugin", "lock", "acme:guest"]).ok();
    applied(&user, "acme:guest").ok();
    run(&user, &["plugin", "install", "b.wasm"]).fails(4, "is older than what was installed");
    run(&user, &["plugin", "install", "b.wasm", "--accept", "older"])
        .fails(4, "a policy demands `no-downgrade`");
}
