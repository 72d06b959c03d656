//! Patches that know no roots: nothing but the values of their groups shows
//! what a file must be, and these may be made up.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::refused;
use runner_pipeline::hash::group_cv;
use runner_tests::forge::{Edits, altered, forged_as, frames, made, without_roots};
use runner_tests::{Random, Scratch, runner, seed};
use serde_json::Value;

const GROUP: usize = 64 << 10;
const ROOTS: [blake3::Hash; 2] = [blake3::Hash::from_bytes([0; 32]); 2];

fn value(content: &[u8], index: usize) -> [u8; 32] {
    let end = content.len().min((index + 1) * GROUP);
    group_cv(&content[index * GROUP..end], index as u64, content.len() as u64)
}

/// A file of five groups, and one edit in the third one.
fn content() -> (Vec<u8>, Vec<u8>) {
    let old: Vec<u8> = (0..5 * GROUP - 7).map(|at| (at * 31 % 251) as u8).collect();
    let mut new = old.clone();
    new[2 * GROUP + 8..][..4].copy_from_slice(b"EVIL");
    (old, new)
}

fn patch_of(old: &[u8], was: &[u8], values: [[u8; 32]; 2]) -> Vec<u8> {
    let edits: Edits<'_> = &[(2 * GROUP as u64 + 8, was, b"EVIL")];
    without_roots(&made(old.len() as u64, edits, &[(2, values[0], values[1])], ROOTS))
}

#[test]
fn the_version_and_the_roots_belong_together() {
    let scratch = Scratch::new();
    let (old, new) = content();
    let file = scratch.write("file", &old);
    let good = patch_of(&old, &old[2 * GROUP + 8..][..4], [value(&old, 2), value(&new, 2)]);
    let what = "a seal whose roots do not fit its version";
    let root = Value::from("0".repeat(64));
    for (version, before, after) in [
        (2, Value::Null, Value::Null),
        (2, root.clone(), Value::Null),
        (2, Value::Null, root.clone()),
        (3, root.clone(), Value::Null),
        (3, Value::Null, root.clone()),
        (3, root.clone(), root),
    ] {
        let mut frames = frames(&good);
        frames[2] = altered(&frames[2], |seal| {
            (seal["pre_root"], seal["post_root"]) = (before.clone(), after.clone());
        });
        let bad = scratch.write("patch", forged_as(version, &frames));
        refused(&scratch, &bad, &file, 5, what);
    }
    for field in ["pre_root", "post_root"] {
        let mut frames = frames(&good);
        frames[2] = altered(&frames[2], |seal| drop(seal.as_object_mut().unwrap().remove(field)));
        refused(&scratch, &scratch.write("patch", forged_as(3, &frames)), &file, 5, "a bad seal");
    }
    // The checks depend on the version.
    let mut other = good.clone();
    other[8] = 2;
    refused(&scratch, &scratch.write("patch", other), &file, 5, "a wrong checksum");
    // A change of length whose later values nobody has computed.
    let edits: Edits<'_> = &[(2 * GROUP as u64 + 8, b"abcd", b"abc")];
    let usual = made(old.len() as u64, edits, &[(2, [7; 32], [0; 32])], ROOTS);
    refused(&scratch, &scratch.write("patch", without_roots(&usual)), &file, 5, what);
    let patch = scratch.write("patch", good);
    runner!["patch", &patch, &file].ok();
    assert!(fs::read(&file).unwrap() == new);
    runner!["undo", &patch, &file].ok();
    assert!(fs::read(&file).unwrap() == old);
}

#[test]
fn what_it_says_of_the_groups_must_be_so() {
    let scratch = Scratch::new();
    let (old, new) = content();
    let was = &old[2 * GROUP + 8..][..4];
    let (before, after) = (value(&old, 2), value(&new, 2));
    let untouched = |command: &str, content: &[u8], bytes: Vec<u8>, what: &str| {
        let (file, patch) = (scratch.write("file", content), scratch.write("patch", bytes));
        let snapshot = scratch.snapshot();
        runner!(command, &patch, &file).fails(5, what);
        assert_eq!(snapshot, scratch.snapshot(), "{command}: {what}");
    };
    let lie = "file differs at byte 131080 from what the patch says";
    let hashes = "file would get groups with different hashes than the patch says";
    untouched("patch", &old, patch_of(&old, b"LIES", [before, after]), lie);
    untouched("patch", &old, patch_of(&old, was, [before, [9; 32]]), hashes);
    untouched("patch", &old, patch_of(&old, was, [[9; 32], after]), "the patch does not fit");
    untouched("undo", &new, patch_of(&old, b"LIES", [before, after]), hashes);
    untouched("undo", &new, patch_of(&old, was, [[9; 32], after]), hashes);
    untouched("undo", &new, patch_of(&old, was, [before, [9; 32]]), "the patch does not fit");
    // Files of other sizes.
    for size in [0, 1, GROUP, 2 * GROUP, 2 * GROUP + 10, 3 * GROUP - 1] {
        untouched("patch", &old[..size], patch_of(&old, was, [before, after]), "the patch does not fit");
        untouched("undo", &new[..size], patch_of(&old, was, [before, after]), "the patch does not fit");
        let file = scratch.path("file");
        runner!["verify", &file, "--patch", &scratch.path("patch")]
            .fails(5, "is not the result of the patch");
    }
}

