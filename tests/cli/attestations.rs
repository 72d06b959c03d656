//! `plugin attest`, and attestations on their way: `verify`, `install`, `export` and
//! `import`.

use std::fs;
use std::process::Stdio;

use runner_tests::packages::User;
use runner_tests::{Ran, guest, names};
use serde_json::Value;

const FILE: &str = "x.wasm.intoto.jsonl";

/// A user with a key, and with `acme:guest` in `x.wasm`: a plugin that changes
/// nothing, so it passes.
fn user() -> User {
    let user = User::new();
    user.keys("key");
    user.keys("vetter");
    user.scratch.write("plain.wasm", guest::build("guest", ""));
    user.plugin(&["package", "plain.wasm", "--namespace", "acme", "-o", "x.wasm"]).ok();
    user.plugin(&["sign", "x.wasm", "--key", "key"]).ok();
    user
}

/// The report of `plugin vet`, as a file.
fn report(user: &User) -> Value {
    let said = user.plugin(&["vet", "x.wasm", "--rounds", "0", "--json"]).ok().text();
    user.scratch.write("report", &said);
    serde_json::from_str(&said).unwrap()
}

fn attest(user: &User, more: &[&str]) -> Ran {
    user.plugin(&[&["attest", "x.wasm", "--key", "vetter"], more].concat())
}

fn verify(user: &User, more: &[&str]) -> Ran {
    user.plugin(&[&["verify", "x.wasm", "--key", "key.pub"], more].concat())
}

/// The line of a public key.
fn key(user: &User, name: &str) -> String {
    user.read(name).lines().nth(1).unwrap().to_owned()
}

#[test]
fn what_is_attested_is_shown_and_can_be_demanded() {
    let user = user();
    let demand = ["--attester", "vetter.pub"];
    verify(&user, &demand)
        .fails(4, "x.wasm has no attestation of the key RW")
        .says("there is no file x.wasm.intoto.jsonl");
    report(&user);
    attest(&user, &[]).fails_to_parse();
    let said = attest(&user, &["--vet", "report", "--approve", "safe-to-run,read-source"]).ok().text();
    assert!(said.contains(&format!("{FILE}: acme:guest@0.1.0 is vetted by runner ")), "{said}");
    assert!(said.contains(": passed, checks passed "), "{said}");
    assert!(said.contains("acme:guest@0.1.0 is approved on 2"), "{said}");
    assert_eq!(user.read(FILE).lines().count(), 2);
    let said = verify(&user, &demand).ok().text();
    let vetter = key(&user, "vetter.pub");
    assert!(said.contains(&format!("{vetter} attests: vetted by runner ")), "{said}");
    assert!(said.contains(&format!("{vetter} attests: approved on 2")), "{said}");
    assert!(said.contains(": safe-to-run, read-source\n"), "{said}");
    // Who is not asked for is not believed, and what an attestation says is not shown.
    let said = verify(&user, &[]).ok().text();
    assert!(said.contains(&format!("was not checked; it names the key {vetter}: give its file")), "{said}");
    assert!(!said.contains("safe-to-run"), "{said}");
    verify(&user, &["--attester", "key.pub"])
        .fails(4, "has no attestation of the key")
        .says("has 2 attestations in all");
    // One that is about another plugin counts for nothing.
    user.scratch.write("other.wasm", guest::build("guest", "(func (export \"more\"))"));
    user.plugin(&["package", "other.wasm", "--namespace", "acme", "-o", "other-x.wasm"]).ok();
    user.plugin(&["sign", "other-x.wasm", "--key", "key"]).ok();
    fs::copy(user.scratch.path(FILE), user.scratch.path("other-x.wasm.intoto.jsonl")).unwrap();
    let ran = user.plugin(&["verify", "other-x.wasm", "--key", "key.pub", "--attester", "vetter.pub"]);
    assert!(
        ran.text().contains("that does not count: the attestation is about another plugin"),
        "{}",
        ran.text()
    );
    ran.fails(4, "other-x.wasm has no attestation of the key");
}

#[test]
fn only_a_report_of_this_plugin_that_passed_is_attested() {
    let user = user();
    let good = report(&user);
    let vet = |report: &str| attest(&user, &["--vet", report]);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut report = good.clone();
        change(&mut report);
        user.scratch.write("changed", report.to_string());
        vet("changed")
    };
    changed(&|_| {}).ok();
    fs::remove_file(user.scratch.path(FILE)).unwrap();
    changed(&|report| report["plugin"]["digest"] = "0".repeat(64).into())
        .fails(4, "changed is not a report that can be attested")
        .says("it is about the digest 0000");
    changed(&|report| report["passed"] = false.into()).fails(4, "the plugin has failed");
    changed(&|report| report["checks"][0]["status"] = "fail".into()).fails(4, "the plugin has failed: ");
    changed(&|report| report["time"] = "2999-01-01T00:00:00Z".into()).fails(4, "has not come yet");
    changed(&|report| report["time"] = Value::Null).fails(2, "is not a report");
    changed(&|report| report["event"] = "applied".into()).fails(2, "it is not a report of `plugin vet`");
    changed(&|report| report["format"] = 2.into()).fails(2, "it is not a report of `plugin vet`");
    changed(&|report| report["plugin"] = "\u{1b}[2J".into()).fails(2, "is not a report");
    vet("missing").fails(2, "missing");
    vet("x.wasm").fails(2, "is not a report");
    for odd in ["/dev/zero", "."] {
        vet(odd).fails(2, "is not a regular file");
    }
    for criteria in ["Safe", "safe to run", "a,,b", "a,a", ""] {
        attest(&user, &["--approve", criteria]).fails(2, "criterion");
    }
    // Nothing was written by any of them.
    assert!(!user.scratch.path(FILE).exists());
    attest(&user, &["--approve", "safe-to-run", "--key", "vetter.pub"]).fails_to_parse();
    user.plugin(&["attest", "plain.wasm", "--key", "vetter", "--approve", "x"])
        .fails(2, "nothing is written in plain.wasm");
}

