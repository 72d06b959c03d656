//! Registries that try to get something installed, to get a login, or to use up time
//! and memory.

use std::fs;
use std::time::{Duration, Instant};

use runner_tests::hostile_registry::{
    Answer, Answers, Artifact, Content, Hostile, digest, put_blob, put_manifest, refer,
};
use runner_tests::packages::User;
use runner_tests::{Ran, has, skip};
use serde_json::{Value, json};

/// `user:password`.
const LOGIN: &str = "dXNlcjpwYXNzd29yZA==";

/// A hostile registry, an author whose plugin it has, and a company.
struct Scene {
    registry: Hostile,
    author: User,
    company: User,
    artifact: Artifact,
}

impl Scene {
    fn new() -> Option<Self> {
        if !has("openssl") {
            skip("there is no openssl");
            return None;
        }
        let (registry, author, company) = (Hostile::start(), User::new(), User::new());
        author.keys("key");
        let artifact = Artifact::of(&author, "1.2.0", b'2');
        for user in [&author, &company] {
            user.log_in(&registry.host(0), LOGIN);
            fs::copy(registry.authority.ca(), user.scratch.path("ca.crt")).unwrap();
        }
        fs::copy(author.scratch.path("key.pub"), company.scratch.path("key.pub")).unwrap();
        Some(Self { registry, author, company, artifact })
    }

    fn reference(&self, end: &str) -> String {
        format!("{}/a/g{end}", self.registry.host(0))
    }

    /// Installs what the registry has under the tag.
    fn installs(&self, answers: &Answers, more: &[&str]) -> Ran {
        self.registry.answers(answers);
        self.company.online(&[&["install", &self.reference(":x"), "--key", "key.pub"], more].concat())
    }

    /// Wants it to be refused, and nothing to be installed.
    #[track_caller]
    fn refuses(&self, answers: &Answers, code: i32, what: &str) {
        self.installs(answers, &[]).fails(code, what);
        assert!(!self.company.data().join("installed.toml").exists());
    }

    fn manifest(&self, change: impl FnOnce(&mut Value)) -> Answers {
        let mut manifest = self.artifact.manifest.clone();
        change(&mut manifest);
        let mut answers = self.artifact.answers();
        put_manifest(&mut answers, Some("x"), &manifest);
        answers
    }
}

fn path(end: &str) -> (usize, String) {
    (0, format!("/v2/a/g/{end}"))
}

fn blob(scene: &Scene) -> (usize, String) {
    path(&format!("blobs/{}", digest(&scene.artifact.plugin)))
}

#[test]
fn what_is_not_one_plugin_is_refused() {
    let Some(scene) = Scene::new() else { return };
    let refuses =
        |change: fn(&mut Value), code, what: &str| scene.refuses(&scene.manifest(change), code, what);
    refuses(|it| it["layers"][0]["mediaType"] = json!("application/octet-stream"), 5, "is not a plugin");
    refuses(|it| it["layers"] = json!([it["layers"][0], it["layers"][0]]), 5, "it has 2 layers");
    refuses(|it| it["layers"] = json!([]), 5, "it has 0 layers");
    refuses(|it| it["layers"][0]["size"] = json!(1_u64 << 40), 5, "the limit is");
    refuses(|it| it["layers"][0]["size"] = json!(10), 2, "is longer than 10 bytes");
    refuses(
        |it| it["layers"][0]["digest"] = json!("sha256:../../etc/passwd"),
        5,
        "it is not an OCI manifest",
    );
    refuses(
        |it| it["mediaType"] = json!("application/vnd.oci.image.index.v1+json"),
        5,
        "not an OCI manifest",
    );
    refuses(|it| it["schemaVersion"] = json!("\u{1b}[2J"), 5, "it is not an OCI manifest");
    for text in ["", "{", "null", "[[[[[[[[", "{\"schemaVersion\":2,\"config\":{}}"] {
        let mut answers = scene.artifact.answers();
        answers.insert(path("manifests/x"), Answer::bytes(text));
        scene.refuses(&answers, 5, "it is not an OCI manifest");
    }
    // Names and paths in notes are not followed.
    let noted = scene.manifest(|it| {
        it["layers"][0]["annotations"] = json!({"org.opencontainers.image.title": "../../../evil.wasm"});
        it["annotations"]["org.opencontainers.image.title"] = json!("/tmp/evil.wasm");
    });
    scene.registry.answers(&noted);
    let before = scene.company.scratch.entries();
    scene.company.online(&["pull", &scene.reference(":x")]).ok();
    let mut after = scene.company.scratch.entries();
    after.retain(|name| !before.contains(name));
    assert_eq!(after, ["acme.guest-1.2.0.wasm", "acme.guest-1.2.0.wasm.minisig"]);
}

