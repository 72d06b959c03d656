//! Where a scan cannot be resumed, it starts over and says why.

use runner_tests::names;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{RESUME, Slow};

/// Starts over, says why, and comes to the right end.
#[track_caller]
fn starts_over(slow: &Slow, options: &[&str], why: &str) {
    let told = slow.run(options);
    assert_eq!(told.code, 0, "{told:?}");
    let said = told.started_over.as_deref().unwrap_or_default();
    assert!(said.contains(why), "it should say `{why}`: {told:?}");
    assert_eq!(told.resumed_at, None);
    assert_eq!(told.windows.first(), Some(&0));
    assert_eq!(names(slow.scratch.dir()), ["file", "slow.wasm"]);
}

#[test]
fn nothing_to_go_on_with() {
    starts_over(&Slow::new(2), &RESUME, "there is no earlier scan to resume");
}

#[test]
fn a_file_that_was_changed_since() {
    let slow = Slow::interrupted();
    fs::OpenOptions::new().write(true).open(&slow.file).unwrap().write_all_at(b"theirs", 5 << 20).unwrap();
    starts_over(&slow, &RESUME, "the file has changed since");
}

#[test]
fn a_file_that_was_replaced_since() {
    let slow = Slow::interrupted();
    let copy = slow.scratch.path("copy");
    fs::copy(&slow.file, &copy).unwrap();
    fs::rename(copy, &slow.file).unwrap();
    starts_over(&slow, &RESUME, "the file has changed since");
}

#[test]
fn another_plugin() {
    let slow = Slow::interrupted();
    // A custom section changes the digest, and nothing else.
    let plugin = slow.scratch.path("slow.wasm");
    let mut bytes = fs::read(&plugin).unwrap();
    bytes.extend_from_slice(&[0, 2, 1, b'x']);
    fs::write(plugin, bytes).unwrap();
    starts_over(&slow, &RESUME, "the plugin changed");
}

#[test]
fn other_parameters() {
    let why = "the parameters changed";
    let slow = Slow::interrupted();
    starts_over(&slow, &["--resume", "-j", "1", "--set", "word=other"], why);
    // A secret has the same place in the patch, whatever it is.
    let slow = Slow::interrupted_with(&["--set", "key=one"]);
    starts_over(&slow, &["--resume", "-j", "1", "--set", "key=other"], why);
    let slow = Slow::interrupted_with(&["--set", "key=one"]);
    let told = slow.run(&["--resume", "-j", "1", "--set", "key=one"]);
    assert_eq!((told.code, told.resumed_at.is_some()), (0, true), "{told:?}");
}

#[test]
fn another_window() {
    let slow = Slow::interrupted();
    starts_over(&slow, &["--resume", "-j", "1", "--window", "64K"], "the window size changed");
}

#[test]
fn what_was_stored_is_damaged() {
    for (checkpoint, why) in [(true, "damaged"), (false, "corrupt")] {
        let slow = Slow::interrupted();
        let names = runner_tests::sidecars(&slow.file);
        let path = if checkpoint { names.checkpoint } else { names.scan }.path().to_owned();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
        starts_over(&slow, &RESUME, why);
    }
    for (checkpoint, why) in [(true, "before its first checkpoint"), (false, "No such file")] {
        let slow = Slow::interrupted();
        let names = runner_tests::sidecars(&slow.file);
        fs::remove_file(if checkpoint { names.checkpoint } else { names.scan }.path()).unwrap();
        let told = slow.run(&RESUME);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.started_over.is_some(), "{why}: {told:?}");
    }
    let slow = Slow::interrupted();
    fs::File::options()
        .write(true)
        .open(runner_tests::sidecars(&slow.file).scan.path())
        .unwrap()
        .set_len(100)
        .unwrap();
    starts_over(&slow, &RESUME, "is shorter than it was");
}

/// Changes what was stored; is given the hash of something else.
type Change = fn(&mut Value, Value);

fn flip(byte: &mut Value) {
    *byte = (byte.as_u64().unwrap() ^ 1).into();
}

/// What was stored has the right check, and does not fit: the release, the last
/// block of the file, and the last frame of the patch.
#[test]
fn what_was_stored_does_not_fit() {
    let hash = |json: &Value| Value::String(blake3::hash(json.to_string().as_bytes()).to_string());
    let changes: [(Change, &str); 3] = [
        (|stored, _| stored["runner"] = "0.0.1".into(), "was made by a different release"),
        (|stored, _| flip(&mut stored["state"]["last"][0][0]), "the file has changed"),
        (|stored, other| stored["state"]["partial"]["check"] = other, "has changed"),
    ];
    for (change, why) in changes {
        let slow = Slow::interrupted();
        let names = runner_tests::sidecars(&slow.file);
        let path = names.checkpoint.path();
        let text = fs::read_to_string(path).unwrap();
        let mut stored: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let other = hash(&stored);
        let before = stored.clone();
        change(&mut stored, other);
        assert_ne!(before, stored);
        let json = stored.to_string();
        let check = names.key.unwrap().of_checkpoint(json.as_bytes());
        fs::write(path, format!("{json}\n{check}\n")).unwrap();
        starts_over(&slow, &RESUME, why);
    }
}

/// Right in all else, but not made with the key.
#[test]
fn a_checkpoint_that_anybody_can_make_is_not_believed() {
    let slow = Slow::interrupted();
    let names = runner_tests::sidecars(&slow.file);
    let text = fs::read_to_string(names.checkpoint.path()).unwrap();
    let json = text.lines().next().unwrap();
    let plain = blake3::hash(json.as_bytes());
    fs::write(names.checkpoint.path(), format!("{json}\n{plain}\n")).unwrap();
    starts_over(&slow, &RESUME, "was made with a different key");
}

/// What others can have written to is not taken up, and not removed.
#[test]
fn what_others_can_have_written_to_is_left_alone() {
    type Way = fn(&Path);
    let ways: [(&str, Way); 2] = [
        ("other users may read or write it", |path| {
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o602)).unwrap();
        }),
        ("it has 2 names", |path| fs::hard_link(path, path.with_extension("link")).unwrap()),
    ];
    for (why, way) in ways {
        for which in 0..2 {
            let slow = Slow::interrupted();
            let names = runner_tests::sidecars(&slow.file);
            let entry = [&names.checkpoint, &names.scan][which];
            way(entry.path());
            // A run that is killed while it stores a checkpoint leaves this, too.
            fs::write(names.new.path(), "half a checkpoint").unwrap();
            fs::set_permissions(names.new.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            let before = slow.scratch.snapshot();
            let told = slow.run(&RESUME);
            assert_eq!(told.code, 4, "{why}: {told:?}");
            assert!(told.error.as_ref().is_some_and(|error| error.contains(why)), "{why}: {told:?}");
            assert!(entry.path().exists());
            assert_eq!(before, slow.scratch.snapshot(), "{why}");
        }
    }
}
