//! Filesystems of the tests' own: as root only.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};

use super::{Scratch, is_root, skip};

/// A mounted filesystem, until it is dropped.
pub struct Mount {
    pub place: PathBuf,
    /// Holds it.
    _scratch: Scratch,
}

impl Mount {
    /// What `mount` is given, but for the place.
    pub fn new(args: &[&OsStr]) -> Option<Self> {
        if !is_root() {
            skip("only root can mount");
            return None;
        }
        Self::try_new(args).map_err(|error| skip(&error)).ok()
    }

    /// [`Mount::new`], for what must work.
    pub fn try_new(args: &[&OsStr]) -> Result<Self, String> {
        let scratch = Scratch::new();
        let place = scratch.path("mount");
        fs::create_dir(&place).unwrap();
        let output = Command::new("mount").args(args).arg(&place).output().unwrap();
        if !output.status.success() {
            return Err(format!("cannot mount: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(Self { place, _scratch: scratch })
    }

    /// The filesystem in an image, with the options that are the default.
    pub fn of_image(image: &Path) -> Result<Self, String> {
        Self::try_new(&[OsStr::new("-o"), OsStr::new("loop"), image.as_os_str()])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        unmount(&self.place);
    }
}

/// XFS takes no smaller ones.
pub const IMAGE_BYTES: u64 = 320 << 20;

/// Makes a filesystem in a new, sparse image; whether that can be done here.
pub fn make_filesystem(filesystem: &str, image: &Path, bytes: u64) -> bool {
    File::create(image).unwrap().set_len(bytes).unwrap();
    format(filesystem, image)
}

/// Makes a filesystem in an image; whether that can be done here.
pub fn format(filesystem: &str, image: &Path) -> bool {
    // Nothing that root alone may use.
    let options: &[&str] = if filesystem == "ext4" { &["-q", "-m", "0"] } else { &["-q"] };
    let make = || Command::new(format!("mkfs.{filesystem}")).args(options).arg(image).output();
    let mut made = make();
    // mkfs.btrfs looks at the devices of all mounts, and fails if that of
    // another test goes away meanwhile.
    for _ in 0..10 {
        if !made.as_ref().is_ok_and(|made| String::from_utf8_lossy(&made.stderr).contains("mount status")) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        made = make();
    }
    let works = made.as_ref().is_ok_and(|made| made.status.success());
    if !works {
        skip(&format!("mkfs.{filesystem} does not work here: {made:?}"));
    }
    works
}

pub fn sync(place: &Path) {
    rustix::fs::syncfs(File::open(place).unwrap()).unwrap();
}

/// Takes all the room there is on a filesystem, but for some bytes, and
/// returns the file that does.
pub fn fill(place: &Path, but_bytes: u64) -> PathBuf {
    let path = place.join("ballast");
    let file = File::create(&path).unwrap();
    let (mut taken, mut step) = (0, 64 << 20);
    while step >= 4096 {
        match fallocate(&file, FallocateFlags::empty(), taken, step) {
            Ok(()) => taken += step,
            Err(_) => step /= 2,
        }
        if step < 4096 {
            // Some of it comes free by this.
            sync(place);
        }
    }
    file.set_len(taken.saturating_sub(but_bytes)).unwrap();
    sync(place);
    path
}

/// A process that was killed, or a loop device, may hold a filesystem a moment
/// longer.
pub fn unmount(place: &Path) {
    for _ in 0..2000 {
        let output = Command::new("umount").arg(place).output();
        if output.is_ok_and(|output| output.status.success()) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert!(thread::panicking(), "cannot unmount {}", place.display());
}
