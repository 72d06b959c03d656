//! Patches that pass every check, and say what is not so: of a patch only the
//! edits are believed, and of these only what the file bears out.

use std::fs;
use std::path::Path;

use super::refused;
use runner_tests::forge::{Edits, made};
use runner_tests::runner;
use runner_tests::{Ran, Scratch};

/// No group is listed, and the root is made up: nothing would be read back.
#[test]
fn a_patch_that_lists_no_group_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.write("file", b"hello\n");
    let roots = [blake3::hash(b"hello\n"), blake3::Hash::from_bytes([7; 32])];
    let edits: Edits<'_> = &[(0, b"hello", b"HELLO")];
    let bytes = made(6, edits, &[], roots);
    let patch = scratch.write("patch", &bytes);
    refused(&scratch, &patch, &file, 5, "an edit in no group that it lists");
    // Nor is it a journal.
    let journal = scratch.write("file.runner-journal", bytes);
    let before = scratch.snapshot();
    runner!["recover", &file].fails(4, "is not trusted");
    recover(&file, &[]).says("an edit in no group that it lists");
    recover(&file, &["--rollback"]);
    assert_eq!(before, scratch.snapshot());
    // A group that is not the one in which it is, and one without values.
    for group in [(1, [7; 32], [7; 32]), (0, [0; 32], [7; 32]), (0, [7; 32], [0; 32])] {
        fs::write(&journal, made(6, edits, &[group], roots)).unwrap();
        let before = scratch.snapshot();
        recover(&file, &[]);
        assert_eq!(before, scratch.snapshot());
    }
}

/// Whoever has made it is trusted, and what it says is not so.
#[track_caller]
fn recover(file: &Path, direction: &[&str]) -> Ran {
    let file = file.to_str().unwrap();
    let ran = runner(["recover", "--trust-journal", file].iter().chain(direction));
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    ran.says("cannot be used")
}

/// A patch says what it likes, and nobody believes it: nothing is written, and
/// nothing "brought back".
#[test]
fn what_a_patch_says_of_its_file_must_be_so() {
    let scratch = Scratch::new();
    let old = [&b"PermitRootLogin no\n#"[..], &[b'.'; 60], &b"\n".repeat(700_000)].concat();
    let (good, lie) = (&old[..81], &[&b"PermitRootLogin yes\n"[..], &[b'.'; 61]].concat()[..]);
    let new = &[&b"PermitRootLogin No\n#"[..], &[b'.'; 61]].concat()[..81];
    let result = [new, &old[81..]].concat();
    let roots = [blake3::hash(&old), blake3::hash(&result)];
    let file = scratch.write("file", &old);
    let size = old.len() as u64;
    let write =
        |edits: Edits<'_>, roots| scratch.write("patch", made(size, edits, &[(0, [7; 32], [9; 32])], roots));
    let untouched = |what: &str| {
        let before = scratch.snapshot();
        runner!["patch", &scratch.path("patch"), &file].fails(5, what);
        assert_eq!(before, scratch.snapshot());
    };

    write(&[(0, lie, new)], roots);
    untouched("file differs at byte 16 from what the patch says");
    // In the middle, at the end, and only behind a change of length.
    let at = size - 7;
    write(&[(0, good, new), (3, b"", b"")], roots);
    untouched("an edit that is empty");
    let far = |start, old: &'static [u8], new| {
        made(size, &[(start, old, new)], &[(start >> 16, [7; 32], [9; 32])], roots)
    };
    scratch.write("patch", far(at, b"\n\n\nx\n\n\n", b"\n\n\ny\n\n\n"));
    untouched(&format!("file differs at byte {} from what the patch says", at + 3));
    let group = (at >> 16, [7; 32], [0; 32]);
    scratch.write("patch", made(size, &[(at, b"", b"more"), (at, b"\n\nx", b"\n\ny")], &[group], roots));
    untouched(&format!("file differs at byte {} from what the patch says", at + 2));
    // A byte that is replaced by itself is compared, too.
    scratch.write("patch", far(at, b"x", b"x"));
    untouched(&format!("file differs at byte {at} from what the patch says"));

    let other = blake3::hash(b"something else");
    write(&[(0, good, new)], [roots[0], other]);
    untouched("file would get a different root than the patch says");
    write(&[(0, good, new)], [other, roots[1]]);
    untouched("the patch does not fit");
    // Right edits of wrong groups are right edits: all else is computed anew.
    write(&[(0, good, new)], roots);
    let ran = runner!["patch", &scratch.path("patch"), &file].ok();
    ran.says("verified");
    assert!(fs::read(&file).unwrap() == result);
    runner!["verify", &file, "--patch", &scratch.path("patch")].ok();

    // The same, backwards.
    let untouched = |what: &str| {
        let before = scratch.snapshot();
        runner!["undo", &scratch.path("patch"), &file].fails(5, what);
        assert_eq!(before, scratch.snapshot());
    };
    write(&[(0, good, lie)], roots);
    untouched("file differs at byte 16 from what the patch says");
    write(&[(0, lie, new)], roots);
    untouched("file would get a different root than the patch says");
    write(&[(0, good, new)], [other, roots[1]]);
    untouched("file would get a different root than the patch says");
    write(&[(0, good, new)], [roots[0], other]);
    untouched("the patch does not fit");
    write(&[(0, good, new)], roots);
    runner!["undo", &scratch.path("patch"), &file].ok();
    assert!(fs::read(&file).unwrap() == old);
}

