//! Recovery of a half-changed file that another program has written to
//! meanwhile, close to edits or inside them.

use std::fs;

use super::{Interrupted, interrupted, recover};
use runner_tests::{Scratch, runner};

/// Another program has changed bytes right beside edits, in groups that the
/// journal touches. It is refused, until the user says that these changes are to stay.
#[test]
fn after_the_target_was_changed_close_to_edits() {
    let refused = "is not the file that its journal was made for";
    for (dense, resized) in [(true, false), (false, false), (false, true)] {
        for rollback in [false, true] {
            let run = if dense { interrupted(300_000) } else { sparse(resized) };
            let mut torn = fs::read(&run.file).unwrap();
            let mut expected = run.to(rollback).to_vec();
            // One where the run has been, and one where it has not.
            for part in [1000, run.old.len() - 50_000] {
                let beside = part + find(&run.old[part..], b"user") + b"user".len();
                assert!(run.old[beside] == run.new[beside]);
                torn[beside] ^= 1;
                expected[beside] ^= 1;
            }
            fs::write(&run.file, &torn).unwrap();
            let before = run.scratch.snapshot();
            let ran = recover(&run.file, rollback).fails(6, refused);
            assert_eq!(before, run.scratch.snapshot());
            let option: &[&str] = if rollback { &["--rollback"] } else { &[] };
            let option = [option, &["--keep-other-changes"]].concat();
            ran.says(&format!("`runner recover {} {}`", option.join(" "), run.file.display()));
            let again = || runner(["recover", run.file.to_str().unwrap()].iter().chain(&option));
            again().fails(5, "other bytes of it have changed since it was scanned");
            assert!(fs::read(&run.file).unwrap() == expected, "dense {dense}, rollback {rollback}");
            assert_eq!(runner_tests::names(run.scratch.dir()), ["file"]);
        }
    }
}

/// Of a byte of an edit that is neither old nor new, the journal does not say
/// what was there.
#[test]
fn after_bytes_in_edits_and_close_to_them_were_changed() {
    for written in [b"xSER!", b"\0SER!"] {
        let run = interrupted(300_000);
        let mut torn = fs::read(&run.file).unwrap();
        let edit = 1000 + find(&run.new[1000..], b"USER");
        torn[edit..edit + 5].copy_from_slice(written);
        fs::write(&run.file, &torn).unwrap();
        for rollback in [false, true] {
            let ran = recover(&run.file, rollback).fails(6, "is not the file that its journal was made for");
            assert!(!ran.stderr.contains("--keep-other-changes"), "{}", ran.stderr);
        }
        keeping_is_refused(&run);
    }
}

/// The exit code is that of the file that still needs to be recovered.
#[test]
fn of_several_files_the_one_that_was_refused_counts() {
    for refused_first in [false, true] {
        let (kept, refused) = (sparse(false), sparse(false));
        for (run, byte) in [(&kept, b"user".len()), (&refused, 0)] {
            let mut torn = fs::read(&run.file).unwrap();
            torn[1200 + find(&run.old[1200..], b"user") + byte] = b'!';
            fs::write(&run.file, &torn).unwrap();
        }
        let mut files = [&kept, &refused].map(|run| run.file.to_str().unwrap());
        if refused_first {
            files.reverse();
        }
        let ran = runner(["recover", "--keep-other-changes", files[0], files[1]]);
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        ran.says("was recovered, but").says("matches neither the old nor the new byte");
    }
}

/// Even if no byte beside the edits shows it.
#[test]
fn after_bytes_in_edits_alone_were_changed() {
    let run = interrupted(300_000);
    let mut torn = fs::read(&run.file).unwrap();
    let edit = 1000 + find(&run.new[1000..], b"USER");
    torn[edit] = b'x';
    fs::write(&run.file, &torn).unwrap();
    keeping_is_refused(&run);
}

/// A file that a run has made longer ends with zeros or new bytes, unless
/// another program has written there.
#[test]
fn after_bytes_at_the_new_end_were_changed() {
    let run = sparse(true);
    let mut torn = fs::read(&run.file).unwrap();
    assert!(torn.len() > run.old.len());
    *torn.last_mut().unwrap() = b'x';
    fs::write(&run.file, &torn).unwrap();
    keeping_is_refused(&run);
}

#[track_caller]
fn keeping_is_refused(run: &Interrupted) {
    let before = run.scratch.snapshot();
    for option in [&[][..], &["--rollback"]] {
        let args = ["recover", "--keep-other-changes", run.file.to_str().unwrap()];
        runner(args.iter().chain(option)).fails(6, "matches neither the old nor the new byte in the journal");
        assert_eq!(before, run.scratch.snapshot());
    }
}

/// A run with few edits was killed between two of them; with `resized`, it also
/// makes the file longer.
fn sparse(resized: bool) -> Interrupted {
    let scratch = Scratch::new();
    let quiet = b"nothing here\n".repeat(40_000);
    let end: &[u8] = if resized { b"us!\n" } else { b"" };
    let old = [&b"quiet\n".repeat(200)[..], b"one user here\n", &quiet, b"a user\n", &quiet[..40_000], end];
    let old = old.concat();
    let text = String::from_utf8(old.clone()).unwrap();
    let new = text.replace("user", "USer").replace("us!", "US!!").into_bytes();
    let file = scratch.write("file", &old);
    runner_tests::kill::at_first_write(
        &file,
        &["--set", "find=us(er)?(!)?", "--set", "with=US$1$2$2", "--set", "regex=true"],
    );
    let mut torn = [&new[..300_000], &old[300_000..]].concat();
    torn.resize(new.len(), 0);
    fs::write(&file, torn).unwrap();
    Interrupted { scratch, file, old, new }
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}
