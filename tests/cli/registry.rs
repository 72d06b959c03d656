//! `plugin push`, `pull`, `install` and `update` with Debian's registry and skopeo.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use runner_tests::packages::User;
use runner_tests::registries::{Registry, missing};
use runner_tests::{Ran, names, program, skip};

/// A registry, an author with a signed plugin, and a company.
struct Road {
    registry: Registry,
    author: User,
    company: User,
}

impl Road {
    fn new() -> Option<Self> {
        if let Some(program) = missing() {
            skip(&format!("there is no {program}"));
            return None;
        }
        let road = Self { registry: Registry::start(), author: User::new(), company: User::new() };
        road.registry.known_to(&road.author);
        road.registry.known_to(&road.company);
        road.author.keys("key");
        road.signed("x.wasm", "1.2.0", b'2');
        fs::copy(road.author.scratch.path("key.pub"), road.company.scratch.path("key.pub")).unwrap();
        Some(road)
    }

    fn signed(&self, file: &str, version: &str, mark: u8) {
        // What is signed is not replaced otherwise.
        let _ = fs::remove_file(self.author.scratch.path(&format!("{file}.minisig")));
        self.author.pack(file, version, mark);
        self.author.plugin(&["sign", file, "--key", "key"]).ok();
    }

    fn reference(&self, end: &str) -> String {
        format!("{}/acme/guest{end}", self.registry.host())
    }

    fn skopeo(&self, options: &[&str], from: &str, to: &str) {
        let folder = self.registry.authority.folder();
        let mut command = program("skopeo");
        command.args(["copy", "--insecure-policy", "--preserve-digests", "--all"]).args(options);
        for (side, place) in [("src", from), ("dest", to)] {
            if place.starts_with("docker:") {
                command.arg(format!("--{side}-cert-dir={}", folder.display()));
                command.arg(format!("--{side}-creds=user:password"));
            }
        }
        Ran::of(command.args([from, to]).current_dir(self.author.scratch.dir()).output().unwrap()).ok();
    }
}

fn manifest(said: &str) -> String {
    let found = said.lines().find_map(|line| line.split_once("@sha256:"));
    format!("@sha256:{}", &found.expect("a digest").1[..64])
}

#[test]
fn what_is_pushed_is_installed_by_those_who_trust_the_author() {
    let Some(road) = Road::new() else { return };
    let (author, company) = (&road.author, &road.company);
    let said = author.online(&["push", "x.wasm", &road.reference("")]).ok().text();
    assert!(said.starts_with(&format!("pushed acme:guest@1.2.0 to {}", road.reference(":1.2.0"))), "{said}");
    let digest = manifest(&said);
    // The same again, and what it has for others.
    assert_eq!(manifest(&author.online(&["push", "x.wasm", &road.reference(":1.2.0")]).ok().text()), digest);
    let tagged = road.reference(":1.2.0");
    company.online(&["install", &tagged]).fails(4, "nobody vouches for acme:guest@1.2.0");
    assert!(!company.data().join("installed.toml").exists());
    let other = company.scratch.path("other.pub");
    author.keys("other");
    fs::copy(author.scratch.path("other.pub"), &other).unwrap();
    company.online(&["install", &tagged, "--key", "other.pub"]).fails(4, "the signature does not vouch for");
    let said = company.online(&["install", &tagged, "--key", "key.pub"]).ok().text();
    assert!(said.contains("signed by RW"), "{said}");
    let index = fs::read_to_string(company.data().join("installed.toml")).unwrap();
    assert!(index.contains(&format!("registry = \"{}\"", road.reference(&digest))), "{index}");
    assert_eq!(company.first_byte("acme:guest", &[]), b'2');
    // Now the key is known, and the next version needs no option.
    road.signed("y.wasm", "1.3.0", b'3');
    author.online(&["push", "y.wasm", &road.reference("")]).ok();
    company.online(&["install", &road.reference(":1.3.0")]).ok();
    assert_eq!(company.first_byte("acme:guest", &[]), b'3');
    // Nothing of the login is in the files or the messages.
    for ran in [company.online(&["pull", &tagged]), company.online(&["pull", &road.reference(":none")])] {
        assert!(!format!("{}{}", ran.text(), ran.stderr).contains("password"));
    }
    assert_eq!(
        fs::read(company.scratch.path("acme.guest-1.2.0.wasm")).unwrap(),
        fs::read(author.scratch.path("x.wasm")).unwrap()
    );
    company.plugin(&["verify", "acme.guest-1.2.0.wasm", "--key", "key.pub"]).ok();
}

