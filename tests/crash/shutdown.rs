//! Real filesystems that lose what was not synced: the binary is killed at
//! each of its calls that change something, the filesystem is shut down
//! without another write, mounted again (it replays its journal), and the file
//! recovered. As root only.
//!
//! With `RUNNER_CRASH_STATES`, files of other sizes are changed, too, until so
//! many states were looked at on each filesystem.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::mount::Mount;
use runner_tests::{Scratch, has, kill, log_lines, names, runner, skip};

/// XFS takes no smaller ones.
const IMAGE_BYTES: u64 = 320 << 20;

/// An image file with a filesystem.
struct Image {
    path: PathBuf,
    _scratch: Scratch,
}

impl Image {
    fn new(mkfs: &str) -> Option<Self> {
        let scratch = Scratch::new();
        let path = scratch.path("image");
        fs::File::create(&path).unwrap().set_len(IMAGE_BYTES).unwrap();
        let made = Command::new(mkfs).arg("-q").arg(&path).output();
        if !made.is_ok_and(|made| made.status.success()) {
            skip(&format!("{mkfs} does not work here"));
            return None;
        }
        Some(Self { path, _scratch: scratch })
    }

    fn mount(&self) -> Option<Mount> {
        Mount::new(&[OsStr::new("-o"), OsStr::new("loop"), self.path.as_os_str()])
    }
}

/// The filesystem stops at once; nothing more reaches its device.
fn shut_down(place: &Path) {
    let done = Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(place).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[derive(Default)]
struct Counts {
    states: u32,
    with_leftovers: u32,
    new: u32,
}

/// The new content, by a run that nothing happens to.
fn undisturbed(content: &[u8], options: &[&str]) -> Vec<u8> {
    let scratch = Scratch::new();
    let file = scratch.write("file", content);
    runner(["apply", "replace"].iter().chain(options).chain([&file.to_str().unwrap()])).ok();
    fs::read(&file).unwrap()
}

/// One run, one crash, one recovery; whether the run came to its end.
#[track_caller]
fn crash(
    image: &Image,
    (old, new): (&[u8], &[u8]),
    options: &[&str],
    at: (&str, u32),
    counts: &mut Counts,
) -> Option<bool> {
    let mount = image.mount()?;
    let directory = mount.path("directory");
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("file");
    fs::write(&file, old).unwrap();
    fs::File::open(&file).unwrap().sync_all().unwrap();
    fs::File::open(&directory).unwrap().sync_all().unwrap();
    fs::File::open(&mount.place).unwrap().sync_all().unwrap();
    let done = kill::apply(&file, options, at.0, at.1);
    shut_down(&mount.place);
    drop(mount);

    let mount = image.mount()?;
    let directory = mount.path("directory");
    let file = directory.join("file");
    let left = names(&directory).len() > 1;
    let what = format!("killed at {at:?}, done {done}, left {:?}", names(&directory));
    let rollback = !done && counts.states % 2 == 1;
    let direction = if rollback { &["recover", "--rollback"][..] } else { &["recover"] };
    runner(direction.iter().chain([&file.to_str().unwrap()])).ok();
    let found = fs::read(&file).unwrap();
    assert!(found == new || found == old, "mixed: {what}, rollback {rollback}");
    assert_eq!(names(&directory), ["file"], "{what}");
    assert!(!done || found == new, "done, but old: {what}");
    assert!(!done || !left, "done, but not cleaned up: {what}");
    counts.states += 1;
    counts.with_leftovers += u32::from(left);
    counts.new += u32::from(found == new);
    Some(done)
}

/// A crash at each call, by each strategy; whether it can be done here.
fn round(image: &Image, old: &[u8], counts: &mut Counts) -> bool {
    for (with, strategy) in [("FIND", "in-place"), ("Found", "in-place"), ("", "rewrite")] {
        let with = format!("with={with}");
        let options = ["--set", "find=Find", "--set", &with, "--strategy", strategy];
        let new = undisturbed(old, &options);
        assert!(new != old, "it changes nothing: that shows nothing");
        for call in kill::CALLS {
            let mut nth = 1;
            loop {
                match crash(image, (old, &new), &options, (call, nth), counts) {
                    Some(false) => nth += 1,
                    Some(true) => break,
                    None => return false,
                }
            }
        }
    }
    true
}

fn crashes(mkfs: &str) {
    if !has("strace") || !has("xfs_io") {
        return skip("strace or xfs_io is missing");
    }
    let Some(image) = Image::new(mkfs) else { return };
    let wanted = std::env::var("RUNNER_CRASH_STATES").map_or(0, |states| states.parse().expect("a number"));
    let mut counts = Counts::default();
    // A file of one group, and patches that memory does not hold, too.
    for bytes in [300_000, 60_000, 4_000_000].into_iter().chain((1..).map(|round| 300_000 + round * 70_000)) {
        if !round(&image, &log_lines(bytes, "\n"), &mut counts) {
            return;
        }
        if counts.states >= wanted {
            break;
        }
    }
    let Counts { states, with_leftovers, new } = counts;
    eprintln!(
        "counted: {mkfs}: {states} crash states, {with_leftovers} with something to recover, {new} new at the end"
    );
    assert!(with_leftovers >= 10 && new < states, "the crashes came at no interesting moment");
}

#[test]
fn ext4() {
    crashes("mkfs.ext4");
}

#[test]
fn xfs() {
    crashes("mkfs.xfs");
}
