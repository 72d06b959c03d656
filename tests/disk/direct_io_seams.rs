//! What is large is written in pieces, past the page cache: whatever lies at
//! their seams, and however edits and holes stand in them, the file is what a
//! plain replacement makes of it.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use runner_tests::{Random, Scratch, runner};

/// Bytes of a piece, and of a block.
const PIECE: u64 = 1 << 20;
const BLOCK: u64 = 4096;

/// A file with this token at about one place in `every` bytes, and holes.
struct Made {
    content: Vec<u8>,
    holes: Vec<(u64, u64)>,
}

const TOKEN: &[u8] = b"token";

fn made(random: &mut Random, every: u64, with_holes: bool) -> Made {
    let size = 6 * PIECE + random.below(3 * PIECE);
    let mut content: Vec<u8> = (0..size).map(|at| b'a' + (at % 13) as u8).collect();
    let mut at = random.below(every);
    while at + TOKEN.len() as u64 <= size {
        content[at as usize..at as usize + TOKEN.len()].copy_from_slice(TOKEN);
        at += TOKEN.len() as u64 + random.below(2 * every);
    }
    // At the seams, and around.
    for seam in [PIECE, 2 * PIECE, 5 * PIECE, 5 * PIECE + BLOCK] {
        let at = (seam - random.below(TOKEN.len() as u64 + 1)) as usize;
        content[at..at + TOKEN.len()].copy_from_slice(TOKEN);
    }
    let mut holes = Vec::new();
    if with_holes {
        let start = random.below(size / BLOCK / 2) * BLOCK;
        let end = (start + PIECE + random.below(PIECE)).min(size);
        holes.push((start, end));
        content[start as usize..end as usize].fill(0);
    }
    Made { content, holes }
}

impl Made {
    fn write(&self, path: &Path) {
        let file = File::create(path).unwrap();
        file.set_len(self.content.len() as u64).unwrap();
        let mut from = 0;
        for &(start, end) in &self.holes {
            file.write_all_at(&self.content[from..start as usize], from as u64).unwrap();
            from = end as usize;
        }
        file.write_all_at(&self.content[from..], from as u64).unwrap();
        file.sync_all().unwrap();
    }
}

fn replaced(content: &[u8], with: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.windows(TOKEN.len()).position(|window| window == TOKEN) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with.as_bytes());
        rest = &rest[at + TOKEN.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn equal(path: &Path, wanted: &[u8], what: &str) {
    let found = fs::read(path).unwrap();
    let differs = found.iter().zip(wanted).position(|(a, b)| a != b);
    assert!(found == wanted, "{what}: {} bytes of {}, first at {differs:?}", found.len(), wanted.len());
}

#[test]
fn every_way_to_the_disk() {
    let mut random = Random(runner_tests::seed());
    for round in 0..6 {
        // Some hundred edits a group, some, and about one.
        let every = [200, 9_000, 60_000][round % 3];
        for (strategy, with) in
            [("in-place", "TOKEN"), ("in-place", "longer than it"), ("in-place", "x"), ("rewrite", "longer")]
        {
            for jobs in ["1", "2"] {
                let scratch = Scratch::new();
                let made = made(&mut random, every, round >= 3);
                let (file, undo) = (scratch.path("file"), scratch.path("undo"));
                made.write(&file);
                let wanted = replaced(&made.content, with);
                let what = format!("round {round}, {strategy}, {with}, -j {jobs}");
                let with = format!("with={with}");
                let apply = runner![
                    "apply",
                    "replace",
                    "--set",
                    "find=token",
                    "--set",
                    &with,
                    "--set",
                    "multiline=true",
                    "--strategy",
                    strategy,
                    "-j",
                    jobs,
                    "--undo",
                    &undo,
                    "--backup",
                    ".old",
                    &file
                ];
                apply.ok();
                equal(&file, &wanted, &what);
                equal(&scratch.path("file.old"), &made.content, &format!("{what}, backup"));
                let root = blake3::hash(&wanted).to_hex().to_string();
                runner!["verify", "--root", &root, &file].ok();
                runner!["undo", "-j", jobs, &undo, &file].ok();
                equal(&file, &made.content, &format!("{what}, undone"));
                assert_eq!(runner_tests::names(scratch.dir()), ["file", "file.old", "undo"], "{what}");
            }
        }
    }
}

/// Holes of whole blocks, wherever they come to lie.
#[test]
fn holes_stay_holes() {
    let scratch = Scratch::new();
    let mut random = Random(runner_tests::seed());
    for with in ["token and more", "t"] {
        let mut made = made(&mut random, 60_000, true);
        let size = made.content.len() as u64;
        made.content.extend(vec![0; 4 * PIECE as usize + 77]);
        made.holes.push((size.next_multiple_of(BLOCK), size + 4 * PIECE + 77));
        let file = scratch.path("file");
        made.write(&file);
        let before = fs::metadata(&file).unwrap().blocks() * 512;
        let sparse = made.holes.iter().map(|(start, end)| end - start).sum::<u64>() - 2 * BLOCK;
        if before + sparse > made.content.len() as u64 + PIECE {
            return runner_tests::skip("this filesystem does not keep holes");
        }
        let (set, out) = (format!("with={with}"), scratch.path("out"));
        let arguments = ["apply", "replace", "--set", "find=token", "--set", &set, "--set", "multiline=true"];
        let run = |more: &[&str]| runner(arguments.iter().chain(more));
        run(&[file.to_str().unwrap(), "-o", out.to_str().unwrap()]).ok();
        run(&["--strategy", "rewrite", "--backup", &format!(".{}", with.len()), file.to_str().unwrap()]).ok();
        let wanted = replaced(&made.content, with);
        for path in [&file, &out] {
            equal(path, &wanted, with);
            let after = fs::metadata(path).unwrap().blocks() * 512;
            assert!(after <= before + 64 * BLOCK, "{with}: {after} bytes of {before} are allocated");
        }
    }
}