#[test]
fn other_content_than_the_named_one_is_refused() {
    let Some(scene) = Scene::new() else { return };
    let mut answers = scene.artifact.answers();
    let mut other = scene.artifact.plugin.clone();
    *other.last_mut().unwrap() ^= 1;
    answers.insert(blob(&scene), Answer::bytes(other));
    scene.refuses(&answers, 5, "the blob is not the one that is named");
    answers.insert(blob(&scene), Answer::bytes(&scene.artifact.plugin[1..]));
    scene.refuses(&answers, 5, "has another size");
    // Another plugin under the tag than the lock file, or the digest, says.
    let other = Artifact::of(&scene.author, "1.2.0", b'9');
    let manifest = serde_json::to_vec(&scene.artifact.manifest).unwrap();
    let pinned = scene.reference(&format!("@{}", digest(&manifest)));
    let mut answers = scene.artifact.answers();
    answers.insert(
        path(&format!("manifests/{}", digest(&manifest))),
        Answer::bytes(serde_json::to_vec(&other.manifest).unwrap()),
    );
    scene.registry.answers(&answers);
    scene.company.online(&["install", &pinned]).fails(5, "the manifest is not the one that is named");
    scene.installs(&scene.artifact.answers(), &[]).ok();
    scene.installs(&other.answers(), &[]).fails(4, "is another file than the one");
    assert_eq!(scene.company.first_byte("acme:guest", &[]), b'2');
}

#[test]
fn a_signature_must_be_there_and_for_this_plugin() {
    let Some(scene) = Scene::new() else { return };
    let artifact = &scene.artifact;
    let newer = Artifact::of(&scene.author, "1.3.0", b'3');
    // Another plugin's signature, none, and one too long.
    let with = |text: &str| scene.manifest(|it| it["annotations"]["runner-plugin.minisig"] = json!(text));
    scene.refuses(&with(&newer.signature), 4, "the signature does not vouch for");
    scene.refuses(&with("x"), 4, "the signature does not vouch for");
    scene.refuses(&with(&"x".repeat(20_000)), 4, "is not signed");
    let mut bare = artifact.answers();
    let subject = put_manifest(&mut bare, Some("x"), &artifact.bare());
    scene.refuses(&bare, 4, "is not signed");
    // Listed for this plugin, and for another one in truth; and the other way round.
    let mut answers = bare.clone();
    refer(&mut answers, &digest(b"other"), &subject, &artifact.signature);
    scene.refuses(&answers, 4, "is not signed");
    refer(&mut answers, &subject, &subject, &newer.signature);
    scene.refuses(&answers, 4, "the signature does not vouch for");
    // A list that names much, is malformed, or has no end.
    let list = path(&format!("referrers/{subject}"));
    let missing = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(b"none"), "size": 9,
    });
    let many = json!({"schemaVersion": 2, "manifests": vec![missing; 10_000]});
    answers.insert(list.clone(), Answer::bytes(serde_json::to_vec(&many).unwrap()));
    scene.refuses(&answers, 4, "is not signed");
    assert!(scene.registry.asked().len() < 80, "{}", scene.registry.asked().len());
    answers.insert(list.clone(), Answer::bytes("{\"schemaVersion\":2,\"manifests\":3}"));
    scene.refuses(&answers, 5, "cannot read the list of signatures");
    answers.insert(list.clone(), Answer::content(Content::Endless));
    scene.refuses(&answers, 2, "is longer than");
    // The right one, by the list of the registry.
    refer(&mut answers, &subject, &subject, &artifact.signature);
    scene.installs(&answers, &[]).ok().prints("signed by RW");
    fs::remove_dir_all(scene.company.data()).unwrap();
    // And by a tag, where the registry keeps no lists; some answer with the plugin's own.
    let listed = answers.remove(&list).unwrap();
    let tag = path(&format!("manifests/{}", subject.replace(':', "-")));
    answers.insert(tag.clone(), Answer::bytes(serde_json::to_vec(&artifact.bare()).unwrap()));
    scene.refuses(&answers, 4, "is not signed");
    answers.insert(tag, listed);
    scene.installs(&answers, &[]).ok().prints("signed by RW");
}

#[test]
fn bodies_without_end_use_up_neither_memory_nor_time() {
    let Some(scene) = Scene::new() else { return };
    for content in [Content::Endless, Content::Said(3 << 30)] {
        for place in [path("manifests/x"), blob(&scene)] {
            let mut answers = scene.artifact.answers();
            answers.insert(place, Answer::content(content.clone()));
            scene.refuses(&answers, 2, "is longer than");
        }
    }
    let mut answers = scene.artifact.answers();
    answers.insert(blob(&scene), Answer::content(Content::Slow));
    let began = Instant::now();
    scene.installs(&answers, &["--network-timeout", "2"]).fails(7, "has not answered in time");
    // Not before its time; the server would go on for ever.
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert!(!scene.company.data().join("installed.toml").exists());
}