/// Edits and groups by chance, with right checks: nothing panics, and what
/// fails has touched nothing.
#[test]
fn whatever_it_says_nothing_panics() {
    let scratch = Scratch::new();
    let mut random = Random(seed());
    let (content, _) = content();
    let file = scratch.write("file", &content);
    for round in 0..60 {
        let size = [content.len() as u64, 0, 70_000, 1 << 40, 1 << 62][random.below(5) as usize];
        let (mut edits, mut groups, mut at) = (Vec::new(), Vec::new(), 0);
        for _ in 0..random.below(4) {
            let start = at + random.below(200_000);
            let old = random.below(9) as usize;
            let new = if random.below(2) == 0 { old } else { random.below(70_000) as usize };
            at = start + old as u64;
            let there = content.get(start as usize..at as usize).map_or(vec![b'x'; old], <[u8]>::to_vec);
            edits.push((start, there, vec![b'#'; new]));
        }
        for index in 0..random.below(7) {
            let known = [[7; 32], [0; 32]];
            let pick = |random: &mut Random| known[usize::from(random.below(4) == 0)];
            groups.push((index, pick(&mut random), pick(&mut random)));
        }
        let edits: Vec<_> = edits.iter().map(|(at, old, new)| (*at, &old[..], &new[..])).collect();
        let bytes = made(size, &edits, &groups, ROOTS);
        let patch = scratch.write("patch", without_roots(&bytes));
        for args in [["show", "patch", "file"], ["patch", "patch", "file"], ["undo", "patch", "file"]] {
            let before = scratch.snapshot();
            let ran = runner!(args[0], &patch, &file);
            assert!([0, 2, 5].contains(&ran.code), "round {round}, {args:?}: {}", ran.stderr);
            if ran.code != 0 {
                assert_eq!(before, scratch.snapshot(), "round {round}, {args:?}");
            }
            fs::write(&file, &content).unwrap();
        }
        runner!["verify", &file, "--patch", &patch];
    }
}

/// A journal: the file is recovered by its groups alone, and a copy is not.
#[test]
fn a_journal_without_roots_is_judged_by_its_groups() {
    let scratch = Scratch::new();
    let (old, new) = content();
    let was = &old[2 * GROUP + 8..][..4];
    let file = scratch.write("file", &old);
    let write = |bytes: Vec<u8>| {
        let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&file).unwrap());
        let mut frames = frames(&bytes);
        frames[0] = altered(&frames[0], |header| header["identity"]["file"]["inode"] = inode.into());
        let born = fs::metadata(&file).unwrap().created().ok();
        let born = born.map(|at| at.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64);
        frames[0] = altered(&frames[0], |header| header["identity"]["file"]["born_ns"] = born.into());
        let journal = scratch.write("file.runner-journal", forged_as(3, &frames));
        fs::set_permissions(journal, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let recover = |more: &[&str]| {
        let args = ["recover", "--trust-journal", file.to_str().unwrap()];
        runner(args.iter().chain(more))
    };
    let good = patch_of(&old, was, [value(&old, 2), value(&new, 2)]);
    // Half written, and changed elsewhere.
    let mut torn = old.clone();
    torn[2 * GROUP + 8..][..2].copy_from_slice(b"EV");
    torn[0] ^= 1;
    for (direction, wanted) in [(&[][..], b"EVIL"), (&["--rollback"], was.try_into().unwrap())] {
        fs::write(&file, &torn).unwrap();
        write(good.clone());
        let patch = scratch.write("patch", &good);
        runner!["verify", &file, "--patch", &patch].fails(6, "did not finish");
        fs::remove_file(patch).unwrap();
        recover(direction).ok().says("the root of the whole file is not known");
        let mut expected = torn.clone();
        expected[2 * GROUP + 8..][..4].copy_from_slice(wanted);
        assert!(fs::read(&file).unwrap() == expected);
    }
    // Changed inside the group, or made up.
    let mut other = torn.clone();
    other[2 * GROUP] ^= 1;
    let lie = patch_of(&old, was, [value(&old, 2), [9; 32]]);
    for (content, journal) in [(&other, &good), (&torn, &lie)] {
        fs::write(&file, content).unwrap();
        write(journal.clone());
        let before = scratch.snapshot();
        let ran = recover(&[]).says("is not the file that its journal was made for");
        assert_eq!(ran.code, 6);
        assert_eq!(before, scratch.snapshot());
    }
    // A copy could be any other file with such a group.
    fs::write(&file, &torn).unwrap();
    write(good);
    let copy = scratch.write("copy", &torn);
    fs::remove_file(&file).unwrap();
    fs::rename(copy, &file).unwrap();
    let before = scratch.snapshot();
    let ran = recover(&[]).says("or a copy of it").says("recover the original, and copy it again");
    assert_eq!(ran.code, 6);
    assert_eq!(before, scratch.snapshot());
}