#[test]
fn attestations_go_where_the_plugin_goes() {
    let (user, other) = (user(), User::new());
    user.plugin(&["install", "x.wasm", "--key", "key.pub"]).ok();
    attest(&user, &["--approve", "safe-to-run"]).ok();
    let first = user.read(FILE);
    let said = user.plugin(&["install", "x.wasm"]).ok().text();
    assert!(said.contains("1 attestation taken along, and not checked"), "{said}");
    assert_eq!(names(&user.data().join("plugins")).len(), 2);
    // The same again, without any, and with others: none is lost.
    let installed = |said: &str| user.plugin(&["install", "x.wasm"]).ok().text().starts_with(said);
    assert!(installed("was installed already: "));
    fs::remove_file(user.scratch.path(FILE)).unwrap();
    assert!(installed("was installed already: "));
    attest(&user, &["--approve", "read-source"]).ok();
    let second = user.read(FILE);
    assert!(installed("installed "));
    assert_eq!(names(&user.data().join("plugins")).len(), 2, "what was replaced is swept");
    user.plugin(&["export", "box"]).ok();
    let carried = "box/acme.guest-0.1.0.wasm.intoto.jsonl";
    assert_eq!(user.read(carried), first.clone() + &second);
    let folder = user.scratch.path("box");
    other.plugin(&["import", folder.to_str().unwrap()]).ok();
    other.plugin(&["export", "again"]).ok();
    assert_eq!(other.read("again/acme.guest-0.1.0.wasm.intoto.jsonl"), first + &second);
    // They are hashed like the plugin.
    let stored = names(&other.data().join("plugins"));
    let stored = stored.iter().find(|name| name.ends_with(".intoto.jsonl")).unwrap();
    fs::write(other.data().join("plugins").join(stored), "").unwrap();
    other.plugin(&["export", "third"]).fails(5, "the installed plugin acme:guest@0.1.0 is damaged");
    other.plugin(&["import", folder.to_str().unwrap()]).ok();
    other.plugin(&["export", "fourth"]).ok();
    other.plugin(&["remove", "acme:guest"]).ok();
    assert_eq!(names(&other.data().join("plugins")), [""; 0]);
}

#[test]
fn a_file_of_attestations_from_others_is_only_text() {
    let user = user();
    attest(&user, &["--approve", "safe-to-run"]).ok();
    let good = user.read(FILE);
    let place = user.scratch.path(FILE);
    let both = |what: &str| {
        for command in [&["verify", "x.wasm", "--key", "key.pub"][..], &["install", "x.wasm"]] {
            user.plugin(command).fails(4, what);
        }
        attest(&user, &["--approve", "more"]).fails(4, what);
    };
    for (text, what) in [
        ("{}".to_owned(), "line 1"),
        (format!("{good}\nx"), "line 3"),
        (good.replacen('{', "{\"payload\":\"\",", 1), "a name is there twice"),
        (good.replace("vnd.in-toto+json", "json"), "payloadType"),
        ("[".repeat(60_000), "nested too deeply"),
        ("x".repeat(100_000), "the limit is 65536"),
        (format!("{good}\u{1b}[2J"), "line 2"),
        (good.repeat(65), "the file has more than 64 attestations"),
    ] {
        fs::write(&place, text).unwrap();
        both(what);
    }
    fs::remove_file(&place).unwrap();
    for odd in ["/dev/zero", "/dev/null", "."] {
        std::os::unix::fs::symlink(odd, &place).unwrap();
        verify(&user, &[]).fails(2, "is not a regular file");
        fs::remove_file(&place).unwrap();
    }
    rustix::fs::mknodat(rustix::fs::CWD, &place, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    verify(&user, &[]).fails(2, "is not a regular file");
    fs::remove_file(&place).unwrap();
    fs::write(&place, vec![b'\n'; (1 << 20) + 1]).unwrap();
    assert_eq!(verify(&user, &[]).code, 2);
    // The name of a key is whatever its writer wants.
    let vetter = key(&user, "vetter.pub");
    fs::write(&place, good.replace(&vetter, "\\u001b[2J")).unwrap();
    let said = verify(&user, &[]).ok().text();
    assert!(said.contains("it names the key \\u{1b}[2J"), "{said}");
    verify(&user, &["--attester", "vetter.pub"]).ok();
    assert!(!user.data().exists());
}

#[test]
fn nobody_who_attests_at_the_same_time_is_lost() {
    let user = user();
    let children: Vec<_> = (0..8)
        .map(|number| {
            let mut command = user.command();
            let criterion = format!("criterion-{number}");
            command.args(["plugin", "attest", "x.wasm", "--key", "vetter", "--approve", &criterion]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        Ran::of(child.wait_with_output().unwrap()).ok();
    }
    assert_eq!(user.read(FILE).lines().count(), 8);
}