#[test]
fn a_login_goes_nowhere_else() {
    let Some(scene) = Scene::new() else { return };
    let good = scene.artifact.answers();
    let (here, there) = (scene.registry.host(0), scene.registry.host(1));
    // A token from another server, and from one without TLS.
    for realm in [format!("https://{there}/token"), format!("http://{here}/token"), "https://".to_owned()] {
        let mut answers = good.clone();
        let wants = format!("Bearer realm=\"{realm}\",service=\"x\"");
        answers.insert(path("manifests/x"), Answer::of(401, "www-authenticate", &wants));
        scene.refuses(&answers, 4, "wants the login to be sent to");
        assert!(scene.registry.asked().iter().all(|asked| asked.host == 0 && !asked.has_login));
    }
    // Redirects: to another server without the login, never without TLS, and not for ever.
    let mut answers = good.clone();
    let wants = Answer::of(401, "www-authenticate", "Basic realm=\"x\"");
    let to = |url: &str| Answer::of(307, "location", url);
    answers.insert(blob(&scene), to(&format!("https://{there}/blob")));
    answers.insert((1, "/blob".to_owned()), Answer::bytes(scene.artifact.plugin.clone()));
    scene.registry.answers(&answers);
    scene.company.online(&["pull", &scene.reference(":x"), "-o", "redirected.wasm"]).ok();
    let asked = scene.registry.asked();
    assert!(
        asked.iter().any(|asked| asked.host == 1) && asked.iter().all(|asked| !asked.has_login),
        "{asked:?}"
    );
    answers.insert((1, "/blob".to_owned()), wants.clone());
    scene.refuses(&answers, 4, "does not allow this");
    assert!(scene.registry.asked().iter().all(|asked| !asked.has_login));
    for (url, code, what) in [
        (format!("http://{here}/blob"), 4, "it is not by https"),
        (
            format!("https://{here}/v2/a/g/blobs/{}", digest(&scene.artifact.plugin)),
            2,
            "redirects more than 3 times",
        ),
        ("file:///etc/passwd".to_owned(), 4, "it is not by https"),
        (format!("https://user:secret@{there}/"), 4, "redirects to"),
    ] {
        answers.insert(blob(&scene), to(&url));
        scene.refuses(&answers, code, what);
    }
    // The registry itself gets it, and nobody sees it.
    answers.insert(path("manifests/x"), wants);
    let ran = scene.installs(&answers, &[]).fails(4, "does not allow this");
    assert!(scene.registry.asked().iter().any(|asked| asked.has_login && asked.host == 0));
    assert!(!ran.stderr.contains("password") && !ran.stderr.contains(LOGIN), "{}", ran.stderr);
    // Uploads, too.
    scene.author.pack("y.wasm", "1.4.0", b'4');
    let mut answers = good;
    answers.insert(path("blobs/uploads/"), Answer::of(202, "location", &format!("https://{there}/upload")));
    scene.registry.answers(&answers);
    scene.author.online(&["push", "y.wasm", &scene.reference("")]).fails(4, "to another server");
    assert!(scene.registry.asked().iter().all(|asked| asked.host == 0));
}

#[test]
fn a_token_of_the_registry_itself_is_used() {
    let Some(scene) = Scene::new() else { return };
    let mut answers = scene.artifact.answers();
    let wants = format!("Bearer realm=\"https://{}/token\",service=\"x\"", scene.registry.host(0));
    answers.insert(path("manifests/x"), Answer::of(401, "www-authenticate", &wants));
    for (answer, code, what) in [
        ("{\"token\": \"abc\"}", 4, "does not allow this"),
        ("{\"token\": \"a b\\r\\nx: secret\"}", 5, "has answered with no token"),
        ("secret", 5, "has answered with no token"),
    ] {
        answers.insert((0, "/token?service=x".to_owned()), Answer::bytes(answer));
        scene.registry.answers(&answers);
        let ran = scene.company.online(&["pull", &scene.reference(":x")]).fails(code, what);
        assert!(!ran.stderr.contains("secret") && !ran.stderr.contains("abc"), "{}", ran.stderr);
        assert!(
            scene.registry.asked().iter().any(|asked| asked.has_login && asked.path.starts_with("/token"))
        );
    }
}

#[test]
fn a_file_of_a_web_server_is_named_by_its_digest() {
    let Some(scene) = Scene::new() else { return };
    let mut answers = Answers::new();
    answers.insert((0, "/x.wasm".to_owned()), Answer::bytes(scene.artifact.plugin.clone()));
    scene.registry.answers(&answers);
    let url = format!("https://{}/x.wasm", scene.registry.host(0));
    let install = |url: &str| scene.company.online(&["install", url]);
    install(&url).fails(4, "does not say which plugin it must be");
    install(&url.replace("https", "http")).fails(4, "is not encrypted");
    install(&format!("{url}#blake3={}", "0".repeat(64))).fails(5, "is not the plugin that is named");
    install(&format!("{url}#blake3={}", blake3::hash(&scene.artifact.plugin))).ok();
    assert!(scene.registry.asked().iter().all(|asked| !asked.has_login));
    assert_eq!(scene.company.first_byte("acme:guest", &[]), b'2');
}

#[test]
fn a_blob_that_is_large_and_right_is_no_plugin() {
    let Some(scene) = Scene::new() else { return };
    let large = vec![b'x'; 1 << 20];
    let mut answers = scene.manifest(|it| {
        it["layers"][0]["digest"] = json!(digest(&large));
        it["layers"][0]["size"] = json!(large.len());
    });
    put_blob(&mut answers, &digest(&large), &large);
    scene.refuses(&answers, 2, "nothing is written in the plugin");
}
