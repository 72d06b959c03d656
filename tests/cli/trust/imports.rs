//! The audits of another company: signed, pinned by content, in one's own words, and not
//! passed on.

use std::fs;

use runner_tests::Ran;
use runner_tests::packages::User;

use super::{applied, run, signed, user, write};

/// `globex`, who has vetted a plugin, and has signed a list of that: `audits.toml`.
fn globex() -> User {
    let globex = user();
    for key in ["author", "lab", "globex", "foreign"] {
        globex.keys(key);
    }
    signed(&globex, "a.wasm", "1.2.0", b'2', "author");
    for (name, key) in [("lab", "lab.pub"), ("foreign", "foreign.pub")] {
        run(&globex, &["trust", "add", name, key, "--for", "acme:*", "--role", "vet"]).ok();
    }
    for (key, word) in [("lab", "deployable"), ("foreign", "loved")] {
        globex.plugin(&["attest", "a.wasm", "--key", key, "--approve", word]).ok();
    }
    published(&globex, &["a.wasm", "--name", "globex"]);
    globex
}

/// Writes and signs the next list, and returns what was printed of it.
fn published(globex: &User, more: &[&str]) -> String {
    let said = run(globex, &[&["trust", "draft", "audits", "audits.toml", "--by", "lab"], more].concat());
    run(globex, &["trust", "sign", "audits.toml", "--key", "globex"]).ok();
    said.ok().text()
}

/// Brings files of one user to another one.
fn bring(from: &User, to: &User, files: &[&str]) {
    for file in files {
        fs::copy(from.scratch.path(file), to.scratch.path(file)).unwrap();
    }
}

const LIST: [&str; 2] = ["audits.toml", "audits.toml.minisig"];

/// A company that demands what `globex` has vetted, and has its list and the plugin.
fn company(globex: &User) -> User {
    let company = user();
    bring(globex, &company, &[&LIST[..], &["globex.pub", "a.wasm", "lab.pub"]].concat());
    write(&company, "config/policy.toml", "vetted = { by = ['globex'], criteria = ['safe-to-run'] }\n");
    company
}

fn import(user: &User, more: &[&str]) -> Ran {
    run(user, &[&["trust", "import", "audits.toml"], more].concat())
}

fn trust(user: &User) {
    run(user, &["trust", "add", "globex", "globex.pub", "--for", "acme:*", "--role", "audit"]).ok();
}

const WORDS: [&str; 2] = ["--criteria", "deployable=safe-to-run"];

#[test]
fn the_audits_of_a_trusted_company_count_in_our_words() {
    let globex = globex();
    // What others have attested there is not passed on.
    assert!(!globex.read("audits.toml").contains("loved"));
    let company = company(&globex);
    import(&company, &[])
        .fails(4, "the audits globex with number 1 are not imported")
        .says("`runner trust add NAME KEY.pub --role audit");
    run(&company, &["trust", "add", "x", "globex.pub", "--for", "acme:*", "--role", "vet"]).ok();
    import(&company, &[]).fails(4, "the audits globex with number 1 are not imported");
    run(&company, &["trust", "remove", "x"]).ok();
    trust(&company);
    applied(&company, "./a.wasm").fails(4, "may not be run").says("nobody has");
    import(&company, &["--for", "*"]).fails(4, "the keys that have signed them are trusted for acme:*");
    import(&company, &["--until", "2999-01-01"]).fails(2, "for a year at most");
    import(&company, &["--criteria", "deployable=runner:vetted"]).fails_to_parse();
    let said = import(&company, &["--dry-run"]).ok().text();
    assert!(said.contains("+ acme:guest@1.2.0 is deployable, as of 2"), "{said}");
    assert!(said.contains("these words of theirs mean nothing here: deployable; "), "{said}");
    assert!(!company.scratch.path("config/imports.toml").exists());
    import(&company, &[]).ok();
    applied(&company, "./a.wasm").fails(4, "nobody has").says("--criteria deployable=WORD` maps it");
    import(&company, &WORDS).ok().prints("their deployable is safe-to-run here");
    applied(&company, "./a.wasm").ok();
    let said = run(&company, &["plugin", "install", "a.wasm"]).ok().text();
    assert!(said.contains("in imported audits (globex, number 1)\n"), "{said}");
    applied(&company, "acme:guest").ok();
    run(&company, &["log", "--plugin", "acme:guest"])
        .ok()
        .prints(", in imported audits (globex, number 1)\n");
    let said = run(&company, &["trust", "list"]).ok().text();
    assert!(said.contains("audits globex, number 1: 1 audit, 0 entries of warning, until 2"), "{said}");
    assert!(said.contains("their deployable is safe-to-run here"), "{said}");
    // It is one list, by its content, and only while its key is trusted.
    let list = fs::read_dir(company.scratch.path("config")).unwrap().map(|entry| entry.unwrap().path());
    let list = list.into_iter().find(|path| path.to_string_lossy().contains("audits-")).unwrap();
    let good = fs::read(&list).unwrap();
    fs::write(&list, [&good[..], b"\n"].concat()).unwrap();
    applied(&company, "./a.wasm").fails(5, "is not the list of audits that was imported as globex");
    // Importing it again mends that.
    import(&company, &[]).ok();
    assert_eq!(fs::read(&list).unwrap(), good);
    run(&company, &["trust", "remove", "globex"]).ok();
    applied(&company, "./a.wasm").fails(4, "nobody has");
    trust(&company);
    applied(&company, "./a.wasm").ok();
    run(&company, &["trust", "remove", "--import", "globex"]).ok();
    assert!(!list.exists());
    applied(&company, "./a.wasm").fails(4, "nobody has");
    run(&company, &["trust", "remove", "--import", "globex"]).fails(2, "no audits of the name globex");
}

