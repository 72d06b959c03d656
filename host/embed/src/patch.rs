//! Saved patches.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use runner_pipeline::commit::conditions::Privileges;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::error::Result;
use runner_pipeline::patch::{Direction, Edit, Header, Reader, Stats, Version};
use runner_pipeline::run::{Event, Options, OsPatch, Report, apply_patch};
use runner_pipeline::stack;
use runner_pipeline::storage::{Entry, OsStorage, Storage};
use runner_pipeline::target::PatchFiles;

use crate::settings::{Events, check_threads, no_events, token};

/// A saved patch: all edits of one file, with its BLAKE3 root before and after,
/// unless [only the touched groups](crate::Change::roots) were read.
/// [`Change::plan`](crate::Change::plan) and
/// [`Change::undo`](crate::Change::undo) save one.
///
/// [`Patch::open`] checks that the patch is complete. It does not check who has
/// made it: whether its edits are wanted is for the caller to decide.
///
/// The settings of the run have the same names and defaults as those of a
/// [`Change`](crate::Change):
///
/// ```standalone_crate
/// # use runner_embed::{Change, Choice, Patch};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # runner_embed::worker_main();
/// # let scratch = tempfile::tempdir()?;
/// # let (path, saved) = (scratch.path().join("notes.txt"), scratch.path().join("notes.patch"));
/// # std::fs::write(&path, "one\r\ntwo\r\n")?;
/// # Change::new("newline").plan(&path, &saved)?;
/// Patch::open(&saved)?.threads(2).strategy(Choice::Rewrite).apply(&path)?;
/// # assert_eq!(std::fs::read(&path)?, b"one\ntwo\n");
/// # Ok(())
/// # }
/// ```
pub struct Patch {
    path: PathBuf,
    patch: OsPatch,
    options: Options<'static>,
    cancel: Option<Arc<AtomicBool>>,
    events: Events,
}

impl Patch {
    /// Opens a patch, and reads all of it once to check it.
    ///
    /// # Errors
    /// [`Kind::Verification`](crate::Kind) if the file is not a patch, or is one
    /// of another version, cut short or corrupt; [`Kind::Refused`](crate::Kind)
    /// if its path leads through a link that another user may have made;
    /// [`Kind::Usage`](crate::Kind) if it is not a regular file; and
    /// [`Kind::Io`](crate::Kind) if it cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let patch = OsPatch::load(&OsStorage, &Entry::resolve(path)?)?;
        let options = Options::default();
        Ok(Self { path: path.to_owned(), patch, options, cancel: None, events: no_events() })
    }

    /// The plugin that made the patch, its parameters, and the file that the
    /// patch was made for.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.patch.header()
    }

    /// Counts of edits and bytes.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.patch.seal().stats
    }

    /// The size and the root, if it is known, of the file that the patch applies
    /// to.
    #[must_use]
    pub fn before(&self) -> Version {
        self.patch.view(Direction::Forward).before()
    }

    /// The size and the root, if it is known, of the resulting file.
    #[must_use]
    pub fn after(&self) -> Version {
        self.patch.view(Direction::Forward).after()
    }

    /// Calls `look` with each edit, in order, until it breaks. The memory that
    /// this takes does not depend on the number of edits. A long edit is shown
    /// in several parts.
    ///
    /// # Errors
    /// [`Kind::Io`](crate::Kind) if the patch cannot be read, and
    /// [`Kind::Verification`](crate::Kind) if it was changed since it was
    /// opened.
    pub fn for_each_edit(&self, mut look: impl FnMut(Edit<'_>) -> ControlFlow<()>) -> Result<()> {
        each_edit(self.patch.reader(Direction::Forward), &mut look)
    }

    /// Sets the number of threads, at least 1. By default there is one for each
    /// core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = threads;
        self
    }

    /// Chooses how the file is written. By default, the cheapest safe strategy
    /// is used.
    #[must_use]
    pub fn strategy(mut self, choice: Choice) -> Self {
        self.options.choice = choice;
        self
    }

    /// Chooses how the written bytes are read back. By default, this is done at
    /// the deepest level that the filesystem supports.
    #[must_use]
    pub fn verify(mut self, choice: VerifyChoice) -> Self {
        self.options.verify = choice;
        self
    }

    /// Also accepts a file that runs with privileges, as
    /// [`Change::keep_privileges`](crate::Change::keep_privileges) does.
    #[must_use]
    pub fn keep_privileges(mut self) -> Self {
        self.options.conditions.privileges = Privileges::Keep;
        self
    }

    /// Also accepts a file that itself looks like a patch, as
    /// [`Change::allow_patch_file`](crate::Change::allow_patch_file) does.
    #[must_use]
    pub fn allow_patch_file(mut self) -> Self {
        self.options.patch_files = PatchFiles::Change;
        self
    }

    /// Stops a run once `flag` is true, as
    /// [`Change::cancel`](crate::Change::cancel) does.
    #[must_use]
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Calls `events` with each step of a run, on a thread of the run, which
    /// waits until it returns. By default, steps are not reported.
    #[must_use]
    pub fn progress(mut self, events: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events = Arc::new(events);
        self
    }

    /// Applies the patch to a file, which must be the one that it was made for,
    /// byte for byte. If the patch does not know the roots, this is checked of
    /// the groups that it touches, and nothing else is read.
    ///
    /// # Errors
    /// [`Kind::Verification`](crate::Kind) if the patch does not fit the file;
    /// otherwise as for [`Change::apply`](crate::Change::apply).
    ///
    /// # Panics
    /// As [`Change::apply`](crate::Change::apply).
    pub fn apply(self, path: impl AsRef<Path>) -> Result<Report> {
        self.run(path.as_ref(), Direction::Forward)
    }

    /// Undoes the patch. The file must be the one that resulted from it, byte
    /// for byte, as far as [`Patch::apply`] checks it.
    ///
    /// # Errors
    /// As for [`Patch::apply`].
    ///
    /// # Panics
    /// As [`Patch::apply`].
    pub fn undo(self, path: impl AsRef<Path>) -> Result<Report> {
        self.run(path.as_ref(), Direction::Reverse)
    }

    /// The patch of the crate `runner-pipeline`, which has more options for
    /// applying it; see [`apply_patch`].
    #[must_use]
    pub fn into_inner(self) -> OsPatch {
        self.patch
    }

    fn run(self, path: &Path, direction: Direction) -> Result<Report> {
        check_threads(self.options.threads)?;
        let token = token(self.cancel.as_ref());
        let options = Options { cancel: token.get(), ..self.options };
        let mut events = |event| (self.events)(&event);
        stack::on_own_thread(|| apply_patch(path, self.patch, direction, &options, &mut events))?
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch").field("path", &self.path).field("stats", self.stats()).finish_non_exhaustive()
    }
}

/// Calls `look` with each edit until it breaks.
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
