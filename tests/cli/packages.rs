//! `plugin package`, and what is read from its result.

use std::fs;

use runner_tests::packages::{User, guest_plugin, replace};

#[test]
fn what_is_packed_is_read_without_running_it() {
    let user = User::new();
    let file = user.pack("x.wasm", "1.2.0", b'1');
    let packed = fs::read(&file).unwrap();
    assert!(packed.starts_with(&guest_plugin("1.2.0", b'1')));
    let shown = user.plugin(&["inspect", "x.wasm", "--no-run"]).ok().text();
    assert!(shown.starts_with("acme:guest@1.2.0\nA test guest.\n"), "{shown}");
    assert!(
        shown.contains(&blake3::hash(&packed).to_string()) && shown.contains("contract 0.2.0"),
        "{shown}"
    );
    assert!(shown.ends_with("this is what its file says; the plugin was not run\n"), "{shown}");
    // It cannot be compiled, which nobody notices who does not run it.
    let exports = &b"runner:plugin/guest@0.2.0#begin"[..];
    let mut spoilt = packed.clone();
    replace(&mut spoilt, exports, &vec![b'x'; exports.len()]);
    fs::write(&file, &spoilt).unwrap();
    let of_spoilt = user.plugin(&["inspect", "x.wasm"]).ok().text();
    let digests = [&packed, &spoilt].map(|bytes| blake3::hash(bytes).to_string());
    assert_eq!(of_spoilt, shown.replace(&digests[0], &digests[1]));
    user.applied("./x.wasm", &[]).fails(3, "");
    fs::write(&file, &packed).unwrap();
    // What is packed still runs.
    assert_eq!(user.first_byte("./x.wasm", &[]), b'1');
}

#[test]
fn what_is_not_packed_is_asked_unless_that_is_forbidden() {
    let user = User::new();
    user.scratch.write("plain.wasm", guest_plugin("1.0.0", b'1'));
    user.plugin(&["inspect", "plain.wasm"]).ok();
    user.plugin(&["inspect", "plain.wasm", "--no-run"])
        .fails(4, "nothing is written in the plugin plain that describes it");
    user.plugin(&["inspect", "newline", "--no-run"]).fails(4, "nothing is written in the plugin newline");
}

#[test]
fn a_package_is_written_once_and_says_who_publishes_it() {
    let user = User::new();
    let plain = user.scratch.write("plain.wasm", guest_plugin("1.0.0", b'1'));
    user.plugin(&["package", "plain.wasm"]).fails(2, "it is not said who publishes the plugin");
    user.plugin(&["package", "plain.wasm", "--namespace", "Acme"]).fails_to_parse();
    let said = user.plugin(&["package", "plain.wasm", "--namespace", "acme"]).ok().text();
    assert!(said.starts_with("acme.guest-1.0.0.wasm: acme:guest@1.0.0, "), "{said}");
    user.plugin(&["package", "acme.guest-1.0.0.wasm", "--namespace", "acme"])
        .fails(2, "has a section that describes it already");
    user.scratch.write("text.wasm", "(module)");
    user.plugin(&["package", "text.wasm", "--namespace", "acme"]).fails(2, "is not in the binary format");
    fs::write(&plain, guest_plugin("1.0.x", b'1')).unwrap();
    user.plugin(&["package", "plain.wasm", "--namespace", "acme"])
        .fails(2, "`acme:guest@1.0.x` is not the identity of a plugin");
    user.scratch.guest("upcase");
    user.plugin(&["package", "upcase.wasm", "--namespace", "acme"])
        .fails(2, "a WASI command says neither its name nor its version");
    // What was signed is not replaced by other bytes.
    user.keys("key");
    user.plugin(&["sign", "acme.guest-1.0.0.wasm", "--key", "key"]).ok();
    fs::write(&plain, guest_plugin("1.0.0", b'1')).unwrap();
    user.plugin(&["package", "plain.wasm", "--namespace", "acme"]).ok();
    fs::write(&plain, guest_plugin("1.0.0", b'2')).unwrap();
    user.plugin(&["package", "plain.wasm", "--namespace", "acme"])
        .fails(4, "acme.guest-1.0.0.wasm is another plugin, and is signed");
}

#[test]
fn a_project_says_how_it_is_packed() {
    let user = User::new();
    fs::create_dir(user.scratch.path("guest")).unwrap();
    let description = "name = \"guest\"\nlanguage = \"wat\"\n\n[package]\nnamespace = \"acme\"\n\
        source = \"https://example.com/\\u001b[2Jguest\"\nmemory_bytes = 1073741824\ntimeout_ms = 1500\n";
    user.scratch.write("guest/runner.toml", description);
    user.plugin(&["package", "guest"]).fails(2, "the plugin is not built yet");
    user.scratch.write("guest/guest.wasm", guest_plugin("1.0.0", b'1'));
    user.plugin(&["package", "guest", "--revision", "abc123"]).ok();
    let shown = user.plugin(&["inspect", "guest/acme.guest-1.0.0.wasm"]).ok().text();
    for line in [
        "language wat",
        "source   https://example.com/\\u{1b}[2Jguest",
        "revision abc123",
        "wants    1024 MiB of memory for an instance (`--memory 1073741824`)",
        "wants    1,500 milliseconds for a block (`--timeout 1.5`)",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line}\n{shown}");
    }
}

/// The section of one plugin on another one is a lie that both find.
#[test]
fn a_section_that_lies_is_found() {
    let user = User::new();
    let packed = fs::read(user.pack("x.wasm", "1.0.0", b'1')).unwrap();
    let sections = &packed[guest_plugin("1.0.0", b'1').len()..];
    user.scratch.write("liar.wasm", [&guest_plugin("2.0.0", b'2')[..], sections].concat());
    let vetted = user.plugin(&["vet", "x.wasm", "--rounds", "0"]);
    assert!(vetted.text().contains("pass  section     its section describes it"), "{}", vetted.text());
    let vetted = user.plugin(&["vet", "liar.wasm", "--rounds", "0"]);
    assert_eq!(vetted.code, 1);
    assert!(vetted.text().contains("FAIL  section"), "{}", vetted.text());
    assert!(vetted.text().contains("the plugin itself differ: version"), "{}", vetted.text());
    user.plugin(&["install", "liar.wasm"]).fails(4, "liar.wasm is not installed").says("differ: version");
    user.plugin(&["install", "x.wasm"]).ok();
    // What has none is nothing to hold against it.
    user.scratch.write("plain.wasm", guest_plugin("1.0.0", b'1'));
    let vetted = user.plugin(&["vet", "plain.wasm", "--rounds", "0"]).text();
    assert!(vetted.contains("-     section"), "{vetted}");
}
