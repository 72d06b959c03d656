//! What `--roots touched` reads of a file: bytes are counted, not time.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use runner_tests::{Scratch, has, program, runner, skip};

/// More than the few groups that are touched.
const FEW_BYTES: u64 = 2 << 20;
/// The same with what the kernel reads around a place, of which it may be set to
/// take 8 MiB.
const FEW_CACHED_BYTES: u64 = 48 << 20;
const PAGE_BYTES: u64 = 4096;
const AT: &str = "30000000";
const NEW: &str = "00112233445566778899aabbccddeeff";

/// Bytes that a command reads of a file with system calls; and its exit code.
fn bytes_read(file: &Path, args: &[&str]) -> u64 {
    let log = Scratch::new();
    let status = program("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=read,pread64,readv,preadv,preadv2", "-e", "signal=none", "-o"])
        .arg(log.path("log"))
        .arg("--")
        .arg(runner_tests::binary())
        .args(args)
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let name = format!("<{}>", fs::canonicalize(file).unwrap().display());
    let log = fs::read_to_string(log.path("log")).unwrap();
    let counts = log.lines().filter(|line| line.contains(&name)).map(|line| {
        line.rsplit_once(" = ").and_then(|(_, count)| count.trim().parse::<u64>().ok()).unwrap_or(0)
    });
    counts.sum()
}

/// Bytes of a file that are in the page cache: those that were read through a
/// mapping, too.
fn cached(file: &Path) -> u64 {
    let output = program("fincore").args(["--bytes", "--noheadings", "--output", "PAGES"]).arg(file).output();
    let pages = String::from_utf8(output.unwrap().stdout).unwrap();
    pages.trim().parse::<u64>().unwrap() * PAGE_BYTES
}

/// Drops a file from the page cache, if that is possible.
fn evict(file: &Path) -> bool {
    let open = fs::File::open(file).unwrap();
    open.sync_all().unwrap();
    rustix::fs::fadvise(&open, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    cached(file) == 0
}

fn same_as_dd(scratch: &Scratch, file: &Path) {
    let copy = scratch.path("dd");
    assert!(program("cp").args(["--sparse=always"]).args([file, &copy]).status().unwrap().success());
    let new = scratch.write("new", (0..16).map(|at| at * 0x11).collect::<Vec<u8>>());
    let dd = program("dd")
        .arg(format!("if={}", new.display()))
        .arg(format!("of={}", copy.display()))
        .args(["bs=16", "oflag=seek_bytes", &format!("seek={AT}"), "conv=notrunc", "status=none"])
        .status();
    assert!(dd.unwrap().success());
    runner(["overwrite", file.to_str().unwrap(), "--at", AT, "--hex", NEW, "--roots", "touched"]).ok();
    assert!(program("cmp").args([file, &copy]).status().unwrap().success());
}

#[test]
fn sixteen_bytes_cost_a_few_groups() {
    if !has("strace") || !has("fincore") {
        return skip("strace or fincore is missing");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", vec![b'x'; 128 << 20]);
    let name = file.to_str().unwrap();
    let undo = scratch.path("undo");
    let undo = undo.to_str().unwrap();
    same_as_dd(&scratch, &file);
    runner(["overwrite", name, "--at", AT, "--text", "xxxxxxxxxxxxxxxx", "--roots", "touched"]).ok();
    let touched = ["overwrite", name, "--at", AT, "--hex", NEW, "--roots", "touched", "--undo", undo];
    for args in [
        &touched[..],
        &["show", undo, name],
        &["verify", name, "--patch", undo],
        &["undo", undo, name],
        &["patch", undo, name],
        &["append", name, "--text", "more", "--roots", "touched"],
        &["truncate", name, "--size", "-4", "--roots", "touched", "--dry-run"],
        &["truncate", name, "--size", "-4", "--roots", "touched"],
    ] {
        let evicted = evict(&file);
        let read = bytes_read(&file, args);
        assert!(read < FEW_BYTES, "{args:?} has read {read} bytes");
        let cached = if evicted { cached(&file) } else { 0 };
        assert!(cached < FEW_CACHED_BYTES, "{args:?} has brought {cached} bytes into memory");
    }
    // The count counts: without the option, all of it is read.
    let evicted = evict(&file);
    let read = bytes_read(&file, &["overwrite", name, "--at", AT, "--text", "y"]);
    assert!(read > 100 << 20 || evicted && cached(&file) > 100 << 20, "{read}");
}

#[test]
fn a_file_of_a_terabyte_is_changed() {
    const SIZE: u64 = 1 << 40;
    let scratch = Scratch::new();
    let file = scratch.path("file");
    if fs::File::create(&file).unwrap().set_len(SIZE).is_err() {
        return skip("the filesystem has no files of 1 TiB");
    }
    let name = file.to_str().unwrap();
    let undo = scratch.path("undo");
    let undo = undo.to_str().unwrap();
    let at = (SIZE / 2 + 5).to_string();
    let touched = ["--roots", "touched"];
    if has("strace") {
        let read = bytes_read(&file, &["overwrite", name, "--at", &at, "--hex", NEW, "--roots", "touched"]);
        assert!(read < FEW_BYTES, "{read} bytes");
    }
    runner(
        ["overwrite", name, "--at", &at, "--text", "0123456789abcdef", "--undo", undo].iter().chain(&touched),
    )
    .ok();
    let found = |at: u64| {
        let mut found = [0; 18];
        fs::File::open(&file).unwrap().read_exact_at(&mut found, at).unwrap();
        found
    };
    assert_eq!(&found(SIZE / 2 + 4), b"\x000123456789abcdef\0");
    runner(["undo", undo, name]).ok();
    assert_ne!(&found(SIZE / 2 + 4)[1..], b"0123456789abcdef\0");
    fs::remove_file(undo).unwrap();
    runner(["append", name, "--text", "the end", "--undo", undo].iter().chain(&touched)).ok();
    assert_eq!(fs::metadata(&file).unwrap().len(), SIZE + 7);
    assert_eq!(&found(SIZE + 7 - 18)[11..], b"the end");
    runner(["undo", undo, name]).ok();
    assert_eq!(fs::metadata(&file).unwrap().len(), SIZE);
    runner(["truncate", name, "--size", "-1M"].iter().chain(&touched)).ok();
    assert_eq!(fs::metadata(&file).unwrap().len(), SIZE - (1 << 20));
}
