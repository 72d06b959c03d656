//! The files of a project from which its plugin is built, and whether they have
//! changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;

/// Folders without sources, whose content may be large.
const WITHOUT_SOURCES: [&str; 4] = ["cases", "node_modules", "target", "venv"];
/// Maximum depth of folders that are looked at.
const DEPTH: usize = 8;
/// Maximum number of files that are looked at.
const FILES: usize = 5000;

/// Inode, size and time of the last change in nanoseconds: an editor writes a new
/// file or the old one.
type State = (u64, u64, i128);

/// The states of files at one time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, State>);

impl Snapshot {
    /// The sources of a project. What cannot be read is left out.
    pub(super) fn of_project(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        walk(folder, DEPTH, &mut |path, metadata| {
            if !is_built(folder, path) {
                files.insert(path.to_owned(), state(metadata));
            }
        });
        Self(files)
    }

    /// Adds a file, if it is there.
    #[must_use]
    pub(super) fn and(mut self, path: &Path) -> Self {
        if let Ok(metadata) = fs::metadata(path) {
            self.0.insert(path.to_owned(), state(&metadata));
        }
        self
    }

    /// The file that was saved last, of those for which `is_meant` holds and that were
    /// saved after a time in nanoseconds.
    pub(super) fn saved_after(&self, ns: i128, is_meant: impl Fn(&Path) -> bool) -> Option<&Path> {
        let later = self.0.iter().filter(|(path, (_, _, saved))| *saved > ns && is_meant(path));
        later.max_by_key(|(_, (_, _, saved))| *saved).map(|(path, _)| path.as_path())
    }

    /// A file that differs from an earlier snapshot.
    pub(super) fn changed_since<'a>(&'a self, before: &'a Self) -> Option<&'a Path> {
        let differs = |(path, state): &(&PathBuf, &State)| before.0.get(*path) != Some(*state);
        let changed = self.0.iter().find(differs).map(|(path, _)| path);
        changed.or_else(|| before.0.keys().find(|path| !self.0.contains_key(*path))).map(PathBuf::as_path)
    }
}

/// Refuses a project with something in it that a compiler would wait for without
/// end.
///
/// # Errors
/// [`Kind::Refused`], with its path.
pub(super) fn check(folder: &Path) -> Result<()> {
    let mut odd = None;
    walk(folder, DEPTH, &mut |path, metadata| {
        if !metadata.is_file() {
            odd.get_or_insert_with(|| path.to_owned());
        }
    });
    match odd {
        Some(path) => Err(Error::new(Kind::Refused, format!("{} is not a regular file", path.shown()))
            .hint("a compiler that reads it may wait without end: remove it")),
        None => Ok(()),
    }
}

/// What a build leaves in the project's folder.
fn is_built(folder: &Path, path: &Path) -> bool {
    path.parent() == Some(folder) && path.extension().is_some_and(|extension| extension == "wasm")
}

/// The time of the last change in nanoseconds.
pub(super) fn saved_ns(metadata: &fs::Metadata) -> i128 {
    i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
}

fn state(metadata: &fs::Metadata) -> State {
    (metadata.ino(), metadata.len(), saved_ns(metadata))
}

/// Calls `see` with everything in a folder that is no folder. Hidden ones are
/// left out.
fn walk(folder: &Path, depth: usize, see: &mut dyn FnMut(&Path, &fs::Metadata)) {
    let mut left = FILES;
    walk_within(folder, depth, &mut left, see);
}

fn walk_within(folder: &Path, depth: usize, left: &mut usize, see: &mut dyn FnMut(&Path, &fs::Metadata)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_left_out = name.as_encoded_bytes().starts_with(b".")
            || WITHOUT_SOURCES.iter().any(|without| name == *without);
        // A link counts as what it leads to.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if is_left_out || *left == 0 {
            continue;
        }
        *left -= 1;
        if !metadata.is_dir() {
            see(&entry.path(), &metadata);
        } else if depth > 0 {
            walk_within(&entry.path(), depth - 1, left, see);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_save_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        fs::create_dir(folder.join("sub")).unwrap();
        let file = folder.join("sub/plugin.c");
        fs::write(&file, "one").unwrap();
        let look = || Snapshot::of_project(folder);
        let before = look();
        assert_eq!(look().changed_since(&before), None);
        // In place, by renaming, by removing, and a new file.
        fs::write(&file, "other").unwrap();
        assert_eq!(look().changed_since(&before), Some(file.as_path()));
        let before = look();
        fs::write(folder.join(".swap"), "other").unwrap();
        assert_eq!(look().changed_since(&before), None);
        fs::rename(folder.join(".swap"), &file).unwrap();
        assert_eq!(look().changed_since(&before), Some(file.as_path()));
        let before = look();
        fs::remove_file(&file).unwrap();
        assert_eq!(look().changed_since(&before), Some(file.as_path()));
        let before = look();
        fs::write(folder.join("new.h"), "").unwrap();
        assert!(look().changed_since(&before).is_some());
        // What a build makes is no source.
        let before = look();
        fs::create_dir(folder.join(".build")).unwrap();
        fs::write(folder.join(".build/x.o"), "").unwrap();
        fs::write(folder.join("x.wasm"), "").unwrap();
        fs::create_dir(folder.join("node_modules")).unwrap();
        fs::write(folder.join("node_modules/x.js"), "").unwrap();
        assert_eq!(look().changed_since(&before), None);
    }
}