#[test]
fn audits_that_a_company_imports_are_not_its_own() {
    let globex = globex();
    let company = company(&globex);
    trust(&company);
    import(&company, &WORDS).ok();
    run(&company, &["plugin", "install", "a.wasm"]).ok();
    // What it says itself of the same plugin is nothing.
    run(&company, &["trust", "draft", "audits", "ours.toml", "--name", "ours", "--by", "globex"])
        .fails(2, "no key of the name globex is trusted to vet");
    company.keys("ours");
    run(&company, &["trust", "add", "ours", "ours.pub", "--for", "acme:*", "--role", "vet"]).ok();
    let said = run(&company, &["trust", "draft", "audits", "ours.toml", "--name", "ours", "--by", "ours"]);
    let said = said.ok().text();
    assert!(said.contains(": 0 audits\n"), "{said}");
    assert!(!company.read("ours.toml").contains("acme:guest"));
    // A list has no place for a link to another one.
    let text = company.read("ours.toml");
    company.scratch.write("ours.toml", format!("imports = [\"globex\"]\n{text}"));
    run(&company, &["trust", "sign", "ours.toml", "--key", "ours"]).fails(2, "cannot use ours.toml");
}

#[test]
fn an_update_shows_what_changes_and_never_goes_back() {
    let globex = globex();
    let company = company(&globex);
    trust(&company);
    import(&company, &WORDS).ok();
    for file in LIST {
        fs::copy(company.scratch.path(file), company.scratch.path(&format!("old-{file}"))).unwrap();
    }
    applied(&company, "./a.wasm").ok();
    // The next list warns of it.
    let said =
        published(&globex, &["--plugin", "acme:guest", "--below", "1.3.0", "--why", "it writes twice"]);
    assert!(
        said.contains("with number 2") && said.contains("warns of acme:guest below 1.3.0: it writes twice")
    );
    bring(&globex, &company, &LIST);
    applied(&company, "./a.wasm").ok();
    let said = import(&company, &[]).ok().text();
    assert!(said.contains("+ warns of acme:guest below 1.3.0: it writes twice; it is refused"), "{said}");
    assert!(!said.contains("is deployable, as of"), "only what changes is shown: {said}");
    // A warning beats what was vetted, whatever the policies say.
    run(&company, &["plugin", "install", "a.wasm"]).fails(4, "is refused by imported audits");
    write(&company, "config/policy.toml", "");
    applied(&company, "./a.wasm")
        .fails(4, "the plugin acme:guest@1.2.0 is refused by imported audits")
        .says("it writes twice (audits globex, number 2, signed by globex, imported by the user)")
        .says("`runner trust import FILE` takes their newest audits")
        .says("`runner trust remove --import globex`")
        .says("`runner log --plugin ");
    run(&company, &["trust", "import", "old-audits.toml"])
        .fails(4, "the audits globex with number 1 are not imported")
        .says("those with number 2 are imported already");
    applied(&company, "./a.wasm").fails(4, "is refused by imported audits");
    // Another company cannot take its place by a list of the same name.
    company.keys("mallory");
    run(&company, &["trust", "add", "mallory", "mallory.pub", "--for", "acme:*", "--role", "audit"]).ok();
    let text = company.read("audits.toml").replace("sequence = 2", "sequence = 9");
    company.scratch.write("theirs.toml", text);
    run(&company, &["trust", "sign", "theirs.toml", "--key", "mallory"]).ok();
    run(&company, &["trust", "import", "theirs.toml"])
        .fails(4, "the audits globex with number 9 are not imported")
        .says("are signed by globex, and these by mallory");
    // Once they take it back, what changes is shown, too.
    published(&globex, &["--plugin", "acme:guest", "--below", "1.3.0", "--take-out"]);
    bring(&globex, &company, &LIST);
    import(&company, &[]).ok().prints("- warns of acme:guest below 1.3.0: it writes twice\n");
    applied(&company, "./a.wasm").ok();
    import(&company, &[]).ok().prints("nothing of what they say has changed");
}

#[test]
fn what_was_changed_on_its_way_is_not_imported() {
    let globex = globex();
    let company = company(&globex);
    trust(&company);
    let good = company.read("audits.toml");
    for (from, to) in [("deployable", "safe-to-run"), ("sequence = 1", "sequence = 9"), ("\n", "\n\n")] {
        company.scratch.write("audits.toml", good.replacen(from, to, 1));
        import(&company, &[])
            .fails(4, "are not imported")
            .says("no key that is trusted with the role `audit`");
    }
    company.scratch.write("audits.toml", &good);
    // A user's import does not meet a demand of the machine.
    import(&company, &WORDS).ok();
    let policy = company.read("config/policy.toml");
    write(&company, "machine/policy.toml", &policy);
    write(&company, "machine/trust.toml", &company.read("config/trust.toml"));
    applied(&company, "./a.wasm").fails(4, "nobody has").says("the policy of the machine");
    // A revoked key publishes nothing more, and what it has published does not count.
    fs::remove_file(company.scratch.path("machine/policy.toml")).unwrap();
    applied(&company, "./a.wasm").ok();
    company.keys("sec");
    run(&company, &["trust", "add", "sec", "sec.pub", "--for", "*", "--role", "revoke"]).ok();
    let entry = ["--name", "l", "--key", "globex.pub", "--why", "stolen"];
    run(&company, &[&["trust", "draft", "revocations", "l.toml"], &entry[..]].concat()).ok();
    run(&company, &["trust", "sign", "l.toml", "--key", "sec"]).ok();
    run(&company, &["trust", "revoke", "l.toml"]).ok();
    applied(&company, "./a.wasm").fails(4, "nobody has");
    import(&company, &[]).fails(4, "are not imported");
}
