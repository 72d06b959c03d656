//! Decides which journals are trusted.

use std::io;

use super::Names;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Patch, TRAILER_AUTHENTICATION};
use crate::storage::{Access, Entry, FileType, Stat, Storage, check_own};

/// Which journals are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only journals of this user, made with this user's key.
    Own,
    /// Any journal: the user has inspected it and confirmed that.
    Any,
}

impl Names {
    /// Opens the journal, if it is trusted.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is not trusted; [`Kind::Verification`] if it is
    /// damaged; any I/O error.
    pub fn open_journal<'s, S: Storage>(&self, storage: &'s S, trust: Trust) -> Result<Patch<'s, S>> {
        let path = self.journal.path();
        let found = storage.stat_entry(&self.journal).map_err(Error::at("inspect", path))?;
        if found.file_type != FileType::Regular {
            return Err(self.not_trusted("it is not a regular file", &found));
        }
        let file = storage.open(&self.journal, Access::Read).map_err(|error| {
            let denied = error.kind() == io::ErrorKind::PermissionDenied;
            let error = Error::io("open", path, error);
            if denied {
                let target = self.target.path().word();
                error.of_kind(Kind::Refused).hint(format!(
                    "it belongs to user {}; run `runner recover {target}` as that user",
                    found.owner
                ))
            } else {
                error
            }
        })?;
        let stat = storage.stat(&file).map_err(Error::at("inspect", path))?;
        if stat.file_type != FileType::Regular {
            return Err(self.not_trusted("it is not a regular file", &stat));
        }
        if trust == Trust::Own {
            // This is checked before anything is read from the file.
            check_own(&stat).map_err(|why| self.not_trusted(&why, &stat))?;
        }
        let journal = Patch::read(storage, self.journal.clone(), file)?;
        if trust == Trust::Own {
            self.check_authentic(&journal).map_err(|why| self.not_trusted(why, &stat))?;
        }
        Ok(journal)
    }

    fn check_authentic<S: Storage>(&self, journal: &Patch<'_, S>) -> Result<(), &'static str> {
        let found = journal.trailer(TRAILER_AUTHENTICATION).ok_or("it was made without a key")?;
        let key = self.key.as_ref().ok_or("this user has no key to check it with")?;
        let (id, value) = found.split_first_chunk().ok_or("its authentication is malformed")?;
        if *id != key.id() {
            return Err("it was made with a different key: on another machine, or before the key was lost");
        }
        let value =
            <[u8; blake3::OUT_LEN]>::try_from(value).map_err(|_| "its authentication is malformed")?;
        // `Hash` compares in constant time.
        if key.of_journal(&journal.seal_check()) == blake3::Hash::from_bytes(value) {
            Ok(())
        } else {
            Err("it was altered after it was authenticated")
        }
    }

    /// Authenticates a patch that will become the journal, if there is a key.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn authenticate<S: Storage>(&self, journal: &mut Patch<'_, S>) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let mut value = key.id().to_vec();
        value.extend_from_slice(key.of_journal(&journal.seal_check()).as_bytes());
        journal.push_trailer(TRAILER_AUTHENTICATION, &value)
    }

    pub(super) fn not_trusted(&self, why: &str, stat: &Stat) -> Error {
        let (target, journal) = (self.target.path().word(), self.journal.path().shown());
        let error = Error::new(Kind::Refused, format!("{journal} is not trusted: {why}"));
        if stat.file_type != FileType::Regular {
            return error.hint(format!("no run created it; remove {journal}"));
        }
        let me = rustix::process::geteuid().as_raw();
        let error = if stat.owner == me {
            error
        } else {
            error.hint(format!(
                "if user {0} ran `runner` on this file, run `runner recover {target}` as that user (`sudo -u '#{0}' ...`)",
                stat.owner
            ))
        };
        let error = if stat.owner != me {
            error
        } else if stat.links != 1 {
            error.hint("a backup may have given it another name: once that is removed, run the command again")
        } else if stat.mode & 0o077 != 0 {
            error.hint(format!(
                "if nobody else has written to it, `chmod 600 {}`, and run the command again",
                self.journal.path().word()
            ))
        } else {
            error
        };
        error
            .hint(format!("`runner recover --trust-journal {target}` shows its content and applies it, whoever created it"))
            .hint(format!("if no run on this file was interrupted, another user put it there: remove {journal}"))
    }
}

/// Refuses to remove a file that a run left if it belongs to a different user.
///
/// # Errors
/// [`Kind::Refused`] if it does; any I/O error.
pub(crate) fn check_removable<S: Storage>(storage: &S, entry: &Entry) -> Result<()> {
    let path = entry.path();
    let stat = storage.stat_entry(entry).map_err(Error::at("inspect", path))?;
    check_own(&stat).map_err(|why| {
        Error::new(Kind::Refused, format!("{} was not removed: {why}", path.shown())).hint(
            "only its owner knows whether it is still needed; if none of the owner's runs is active, remove it",
        )
    })
}
