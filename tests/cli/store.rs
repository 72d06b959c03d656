//! Installed plugins: `install`, `list`, `update`, `remove`, `lock`, `export`,
//! `import`, and runs by name.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use runner_tests::packages::{User, guest_plugin};
use runner_tests::{Ran, names};

/// The files of all installed plugins.
fn files(user: &User) -> Vec<PathBuf> {
    names(&user.data().join("plugins")).iter().map(|name| user.data().join("plugins").join(name)).collect()
}

#[test]
fn an_installed_plugin_is_run_by_its_name() {
    let user = User::new();
    user.applied("acme:guest", &[]).fails(4, "the plugin acme:guest is not installed");
    assert!(!user.data().exists(), "nothing is made for those who install nothing");
    for (file, version, mark) in [("a.wasm", "1.2.0", b'2'), ("b.wasm", "1.9.0", b'9')] {
        user.pack(file, version, mark);
    }
    let said = user.plugin(&["install", "a.wasm", "b.wasm"]).ok().text();
    assert!(
        said.starts_with("installed acme:guest@1.2.0, digest ") && said.contains(", unsigned\n"),
        "{said}"
    );
    assert_eq!(user.first_byte("acme:guest", &[]), b'9');
    assert_eq!(user.first_byte("acme:guest@1.2.0", &[]), b'2');
    assert_eq!(user.first_byte("acme:guest@1.2.0,newline", &[]), b'2');
    user.applied("acme:guest@1.3.0", &[]).fails(4, "acme:guest@1.3.0 is not installed").says("1.2.0, 1.9.0");
    user.applied("guest", &[]).fails(2, "no bundled plugin `guest`").says("installed: acme:guest");
    user.applied("acme:../x", &[]).fails(2, "");
    user.applied("Acme:guest", &[]).fails(2, "is not the name of an installed plugin");
    let listed = user.plugin(&["list"]).ok().text();
    assert!(listed.contains("\nacme:guest@1.9.0  A test guest.\n    digest "), "{listed}");
    let shown = user.plugin(&["inspect", "acme:guest", "--no-run"]).ok().text();
    assert!(shown.starts_with("acme:guest@1.9.0\n"), "{shown}");
    // It fails some checks, as it edits each window.
    let vetted = user.plugin(&["vet", "acme:guest", "--rounds", "0"]);
    assert!(vetted.text().contains("pass  section"), "{}{}", vetted.text(), vetted.stderr);
    let said = user.plugin(&["install", "a.wasm"]).ok().text();
    assert!(said.starts_with("was installed already: acme:guest@1.2.0"), "{said}");
    // One of two versions, then the other one.
    let said = user.plugin(&["remove", "acme:guest@1.9.0"]).ok().text();
    assert_eq!(said, "removed acme:guest@1.9.0\n");
    assert_eq!((user.first_byte("acme:guest", &[]), files(&user).len()), (b'2', 1));
    user.plugin(&["remove", "acme:guest", "acme:other"]).fails(4, "acme:other is not installed");
    user.plugin(&["remove", "acme:guest"]).ok();
    user.applied("acme:guest", &[]).fails(4, "is not installed");
    assert!(files(&user).is_empty());
}

#[test]
fn all_are_installed_or_none() {
    let user = User::new();
    user.pack("a.wasm", "1.0.0", b'1');
    user.scratch.write("b.wasm", guest_plugin("2.0.0", b'2'));
    user.plugin(&["install", "a.wasm", "b.wasm"]).fails(2, "nothing is written in b.wasm");
    user.plugin(&["install", "a.wasm", "missing.wasm"]).fails(2, "missing.wasm");
    user.plugin(&["install", "/dev/zero"]).fails(2, "is not a file");
    assert!(!user.data().exists());
    // In a folder, what is not packed is named and left out.
    fs::create_dir(user.scratch.path("folder")).unwrap();
    fs::rename(user.scratch.path("b.wasm"), user.scratch.path("folder/b.wasm")).unwrap();
    assert_eq!(user.plugin(&["install", "folder"]).code, 2);
    fs::rename(user.scratch.path("a.wasm"), user.scratch.path("folder/a.wasm")).unwrap();
    let ran = user.plugin(&["install", "folder"]).ok();
    assert!(ran.stderr.contains("folder/b.wasm is not packed, and left out"), "{}", ran.stderr);
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
}