#[test]
fn a_digest_is_enough_and_must_be_right() {
    let Some(road) = Road::new() else { return };
    road.author.pack("plain.wasm", "1.0.0", b'1');
    let said = road.author.online(&["push", "plain.wasm", &road.reference("")]).ok().text();
    let blake3 = blake3::hash(&fs::read(road.author.scratch.path("plain.wasm")).unwrap()).to_string();
    let tagged = road.reference(":1.0.0");
    let company = &road.company;
    company.online(&["install", &tagged]).fails(4, "nobody vouches for");
    let wrong = format!("{tagged}#blake3={}", "0".repeat(64));
    company.online(&["install", &wrong]).fails(5, "is not the plugin that is named");
    company
        .online(&["install", &road.reference(&format!("@sha256:{}", "0".repeat(64)))])
        .fails(2, "cannot fetch");
    company.online(&["install", &format!("{tagged}#blake3={blake3}")]).ok().prints(", unsigned");
    company.online(&["remove", "acme:guest"]).ok();
    company.online(&["install", &road.reference(&manifest(&said))]).ok().prints(", unsigned");
    // A lock file pins, too, and only what it names.
    company.online(&["lock", "acme:guest"]).ok();
    company.online(&["remove", "acme:guest"]).ok();
    let lock = company.scratch.path("runner.lock");
    fs::set_permissions(&lock, PermissionsExt::from_mode(0o666)).unwrap();
    company.online(&["install", &tagged]).fails(4, "nobody vouches for");
    fs::set_permissions(&lock, PermissionsExt::from_mode(0o644)).unwrap();
    company.online(&["install", &tagged]).ok();
}

#[test]
fn a_version_keeps_its_content_unless_that_is_asked_for() {
    let Some(road) = Road::new() else { return };
    let author = &road.author;
    author.online(&["push", "x.wasm", &road.reference("")]).ok();
    // Another plugin under the same version, and the same without its signature.
    author.pack("z.wasm", "1.2.0", b'9');
    author
        .online(&["push", "z.wasm", &road.reference("")])
        .fails(4, "names another plugin")
        .says("--replace");
    fs::copy(author.scratch.path("x.wasm"), author.scratch.path("bare.wasm")).unwrap();
    author.online(&["push", "bare.wasm", &road.reference("")]).fails(4, "with other notes or signatures");
    road.company.online(&["install", &road.reference(":1.2.0"), "--key", "key.pub"]).ok();
    author.online(&["push", "z.wasm", &road.reference(""), "--replace"]).ok();
    // Those who had the first one notice.
    road.company.online(&["install", &road.reference(":1.2.0")]).fails(4, "nobody vouches for");
    author.plugin(&["sign", "z.wasm", "--key", "key"]).ok();
    author.online(&["push", "z.wasm", &road.reference("")]).ok();
    road.company.online(&["install", &road.reference(":1.2.0")]).fails(4, "is another file than the one");
    assert_eq!(road.company.first_byte("acme:guest", &[]), b'2');
}

#[test]
fn skopeo_copies_ours_there_and_back_bit_for_bit() {
    let Some(road) = Road::new() else { return };
    let (author, company) = (&road.author, &road.company);
    let digest = manifest(&author.online(&["push", "x.wasm", &road.reference("")]).ok().text());
    let from = format!("docker://{}", road.reference(":1.2.0"));
    fs::create_dir(author.scratch.path("lay")).unwrap();
    for (place, to) in
        [("oci:lay/out", "oci:lay/out:1.2.0"), ("oci-archive:a.tar", "oci-archive:a.tar:1.2.0")]
    {
        road.skopeo(&[], &from, to);
        let tagged = format!("{place}:1.2.0");
        for reference in [place, &tagged, &format!("{place}{digest}")] {
            // The signature of the annotation has come along.
            let _ = fs::remove_dir_all(author.data());
            let said = author.online(&["install", reference, "--key", "key.pub"]).ok().text();
            assert!(said.contains("signed by RW"), "{said}");
        }
        author
            .online(&["install", &format!("{place}:2.0.0")])
            .fails(2, "there is nothing with the tag 2.0.0");
    }
    // And ours, by skopeo into the registry.
    for (place, tag) in [("oci:ours:1.2.0", "a"), ("oci-archive:ours.tar:1.2.0", "b")] {
        assert_eq!(manifest(&author.online(&["push", "x.wasm", place]).ok().text()), digest);
        road.skopeo(&[], place, &format!("docker://{}", road.reference(&format!(":{tag}"))));
        company
            .online(&["pull", &road.reference(&format!(":{tag}")), "-o", "back.wasm"])
            .ok()
            .prints(&digest);
        assert_eq!(
            fs::read(company.scratch.path("back.wasm")).unwrap(),
            fs::read(author.scratch.path("x.wasm")).unwrap()
        );
    }
    author.online(&["push", "x.wasm", "oci-archive:ours.tar:1.2.0"]).fails(4, "ours.tar exists");
}

