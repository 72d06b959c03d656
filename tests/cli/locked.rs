//! `plugin install --locked`: what a project uses, on a machine that has none of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use runner_tests::hostile_registry::{Answers, Artifact, Hostile, put_manifest};
use runner_tests::packages::User;
use runner_tests::{Ran, has, skip};

/// A registry, an author with a signed plugin, a project that has locked it, and a machine
/// that has only the lock file.
struct Scene {
    registry: Hostile,
    author: User,
    project: User,
    fresh: User,
    artifact: Artifact,
}

impl Scene {
    fn new() -> Option<Self> {
        if !has("openssl") {
            skip("there is no openssl");
            return None;
        }
        let [author, project, fresh] = [(); 3].map(|()| User::new());
        let registry = Hostile::start();
        author.keys("key");
        let artifact = Artifact::of(&author, "1.2.0", b'2');
        for user in [&author, &project, &fresh] {
            fs::copy(registry.authority.ca(), user.scratch.path("ca.crt")).unwrap();
        }
        fs::copy(author.scratch.path("key.pub"), project.scratch.path("key.pub")).unwrap();
        let scene = Self { registry, author, project, fresh, artifact };
        scene.registry.answers(&scene.artifact.answers());
        let reference = format!("{}/a/g:x", scene.registry.host(0));
        scene.project.online(&["install", &reference, "--key", "key.pub"]).ok();
        scene.project.online(&["lock", "acme:guest"]).ok();
        scene.take_lock();
        Some(scene)
    }

    fn take_lock(&self) {
        self.fresh.scratch.write("runner.lock", self.project.read("runner.lock"));
    }

    fn install(&self, more: &[&str]) -> Ran {
        self.fresh.online(&[&["install", "--locked"], more].concat())
    }

    /// Wants it to be refused, nothing to be installed, and nobody to be sent to lock anew.
    #[track_caller]
    fn refuses(&self, more: &[&str], code: i32, what: &str) {
        let ran = self.install(more).fails(code, what);
        assert!(!ran.stderr.contains("plugin lock"), "{}", ran.stderr);
        assert!(!self.fresh.data().join("installed.toml").exists());
    }
}

#[test]
fn a_fresh_machine_installs_what_the_lock_file_names_without_a_key() {
    let Some(scene) = Scene::new() else { return };
    let fresh = &scene.fresh;
    let ran =
        fresh.applied("acme:guest", &["--locked"]).fails(4, "which runner.lock demands, is not installed");
    let ran = ran.says("`runner plugin install --locked` installs what runner.lock names");
    assert!(!ran.stderr.contains("plugin lock"), "{}", ran.stderr);
    scene.install(&[]).ok().prints("signed by RW");
    assert_eq!(fresh.first_byte("acme:guest", &["--locked"]), b'2');
    // The signer is known from now on.
    let newer = Artifact::of(&scene.author, "1.3.0", b'3');
    fresh.scratch.write("bare.wasm", &newer.plugin);
    fresh.plugin(&["install", "bare.wasm"]).fails(4, "is not signed by the one who signed it before");
    // Again, by name, and only what is named there.
    scene.install(&["acme:guest"]).ok().prints("was installed already");
    scene.install(&["acme:other"]).fails(4, "runner.lock does not name the plugin acme:other");
    scene.install(&["bare.wasm"]).fails(5, "is not the plugin that runner.lock demands");
    fs::remove_file(fresh.scratch.path("runner.lock")).unwrap();
    scene.install(&[]).fails(4, "there is no runner.lock");
}

#[test]
fn a_lock_file_that_was_edited_is_refused_where_it_disagrees() {
    let Some(scene) = Scene::new() else { return };
    let right = scene.project.read("runner.lock");
    let field = |name: &str| {
        let line = right.lines().find(|line| line.starts_with(&format!("{name} = "))).expect(name);
        line.to_owned()
    };
    let zeros = "0".repeat(64);
    let other_key = scene.author.scratch.path("other.pub");
    scene.author.keys("other");
    let other_key = fs::read_to_string(other_key).unwrap().lines().last().unwrap().to_owned();
    for (name, new, code, what) in [
        (
            "id",
            "id = \"acme:guest@1.3.0\"".to_owned(),
            5,
            "it is acme:guest@1.2.0, and acme:guest@1.3.0 is demanded",
        ),
        ("blake3", format!("blake3 = \"{zeros}\""), 5, "0000 is demanded"),
        ("sha256", format!("sha256 = \"{zeros}\""), 4, "its SHA-256 is"),
        ("bytes", "bytes = 7".to_owned(), 4, "its size is"),
        ("contract", "contract = \"0.1.0\"".to_owned(), 4, "its contract is 0.2.0"),
        ("signer", format!("signer = \"{other_key}\""), 4, "does not vouch for"),
        ("bytes", format!("{}\nevidence = [\"{zeros}\"]", field("bytes")), 4, "it lacks 1 attestation"),
        ("source", "source = \"oci:/etc\"".to_owned(), 4, "is no place on a network"),
        ("source", "source = \"http://127.0.0.1/x\"".to_owned(), 4, "source of acme:guest@1.2.0"),
    ] {
        scene.fresh.scratch.write("runner.lock", right.replace(&field(name), &new));
        scene.refuses(&[], code, what);
    }
    scene.fresh.scratch.write("runner.lock", right.clone() + "[plugin.wants]\nmemory_bytes = 1073741824\n");
    scene.refuses(&[], 4, "it wants something else");
    // Where it is installed, it is not run either.
    scene.take_lock();
    scene.install(&[]).ok();
    for (name, new) in [("sha256", format!("sha256 = \"{zeros}\"")), ("bytes", "bytes = 7".to_owned())] {
        scene.fresh.scratch.write("runner.lock", right.replace(&field(name), &new));
        scene.fresh.applied("acme:guest", &[]).fails(4, "is not the one that runner.lock demands");
    }
}

