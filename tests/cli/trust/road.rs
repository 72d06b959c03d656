//! The whole road of a plugin: its author brings it to a registry, a company vets it itself
//! and uses it, a second company believes the first one, and the author's key is stolen.

use std::fs;

use runner_sandbox::plugin::bundled;
use runner_tests::packages::User;
use runner_tests::registries::{Registry, missing};
use runner_tests::{Ran, skip};

use super::{key_line, run, user, write};

/// Tries a plugin, and attests that it has passed.
fn vetted(user: &User, plugin: &str, key: &str, more: &[&str]) {
    let report = user.plugin(&["vet", plugin, "--rounds", "0", "--json"]).ok().text();
    user.scratch.write("report", report);
    user.plugin(&[&["attest", plugin, "--key", key, "--vet", "report"], more].concat()).ok();
}

fn bring(from: &User, to: &User, files: &[&str]) {
    for file in files {
        fs::copy(from.scratch.path(file), to.scratch.path(file)).unwrap();
    }
}

/// Lets the plugin turn the line end of a file into CR LF.
fn applied(user: &User, options: &[&str]) -> Ran {
    user.scratch.write("file", "abc\n");
    run(user, &[&["apply", "acme:newline", "file", "--set", "to=crlf"], options].concat())
}

fn trusts(user: &User, name: &str, role: &str) {
    let key = format!("{name}.pub");
    run(user, &["trust", "add", name, &key, "--for", "acme:*", "--role", role]).ok();
}

