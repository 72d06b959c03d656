//! Removes the folder of a build, whatever a build has made of it.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::{fs, io};

/// Removes a folder with all that is in it. Nothing may use it any more.
///
/// Folders within each other are moved to the top first: a build can make more of them
/// than this process may open at a time, or than fit into a path. They may also forbid
/// their owner to read them.
///
/// # Errors
/// Any I/O error. Then a part of it is left.
pub(super) fn remove(room: &Path) -> io::Result<()> {
    let mut open = vec![room.to_owned()];
    let mut number = 0_u64;
    let mut emptied = Vec::new();
    while let Some(folder) = open.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let names = fs::read_dir(&folder)?.map(|entry| Ok(entry?.file_name()));
        for name in names.collect::<io::Result<Vec<OsString>>>()? {
            let path = folder.join(name);
            if !fs::symlink_metadata(&path)?.is_dir() {
                fs::remove_file(&path)?;
                continue;
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
            let mut place = room.join(format!("removed-{number}"));
            while place.symlink_metadata().is_ok() {
                number += 1;
                place = room.join(format!("removed-{number}"));
            }
            number += 1;
            fs::rename(&path, &place)?;
            open.push(place);
        }
        emptied.push(folder);
    }
    // The room itself was the first one.
    emptied.iter().rev().try_for_each(fs::remove_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deep_or_locked_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let room = parent.path().join("room");
        fs::create_dir(&room).unwrap();
        let mut place = room.clone();
        for _ in 0..40 {
            place = place.join("d".repeat(90));
            fs::create_dir(&place).unwrap();
            fs::write(place.join("file"), "1").unwrap();
        }
        std::os::unix::fs::symlink(parent.path(), room.join("link")).unwrap();
        fs::write(room.join("removed-0"), "taken").unwrap();
        fs::create_dir(room.join("locked")).unwrap();
        fs::write(room.join("locked/file"), "1").unwrap();
        fs::set_permissions(room.join("locked"), fs::Permissions::from_mode(0o000)).unwrap();
        remove(&room).unwrap();
        assert!(!room.exists() && parent.path().exists());
    }
}
