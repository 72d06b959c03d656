//! Filesystems of the tests' own: as root only.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{Scratch, is_root, skip};

/// A mounted filesystem, until it is dropped.
pub(crate) struct Mount {
    pub(crate) place: PathBuf,
    /// Holds it.
    _scratch: Scratch,
}

impl Mount {
    /// What `mount` is given, but for the place.
    pub(crate) fn new(args: &[&OsStr]) -> Option<Self> {
        if !is_root() {
            skip("only root can mount");
            return None;
        }
        let scratch = Scratch::new();
        let place = scratch.path("mount");
        fs::create_dir(&place).unwrap();
        let output = Command::new("mount").args(args).arg(&place).output().unwrap();
        if !output.status.success() {
            skip(&format!("cannot mount: {}", String::from_utf8_lossy(&output.stderr)));
            return None;
        }
        Some(Self { place, _scratch: scratch })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A process that was killed may hold it a moment longer.
        for _ in 0..200 {
            let output = Command::new("umount").arg(&self.place).output();
            if output.is_ok_and(|output| output.status.success()) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        assert!(thread::panicking(), "cannot unmount {}", self.place.display());
    }
}
