//! Which files with several names are being written in place.
//!
//! A journal stands beside one of the names. Who comes by another one would
//! not see it, and would work on what may be half changed. So before such a
//! file is written, its inode is noted in the user's state directory, with the
//! names of the file and of its journal. A note counts as long as there is
//! that journal.

use std::error::Error as _;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::error::{Error, Kind, Result};
use crate::fs::{Entry, Identity, OsStorage, PrivateDirectory, Storage};
use crate::journal::{Names, exists};
use crate::state;
use crate::text::Raw as _;

/// Two paths are not longer.
const MAX_BYTES: u64 = 16 << 10;

/// A note that stands until it is dropped by [`Pending::done`].
#[derive(Debug)]
pub struct Pending(Entry);

impl Pending {
    /// Notes, durably, that a file is being written in place.
    ///
    /// # Errors
    /// When there is a state directory, and it cannot be written.
    pub fn note(names: &Names, identity: &Identity) -> Result<Option<Self>> {
        let Ok(path) = state::directory() else { return Ok(None) };
        let Ok(directory) = PrivateDirectory::open(&path) else { return Ok(None) };
        let entry = directory.entry(name(identity));
        let mut bytes = names.target.path().as_os_str().as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(names.journal.path().as_os_str().as_bytes());
        let place = |file: &std::fs::File, temporary: &Entry| {
            file.sync_all()?;
            OsStorage.rename(temporary, &entry)
        };
        directory.write_new(&bytes, place).map_err(Error::at("write", entry.path()))?;
        OsStorage.sync_parent(&entry).map_err(Error::at("sync the directory of", entry.path()))?;
        Ok(Some(Self(entry)))
    }

    /// The file is written, or as it was. A note that stays does no harm: its
    /// journal is gone.
    pub fn done(self) {
        let _ = OsStorage.remove(&self.0);
    }
}

/// Refuses a file that is being written, or was half written, by another name.
///
/// # Errors
/// [`Kind::RecoveryNeeded`], with the name by which it is recovered.
pub fn check_other_names(names: &Names, identity: &Identity) -> Result<()> {
    let Some((target, journal)) = noted(identity) else { return Ok(()) };
    if journal == names.journal.path() {
        return Ok(());
    }
    // What cannot be looked at may be there.
    let found = match Entry::resolve(&journal) {
        Ok(entry) => exists(&OsStorage, &entry)?,
        Err(error) if is_missing(&error) => false,
        Err(error) => return Err(error),
    };
    if !found {
        return Ok(());
    }
    let shown = names.target.path().shown();
    Err(Error::new(
        Kind::RecoveryNeeded,
        format!(
            "an earlier run on {shown} did not end: by the name {} it left {}",
            target.shown(),
            journal.shown()
        ),
    )
    .hint(format!("`runner recover {}` brings the file to one state and cleans up", target.word())))
}

fn is_missing(error: &Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

/// Drops the note of a file that was recovered.
pub fn forget(identity: &Identity) {
    let directory = state::directory().and_then(|path| PrivateDirectory::open(&path));
    if let Ok(directory) = directory {
        let _ = OsStorage.remove(&directory.entry(name(identity)));
    }
}

fn noted(identity: &Identity) -> Option<(PathBuf, PathBuf)> {
    let directory = PrivateDirectory::open(&state::directory().ok()?).ok()?;
    let (mut file, _) = directory.open_file(&name(identity), MAX_BYTES).ok()??;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).ok()?;
    let at = bytes.iter().position(|&byte| byte == 0)?;
    let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
    Some((path(&bytes[..at]), path(&bytes[at + 1..])))
}

/// A number that is given to another inode later is told apart by its birth.
fn name(identity: &Identity) -> String {
    let Identity { device: (major, minor), inode, born_ns, .. } = identity;
    format!("writing-{major}-{minor}-{inode}-{}", born_ns.unwrap_or(0))
}
