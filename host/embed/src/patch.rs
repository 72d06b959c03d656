//! Saved patches, and files whose runs did not end.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use runner_pipeline::commit::recover::{Options as RecoverOptions, Recovered};
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::context::{RunContext, cores};
use runner_pipeline::error::Result;
use runner_pipeline::patch::{Direction, Edit, Header, Reader, Stats, Version};
use runner_pipeline::run::{self, Options, OsPatch, Report, apply_patch};
use runner_pipeline::sidecar::Trust;
use runner_pipeline::stack;
use runner_pipeline::storage::{Entry, OsStorage, Storage};

/// A saved patch: all edits of one file, with its BLAKE3 root before and
/// after. [`Change::plan`](crate::Change::plan) and
/// [`Change::undo`](crate::Change::undo) make one.
///
/// Opening it checks that it is whole, not who has made it: what its edits do
/// is for the caller to judge.
pub struct Patch {
    path: PathBuf,
    patch: OsPatch,
}

impl Patch {
    /// Opens a patch, and reads all of it once to check it.
    ///
    /// # Errors
    /// [`Kind::Verification`] when it is not a patch, of another version, cut
    /// short, or corrupt.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let patch = OsPatch::load(&OsStorage, &Entry::resolve(path)?)?;
        Ok(Self { path: path.to_owned(), patch })
    }

    /// The plugin that has made it, its parameters, and the file that it was
    /// made for.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.patch.header()
    }

    /// Counts of edits and bytes.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.patch.seal().stats
    }

    /// Size and root of the file that it applies to.
    #[must_use]
    pub fn before(&self) -> Version {
        self.patch.view(Direction::Forward).before()
    }

    /// Size and root of the file that it makes.
    #[must_use]
    pub fn after(&self) -> Version {
        self.patch.view(Direction::Forward).after()
    }

    /// Shows the edits, in order, until `look` breaks. Memory does not depend
    /// on how many there are. A long edit is shown in several parts.
    ///
    /// # Errors
    /// When the patch cannot be read, or was changed since it was opened.
    pub fn for_each_edit(&self, mut look: impl FnMut(Edit<'_>) -> ControlFlow<()>) -> Result<()> {
        each_edit(self.patch.reader(Direction::Forward), &mut look)
    }

    /// Carries the patch out. The file must be the one that it was made for,
    /// byte for byte.
    ///
    /// # Errors
    /// [`Kind::Verification`] when the patch does not fit the file; else as
    /// for [`Change::apply`](crate::Change::apply).
    pub fn apply(self, path: impl AsRef<Path>) -> Result<Report> {
        self.carry_out(path.as_ref(), Direction::Forward)
    }

    /// Undoes the patch. The file must be what the patch has made of it.
    ///
    /// # Errors
    /// As for [`Patch::apply`].
    pub fn undo(self, path: impl AsRef<Path>) -> Result<Report> {
        self.carry_out(path.as_ref(), Direction::Reverse)
    }

    /// The patch as the pipeline has it, to carry it out with other options by
    /// [`apply_patch`].
    #[must_use]
    pub fn into_inner(self) -> OsPatch {
        self.patch
    }

    fn carry_out(self, path: &Path, direction: Direction) -> Result<Report> {
        stack::on_own_thread(|| apply_patch(path, self.patch, direction, &Options::default(), &mut |_| {}))?
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch").field("path", &self.path).field("stats", self.stats()).finish_non_exhaustive()
    }
}

/// Shows edits until `look` breaks.
pub(crate) fn each_edit<S: Storage>(
    mut reader: Reader<'_, '_, S>,
    look: &mut dyn FnMut(Edit<'_>) -> ControlFlow<()>,
) -> Result<()> {
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            if look(edit).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Brings a file whose run did not end to what it was to become, and removes
/// what the run has left. Where there is nothing to recover, nothing happens.
/// Only a journal of this user on this machine is believed.
///
/// # Errors
/// [`Kind::Refused`] when the journal is not to be believed;
/// [`Kind::RecoveryNeeded`] when it does not fit the file: then nothing is
/// written. [`Kind::Verification`] when what the journal covers is recovered,
/// but another program has changed other bytes of the file in the meantime.
pub fn recover(path: impl AsRef<Path>) -> Result<Recovered> {
    recover_to(path.as_ref(), Direction::Forward)
}

/// As [`recover()`], but back to what the file was.
///
/// # Errors
/// As for [`recover()`].
pub fn roll_back(path: impl AsRef<Path>) -> Result<Recovered> {
    recover_to(path.as_ref(), Direction::Reverse)
}

fn recover_to(path: &Path, direction: Direction) -> Result<Recovered> {
    let options = RecoverOptions { direction, verify: VerifyChoice::Deepest, threads: cores() };
    let recovered = stack::on_own_thread(|| run::recover_file(path, Trust::Own, &options, &mut |_| Ok(())))??;
    recovered.check_intact(path)?;
    Ok(recovered)
}

/// The BLAKE3 root of a file: the hash that `b3sum` prints.
///
/// # Errors
/// When it cannot be read; [`Kind::RecoveryNeeded`] when a run on it did not
/// end.
pub fn root(path: impl AsRef<Path>) -> Result<blake3::Hash> {
    let path = path.as_ref();
    stack::on_own_thread(|| run::root_of(path, RunContext::unstoppable(cores()), &mut |_| {}))?
}