/// With the right groups, and old bytes that the file never held: what would
/// be shown is not so.
#[test]
fn a_journal_whose_old_bytes_are_lies_is_refused() {
    let scratch = Scratch::new();
    let (old, new) = (b"root: mine\n", b"EVIL: mine\n");
    let file = scratch.write("file", old);
    let (before, after) = (blake3::hash(old), blake3::hash(new));
    let group = (0, *before.as_bytes(), *after.as_bytes());
    let journal = |was: &[u8]| {
        let path =
            scratch.write("file.runner-journal", made(11, &[(0, was, b"EVIL")], &[group], [before, after]));
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    journal(b"ROOT");
    let snapshot = scratch.snapshot();
    for direction in [&["recover", "--trust-journal"][..], &["recover", "--trust-journal", "--rollback"]] {
        let ran = runner(direction.iter().copied().chain([file.to_str().unwrap()]));
        ran.fails(6, "byte 0 of").says("matches neither the old nor the new byte in the journal");
    }
    assert_eq!(snapshot, scratch.snapshot());
    journal(b"root");
    let ran = runner(["recover", "--trust-journal", file.to_str().unwrap()]);
    ran.ok().says(&format!("recovers  {}", file.display())).says("- root").says("+ EVIL");
    assert_eq!(fs::read(&file).unwrap(), new);
}

/// The file fits the roots, and no group the values that would be compared with
/// what is read back.
#[test]
fn a_journal_whose_values_are_made_up_is_refused() {
    let scratch = Scratch::new();
    let old = "abcd\n".repeat(20_000).into_bytes();
    let mut new = old.clone();
    new[..4].copy_from_slice(b"WXYZ");
    let file = scratch.write("file", &old);
    let roots = [blake3::hash(&old), blake3::hash(&new)];
    let edits: Edits<'_> = &[(0, b"abcd", b"WXYZ")];
    let bytes = made(old.len() as u64, edits, &[(0, [1; 32], [2; 32])], roots);
    let journal = scratch.write("file.runner-journal", bytes);
    fs::set_permissions(&journal, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let before = scratch.snapshot();
    for direction in [&[][..], &["--rollback"]] {
        let args = ["recover", "--trust-journal", file.to_str().unwrap()];
        let ran = runner(args.iter().chain(direction));
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        ran.says("is not the file that its journal was made for").says("nothing was written");
        assert_eq!(before, scratch.snapshot());
    }
    // Nor one that goes beyond the end of what is left of the file.
    fs::write(&file, b"ab").unwrap();
    let before = scratch.snapshot();
    recover_fails(&file, "ends at byte 2, inside a range that the journal replaces");
    assert_eq!(before, scratch.snapshot());
}

#[track_caller]
fn recover_fails(file: &Path, what: &str) {
    runner(["recover", "--trust-journal", file.to_str().unwrap()]).fails(6, what);
}