#[test]
fn from_an_author_to_two_companies_and_back() {
    if let Some(program) = missing() {
        return skip(&format!("there is no {program}"));
    }
    let registry = Registry::start();
    let (acme, globex, initech) = (user(), user(), user());
    [&acme, &globex, &initech].into_iter().for_each(|user| registry.known_to(user));
    let place = format!("{}/acme/newline", registry.host());

    // Acme packs a plugin, tries it, signs it, and brings it to a registry.
    let newline = bundled::ALL.iter().find(|plugin| plugin.name == "newline").unwrap();
    acme.scratch.write("newline.wasm", newline.bytes);
    acme.keys("acme");
    acme.plugin(&["package", "newline.wasm", "--namespace", "acme", "-o", "x.wasm"]).ok();
    vetted(&acme, "x.wasm", "acme", &[]);
    acme.plugin(&["sign", "x.wasm", "--key", "acme"]).ok();
    let pushed = acme.online(&["push", "x.wasm", &place]).ok().text();
    let version = pushed.split_once("acme:newline@").unwrap().1.split_once(' ').unwrap().0.to_owned();
    let tagged = format!("{place}:{version}");

    // Globex demands: signed by Acme, vetted by its own lab, and pinned.
    bring(&acme, &globex, &["acme.pub"]);
    let demands = "signed-by = 'acme'\npinned = true\n\
                   vetted = { by = ['lab'], criteria = ['runner:vetted', 'deployable'] }\n";
    write(&globex, "config/policy.toml", demands);
    trusts(&globex, "acme", "author");
    globex.online(&["install", &tagged]).fails(4, "may not be run").says("of lab, 1 must have vetted it");
    // So the lab pulls it, checks who has signed it, tries it again, and approves of it.
    globex.online(&["pull", &tagged, "-o", "x.wasm"]).ok();
    globex.plugin(&["verify", "x.wasm", "--key", "acme.pub", "--attester", "acme.pub"]).ok();
    globex.keys("lab");
    trusts(&globex, "lab", "vet");
    vetted(&globex, "x.wasm", "lab", &["--approve", "deployable"]);
    run(&globex, &["plugin", "install", "x.wasm"]).ok();
    applied(&globex, &[]).fails(4, "may not be run").says("no runner.lock names it");
    run(&globex, &["plugin", "lock", "acme:newline"]).ok();
    applied(&globex, &["--locked", "--undo", "file.undo"]).ok();
    assert_eq!(globex.read("file"), "abc\r\n");

    // Globex says in public what it has vetted.
    globex.keys("globex");
    run(&globex, &["trust", "draft", "audits", "audits.toml", "--by", "lab", "--name", "globex"]).ok();
    run(&globex, &["trust", "sign", "audits.toml", "--key", "globex"]).ok();

    // Initech has no lab. It believes Globex, in its own words, and Acme's signature.
    bring(&acme, &initech, &["acme.pub"]);
    bring(&globex, &initech, &["globex.pub", "audits.toml", "audits.toml.minisig"]);
    let demands =
        "signed-by = 'acme'\nvetted = { by = ['globex'], criteria = ['runner:vetted', 'safe-to-run'] }\n";
    write(&initech, "config/policy.toml", demands);
    trusts(&initech, "acme", "author");
    initech.online(&["install", &tagged]).fails(4, "may not be run").says("nobody has");
    trusts(&initech, "globex", "audit");
    run(&initech, &["trust", "import", "audits.toml", "--criteria", "deployable=safe-to-run"]).ok();
    initech.online(&["install", &tagged]).ok().prints("in imported audits (globex, number 1)");
    applied(&initech, &[]).ok();
    assert_eq!(initech.read("file"), "abc\r\n");

    // Acme's key is stolen. Two people of Globex revoke it together.
    for key in ["anna", "ben"] {
        globex.keys(key);
        trusts(&globex, key, "revoke");
    }
    let group = "\n[[group]]\nname = \"security\"\nkeys = [\"anna\", \"ben\"]\nmin = 2\n";
    write(&globex, "config/trust.toml", &(globex.read("config/trust.toml") + group));
    let why = "the key was stolen on 3 March";
    let entry = ["--name", "globex-security", "--key", "acme.pub", "--why", why];
    run(&globex, &[&["trust", "draft", "revocations", "list.toml"], &entry[..]].concat()).ok();
    run(&globex, &["trust", "sign", "list.toml", "--key", "anna"]).ok();
    run(&globex, &["trust", "revoke", "list.toml"]).fails(4, "its group demands more");
    run(&globex, &["trust", "sign", "list.toml", "--key", "ben"]).ok();
    run(&globex, &["trust", "revoke", "list.toml"]).ok();
    // A run is refused, and says why, who says so, and what to do.
    let ran = applied(&globex, &["--locked"]);
    let ran = ran
        .fails(4, &format!("the plugin acme:newline@{version} is revoked"))
        .says(&format!("{why} (list globex-security, number 1, signed by anna and ben)"))
        .says("hint: install a version that is not affected")
        .says("--undo` shows what it has changed, and how to take that back");
    assert_eq!(globex.read("file"), "abc\n", "{}", ran.stderr);
    globex.online(&["install", &tagged]).fails(4, "is revoked");
    let list = run(&globex, &["trust", "list"]).ok().text();
    let acme_key = key_line(&globex, "acme.pub");
    assert!(
        list.contains(&format!("acme signs acme:*  {acme_key}, revoked by the list globex-security")),
        "{list}"
    );
    // What it has done is found, and can be taken back.
    let said = run(&globex, &["log", "--plugin", "acme:newline", "--undo", "file"]).ok().text();
    assert!(said.contains("  runner undo ") && said.contains("file.undo"), "{said}");
    fs::write(globex.scratch.path("file"), "abc\r\n").unwrap();
    run(&globex, &["undo", "file.undo", "file"]).ok();
    assert_eq!(globex.read("file"), "abc\n");

    // Initech notices once it takes the list, or the next audits.
    applied(&initech, &[]).ok();
    run(
        &globex,
        &["trust", "draft", "audits", "audits.toml", "--by", "lab", "--plugin", "acme:newline", "--why", why],
    )
    .ok();
    run(&globex, &["trust", "sign", "audits.toml", "--key", "globex"]).ok();
    bring(&globex, &initech, &["audits.toml", "audits.toml.minisig"]);
    run(&initech, &["trust", "import", "audits.toml"])
        .ok()
        .prints("+ warns of acme:newline: the key was stolen");
    applied(&initech, &[])
        .fails(4, &format!("the plugin acme:newline@{version} is refused by imported audits"))
        .says(&format!("{why} (audits globex, number 2, signed by globex, imported by the user)"));
}
