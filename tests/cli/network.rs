//! The way to registries: proxies, logins of other programs, folders of certificates, and lists
//! with several pages.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use runner_tests::hostile_registry::{
    Answer, Answers, Artifact, Content, Hostile, list, put_manifest, signature_manifest,
};
use runner_tests::packages::User;
use runner_tests::proxy::Proxy;
use runner_tests::{Ran, has, program, skip};
use serde_json::json;

/// `user:password`.
const LOGIN: &str = "dXNlcjpwYXNzd29yZA==";

struct Scene {
    registry: Hostile,
    user: User,
    artifact: Artifact,
}

impl Scene {
    fn new() -> Option<Self> {
        if !has("openssl") {
            skip("there is no openssl");
            return None;
        }
        let (registry, user) = (Hostile::start(), User::new());
        user.keys("key");
        let artifact = Artifact::of(&user, "1.2.0", b'2');
        fs::copy(registry.authority.ca(), user.scratch.path("ca.crt")).unwrap();
        let scene = Self { registry, user, artifact };
        scene.registry.answers(&scene.artifact.answers());
        Some(scene)
    }

    /// Pulls the plugin with some variables set.
    fn pulls(&self, variables: &[(&str, &str)]) -> Ran {
        let reference = format!("{}/a/g:x", self.registry.host(0));
        let mut command = self.user.online_command(&["pull", &reference, "-o", "pulled.wasm"]);
        for (name, value) in variables {
            match value.is_empty() {
                true => command.env_remove(name),
                false => command.env(name, value),
            };
        }
        Ran::of(command.output().unwrap())
    }

    /// The answers of a registry that wants a token, which it gives at its own address for
    /// the given answer.
    fn with_token(&self, token: &str) -> Answers {
        let mut answers = self.artifact.answers();
        let wants = format!("Bearer realm=\"https://{}/token\",service=\"x\"", self.registry.host(0));
        let place = (0, "/v2/a/g/manifests/x".to_owned());
        answers.insert(place, Answer::of(401, "www-authenticate", &wants));
        answers.insert((0, "/token".to_owned()), Answer::bytes(token));
        answers
    }
}

#[test]
fn a_proxy_is_asked_for_connections_and_nothing_else() {
    let Some(scene) = Scene::new() else { return };
    let proxy = Proxy::start(None);
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let connect = format!("CONNECT {} HTTP/1.1", scene.registry.host(0));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        scene.pulls(&[(name, &address)]).ok();
        let asked = proxy.asked();
        assert!(!asked.is_empty() && asked.iter().all(|line| *line == connect), "{asked:?}");
    }
    for except in ["*", "127.0.0.1", "x.example.com,127.0.0.1"] {
        scene.pulls(&[("HTTPS_PROXY", &address), ("NO_PROXY", except)]).ok();
    }
    scene.pulls(&[("HTTP_PROXY", &address)]).ok();
    assert!(proxy.asked().is_empty());
    scene.pulls(&[("HTTPS_PROXY", &address), ("NO_PROXY", "127.0.0.2")]).ok();
    assert!(!proxy.asked().is_empty());
}

