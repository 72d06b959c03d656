//! The names that `runner` uses beside a target, and what each one means
//! after a crash:
//!
//! - `NAME.runner-scan`: a patch that was being collected. It never happened.
//! - `NAME.runner-checkpoint`: how far that had come, so that it can go on.
//! - `NAME.runner-new`: a new version that was being written, or the old one
//!   that it has replaced. The target is whole without it.
//! - `NAME.runner-journal`: a sealed patch that may be half applied. It gets
//!   this name by a rename after it is durable, so it is always whole; the
//!   rename is the commit point of an in-place apply.
//!
//! As long as there is a scan or a checkpoint, the run that they belong to has
//! not written the target: both are removed, durably, before its commit point.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Storage};

/// Longest file name on the usual filesystems, in bytes (NAME_MAX).
const NAME_MAX_BYTES: usize = 255;
const LONGEST_SUFFIX: &str = ".runner-checkpoint";

/// The names that belong to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The target itself, symbolic links resolved.
    pub target: PathBuf,
    /// A patch being collected.
    pub scan: PathBuf,
    /// How far that has come.
    pub checkpoint: PathBuf,
    /// A new version being written.
    pub new: PathBuf,
    /// A sealed patch being applied.
    pub journal: PathBuf,
}

impl Names {
    /// The names for a target. They stand beside a file; for a block device,
    /// whose directory does not outlive a reboot, in the user's state
    /// directory.
    ///
    /// # Errors
    /// When a path has no file name, or there is no state directory.
    pub fn new(target: &Path, file_type: FileType) -> Result<Self> {
        let (directory, name) = if file_type == FileType::Block {
            let flat =
                target.as_os_str().as_bytes().iter().map(|&byte| if byte == b'/' { b'!' } else { byte });
            (state_directory(target)?, OsString::from_vec(flat.collect()))
        } else {
            let name = target.file_name();
            let name =
                name.ok_or_else(|| Error::new(Kind::Usage, format!("{} has no name", target.display())))?;
            (target.parent().unwrap_or(Path::new("")).to_owned(), name.to_owned())
        };
        let name = if name.len() + LONGEST_SUFFIX.len() > NAME_MAX_BYTES {
            OsString::from(&blake3::hash(name.as_bytes()).to_hex()[..32])
        } else {
            name
        };
        let with = |suffix: &str| {
            let mut name = name.clone();
            name.push(suffix);
            directory.join(name)
        };
        Ok(Self {
            target: target.to_owned(),
            scan: with(".runner-scan"),
            checkpoint: with(LONGEST_SUFFIX),
            new: with(".runner-new"),
            journal: with(".runner-journal"),
        })
    }

    /// Refuses to go on where another run has left something behind.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`], with the command to run.
    pub fn check_clean<S: Storage>(&self, storage: &S) -> Result<()> {
        self.check(storage, &[&self.journal, &self.scan, &self.checkpoint, &self.new])
    }

    /// Whether there is a scan that may be taken up again: the target was not
    /// written by the run that has left it.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`], with the command to run, where there is
    /// something else.
    pub fn check_resumable<S: Storage>(&self, storage: &S) -> Result<bool> {
        self.check_journal(storage)?;
        if exists(storage, &self.scan)? || exists(storage, &self.checkpoint)? {
            return Ok(true);
        }
        self.check_clean(storage).map(|()| false)
    }

    /// [`Names::check_clean`], of the journal alone.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`], with the command to run.
    pub fn check_journal<S: Storage>(&self, storage: &S) -> Result<()> {
        self.check(storage, &[&self.journal])
    }

    fn check<S: Storage>(&self, storage: &S, paths: &[&PathBuf]) -> Result<()> {
        for path in paths {
            if exists(storage, path)? {
                let target = self.target.display();
                let error = Error::new(
                    Kind::RecoveryNeeded,
                    format!("an earlier run on {target} did not end: it left {}", path.display()),
                )
                .hint(format!("`runner recover {target}` brings the file to one state and cleans up"));
                let scan = **path == self.scan || **path == self.checkpoint;
                return Err(if scan {
                    error.hint("`runner apply --resume`, with all else as it was, goes on with the scan")
                } else {
                    error
                });
            }
        }
        Ok(())
    }
}

/// Whether there is a file of this name.
///
/// # Errors
/// When that cannot be told.
pub fn exists<S: Storage>(storage: &S, path: &Path) -> Result<bool> {
    match storage.stat_path(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io("look for", path, e)),
    }
}

fn state_directory(target: &Path) -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")));
    let directory = base.map(|base| base.join("runner")).ok_or_else(|| {
        Error::new(Kind::Usage, format!("there is no place for the journal of {}", target.display()))
            .hint("set XDG_STATE_HOME or HOME")
    })?;
    std::fs::create_dir_all(&directory).map_err(Error::at("create", &directory))?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_beside_the_target() {
        let names = Names::new(Path::new("/logs/access.log"), FileType::Regular).expect("names");
        assert_eq!(names.journal, Path::new("/logs/access.log.runner-journal"));
        assert_eq!(names.scan, Path::new("/logs/access.log.runner-scan"));
        assert_eq!(names.new, Path::new("/logs/access.log.runner-new"));
    }

    #[test]
    fn a_name_that_leaves_no_room_is_hashed() {
        let long = "x".repeat(250);
        let names = Names::new(&Path::new("/logs").join(&long), FileType::Regular).expect("names");
        let other = Names::new(&Path::new("/logs").join("y".repeat(250)), FileType::Regular).expect("names");
        assert!(names.journal.file_name().expect("a name").len() <= NAME_MAX_BYTES);
        assert_ne!(names.journal, other.journal);
    }
}