#[test]
fn nothing_gets_weaker_unless_that_is_accepted() {
    let user = User::new();
    user.keys("key");
    user.keys("other");
    let signed = |file: &str, version, mark, key: &str| {
        user.pack(file, version, mark);
        user.plugin(&["sign", file, "--key", key]).ok();
    };
    signed("a.wasm", "1.2.0", b'2', "key");
    let said = user.plugin(&["install", "a.wasm"]).ok().text();
    assert!(said.contains("unsigned\na.wasm.minisig was not checked: give the file"), "{said}");
    user.plugin(&["install", "a.wasm", "--key", "other.pub"])
        .fails(4, "a.wasm.minisig does not vouch for a.wasm");
    let said = user.plugin(&["install", "a.wasm", "--key", "key.pub"]).ok().text();
    let key = user.read("key.pub").lines().nth(1).unwrap().to_owned();
    assert!(said.contains(&format!("signed by {key}\n")), "{said}");
    // From now on, each version must be signed by that key, without an option.
    user.pack("b.wasm", "1.3.0", b'3');
    user.plugin(&["install", "b.wasm"]).fails(4, "is not signed by the one who signed it before");
    user.plugin(&["install", "b.wasm", "--key", "key.pub"]).fails(4, "b.wasm is not signed");
    user.plugin(&["sign", "b.wasm", "--key", "other"]).ok();
    user.plugin(&["install", "b.wasm"]).fails(4, "b.wasm.minisig does not vouch for b.wasm");
    user.plugin(&["install", "b.wasm", "--key", "other.pub"])
        .fails(4, "is not signed by the one who signed it before")
        .says("--accept signer");
    assert_eq!(user.first_byte("acme:guest", &[]), b'2');
    user.plugin(&["install", "b.wasm", "--key", "other.pub", "--accept", "signer"]).ok();
    assert_eq!(user.first_byte("acme:guest", &[]), b'3');
    // Older versions, and other bytes, also after all was removed.
    user.plugin(&["remove", "acme:guest"]).ok();
    signed("c.wasm", "1.1.0", b'1', "other");
    user.plugin(&["install", "c.wasm"])
        .fails(4, "acme:guest@1.1.0 is older than what was installed")
        .says("version 1.3.0 was installed before")
        .says("--accept older");
    signed("d.wasm", "1.3.0", b'4', "other");
    user.plugin(&["install", "d.wasm"]).fails(4, "is another file than").says("--accept bytes");
    user.plugin(&["install", "c.wasm", "d.wasm", "--accept", "older", "--accept", "bytes"]).ok();
    assert_eq!(user.first_byte("acme:guest", &[]), b'4');
}

#[test]
fn what_was_changed_in_the_store_is_not_run() {
    let user = User::new();
    user.pack("a.wasm", "1.0.0", b'1');
    user.plugin(&["install", "a.wasm"]).ok();
    let file = files(&user).remove(0);
    let right = fs::read(&file).unwrap();
    // Swapped for another plugin, cut, gone.
    for content in [Some(&guest_plugin("1.0.0", b'2')[..]), Some(&right[..9]), None] {
        match content {
            Some(content) => fs::write(&file, content).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        user.applied("acme:guest", &[]).fails(5, "the installed plugin acme:guest@1.0.0 is damaged");
        assert_eq!(user.read("file"), "abc\n");
        user.plugin(&["lock", "acme:guest"]).fails(5, "is damaged");
    }
    // A link to the right content is none of ours.
    std::os::unix::fs::symlink(user.scratch.path("a.wasm"), &file).unwrap();
    user.applied("acme:guest", &[]).fails(2, "symbolic link");
    user.plugin(&["install", "a.wasm"]).ok();
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
    // Others may write to something.
    for (path, mode) in [
        (file, 0o620),
        (user.data().join("installed.toml"), 0o602),
        (user.data().join("plugins"), 0o730),
        (user.data(), 0o770),
    ] {
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        user.applied("acme:guest", &[]).fails(4, "cannot be trusted");
        fs::set_permissions(&path, before).unwrap();
    }
    let index = user.data().join("installed.toml");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("acme:guest@", "acme:../x@")).unwrap();
    user.applied("acme:guest", &[]).fails(5, "the index of installed plugins is damaged");
    user.plugin(&["install", "a.wasm"]).fails(5, "the index of installed plugins is damaged");
    fs::write(&index, text).unwrap();
    assert_eq!(user.first_byte("acme:guest", &[]), b'1');
}

