//! Write-back that fails: the image of a filesystem lies where there is not
//! enough room for it, so writes go well, and syncs find out. After a failed
//! sync, what the kernel shows of a file and what is on the medium differ; so
//! what counts is what is there when there is room, and the filesystem is
//! mounted again. As root only.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use runner_tests::mount::{IMAGE_BYTES, Mount, make_filesystem};
use runner_tests::{Scratch, log_lines, names, runner};

const ENOUGH_BYTES: u64 = 2 * IMAGE_BYTES;

/// What came of runs.
#[derive(Debug, Default)]
struct Ends {
    done: u32,
    /// Nothing has happened, or it was undone.
    untouched: u32,
    /// Of them, those past the commit point.
    brought_back: u32,
    /// A journal was left.
    journal: u32,
    /// What reached the medium, and was then recovered to.
    new: u32,
}

/// One run, with so much room below the filesystem. `None` where that cannot
/// be done.
fn run(
    filesystem: &str,
    shared: bool,
    (old, new): (&[u8], &[u8]),
    options: &[&str],
    room_bytes: u64,
    ends: &mut Ends,
) -> Option<()> {
    let below = Mount::new(&["-t", "tmpfs", "tmpfs"].map(OsStr::new))?;
    resize(&below.place, ENOUGH_BYTES);
    let image = below.path("image");
    make_filesystem(filesystem, &image, IMAGE_BYTES).then_some(())?;
    let mount = Mount::of_image(&image).unwrap();
    let directory = mount.path("directory");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("file"), old).unwrap();
    if shared {
        let mut copy = Command::new("cp");
        copy.arg("--reflink=always").arg(directory.join("file")).arg(mount.path("copy"));
        assert!(copy.status().unwrap().success());
    }
    drop(mount);

    let mount = Mount::of_image(&image).unwrap();
    in_single_pages(&mount.place);
    resize(&below.place, used_bytes(&below.place) + room_bytes);
    let file = mount.path("directory/file");
    let ran = runner(["apply", "replace", file.to_str().unwrap()].iter().chain(options));
    // Whoever unmounts it now finds room for the rest.
    resize(&below.place, ENOUGH_BYTES);
    drop(mount);
    check_repaired(filesystem, &image);

    let mount = Mount::of_image(&image).unwrap();
    let directory = mount.path("directory");
    let file = directory.join("file");
    let left = names(&directory);
    let what =
        format!("{filesystem}, {options:?}, room {room_bytes}, left {left:?}: {} {}", ran.code, ran.stderr);
    let at_once = fs::read(&file).unwrap();
    runner!["recover", &file].ok();
    let found = fs::read(&file).unwrap();
    assert_eq!(names(&directory), ["file"], "{what}");
    assert!(found == old || found == new, "mixed: {what}");
    match ran.code {
        0 => {
            assert!(at_once == new && left == ["file"], "done, and it is not: {what}");
            ends.done += 1;
        }
        6 => {
            ran.fails(6, "caused by: ").says("hint: ");
            ends.journal += 1;
        }
        _ => {
            assert!(found == old, "it says that nothing has happened, and it has: {what}");
            ends.brought_back += u32::from(ran.stderr.contains("was rolled back to its old content"));
            ran.fails(2, "caused by: ");
            ends.untouched += 1;
        }
    }
    ends.new += u32::from(found == new);
    Some(())
}

fn used_bytes(place: &Path) -> u64 {
    let stat = rustix::fs::statvfs(place).unwrap();
    (stat.f_blocks - stat.f_bfree) * stat.f_frsize
}

fn resize(tmpfs: &Path, bytes: u64) {
    let size = format!("remount,size={bytes}");
    assert!(Command::new("mount").args(["-o", &size]).arg(tmpfs).status().unwrap().success());
}

/// The loop driver takes a write that was cut short for one that went well. A
/// write of one page is done or not.
fn in_single_pages(place: &Path) {
    let output = Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(place).output().unwrap();
    let device = String::from_utf8(output.stdout).unwrap();
    let name = device.trim().strip_prefix("/dev/").unwrap();
    fs::write(format!("/sys/block/{name}/queue/max_sectors_kb"), "4").unwrap();
}

/// A filesystem whose journal could not be written says that it must be
/// looked at; whatever its own program mends is not ours.
fn check_repaired(filesystem: &str, image: &Path) {
    if filesystem == "ext4" {
        let code = Command::new("e2fsck").args(["-p", "-f"]).arg(image).output().unwrap().status.code();
        assert!(matches!(code, Some(0..=2)), "e2fsck ends with {code:?}");
    }
}

fn fails(filesystem: &str, shared: bool) {
    let old = log_lines(300_000, "\n");
    let mut ends = Ends::default();
    for (with, strategy) in [("FIND", "in-place"), ("Found", "in-place"), ("", "rewrite")] {
        let with = format!("with={with}");
        let options = ["--set", "find=Find", "--set", &with, "--strategy", strategy];
        let scratch = Scratch::new();
        let file = scratch.write("file", &old);
        runner(["apply", "replace", file.to_str().unwrap()].iter().chain(&options)).ok();
        let new = fs::read(&file).unwrap();
        for room_bytes in [0, 64 << 10, 256 << 10, 400 << 10, 500 << 10, 640 << 10, 8 << 20] {
            if run(filesystem, shared, (&old, &new), &options, room_bytes, &mut ends).is_none() {
                return;
            }
        }
    }
    eprintln!("counted: {filesystem}, shared {shared}: {ends:?}");
    assert!(ends.done >= 3 && ends.untouched >= 3, "{ends:?}");
}

#[test]
fn write_back_fails_on_ext4() {
    fails("ext4", false);
}

#[test]
fn write_back_fails_on_xfs() {
    fails("xfs", false);
}

#[test]
fn write_back_of_shared_extents_fails_on_xfs() {
    fails("xfs", true);
}

#[test]
fn write_back_fails_on_btrfs() {
    fails("btrfs", false);
}
