//! Files with holes: what is found, hashed and written is that of the zeros
//! that a hole stands for, and no page of a hole is read.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use proptest::prelude::*;
use runner_pipeline::context::RunContext;
use runner_pipeline::hash;
use runner_pipeline::storage::mmap::{Copier, Mapping};
use runner_tests::{Scratch, has, program, runner, skip};

/// Parts of a file, one after the other: holes, and data of a byte each.
type Parts = [(Option<u8>, usize)];

fn parts() -> impl Strategy<Value = Vec<(Option<u8>, usize)>> {
    let bytes = prop_oneof![1..20_usize, 4000..4200_usize, 60_000..70_000_usize, 1..3_000_000_usize];
    let kind = prop_oneof![2 => Just(None), 1 => (1..=255_u8).prop_map(Some)];
    prop::collection::vec((kind, bytes), 0..12)
}

/// Writes the parts that are data, and says what the file holds.
fn make(path: &Path, parts: &Parts) -> Vec<u8> {
    let file = File::create(path).unwrap();
    let mut content = Vec::new();
    for (kind, bytes) in parts {
        if let Some(byte) = kind {
            file.write_all_at(&vec![*byte; *bytes], content.len() as u64).unwrap();
        }
        content.resize(content.len() + bytes, kind.unwrap_or(0));
    }
    file.set_len(content.len() as u64).unwrap();
    content
}

fn map(path: &Path) -> Mapping {
    let file = File::open(path).unwrap();
    let bytes = file.metadata().unwrap().len();
    Mapping::new(&file, bytes, path).unwrap()
}

/// On a filesystem with a disk, and on one without.
fn places() -> Vec<tempfile::TempDir> {
    let places = [Path::new(runner_tests::temporary_dir()), Path::new("/dev/shm")];
    places.into_iter().filter_map(|place| tempfile::tempdir_in(place).ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn holes_are_zeros(parts in parts(), reads in prop::collection::vec((any::<u32>(), 1..3_000_000_u64), 1..30)) {
        for place in places() {
            let path = place.path().join("file");
            let content = make(&path, &parts);
            let mapping = map(&path);
            for threads in [1, 2] {
                let context = RunContext::unstoppable(threads);
                let root = hash::file::of_mapping(&mapping, context, &mut |_| {}).unwrap();
                prop_assert_eq!(root, blake3::hash(&content));
            }
            // One memory for all: what it held before must not show.
            let mut copier = Copier::new(&mapping, 3_000_000);
            for &(at, bytes) in &reads {
                let size = content.len() as u64;
                let start = u64::from(at) % (size + 1);
                let end = (start + bytes).min(size);
                let copy = copier.read(start..end).map(<[u8]>::to_vec);
                prop_assert!(copy.as_deref() == Some(&content[start as usize..end as usize]), "{start}..{end}");
            }
        }
    }
}

/// A file that was cut short has no hole where its end was.
#[test]
fn what_is_gone_is_no_hole() {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    make(&path, &[(Some(1), 5000), (None, 3 << 20)]);
    let mapping = map(&path);
    let mut copier = Copier::new(&mapping, 1 << 20);
    assert!(copier.read(1 << 20..2 << 20).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)));
    File::options().write(true).open(&path).unwrap().set_len(1 << 20).unwrap();
    assert!(copier.read(1 << 20..2 << 20).is_none());
    assert!(copier.read(4096..1 << 20).is_some());
}

/// Pages of a file that are in the page cache.
fn cached_pages(path: &Path) -> u64 {
    let output = program("fincore").args(["--noheadings", "--output", "PAGES"]).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// What the kernel reads round the few places that are looked at, of which it
/// may be set to take 8 MiB each; far less than the holes.
const FEW_PAGES: u64 = 16 << 8;

#[test]
fn no_page_of_a_hole_is_read() {
    if !has("fincore") {
        return skip("fincore is missing");
    }
    let scratch = Scratch::new();
    let path = scratch.path("file");
    let data = (Some(b'x'), 3000);
    make(&path, &[data, (None, 100 << 20), data, (None, (200 << 20) + 17)]);
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(b"marker", 500).unwrap();
    file.sync_all().unwrap();
    if file.metadata().unwrap().blocks() > 1000 {
        return skip("this filesystem makes no holes");
    }
    drop(file);
    let name = path.to_str().unwrap();
    let replace = ["apply", "replace", name, "--set", "find=marker", "--set"];
    for run in [
        &["verify", name][..],
        &[&replace[..], &["with=MARKER", "--dry-run"]].concat(),
        // A plugin without a prefilter is shown all of the zeros.
        &["apply", scratch.guest("tiny").to_str().unwrap(), name, "--dry-run"],
        &[&replace[..], &["with=MARKER"]].concat(),
        &["apply", "replace", name, "--set", "find=MARKER", "--set", "with=another"],
    ] {
        runner(run).ok();
        let pages = cached_pages(&path);
        assert!(pages <= FEW_PAGES, "{run:?}: {pages} pages");
    }
    // Of blocks that are too large to be copied, those that hold data, too, are
    // read whole.
    runner(["apply", "replace", name, "--set", "find=marker", "--check", "--window", "4M"]).ok();
    let pages = cached_pages(&path);
    assert!(pages <= 3 * FEW_PAGES, "in large windows: {pages} pages");
    let now = fs::metadata(&path).unwrap();
    assert_eq!((now.len(), now.blocks() <= 1000), ((300 << 20) + 6017 + 1, true));
    let mut start = [0; 507];
    File::open(&path).unwrap().read_exact_at(&mut start, 0).unwrap();
    assert!(start.ends_with(b"another"));
}

/// Of a change of length, the rest of the file is hashed anew, holes and all;
/// what was written is read back and compared.
#[test]
fn a_file_with_holes_is_rewritten() {
    let mut random = runner_tests::Random(runner_tests::seed());
    for round in 0..8 {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut parts = Vec::new();
        for _ in 0..1 + random.below(8) {
            parts.push((None, random.below(3_000_000) as usize));
            parts.push((Some(b'a'), 1 + random.below(200_000) as usize));
        }
        let mut content = make(&path, &parts);
        let file = File::options().write(true).open(&path).unwrap();
        for _ in 0..3 {
            // Into holes, as often as not.
            let at = random.below(content.len() as u64) as usize;
            let end = (at + 4).min(content.len());
            content[at..end].copy_from_slice(&b"mark"[..end - at]);
            file.write_all_at(&content[at..end], at as u64).unwrap();
        }
        drop(file);
        let with = ["longer mark", "m"][round % 2];
        let expected = replaced(&content, b"mark", with.as_bytes());
        let name = path.to_str().unwrap();
        let with = format!("with={with}");
        runner(["apply", "replace", name, "--set", "find=mark", "--set", &with]).ok();
        assert!(fs::read(&path).unwrap() == expected, "round {round}, {parts:?}");
    }
}

fn replaced(content: &[u8], find: &[u8], with: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < content.len() {
        if content[at..].starts_with(find) {
            out.extend_from_slice(with);
            at += find.len();
        } else {
            out.push(content[at]);
            at += 1;
        }
    }
    out
}
