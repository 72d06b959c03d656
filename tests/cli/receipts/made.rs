//! When a receipt is made, what is in it, and what is tried before.

use super::*;

#[test]
fn there_is_a_receipt_for_every_kind_of_change() {
    let user = user();
    let fresh = || {
        let _ = fs::remove_file(user.scratch.path("r"));
    };
    // Nothing to change is a result, too.
    let args = ["apply", "replace", "file", "--set", "find=absent", "--set", "with=x"];
    run(&user, &[&args[..], &SIGNED].concat()).ok();
    verify(&user, &["--key", "key.pub", "file"]).ok().prints("proven: nothing has changed\n");
    assert_eq!(verified(&user, &["file"])["file_is"], "same");
    // Short and empty files.
    for bytes in ["", "needle", "x needle y"] {
        fresh();
        user.scratch.write("file", bytes);
        replaced(&user, "NEEDLE", &SIGNED).ok();
        verified(&user, &["file"]);
    }
    // The result elsewhere.
    fresh();
    user.scratch.write("file", content());
    replaced(&user, "NEEDLE", &[&SIGNED[..], &["-o", "out"]].concat()).ok();
    assert_eq!(verified(&user, &["out"])["file_is"], "new");
    assert_eq!(verified(&user, &["file"])["file_is"], "old");
    assert_eq!(verified(&user, &[])["said"]["file"], "out");
    // A new file in place of the old one.
    fresh();
    replaced(&user, "NEEDLE", &[&SIGNED[..], &["--strategy", "rewrite"]].concat()).ok();
    assert_eq!(verified(&user, &["file"])["said"]["written"], "rewrite");
    // Text in another encoding.
    fresh();
    let wide: Vec<u8> = content().iter().flat_map(|byte| [*byte, 0]).collect();
    user.scratch.write("file", wide);
    replaced(&user, "NEEDLE", &[&SIGNED[..], &["--encoding", "utf-16le"]].concat()).ok();
    let event = verified(&user, &["file"]);
    assert_eq!(event["said"]["conversion"][0][0], "encoding");
    assert_eq!(event["changed"].as_array().unwrap().len(), 2);
    // A compressed file is another one as a whole.
    if has("gzip") {
        fresh();
        user.scratch.write("file", content());
        let packed = program("gzip").arg("-c").arg(user.scratch.path("file")).output().unwrap().stdout;
        user.scratch.write("file", packed);
        replaced(&user, "NEEDLE", &[&SIGNED[..], &["-z"]].concat()).ok();
        verify(&user, &["--key", "key.pub", "file"]).ok().prints("proven: nothing is shown to be the same");
    }
    // Holes, which are read as zeros.
    fresh();
    let file = File::create(user.scratch.path("file")).unwrap();
    file.set_len(1 << 30).unwrap();
    file.write_all_at(b"needle", 700 << 20).unwrap();
    let args = ["overwrite", "--at", "734003200", "--text", "NEEDLE", "file"];
    run(&user, &[&args[..], &SIGNED].concat()).ok();
    let event = verified(&user, &["file"]);
    assert_eq!(event["changed"], serde_json::json!([[734_003_200, 734_068_736]]));
    assert!(fs::metadata(user.scratch.path("r")).unwrap().len() < 8000);
}

