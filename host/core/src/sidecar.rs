//! The names of the files that `runner` creates next to a target, what each
//! file means after a crash, and when it is trusted:
//!
//! - `NAME.runner-scan-TAG`: a patch that was being collected. It has no effect
//!   yet.
//! - `NAME.runner-checkpoint-TAG`: the progress of that scan, for resuming it.
//! - `NAME.runner-new-TAG`: a new version that was being written, or the old
//!   version that it replaced. The target is complete without it.
//! - `NAME.runner-journal`: a sealed patch that may be partly applied. It gets
//!   this name by a rename after it is durable, so it is always complete; the
//!   rename is the commit point of an in-place apply.
//!
//! The tag is derived from the user's key, so no file that was made for a
//! different purpose has such a name. A journal has no tag: the next run must
//! see it, even with a different key.
//!
//! As long as a scan or a checkpoint exists, its run has not written the
//! target: both are removed, durably, before the commit point.

mod reserved;
#[cfg(test)]
mod tests;
mod trust;

use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::{Entry, FileType, PrivateDirectory, Stat, Storage, check_own};
use crate::user_state::{self, Key, TAG_DIGITS};

pub use reserved::{check_not_reserved, is_journal, is_reserved, journal_owner};
pub use trust::Trust;
pub(crate) use trust::check_removable;

/// Longest file name on the usual filesystems, in bytes (NAME_MAX).
const NAME_MAX_BYTES: usize = 255;
const JOURNAL: &str = ".runner-journal";
const SCAN: &str = ".runner-scan-";
const CHECKPOINT: &str = ".runner-checkpoint-";
const NEW: &str = ".runner-new-";

/// Replaces the tag if there is no key.
const NO_TAG: &str = "0000000000000000";

/// The names that belong to one target.
#[derive(Debug, Clone)]
pub struct Names {
    /// The target itself, symbolic links resolved.
    pub target: Entry,
    /// A patch that is being collected.
    pub scan: Entry,
    /// The progress of that scan.
    pub checkpoint: Entry,
    /// A new version that is being written.
    pub new: Entry,
    /// A sealed patch that is being applied.
    pub journal: Entry,
    /// The key that authenticates the journal and the checkpoint. Without it,
    /// neither is trusted later.
    pub key: Option<Key>,
}

impl Names {
    /// The names for a target. The files are next to a regular file. For a
    /// block device, whose directory does not survive a reboot, they are in the
    /// user's state directory, under the device's numbers.
    ///
    /// # Errors
    /// When no state directory can be trusted; any I/O error.
    pub fn new(target: &Entry, file_type: FileType, key: Option<Key>) -> Result<Self> {
        let base = if file_type == FileType::Block {
            // All nodes of the device lead to the same journal.
            let (major, minor) = target.device_number().map_err(Error::at("inspect", target.path()))?;
            let directory = PrivateDirectory::open_or_create(&user_state::directory()?)?;
            directory.entry(format!("block-{major}-{minor}"))
        } else {
            target.clone()
        };
        let tag = key.as_ref().map_or(NO_TAG.to_owned(), |key| key.tag(base.name()));
        let longest = CHECKPOINT.len() + TAG_DIGITS;
        let base = if base.name().len() + longest > NAME_MAX_BYTES {
            base.sibling(&blake3::hash(base.name().as_bytes()).to_hex()[..32])
        } else {
            base
        };
        let with = |kind: &str| base.with_suffix(format!("{kind}{tag}"));
        Ok(Self {
            target: target.clone(),
            scan: with(SCAN),
            checkpoint: with(CHECKPOINT),
            new: with(NEW),
            journal: base.with_suffix(JOURNAL),
            key,
        })
    }

    /// The temporary name of a file that a run on this target creates
    /// elsewhere.
    #[must_use]
    pub fn temporary(&self, entry: &Entry) -> Entry {
        let mut both = self.target.path().as_os_str().to_owned();
        both.push("\0");
        both.push(entry.name());
        let tag = self.key.as_ref().map_or(NO_TAG.to_owned(), |key| key.tag(&both));
        entry.with_suffix(format!("{NEW}{tag}"))
    }

    /// Refuses to continue if an earlier run left files.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`], with the command to run; [`Kind::Refused`] if
    /// a file belongs to a different user.
    pub fn check_clean<S: Storage>(&self, storage: &S) -> Result<()> {
        self.check(storage, &[&self.journal, &self.scan, &self.checkpoint, &self.new])
    }

    /// Whether there is a scan that may be resumed: the run that left it did
    /// not write the target.
    ///
    /// # Errors
    /// As for [`Names::check_clean`], if there are other files.
    pub fn check_resumable<S: Storage>(&self, storage: &S) -> Result<bool> {
        self.check_journal(storage)?;
        if exists(storage, &self.scan)? || exists(storage, &self.checkpoint)? {
            return Ok(true);
        }
        self.check_clean(storage).map(|()| false)
    }

    /// Like [`Names::check_clean`], but only for the journal.
    ///
    /// # Errors
    /// As for [`Names::check_clean`].
    pub fn check_journal<S: Storage>(&self, storage: &S) -> Result<()> {
        self.check(storage, &[&self.journal])
    }

    fn check<S: Storage>(&self, storage: &S, entries: &[&Entry]) -> Result<()> {
        for entry in entries {
            if let Some(stat) = look(storage, entry)? {
                return Err(self.left_behind(entry, &stat));
            }
        }
        Ok(())
    }

    fn left_behind(&self, entry: &Entry, stat: &Stat) -> Error {
        let (target, found) = (self.target.path().shown(), entry.path().shown());
        if entry.name() == self.journal.name()
            && let Err(why) = check_own(stat)
        {
            return self.not_trusted(&why, stat);
        }
        let error = Error::new(
            Kind::RecoveryNeeded,
            format!("an earlier run on {target} did not finish: it left {found}"),
        )
        .hint(format!(
            "`runner recover {}` brings the file to a consistent state and cleans up",
            self.target.path().word()
        ));
        if entry.name() == self.scan.name() || entry.name() == self.checkpoint.name() {
            error.hint("`runner apply --resume`, with everything else unchanged, resumes the scan")
        } else {
            error
        }
    }
}

/// Whether a file or link of this name exists.
///
/// # Errors
/// When that cannot be determined.
pub fn exists<S: Storage>(storage: &S, entry: &Entry) -> Result<bool> {
    look(storage, entry).map(|found| found.is_some())
}

fn look<S: Storage>(storage: &S, entry: &Entry) -> Result<Option<Stat>> {
    match storage.stat_entry(entry) {
        Ok(stat) => Ok(Some(stat)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("check for", entry.path(), e)),
    }
}
