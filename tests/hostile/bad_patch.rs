//! Patches that are damaged, foreign, or for another file.

mod rootless;
mod untrue;

use std::fs;
use std::path::{Path, PathBuf};

use runner_tests::forge::{MAGIC, altered, batch, forged, frames};
use runner_tests::{Random, Scratch, runner};
use serde_json::Value;

/// A file, and a patch for it that changes its length.
fn planned(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let file = scratch.write("file", runner_tests::log_lines(200_000, "\n"));
    let patch = scratch.path("patch");
    let find = ["--set", "find=user7", "--set", "with=somebody"];
    runner(["plan", "replace", file.to_str().unwrap(), "-o", patch.to_str().unwrap()].iter().chain(&find))
        .ok();
    (file, patch)
}

/// Every command that takes a patch refuses it, and touches nothing.
#[track_caller]
fn refused(scratch: &Scratch, patch: &Path, file: &Path, code: i32, what: &str) {
    let before = scratch.snapshot();
    runner!["show", patch].fails(code, what);
    runner!["show", patch, "--format", "hex"].fails(code, what);
    runner!["patch", patch, file].fails(code, what);
    runner!["undo", patch, file].fails(code, what);
    runner!["verify", file, "--patch", patch].fails(code, what);
    assert_eq!(before, scratch.snapshot());
}

#[test]
fn what_is_no_patch_is_refused() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let whole = fs::read(&patch).unwrap();
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("text", b"find = 'abc'\n"),
        ("diff", b"--- a/file\n+++ b/file\n@@ -1 +1 @@\n-a\n+b\n"),
        ("magic", MAGIC),
        ("one-byte", b"R"),
    ] {
        let path = scratch.write(name, bytes);
        refused(&scratch, &path, &file, 5, &format!("{name} is not a patch"));
    }
    for (version, hint) in
        [(1, "hint: create it again"), (4, "hint: it was made by a newer version of runner")]
    {
        let mut other = whole.clone();
        other[8] = version;
        let path = scratch.write("other", other);
        let what = format!("other has format version {version}; this version of runner supports 2 and 3");
        refused(&scratch, &path, &file, 5, &what);
        runner!["show", &path].fails(5, hint);
    }
    refused(&scratch, &scratch.path("missing"), &file, 2, "caused by: No such file or directory");
    refused(&scratch, scratch.dir(), &file, 2, "directory");
}

#[test]
fn a_torn_patch_never_happened() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let whole = fs::read(&patch).unwrap();
    let mut random = Random(3);
    let mut lengths: Vec<_> = (0..12).map(|_| random.below(whole.len() as u64) as usize).collect();
    lengths.extend([12, whole.len() - 1, whole.len() - 33]);
    for length in lengths {
        let torn = scratch.write("torn", &whole[..length]);
        refused(&scratch, &torn, &file, 5, "torn");
    }
    let mut longer = whole;
    longer.push(0);
    let longer = scratch.write("longer", longer);
    refused(&scratch, &longer, &file, 5, "longer");
}

#[test]
fn no_byte_of_a_patch_may_change() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let whole = fs::read(&patch).unwrap();
    let mut random = Random(4);
    // The magic and version, the frame heads, and anywhere.
    let at = (0..18).chain((0..40).map(|_| random.below(whole.len() as u64) as usize));
    for at in at.collect::<Vec<_>>() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << random.below(8);
        let bad = scratch.write("bad", bad);
        let before = scratch.snapshot();
        let ran = runner!["patch", &bad, &file];
        assert_eq!(ran.code, 5, "byte {at}: {}", ran.stderr);
        assert_eq!(before, scratch.snapshot(), "byte {at}");
    }
    for at in [20, whole.len() / 2, whole.len() - 10] {
        let mut bad = whole.clone();
        bad[at] ^= 0x80;
        let bad = scratch.write("bad", bad);
        refused(&scratch, &bad, &file, 5, "bad");
    }
}

#[test]
fn a_patch_fits_one_file_only() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    let content = fs::read(&file).unwrap();
    let what = "the patch does not fit";

    let other = scratch.write("other", b"another file\n");
    let before = scratch.snapshot();
    runner!["patch", &patch, &other].fails(5, what).says("hint: its root is ");
    runner!["undo", &patch, &other].fails(5, what);
    runner!["undo", &patch, &file].fails(5, what).says("the file already has the resulting content");
    runner!["verify", &other, "--patch", &patch].fails(5, "other has a different BLAKE3 root");
    runner!["verify", &file, "--patch", &patch].fails(5, "file has a different BLAKE3 root");
    assert_eq!(before, scratch.snapshot());

    // One byte is enough, at the same size: in a place that no edit touches,
    // or in one that would be edited.
    let edited = content.windows(5).position(|bytes| bytes == b"user7").unwrap();
    for at in [content.len() - 2, edited] {
        let mut near = content.clone();
        near[at] ^= 1;
        let near = scratch.write("near", &near);
        let before = scratch.snapshot();
        runner!["patch", &patch, &near].fails(5, what);
        assert_eq!(before, scratch.snapshot());
    }

    // Twice is once too often.
    runner!["patch", &patch, &file].ok();
    runner!["verify", &file, "--patch", &patch].ok();
    let before = scratch.snapshot();
    runner!["patch", &patch, &file].fails(5, what).says("the file already has the resulting content");
    assert_eq!(before, scratch.snapshot());

    // A copy of the file is as good as the file itself.
    let copy = scratch.write("copy", &content);
    runner!["patch", &patch, &copy].ok();
    assert!(fs::read(&copy).unwrap() == fs::read(&file).unwrap());
}