#[test]
fn secret_values_are_salted_hashes() {
    let user = user();
    user.scratch.write("p.toml", "find = 'needle'\nwith = 'NEEDLE'\nignore-case = false\n");
    let args = ["apply", "replace", "file", "--params", "p.toml"];
    run(&user, &[&args[..], &SIGNED].concat()).ok().says("r.salts: keep it, and show it to nobody");
    let statement = |receipt: &str| {
        let signed = Signed::parse(user.read(receipt).as_bytes()).unwrap();
        format!("{:?}", signed.receipt)
    };
    assert!(!statement("r").contains("eedle") && !statement("r").contains("NEEDLE"));
    let mode = fs::metadata(user.scratch.path("r.salts")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let salts: Value = serde_json::from_str(&user.read("r.salts")).unwrap();
    let event = verified(&user, &[]);
    let params = event["said"]["params"].as_array().unwrap();
    let of = |list: &[Value], name: &str| list.iter().find(|one| one["name"] == name).unwrap().clone();
    for (name, value) in [("find", "needle"), ("with", "NEEDLE")] {
        let salt = of(salts["salts"].as_array().unwrap(), name)["salt"].as_str().unwrap().to_owned();
        let pair = |at: usize| u8::from_str_radix(&salt[2 * at..2 * at + 2], 16).unwrap();
        let salt: [u8; 32] = std::array::from_fn(pair);
        let hash = runner_trust::receipt::commitment(&salt, name, value.as_bytes());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(of(params, name)["salted_sha256"], hex.as_str());
    }
    assert_eq!(of(params, "ignore-case")["value"], "false");
    verify(&user, &["--key", "key.pub"]).ok().prints("  find is secret; a salted hash of it is there\n");
    // All of them, if that is wanted.
    user.scratch.write("file", content());
    let more = ["--receipt", "r2", "--receipt-key", "key", "--receipt-hide"];
    replaced(&user, "NEEDLE", &more).ok();
    assert!(!statement("r2").contains("eedle") && user.scratch.path("r2.salts").exists());
}

#[test]
fn what_can_fail_is_tried_before_the_file_is_changed() {
    let user = user();
    user.scratch.write("there", "x");
    user.scratch.write("open-key", user.read("key"));
    user.scratch.write("password", "secret\n");
    fs::set_permissions(user.scratch.path("password"), PermissionsExt::from_mode(0o600)).unwrap();
    user.plugin(&["keygen", "locked", "--password-file", "password"]).ok();
    let before = user.scratch.snapshot();
    let key = ["--receipt-key", "key"];
    let with = |more: &[&str]| replaced(&user, "NEEDLE", more);
    with(&["--receipt", "r"]).fails_to_parse();
    with(&["--receipt-key", "key"]).fails_to_parse();
    with(&["--receipt-hide"]).fails_to_parse();
    for option in ["--dry-run", "--check", "--resume"] {
        with(&[&SIGNED[..], &[option]].concat()).fails_to_parse();
    }
    with(&[&["--receipt", "there"], &key[..]].concat()).fails(2, "there already exists");
    with(&[&["--receipt", "missing/r"], &key[..]].concat()).fails(2, "missing");
    with(&[&["--receipt", "x.runner-journal"], &key[..]].concat()).fails(4, "has a name that is reserved");
    with(&[&SIGNED[..], &["-o", "r"]].concat()).fails(2, "--receipt and -o name the same file");
    with(&[&SIGNED[..], &["--undo", "./r"]].concat()).fails(2, "--receipt and --undo name the same file");
    with(&[&SIGNED[..], &["-o", "-"]].concat()).fails(2, "a receipt is for a file");
    with(&["--receipt", "r", "--receipt-key", "open-key"]).fails(4, "open-key is not secret");
    with(&["--receipt", "r", "--receipt-key", "key.pub"]).fails(4, "key.pub is not secret");
    with(&["--receipt", "r", "--receipt-key", "absent"]).fails(2, "absent");
    with(&["--receipt", "r", "--receipt-key", "locked"]).fails(2, "password");
    with(&[&SIGNED[..], &["--roots", "touched"]].concat()).fails(2, "a receipt proves");
    run(&user, &[&["apply", "newline", "file", "there"], &SIGNED[..]].concat())
        .fails(2, "--receipt takes one FILE");
    // A plugin that fails leaves nothing, either.
    with(&[&SIGNED[..], &["--set", "regex=true", "--set", "find=("]].concat());
    assert_eq!(before, user.scratch.snapshot());
    let locked = ["--receipt", "r", "--receipt-key", "locked", "--password-file", "password"];
    with(&locked).ok();
    verify(&user, &["--key", "locked.pub", "file"]).ok();
}

/// The receipt gets its name last, and here, its name is taken meanwhile.
#[test]
fn a_receipt_that_cannot_be_written_is_no_secret() {
    let user = user();
    let fifo = user.scratch.path("p.toml");
    assert!(program("mkfifo").arg(&fifo).status().unwrap().success());
    let mut command = user.guarded();
    command.args(["apply", "replace", "file", "--params", "p.toml"]).args(SIGNED);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It waits for its parameters with the receipt's file open.
    let limit = Instant::now() + Duration::from_secs(60);
    while !user.scratch.entries().iter().any(|name| name.starts_with(".tmp")) {
        assert!(Instant::now() < limit, "no file was created: {:?}", user.scratch.entries());
        std::thread::sleep(Duration::from_millis(5));
    }
    user.scratch.write("r", "mine");
    File::options()
        .write(true)
        .open(&fifo)
        .unwrap()
        .write_all(b"find = 'needle'\nwith = 'NEEDLE'\n")
        .unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("was changed, completely and durably, but the receipt r could not be written"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("file: 2 edits"), "what was done is reported as well: {}", ran.stderr);
    assert!(fs::read(user.scratch.path("file")).unwrap() != content());
    assert_eq!(user.read("r"), "mine", "no file of others is replaced");
    let left = user.scratch.entries();
    assert!(!left.iter().any(|name| name.starts_with(".tmp") || name == "r.salts"), "{left:?}");
    assert!(run(&user, &["log"]).ok().text().contains("2 edits"));
}