/// Its signer would be a key that others have written.
#[test]
fn a_lock_file_that_others_may_write_to_vouches_for_nobody() {
    let Some(scene) = Scene::new() else { return };
    let lock = scene.fresh.scratch.path("runner.lock");
    fs::set_permissions(&lock, PermissionsExt::from_mode(0o664)).unwrap();
    scene.refuses(&[], 4, "runner.lock names it, and other users may write to that file");
    fs::set_permissions(&lock, PermissionsExt::from_mode(0o644)).unwrap();
    scene.install(&[]).ok().prints("signed by RW");
}

#[test]
fn a_lock_file_grants_nothing() {
    let Some(scene) = Scene::new() else { return };
    scene.fresh.scratch.write("runner-policy.toml", "signed-by = [\"acme\"]\n");
    scene.refuses(&[], 4, "may not be");
}

#[test]
fn what_the_registry_has_now_must_be_what_was_locked() {
    let Some(scene) = Scene::new() else { return };
    // The signature is gone: the manifest under the digest, and the list of signatures.
    let mut answers = Answers::new();
    let digest = put_manifest(&mut answers, None, &scene.artifact.bare());
    answers.extend(scene.artifact.answers());
    scene.registry.answers(&answers);
    let right = scene.project.read("runner.lock");
    let source = right.lines().find(|line| line.starts_with("source = ")).unwrap();
    let bare = format!("source = \"{}/a/g@{digest}\"", scene.registry.host(0));
    scene.fresh.scratch.write("runner.lock", right.replace(source, &bare));
    scene.refuses(&[], 4, "is not signed");
    // And without the option, as what is pinned.
    let reference = format!("{}/a/g@{digest}", scene.registry.host(0));
    scene
        .fresh
        .online(&["install", &reference])
        .fails(4, "is not signed")
        .says("runner.lock demands the signature of");
    // An unsigned copy that came by another way is not run, and `install --locked` mends it.
    scene.take_lock();
    scene.fresh.scratch.write("copy.wasm", &scene.artifact.plugin);
    scene.refuses(&["copy.wasm"], 4, "is not signed");
    scene.fresh.plugin(&["install", "copy.wasm"]).ok().prints(", unsigned");
    scene
        .fresh
        .applied("acme:guest", &["--locked"])
        .fails(4, "it is signed by nobody")
        .says("install --locked");
    scene.install(&[]).ok().prints("signed by RW");
    assert_eq!(scene.fresh.first_byte("acme:guest", &["--locked"]), b'2');
}

#[test]
fn what_came_from_a_file_is_installed_from_a_file() {
    let (author, project, fresh) = (User::new(), User::new(), User::new());
    author.keys("key");
    author.pack("x.wasm", "1.2.0", b'2');
    author.plugin(&["sign", "x.wasm", "--key", "key"]).ok();
    author.plugin(&["attest", "x.wasm", "--key", "key", "--approve", "safe"]).ok();
    for name in ["x.wasm", "x.wasm.minisig", "x.wasm.intoto.jsonl", "key.pub"] {
        for user in [&project, &fresh] {
            fs::copy(author.scratch.path(name), user.scratch.path(name)).unwrap();
        }
    }
    project.plugin(&["install", "x.wasm", "--key", "key.pub"]).ok();
    project.plugin(&["lock", "acme:guest"]).ok();
    let lock = project.read("runner.lock");
    assert!(lock.contains("evidence = [\"") && !lock.contains("source = "), "{lock}");
    fresh.scratch.write("runner.lock", &lock);
    fresh
        .applied("acme:guest", &["--locked"])
        .fails(4, "is not installed")
        .says("`runner plugin install --locked FILE`");
    fresh.plugin(&["install", "--locked"]).fails(2, "does not say where acme:guest@1.2.0 comes from");
    fs::rename(fresh.scratch.path("x.wasm.intoto.jsonl"), fresh.scratch.path("kept")).unwrap();
    fresh
        .plugin(&["install", "--locked", "x.wasm"])
        .fails(4, "it lacks 1 attestation that runner.lock demands");
    fs::rename(fresh.scratch.path("kept"), fresh.scratch.path("x.wasm.intoto.jsonl")).unwrap();
    // A folder may hold more than that.
    fs::create_dir(fresh.scratch.path("folder")).unwrap();
    for name in ["x.wasm", "x.wasm.minisig", "x.wasm.intoto.jsonl"] {
        fs::copy(fresh.scratch.path(name), fresh.scratch.path("folder").join(name)).unwrap();
    }
    author.pack("y.wasm", "9.0.0", b'9');
    fs::copy(author.scratch.path("y.wasm"), fresh.scratch.path("folder/y.wasm")).unwrap();
    fresh.plugin(&["install", "--locked", "folder"]).ok().prints("installed acme:guest@1.2.0");
    assert_eq!(fresh.first_byte("acme:guest", &["--locked"]), b'2');
}