/// The same without one value of the only group, the last one of which there
/// are 3 old and 3 new bytes behind.
fn without_value(mut batch: Vec<u8>, at: usize) -> Vec<u8> {
    let values = batch.len() - 6 - 64;
    batch[values + at..][..32].fill(0);
    batch
}

/// A patch of 12 bytes, as in the design.
fn small(scratch: &Scratch, with: &str) -> (PathBuf, Vec<u8>) {
    let (file, patch) = (scratch.write("small", "one two\ntwo\n"), scratch.path("small-patch"));
    let with = format!("with={with}");
    let _ = fs::remove_file(&patch);
    let args = ["plan", "replace", "--set", "find=two", "--set", &with, "-o"];
    runner(args.iter().map(Path::new).chain([patch.as_path(), &file])).ok();
    (file, fs::read(&patch).unwrap())
}

#[test]
fn checks_are_those_of_the_design() {
    let scratch = Scratch::new();
    for bytes in [small(&scratch, "TWO").1, fs::read(planned(&scratch).1).unwrap()] {
        let frames = frames(&bytes);
        let kinds: Vec<_> = frames.iter().map(|(kind, _)| *kind).collect();
        assert_eq!((kinds[0], kinds[1], *kinds.last().unwrap()), (1, 2, 3));
        assert!(forged(&frames) == bytes);
    }
}

/// Frames with the right checks that do not make a patch.
#[test]
fn what_no_run_writes_is_refused() {
    let scratch = Scratch::new();
    let (_, whole) = small(&scratch, "TWO");
    let [header, edits, seal] = frames(&whole).try_into().unwrap();
    let with = |batch: Vec<u8>| vec![header.clone(), (2, batch), seal.clone()];
    let of = |frames: &[&(u8, Vec<u8>)]| frames.iter().copied().cloned().collect::<Vec<_>>();
    let order = "an edit out of order or out of bounds";
    let lengths = "lengths that do not add up";
    let one_more = |batch: Vec<u8>| [&batch[..], b"x"].concat();
    let (cover, value) = ("an edit in no group that it lists", "a group that lacks a required value");
    let after_seal = "something after the seal";
    let (trailer, long_trailer) = ((0x90, b"more".to_vec()), (0x90, vec![0; (64 << 10) + 1]));
    let cases = [
        ("a file without a header", of(&[&edits, &seal]), "no header"),
        ("another first frame", vec![(2, header.1.clone()), edits.clone(), seal.clone()], "no header"),
        ("two headers", of(&[&header, &header, &edits, &seal]), "a frame of unknown kind"),
        (
            "a new kind",
            vec![header.clone(), (9, vec![]), edits.clone(), seal.clone()],
            "a frame of unknown kind",
        ),
        ("no seal", of(&[&header, &edits]), "has no seal: it was cut short, or never finished"),
        ("two seals", of(&[&header, &edits, &seal, &seal]), "something after the seal"),
        ("a byte too many", with(one_more(batch(&[(4, 3, 3)], &[]))), lengths),
        ("a long edit", with(batch(&[(0, (1 << 20) + 1, 0)], &[])), lengths),
        ("a long replacement", with(batch(&[(0, 0, (1 << 20) + 1)], &[])), lengths),
        ("unsorted", with(batch(&[(8, 3, 3), (4, 3, 3)], &[])), order),
        ("overlapping", with(batch(&[(4, 3, 3), (6, 3, 3)], &[])), order),
        ("behind the end", with(batch(&[(10, 3, 3)], &[])), order),
        ("far behind the end", with(batch(&[(u64::MAX - 1, 3, 3)], &[])), order),
        ("an edit of nothing", with(batch(&[(4, 3, 3), (7, 0, 0)], &[0])), "an edit that is empty"),
        ("unsorted groups", with(batch(&[], &[1, 0])), "a group out of order"),
        ("a group twice", with(batch(&[], &[0, 0])), "a group out of order"),
        ("a group of no file", with(batch(&[], &[1 << 47])), "a group out of order"),
        ("no group", with(batch(&[(4, 3, 3), (8, 3, 3)], &[])), cover),
        ("another group", with(batch(&[(4, 3, 3), (8, 3, 3)], &[1])), cover),
        ("a group too many", with(batch(&[(4, 3, 3), (8, 3, 3)], &[0, 1])), cover),
        ("a group, and no edit", with(batch(&[], &[0])), cover),
        ("no value before", with(without_value(batch(&[(4, 3, 3)], &[0]), 0)), value),
        ("no value after", with(without_value(batch(&[(4, 3, 3)], &[0]), 32)), value),
        ("a value after that nobody can know", with(batch(&[(4, 3, 2)], &[0])), value),
        ("a trailer before the seal", of(&[&header, &edits, &trailer, &seal]), "a frame of unknown kind"),
        ("a frame behind a trailer", of(&[&header, &edits, &seal, &trailer, &edits]), after_seal),
        (
            "a trailer too many",
            [of(&[&header, &edits, &seal]), vec![trailer.clone(); 17]].concat(),
            "too many",
        ),
        (
            "a long trailer",
            [of(&[&header, &edits, &seal]), vec![long_trailer]].concat(),
            "a frame that is too long",
        ),
    ];
    for (name, frames, what) in cases {
        let path = scratch.write("forged", forged(&frames));
        let ran = runner!["show", &path];
        assert!(ran.stderr.contains(what), "{name}: it should say `{what}`:\n{}", ran.stderr);
        ran.fails(5, "forged");
    }

    let what = "a seal that does not match its edits";
    let no_fit = |frames: &[&(u8, Vec<u8>)]| {
        let path = scratch.write("forged", forged(&of(frames)));
        runner!["show", &path].fails(5, what);
    };
    no_fit(&[&header, &seal]);
    no_fit(&[&altered(&header, |header| header["group_bytes"] = 4096.into()), &edits, &seal]);
    for count in ["edits", "groups", "old_bytes", "new_bytes", "pre_size", "first_length_change"] {
        no_fit(&[&header, &edits, &altered(&seal, |seal| seal["stats"][count] = 7.into())]);
    }
    no_fit(&[&header, &edits, &altered(&seal, |seal| seal["stats"]["in_place_form"] = false.into())]);

    // It is not even read.
    let long = [&whole[..12], &[2], &u32::MAX.to_le_bytes()].concat();
    runner!["show", &scratch.write("forged", long)].fails(5, "a frame that is too long");
}

