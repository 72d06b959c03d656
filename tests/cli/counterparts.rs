//! Programs of others read from a registry what is pushed here, and what they push is read:
//! `oras` of PyPI, and `wkg`, which `cargo xtask counterparts` builds. (`skopeo` is in
//! [`registry`](crate::registry).)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::packages::User;
use runner_tests::registries::{Registry, missing};
use runner_tests::{Ran, program, repository, skip};

/// Pulls or pushes one file: `pull HOST REFERENCE FOLDER` or `push HOST REFERENCE FILE`.
const ORAS: &str = r#"
import os
import sys
import oras.client
import oras.container
what, host, reference, path = sys.argv[1:]
client = oras.client.OrasClient(hostname=host, auth_backend="basic")
client.login(hostname=host, username="user", password="password", config_path=os.path.abspath("oras.json"))
if what == "pull":
    print(*client.pull(target=reference, outdir=path), sep="\n")
else:
    client.push(target=reference, files=[path + ":application/wasm"], disable_path_validation=True)
"#;

/// Where `cargo xtask` installs them.
fn installed(name: &str) -> PathBuf {
    repository().join("target/counterparts").join(name)
}

/// A registry, and an author with a signed plugin `x.wasm`.
fn scene() -> Option<(Registry, User)> {
    if let Some(program) = missing() {
        skip(&format!("there is no {program}"));
        return None;
    }
    let (registry, author) = (Registry::start(), User::new());
    registry.known_to(&author);
    author.keys("key");
    author.pack("x.wasm", "1.2.0", b'2');
    author.plugin(&["sign", "x.wasm", "--key", "key"]).ok();
    Some((registry, author))
}

/// A program that trusts the registry, in the author's folder.
fn online(name: &Path, user: &User) -> Command {
    let ca = user.scratch.path("ca.crt");
    let mut command = program(name.to_str().unwrap());
    command.current_dir(user.scratch.dir()).env("HOME", user.scratch.dir());
    command.env("REQUESTS_CA_BUNDLE", &ca).env("SSL_CERT_FILE", &ca);
    command.env("DOCKER_CONFIG", user.scratch.path("docker"));
    command
}

/// Pulls what a reference names, and compares it with what the author has.
fn pulled_is_the_authors(author: &User, reference: &str) {
    let _ = fs::remove_file(author.scratch.path("back.wasm"));
    author.online(&["pull", reference, "-o", "back.wasm"]).ok();
    assert_eq!(bytes(author, "back.wasm"), bytes(author, "x.wasm"));
}

fn bytes(user: &User, name: &str) -> Vec<u8> {
    fs::read(user.scratch.path(name)).unwrap()
}

#[test]
fn oras_reads_what_is_pushed_here_and_is_read() {
    let python = installed("venv/bin/python");
    if !python.exists() {
        return skip("there is no oras; `cargo xtask test` installs it");
    }
    let Some((registry, author)) = scene() else { return };
    for folder in ["got", "client"] {
        fs::create_dir(author.scratch.path(folder)).unwrap();
    }
    author.scratch.write("client/main.py", ORAS);
    let ours = format!("{}/acme/guest:1.2.0", registry.host());
    author.online(&["push", "x.wasm", &ours]).ok();
    let oras = |args: &[&str]| {
        let mut command = online(&python, &author);
        command.args(["client/main.py", args[0], &registry.host()]).args(&args[1..]);
        Ran::of(command.output().unwrap()).ok()
    };
    let file = oras(&["pull", &ours, "got"]).text();
    assert_eq!(fs::read(author.scratch.dir().join(file.trim())).unwrap(), bytes(&author, "x.wasm"));
    let theirs = format!("{}/acme/theirs:1", registry.host());
    oras(&["push", &theirs, "x.wasm"]);
    pulled_is_the_authors(&author, &theirs);
    let digest = blake3::hash(&bytes(&author, "x.wasm"));
    author.online(&["install", &format!("{theirs}#blake3={digest}")]).ok();
}

#[test]
fn wkg_reads_what_is_pushed_here_and_is_read() {
    if std::env::var_os("RUNNER_COUNTERPARTS").is_none() {
        return;
    }
    let wkg = installed("bin/wkg");
    let Some((registry, author)) = scene() else { return };
    let run = |args: &[&str]| Ran::of(online(&wkg, &author).args(args).output().unwrap());
    let place = format!("{}/acme/guest", registry.host());
    let ours = format!("{place}:1.2.0");
    author.online(&["push", "x.wasm", &ours]).ok();
    run(&["oci", "pull", &ours, "-o", "got.wasm"]).ok();
    assert_eq!(bytes(&author, "got.wasm"), bytes(&author, "x.wasm"));
    // By its name, from the registry of the namespace.
    let config = format!(
        "[namespace_registries]\nacme = \"{0}\"\n\n[registry.\"{0}\"]\ntype = \"oci\"\n\n[registry.\"{0}\".oci]\n\
         namespacePrefix = \"\"\n",
        registry.host()
    );
    author.scratch.write("wkg.toml", config);
    let by_name =
        ["get", "acme:guest@1.2.0", "--config", "wkg.toml", "--format", "wasm", "-o", "./named.wasm"];
    run(&by_name).ok();
    assert_eq!(bytes(&author, "named.wasm"), bytes(&author, "x.wasm"));
    let theirs = format!("{}/acme/theirs:1", registry.host());
    run(&["oci", "push", &theirs, "x.wasm"]).ok();
    pulled_is_the_authors(&author, &theirs);
}
