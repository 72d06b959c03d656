//! Full filesystems on which even a change of the same length takes new space:
//! that there is none is known before the commit point. As root only.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use runner_tests::mount::{IMAGE_BYTES, Mount, fill, make_filesystem, sync};
use runner_tests::{Scratch, names, runner, skip};

/// An edit in each block: a small patch, and everything is written anew.
fn an_edit_in_each_block(bytes: usize) -> Vec<u8> {
    [&b"user"[..], &[b';'; 4092]].concat().repeat(bytes / 4096)
}

const UPPER: [&str; 4] = ["--set", "find=user", "--set", "with=USER"];

/// What came of runs.
#[derive(Debug, Default, PartialEq)]
struct Ends {
    done: u32,
    untouched: u32,
    recovered: u32,
}

/// Runs that overwrite what takes new space, with more and more of it.
fn overwrites(filesystem: &str, content: &[u8], options: &[&str], prepare: impl Fn(&Path)) -> Option<Ends> {
    let scratch = Scratch::new();
    let apply = |file: &Path| runner(["apply", "replace", file.to_str().unwrap()].iter().chain(options));
    let image = scratch.path("image");
    if !runner_tests::is_root() {
        skip("only root can mount");
        return None;
    }
    make_filesystem(filesystem, &image, IMAGE_BYTES).then_some(())?;
    let mount = Mount::of_image(&image).unwrap();
    let new = scratch.write("new", content);
    apply(&new).ok();
    let new = fs::read(new).unwrap();
    assert!(new != content, "it changes nothing: that shows nothing");
    let (directory, mut ends) = (mount.path("directory"), Ends::default());
    // Shared extents just fit into 4,350,000 bytes; of the holes, the journal
    // alone fits into 8 MiB.
    let [few, many] =
        [[0, 64 << 10, 512 << 10, 1 << 20, 2 << 20], [3 << 20, 4_350_000, 6 << 20, 8 << 20, 20 << 20]];
    for free_bytes in few.into_iter().chain(many) {
        fs::create_dir(&directory).unwrap();
        let file = directory.join("file");
        prepare(&file);
        sync(&mount.place);
        fill(&mount.place, free_bytes);
        let before = names(&directory);
        let ran = apply(&file);
        eprintln!(
            "{filesystem}, {free_bytes} bytes free: {} {}",
            ran.code,
            ran.stderr.lines().next().unwrap()
        );
        let found = fs::read(&file).unwrap();
        match ran.code {
            0 => {
                assert!(found == new, "done, but not new");
                ends.done += 1;
            }
            6 => {
                let ran = ran.fails(6, "No space left on device").says("hint: when the disk is well again");
                runner!["recover", &file].fails(6, "could not be recovered; its journal was kept");
                fs::remove_file(mount.path("ballast")).unwrap();
                sync(&mount.place);
                runner!["recover", &file].ok();
                assert!(fs::read(&file).unwrap() == new, "not recovered: {}", ran.stderr);
                ends.recovered += 1;
            }
            _ => {
                ran.fails(2, "").says("free some space");
                assert!(found == content, "it says that nothing happened, and it did");
                ends.untouched += 1;
            }
        }
        assert_eq!(names(&directory), before);
        fs::remove_dir_all(&directory).unwrap();
        let _ = fs::remove_file(mount.path("ballast"));
        sync(&mount.place);
    }
    eprintln!("counted: {filesystem}, overwritten with ever more room: {ends:?}");
    Some(ends)
}

#[test]
fn shared_extents_on_a_full_xfs() {
    let content = an_edit_in_each_block(4 << 20);
    let shared = |file: &Path| {
        fs::write(file, &content).unwrap();
        let copied =
            Command::new("cp").arg("--reflink=always").arg(file).arg(file.with_extension("copy")).status();
        assert!(copied.unwrap().success());
    };
    let Some(ends) = overwrites("xfs", &content, &UPPER, shared) else { return };
    assert!(ends.done >= 2 && ends.untouched >= 4 && ends.recovered == 0, "{ends:?}");
}

#[test]
fn a_full_btrfs() {
    let content = an_edit_in_each_block(4 << 20);
    let plain = |file: &Path| fs::write(file, &content).unwrap();
    let Some(ends) = overwrites("btrfs", &content, &UPPER, plain) else { return };
    assert!(ends.done >= 2 && ends.untouched >= 4 && ends.recovered == 0, "{ends:?}");
}

/// Edits that lie in holes.
#[test]
fn holes_on_a_full_ext4() {
    let content = vec![0; 3 << 20];
    // A patch of seven million bytes, which finds no room but at last.
    let with = format!("with={}", "x".repeat(64));
    let options = ["--set", "regex=true", "--set", "find=\\x00{64}", "--set", &with];
    let hole = |file: &Path| File::create(file).unwrap().set_len(3 << 20).unwrap();
    let Some(ends) = overwrites("ext4", &content, &options, hole) else { return };
    assert!(ends.done >= 1 && ends.untouched >= 6 && ends.recovered == 0, "{ends:?}");
}

/// What is not shared is overwritten where it is: there is room enough if the
/// journal has room.
#[test]
fn extents_of_its_own_on_a_full_xfs() {
    let content = an_edit_in_each_block(4 << 20);
    let plain = |file: &Path| fs::write(file, &content).unwrap();
    let Some(ends) = overwrites("xfs", &content, &UPPER, plain) else { return };
    assert!(ends.done >= 6 && ends.recovered == 0, "{ends:?}");
}
