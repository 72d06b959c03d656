//! Trusted keys, policies and lists of revoked plugins.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use runner_tests::packages::User;
use runner_tests::{Ran, has, program, skip};

/// A user with the folders of their machine and of their own.
fn user() -> User {
    let user = User::new();
    for folder in ["config", "machine"] {
        fs::create_dir(user.scratch.path(folder)).unwrap();
        fs::set_permissions(user.scratch.path(folder), PermissionsExt::from_mode(0o755)).unwrap();
    }
    user.scratch.write("file", "abc\n");
    user
}

fn command(user: &User) -> Command {
    let mut command = user.command();
    command.env("RUNNER_CONFIG_DIR", user.scratch.path("config"));
    command.env("RUNNER_UNDER_TEST_MACHINE", user.scratch.path("machine"));
    command
}

fn run(user: &User, args: &[&str]) -> Ran {
    Ran::of(command(user).args(args).output().unwrap())
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
        let mut pipe = command(&user);
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
    run(&user, &both).ok();
    let ran = applied(&user, "acme:guest").ok();
    assert!(ran.stderr.contains("warning: a plugin may have been revoked meanwhile"), "{}", ran.stderr);
    write(&user, "config/policy.toml", "stale-lists = 'refuse'\n");
    applied(&user, "acme:guest").fails(4, "may not be run").says("has expired at 2026-02-01");
    fs::write(user.data().join("lists.toml"), "form = 1\n[[accepted]]").unwrap();
    applied(&user, "acme:guest").fails(5, "cannot use ");
}

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