/// Each part is whole, and is of another patch.
#[test]
fn frames_of_two_patches_make_none() {
    let scratch = Scratch::new();
    let (_, one) = small(&scratch, "TWO");
    let (_, other) = small(&scratch, "ABC");
    let header_bytes = 12 + 5 + frames(&one)[0].1.len() + 32;
    assert_eq!(frames(&one)[0].1.len(), frames(&other)[0].1.len());
    let mixed = [&one[..header_bytes], &other[header_bytes..]].concat();
    runner!["show", &scratch.write("mixed", mixed)].fails(5, "a wrong checksum");
}

/// Where only the size is that of another file, edits could reach behind the
/// end.
#[test]
fn the_size_of_the_file_counts() {
    let scratch = Scratch::new();
    let (file, whole) = small(&scratch, "TWO");
    let [header, edits, seal] = frames(&whole).try_into().unwrap();
    let header = altered(&header, |header| header["identity"]["file"]["size"] = 13.into());
    let seal = altered(&seal, |seal| seal["stats"]["pre_size"] = 13.into());
    let patch = scratch.write("forged", forged(&[header, edits, seal]));
    runner!["show", &patch].ok();
    let before = scratch.snapshot();
    runner!["patch", &patch, &file].fails(5, "the patch does not fit");
    assert_eq!(before, scratch.snapshot());
}

/// What a later runner may add is ignored by this one.
#[test]
fn what_is_added_later_is_ignored() {
    let scratch = Scratch::new();
    let (file, whole) = small(&scratch, "TWO");
    let [header, edits, seal] = frames(&whole).try_into().unwrap();
    let header = altered(&header, |header| {
        header["colour"] = "blue".into();
        header["plugin"]["home"] = 7.into();
        header["identity"]["file"]["generation"] = 7.into();
    });
    let seal = altered(&seal, |seal| {
        seal["stats"]["lines"] = 7.into();
        seal["more"] = Value::Null;
    });
    let trailers = vec![(0x80, vec![1; 100]), (0xff, vec![]), (0x80, vec![2; 64 << 10])];
    let patch = scratch
        .write("later", forged(&[vec![header.clone(), edits.clone(), seal.clone()], trailers].concat()));
    runner!["show", &patch].ok();
    runner!["patch", &patch, &file].ok();
    assert_eq!(fs::read(&file).unwrap(), b"one TWO\nTWO\n");
    runner!["undo", &patch, &file].ok();
    assert_eq!(fs::read(&file).unwrap(), b"one two\ntwo\n");

    // What must be understood is not.
    let other =
        altered(&header, |header| header["identity"] = serde_json::json!({ "object": { "size": 12 } }));
    let patch = scratch.write("object", forged(&[other, edits, seal]));
    refused(&scratch, &patch, &file, 5, "a bad header");
}

/// Showing a patch looks for its file, and opens nothing else that stands
/// there: a named pipe would keep it waiting.
#[test]
fn a_pipe_in_place_of_the_file_is_not_opened() {
    let scratch = Scratch::new();
    let (file, patch) = planned(&scratch);
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let shown = runner!["show", &patch].ok().text();
    assert!(shown.contains("the file, which is missing or has changed"), "{shown}");
    runner!["show", &patch, &file].fails(2, "file is a FIFO");
}