#[test]
fn signatures_are_also_listed_and_survive_cleaning() {
    let Some(road) = Road::new() else { return };
    let author = &road.author;
    let digest = manifest(&author.online(&["push", "x.wasm", &road.reference("")]).ok().text());
    let list = format!("sha256-{}", &digest[8..]);
    let tags = names(&road.registry.path("repositories/acme/guest/_manifests/tags"));
    assert_eq!(tags.len(), 3, "{tags:?}");
    assert!(tags.contains(&list) && tags.iter().any(|tag| tag.starts_with(&format!("{list}."))), "{tags:?}");
    // An older manifest without the annotation, whose list has the signature.
    let pulled = road.company.online(&["pull", &road.reference(":1.2.0")]).ok().text();
    assert_eq!(pulled.matches(".minisig: not checked").count(), 1, "{pulled}");
}

#[test]
fn attestations_come_along_and_can_be_added_later() {
    let Some(road) = Road::new() else { return };
    let (author, company) = (&road.author, &road.company);
    let attest = |user: &User, file: &str, criterion: &str| {
        user.plugin(&["attest", file, "--key", "key", "--approve", criterion]).ok();
    };
    attest(author, "x.wasm", "safe");
    let reference = road.reference(":1.2.0");
    let first = author.online(&["push", "x.wasm", &reference]).ok().prints("1 attestation with it").text();
    // Another one, who has what was pulled.
    let other = User::new();
    road.registry.known_to(&other);
    other.keys("key");
    other.online(&["pull", &reference, "-o", "y.wasm"]).ok().prints("1 attestation not checked");
    other.online(&["pull", &reference, "-o", "y.wasm"]).ok();
    attest(&other, "y.wasm", "read");
    let second = other.online(&["push", "y.wasm", &reference]).ok().prints("2 attestations with it").text();
    assert_eq!(manifest(&first), manifest(&second), "nothing of the plugin has changed");
    company
        .online(&["install", &reference, "--key", "key.pub"])
        .ok()
        .prints("2 attestations taken along, and not checked");
    // Also through an archive.
    other.plugin(&["push", "y.wasm", "oci-archive:y.tar"]).ok();
    fs::remove_file(other.scratch.path("y.wasm.intoto.jsonl")).unwrap();
    other.plugin(&["pull", "oci-archive:y.tar", "-o", "y.wasm"]).ok().prints("2 attestations not checked");
}

#[test]
fn a_namespace_has_a_registry_and_no_other() {
    let Some(road) = Road::new() else { return };
    let (author, company) = (&road.author, &road.company);
    author.online(&["push", "x.wasm", &format!("{}/plugins/acme/guest", road.registry.host())]).ok();
    let install = |name: &str| company.online(&["install", name, "--key", "key.pub"]);
    install("acme:guest").fails(2, "no registry is named for the plugins of acme");
    fs::create_dir(company.scratch.path("config")).unwrap();
    let names = format!("[namespaces]\nacme = \"{0}/plugins\"\nother = \"{0}\"\n", road.registry.host());
    company.scratch.write("config/registries.toml", names);
    install("acme:other").fails(2, "has no version of acme:other");
    install("acme:guest@9.0.0").fails(2, "there is nothing with the tag 9.0.0");
    install("acme:guest").ok();
    company.online(&["lock", "acme:guest"]).ok();
    assert_eq!(company.online(&["update"]).ok().text(), "the registries have nothing newer\n");
    for (version, mark) in [("1.3.0", b'3'), ("1.9.0", b'9')] {
        road.signed("y.wasm", version, mark);
        author.online(&["push", "y.wasm", &format!("{}/plugins/acme/guest", road.registry.host())]).ok();
    }
    company.online(&["update", "acme:guest"]).ok().prints("runner.lock demands the new versions now");
    assert_eq!(company.first_byte("acme:guest", &["--locked"]), b'9');
    // A plugin under another's name.
    author.online(&["push", "x.wasm", &format!("{}/other/guest:1.2.0", road.registry.host())]).ok();
    install("other:guest").fails(4, "is acme:guest@1.2.0, and other:guest@1.2.0 is wanted");
    // A lock file that names other bytes.
    let lock = company.scratch.path("runner.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let (start, rest) = text.split_once("blake3 = \"").expect("a digest");
    fs::write(&lock, format!("{start}blake3 = \"{}{}", "0".repeat(64), &rest[64..])).unwrap();
    install("acme:guest").fails(5, "is not the plugin that runner.lock demands");
}

