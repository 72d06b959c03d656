//! Recovery of files after interrupted runs.

use std::path::Path;

use runner_pipeline::commit::recover::{Options, OtherChanges, Recovered};
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::context::cores;
use runner_pipeline::error::Result;
use runner_pipeline::patch::Direction;
use runner_pipeline::run::recover_file;
use runner_pipeline::sidecar::Trust;
use runner_pipeline::stack;

use crate::settings::check_threads;

/// The settings of a recovery. [`recover()`] and [`roll_back()`] recover a file
/// with the defaults.
///
/// A recovery cannot be cancelled. If the process dies meanwhile, the same
/// recovery can be repeated.
#[derive(Debug, Clone)]
pub struct Recovery {
    threads: usize,
    verify: VerifyChoice,
    other_changes: OtherChanges,
}

impl Recovery {
    /// A recovery with defaults for all settings.
    #[must_use]
    pub fn new() -> Self {
        Self { threads: cores(), verify: VerifyChoice::Deepest, other_changes: OtherChanges::Refuse }
    }

    /// Sets the number of threads, at least 1. By default there is one for each
    /// core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Chooses how the written bytes are read back. By default, this is done at
    /// the deepest level that the filesystem supports.
    #[must_use]
    pub fn verify(mut self, choice: VerifyChoice) -> Self {
        self.verify = choice;
        self
    }

    /// Recovers a file even if other programs have changed bytes close to the
    /// edits, which is refused by default. Only the bytes of the edits are
    /// written, and only if each is the old or the new one. The recovery then
    /// ends with [`Kind::Verification`](crate::Kind).
    #[must_use]
    pub fn keep_other_changes(mut self) -> Self {
        self.other_changes = OtherChanges::Keep;
        self
    }

    /// Completes the change of an interrupted run, and removes the files that
    /// the run left. If there is nothing to recover, nothing happens. Only a
    /// journal that was made by this user on this machine is trusted.
    ///
    /// # Errors
    /// - [`Kind::Refused`](crate::Kind) if the journal, another file that the run
    ///   left, or a link in the path is not trusted.
    /// - [`Kind::RecoveryNeeded`](crate::Kind) if the journal does not fit the
    ///   file, and then nothing is written; or if the recovery failed midway,
    ///   and then it can be repeated once the cause is removed.
    /// - [`Kind::Verification`](crate::Kind) if the bytes that the journal covers
    ///   are recovered, but another program has changed other bytes of the file
    ///   since it was scanned.
    /// - [`Kind::ChangedByOthers`](crate::Kind) if another run is using the file.
    /// - [`Kind::Usage`](crate::Kind) for 0 threads, for a read-only file, and for
    ///   anything but a regular file or a block device.
    /// - [`Kind::Io`](crate::Kind) for any other I/O error, such as a file that
    ///   does not exist.
    pub fn recover(&self, path: impl AsRef<Path>) -> Result<Recovered> {
        self.recover_to(path.as_ref(), Direction::Forward)
    }

    /// Does the same as [`Recovery::recover`], but restores the old content
    /// instead of completing the change.
    ///
    /// # Errors
    /// As for [`Recovery::recover`].
    pub fn roll_back(&self, path: impl AsRef<Path>) -> Result<Recovered> {
        self.recover_to(path.as_ref(), Direction::Reverse)
    }

    fn recover_to(&self, path: &Path, direction: Direction) -> Result<Recovered> {
        let options = Options {
            direction,
            verify: self.verify,
            threads: check_threads(self.threads)?,
            other_changes: self.other_changes,
        };
        let recovered = stack::on_own_thread(|| recover_file(path, Trust::Own, &options, &mut |_| Ok(())))??;
        recovered.check_intact(path, Trust::Own)?;
        Ok(recovered)
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self::new()
    }
}

/// Completes the change of an interrupted run, with the defaults of
/// [`Recovery`].
///
/// # Errors
/// As for [`Recovery::recover`].
pub fn recover(path: impl AsRef<Path>) -> Result<Recovered> {
    Recovery::new().recover(path)
}

/// Restores the content that a file had before an interrupted run, with the
/// defaults of [`Recovery`].
///
/// # Errors
/// As for [`Recovery::recover`].
pub fn roll_back(path: impl AsRef<Path>) -> Result<Recovered> {
    Recovery::new().roll_back(path)
}