#[test]
fn the_login_of_a_proxy_goes_to_it_and_is_never_shown() {
    let Some(scene) = Scene::new() else { return };
    let proxy = Proxy::start(Some(LOGIN));
    let with = |login: &str| format!("http://{login}127.0.0.1:{}", proxy.port);
    scene.pulls(&[("HTTPS_PROXY", &with("user:password@"))]).ok();
    assert!(scene.registry.asked().iter().all(|asked| !asked.has_login));
    for login in ["", "user:secret@", "secret@"] {
        let ran =
            scene.pulls(&[("HTTPS_PROXY", &with(login))]).fails(2, "407").says("the proxy in HTTPS_PROXY");
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
    for bad in ["socks5://user:secret@127.0.0.1:1", "http://user:secret@"] {
        let ran = scene.pulls(&[("HTTPS_PROXY", bad)]).fails(2, "cannot use HTTPS_PROXY");
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
}

#[test]
fn a_token_of_a_login_is_exchanged_at_the_servers_own_address_alone() {
    let Some(scene) = Scene::new() else { return };
    let host = scene.registry.host(0);
    let config = format!("{{\"auths\": {{\"{host}\": {{\"identitytoken\": \"re+fresh&1\"}}}}}}");
    fs::create_dir_all(scene.user.scratch.path("docker")).unwrap();
    scene.user.scratch.write("docker/config.json", config);
    let helper = "cat > /dev/null\necho '{\"Username\": \"<token>\", \"Secret\": \"re+fresh&1\"}'";
    for from_helper in [false, true] {
        if from_helper {
            scene.user.scratch.script("docker/docker-credential-some", helper);
            let config = format!("{{\"credHelpers\": {{\"{host}\": \"some\"}}}}");
            scene.user.scratch.write("docker/config.json", config);
        }
        scene.registry.answers(&scene.with_token("{\"access_token\": \"abc\"}"));
        let ran = scene.pulls(&[]).fails(4, "does not allow this");
        assert!(!ran.stderr.contains("fresh"), "{}", ran.stderr);
        let asked = scene.registry.asked();
        let token = asked.iter().find(|asked| asked.path == "/token").unwrap();
        assert_eq!(token.method, "POST");
        let form = "service=x&grant_type=refresh_token&client_id=runner&refresh_token=re%2Bfresh%261";
        assert_eq!(String::from_utf8_lossy(&token.body), form);
        assert!(!token.has_login);
        // What it was exchanged for was sent to the registry.
        assert!(asked.last().unwrap().has_login && asked.last().unwrap().path.contains("/manifests/"));
    }
    // It goes to no other server, and not where a name and a password are wanted.
    let mut answers = scene.with_token("{\"token\": \"abc\"}");
    let elsewhere = format!("Bearer realm=\"https://{}/token\"", scene.registry.host(1));
    for (wants, what) in
        [(elsewhere.as_str(), "wants the login to be sent to"), ("Basic realm=\"x\"", "does not allow")]
    {
        answers.insert((0, "/v2/a/g/manifests/x".to_owned()), Answer::of(401, "www-authenticate", wants));
        scene.registry.answers(&answers);
        scene.pulls(&[]).fails(4, what);
        let asked = scene.registry.asked();
        assert!(asked.iter().all(|asked| asked.host == 0 && asked.body.is_empty() && !asked.has_login));
    }
}

#[test]
fn logins_of_podman_count_as_well() {
    let Some(scene) = Scene::new() else { return };
    let host = scene.registry.host(0);
    let wants = Answer::of(401, "www-authenticate", "Basic realm=\"x\"");
    let mut answers = scene.artifact.answers();
    answers.insert((0, "/v2/a/g/manifests/x".to_owned()), wants);
    let has_login = |variables: &[(&str, &str)]| {
        scene.registry.answers(&answers);
        scene.pulls(variables).fails(4, "does not allow this");
        scene.registry.asked().iter().any(|asked| asked.has_login)
    };
    assert!(!has_login(&[]));
    let of = |name: &str| format!("{{\"auths\": {{\"{name}\": {{\"auth\": \"{LOGIN}\"}}}}}}");
    let user = &scene.user.scratch;
    for (folder, variables) in
        [("runtime/containers", &[][..]), ("home/.config/containers", &[("XDG_CONFIG_HOME", "")])]
    {
        fs::create_dir_all(user.path(folder)).unwrap();
        let file = format!("{folder}/auth.json");
        for (name, counts) in [
            (host.clone(), true),
            (format!("{host}/a"), true),
            (format!("{host}/a/g"), true),
            (format!("{host}/b"), false),
            (format!("{host}/a/gg"), false),
        ] {
            user.write(&file, of(&name));
            assert_eq!(has_login(variables), counts, "{file} {name}");
        }
        fs::remove_file(user.path(&file)).unwrap();
    }
    let named = user.write("named.json", of(&host));
    assert!(has_login(&[("REGISTRY_AUTH_FILE", named.to_str().unwrap())]));
}

#[test]
fn certificates_come_from_folders_as_well() {
    let Some(scene) = Scene::new() else { return };
    let folder = scene.user.scratch.path("certificates");
    fs::create_dir(&folder).unwrap();
    fs::copy(scene.user.scratch.path("ca.crt"), folder.join("ca.pem")).unwrap();
    let other = scene.user.scratch.path("other");
    fs::create_dir(&other).unwrap();
    let both = format!("{}:{}", other.display(), folder.display());
    let none: (&str, &str) = ("SSL_CERT_FILE", "");
    // As OpenSSL does, only what has the hash of its name as name is read.
    scene.pulls(&[none, ("SSL_CERT_DIR", &both)]).fails(2, "there are no certificates");
    Ran::of(program("openssl").arg("rehash").arg(&folder).output().unwrap()).ok();
    scene.pulls(&[none, ("SSL_CERT_DIR", &both)]).ok();
    scene.pulls(&[none]).fails(4, "is not one to trust");
    // With a file that has another authority, both count.
    let another = Hostile::start();
    let another = another.authority.ca();
    scene.pulls(&[("SSL_CERT_FILE", another.to_str().unwrap())]).fails(4, "is not one to trust");
    scene.pulls(&[("SSL_CERT_FILE", another.to_str().unwrap()), ("SSL_CERT_DIR", &both)]).ok();
}

#[test]
fn the_process_with_the_network_has_a_filter_of_system_calls() {
    let Some(scene) = Scene::new() else { return };
    let mut answers = scene.artifact.answers();
    answers.insert((0, "/v2/a/g/manifests/x".to_owned()), Answer::content(Content::Slow));
    scene.registry.answers(&answers);
    let reference = format!("{}/a/g:x", scene.registry.host(0));
    let mut command = scene.user.online_command(&["pull", &reference, "--network-timeout", "10"]);
    let mut runner = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    // It has asked for something when it is confined.
    while scene.registry.asked().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was asked for");
        std::thread::sleep(Duration::from_millis(10));
    }
    let id = runner.id();
    // It is of whichever thread has started it.
    let threads = runner_tests::names(Path::new(&format!("/proc/{id}/task")));
    let children = |thread: &String| fs::read_to_string(format!("/proc/{id}/task/{thread}/children"));
    let children: String = threads.iter().filter_map(|thread| children(thread).ok()).collect();
    let is_ours = |child: &&str| {
        fs::read_to_string(format!("/proc/{child}/cmdline")).is_ok_and(|line| line.contains("__fetch"))
    };
    let ours = children.split_whitespace().filter(is_ours);
    let states: Vec<_> =
        ours.map(|child| fs::read_to_string(format!("/proc/{child}/status")).unwrap()).collect();
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert!(states.len() == 1 && states[0].contains("\nSeccomp:\t2\n"), "{children} {states:?}");
}

#[test]
fn a_list_of_signatures_may_have_several_pages_of_the_same_server() {
    let Some(scene) = Scene::new() else { return };
    let mut answers = scene.artifact.answers();
    let subject = put_manifest(&mut answers, Some("x"), &scene.artifact.bare());
    let listed = signature_manifest(&mut answers, &subject, &scene.artifact.signature);
    let first = format!("/v2/a/g/referrers/{subject}");
    let page = |manifests: &[serde_json::Value], next: &str| Answer {
        headers: vec![("link".to_owned(), format!("<{next}>; rel=\"next\""))],
        ..Answer::bytes(list(manifests))
    };
    let install = |answers: &Answers| {
        scene.registry.answers(answers);
        let _ = fs::remove_dir_all(scene.user.data());
        let reference = format!("{}/a/g:x", scene.registry.host(0));
        scene.user.online(&["install", &reference, "--key", "key.pub"])
    };
    let second = format!("{first}?n=1&last=2");
    answers.insert((0, second.clone()), Answer::bytes(list(std::slice::from_ref(&listed))));
    for next in [second.clone(), format!("https://{}{second}", scene.registry.host(0))] {
        answers.insert((0, first.clone()), page(&[], &next));
        install(&answers).ok().prints("signed by RW");
    }
    // Another server, another list, and a list without end.
    answers.insert((1, second.clone()), Answer::bytes(list(&[listed])));
    for next in [
        format!("https://{}{second}", scene.registry.host(1)),
        format!("http://{}{second}", scene.registry.host(0)),
        "/v2/a/other/referrers/x".to_owned(),
    ] {
        answers.insert((0, first.clone()), page(&[], &next));
        let code = install(&answers).fails(4, "").code;
        assert_eq!(code, 4);
        assert!(scene.registry.asked().iter().all(|asked| asked.host == 0));
    }
    let some = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "x/y",
        "digest": runner_tests::hostile_registry::digest(b"none"), "size": 9,
    });
    answers.insert((0, first.clone()), page(&[some], &first));
    install(&answers).fails(4, "is not signed");
    let pages = scene.registry.asked().iter().filter(|asked| asked.path.starts_with(&first)).count();
    assert!((2..50).contains(&pages), "{pages}");
}