#[test]
fn a_lock_file_narrows_and_never_grants() {
    let user = User::new();
    for (file, version, mark) in [("a.wasm", "1.2.0", b'2'), ("b.wasm", "1.9.0", b'9')] {
        user.pack(file, version, mark);
        user.plugin(&["install", file]).ok();
    }
    let strict = ["--locked"];
    user.applied("acme:guest", &strict).fails(4, "no runner.lock here names the plugin acme:guest");
    user.plugin(&["lock", "acme:guest@1.2.0"]).ok();
    assert_eq!(user.first_byte("acme:guest", &[]), b'2');
    assert_eq!(user.first_byte("acme:guest", &strict), b'2');
    user.applied("acme:guest@1.9.0", &[]).fails(4, "runner.lock demands acme:guest@1.2.0");
    user.applied("newline", &strict).ok();
    user.applied("./a.wasm", &strict).fails(4, "only locked plugins are run");
    let plan = ["plan", "./a.wasm", "file", "-o", "p", "--locked"];
    user.run(&plan).fails(4, "only locked plugins are run");
    // Written by hand: another digest, another version, another form.
    let right = user.read("runner.lock");
    let digest = |file: &str| blake3::hash(&fs::read(user.scratch.path(file)).unwrap()).to_string();
    let digests = [digest("a.wasm"), digest("b.wasm")];
    for (text, code, what) in [
        (right.replace(&digests[0], &digests[1]), 4, "is not the one that runner.lock demands"),
        (right.replace("1.2.0", "1.3.0"), 4, "which runner.lock demands, is not installed"),
        (right.replace("form = 1", "form = 2"), 5, "cannot use runner.lock"),
        (right.replace("acme:guest", "acme:/etc/passwd"), 5, "cannot use runner.lock"),
        (right.clone() + &right, 5, "cannot use runner.lock"),
    ] {
        user.scratch.write("runner.lock", text);
        for options in [&strict[..], &[]] {
            user.applied("acme:guest", options).fails(code, what);
        }
    }
    fs::remove_file(user.scratch.path("runner.lock")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        user.scratch.path("runner.lock"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    user.applied("acme:guest", &[]).fails(2, "is not a regular file");
    fs::remove_file(user.scratch.path("runner.lock")).unwrap();
    // What was removed is not run, whatever the lock file says.
    user.scratch.write("runner.lock", &right);
    user.plugin(&["remove", "acme:guest@1.2.0"]).ok();
    user.applied("acme:guest", &[]).fails(4, "which runner.lock demands, is not installed");
    assert_eq!(user.read("file"), "abc\n");
}

#[test]
fn an_update_takes_what_is_newer_and_moves_the_lock() {
    let user = User::new();
    user.pack("a.wasm", "1.2.0", b'2');
    user.plugin(&["install", "a.wasm"]).ok();
    user.plugin(&["lock", "acme:guest"]).ok();
    fs::create_dir(user.scratch.path("new")).unwrap();
    user.pack("new/old.wasm", "1.1.0", b'1');
    user.pack("new/same.wasm", "1.2.0", b'x');
    let said = user.plugin(&["update", "new"]).ok().text();
    assert_eq!(said, "new has nothing newer\n");
    user.pack("new/a.wasm", "1.9.0", b'9');
    user.pack("new/b.wasm", "1.3.0", b'3');
    user.plugin(&["update", "new", "acme:other"]).fails(4, "acme:other is not installed");
    let said = user.plugin(&["update", "new"]).ok().text();
    assert!(said.starts_with("installed acme:guest@1.9.0"), "{said}");
    assert!(said.ends_with("runner.lock demands the new versions now\n"), "{said}");
    assert_eq!(user.first_byte("acme:guest", &["--locked"]), b'9');
    assert_eq!(files(&user).len(), 2);
}

#[test]
fn a_folder_carries_plugins_to_another_machine() {
    let (user, other) = (User::new(), User::new());
    user.keys("key");
    user.pack("a.wasm", "1.2.0", b'2');
    user.plugin(&["sign", "a.wasm", "--key", "key"]).ok();
    user.plugin(&["export", "box"]).fails(2, "no plugin is installed");
    user.plugin(&["install", "a.wasm", "--key", "key.pub"]).ok();
    user.plugin(&["export", "box"]).ok();
    user.plugin(&["export", "box"]).fails(4, "the folder box is not empty");
    let carried = user.scratch.path("box");
    assert_eq!(names(&carried), ["acme.guest-1.2.0.wasm", "acme.guest-1.2.0.wasm.minisig", "runner.lock"]);
    let (carried, key) = (carried.to_str().unwrap(), user.scratch.path("key.pub"));
    let import = |more: &[&str]| -> Ran { other.plugin(&[&["import", carried], more].concat()) };
    let file = user.scratch.path("box/acme.guest-1.2.0.wasm");
    let right = fs::read(&file).unwrap();
    let swapped = fs::read(user.pack("b.wasm", "1.2.0", b'3')).unwrap();
    fs::write(&file, swapped).unwrap();
    import(&[]).fails(5, "is not the plugin acme:guest@1.2.0 of the list");
    fs::remove_file(&file).unwrap();
    import(&[]).fails(2, "acme.guest-1.2.0.wasm");
    fs::write(&file, &right).unwrap();
    let list = user.read("box/runner.lock");
    user.scratch.write("box/runner.lock", list.replace("acme:guest@1.2.0", "acme:guest@1.3.0"));
    assert_ne!(import(&[]).code, 0);
    user.scratch.write("box/runner.lock", &list);
    assert!(!other.data().exists());
    import(&["--key", key.to_str().unwrap()]).ok();
    assert_eq!(other.first_byte("acme:guest", &[]), b'2');
    let listed = other.plugin(&["list"]).ok().text();
    assert!(
        listed.contains(&format!("signed by {}", user.read("key.pub").lines().nth(1).unwrap())),
        "{listed}"
    );
    other.plugin(&["import", "."]).fails(2, "runner.lock");
}

#[test]
fn many_processes_install_at_once() {
    let user = User::new();
    let versions: Vec<_> = (0..6).map(|number| format!("1.{number}.0")).collect();
    for (number, version) in versions.iter().enumerate() {
        user.pack(&format!("{version}.wasm"), version, b'0' + number as u8);
    }
    let children: Vec<_> = versions
        .iter()
        .flat_map(|version| [version, version])
        .map(|version| {
            let mut command = user.command();
            command.args(["plugin", "install", &format!("{version}.wasm"), "--accept", "older"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        Ran::of(child.wait_with_output().unwrap()).ok();
    }
    let listed = user.plugin(&["list"]).ok().text();
    for (number, version) in versions.iter().enumerate() {
        assert!(listed.contains(&format!("acme:guest@{version}  ")), "{listed}");
        assert_eq!(user.first_byte(&format!("acme:guest@{version}"), &[]), b'0' + number as u8);
    }
    assert_eq!(files(&user).len(), versions.len());
}