#[test]
fn a_damaged_layout_is_refused() {
    let author = User::new();
    author.pack("x.wasm", "1.2.0", b'2');
    author.plugin(&["push", "x.wasm", "oci:ours:1.2.0"]).ok();
    let blobs = author.scratch.path("ours/blobs/sha256");
    let manifest = |name: &str| fs::read(blobs.join(name)).unwrap().windows(6).any(|six| six == b"layers");
    let all = names(&blobs);
    let (manifests, others): (Vec<_>, Vec<_>) =
        all.iter().map(String::as_str).partition(|name| manifest(name));
    assert_eq!(manifests.len(), 1, "{all:?}");
    let with = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let good = fs::read(blobs.join(name)).unwrap();
        let mut bad = good.clone();
        change(&mut bad);
        fs::write(blobs.join(name), bad).unwrap();
        let ran = author.plugin(&["install", "oci:ours:1.2.0"]);
        fs::write(blobs.join(name), good).unwrap();
        ran
    };
    // The manifest is JSON as before, with a space more at its end.
    with(manifests[0], &|bytes| bytes.push(b' ')).fails(5, "is damaged");
    let plugin = others.iter().max_by_key(|name| fs::metadata(blobs.join(name)).unwrap().len()).unwrap();
    with(plugin, &|bytes| *bytes.last_mut().unwrap() ^= 1).fails(5, "the blob is not the one that is named");
    author.plugin(&["install", "oci:ours:1.2.0"]).ok();
}

#[test]
fn without_a_login_or_a_trusted_certificate_there_is_nothing() {
    let Some(road) = Road::new() else { return };
    let (author, company) = (&road.author, &road.company);
    author.online(&["push", "x.wasm", &road.reference("")]).ok();
    let tagged = road.reference(":1.2.0");
    company.log_in("elsewhere.example.com", "dXNlcjpwYXNzd29yZA==");
    company.online(&["pull", &tagged]).fails(4, "does not allow this");
    // Logins of a program, and one that fails.
    let answer = "cat > /dev/null\necho '{\"Username\": \"user\", \"Secret\": \"password\"}'\nexit ";
    for (name, code) in [("works", 0), ("fails", 1)] {
        company.scratch.script(&format!("docker/docker-credential-{name}"), &format!("{answer}{code}"));
        company.scratch.write("docker/config.json", format!("{{\"credsStore\": \"{name}\"}}"));
        let ran = company.online(&["pull", &tagged]);
        assert_eq!(ran.code, if code == 0 { 0 } else { 2 }, "{}", ran.stderr);
        assert!(!format!("{}{}", ran.text(), ran.stderr).contains("password"), "{}", ran.stderr);
    }
    road.registry.known_to(company);
    fs::copy(runner_tests::authority::Authority::new().ca(), company.scratch.path("ca.crt")).unwrap();
    company.online(&["pull", &tagged]).fails(4, "is not one to trust").says("--ca-file");
    let ca = road.registry.authority.ca();
    company.online(&["pull", &tagged, "--ca-file", ca.to_str().unwrap()]).ok();
    // Names of hosts can be looked up in spite of the confinement.
    let by_name = tagged.replace("127.0.0.1", "localhost");
    company.log_in(by_name.split('/').next().unwrap(), "dXNlcjpwYXNzd29yZA==");
    company.online(&["pull", &by_name, "--ca-file", ca.to_str().unwrap()]).ok();
    company.online(&["pull", "nowhere.invalid/a/g:x"]).fails(2, "cannot speak to nowhere.invalid");
}
