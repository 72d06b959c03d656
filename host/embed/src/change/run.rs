//! What can be done with a change.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;

use runner_pipeline::commit::conditions::{Conditions, Privileges};
use runner_pipeline::commit::output::Output;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::patch::{Direction, Edit};
use runner_pipeline::run::{self, Event, Options, OsPatch, Report};
use runner_pipeline::stack;
use runner_pipeline::storage::{Entry, FileType, OsStorage, Storage};
use runner_pipeline::target::OsTarget;

use super::Change;
use crate::patch::each_edit;

impl Change {
    /// Changes a file. It is first written when all edits are known and
    /// checked; what was written is read back.
    ///
    /// # Errors
    /// The file is untouched, or was brought back, unless the kind is
    /// [`Kind::RecoveryNeeded`]: then [`recover`](crate::recover()) brings it
    /// to one state. A file that an earlier run has left in the middle of a
    /// change is refused with that kind, too.
    ///
    /// # Panics
    /// When native code or a callback does; the file is untouched, or as a
    /// crash leaves it.
    pub fn apply(&self, path: impl AsRef<Path>) -> Result<Report> {
        let path = path.as_ref();
        self.run(|program, options, events| run::apply(path, program, options, events))
    }

    /// Finds out what [`Change::apply`] would do: counts, both roots, the
    /// strategy and its costs. Nothing is written but a temporary file.
    ///
    /// # Errors
    /// As for [`Change::apply`].
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn dry_run(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.preview(path, |_| ControlFlow::Break(()))
    }

    /// [`Change::dry_run`], and shows the edits, in order, until `look`
    /// breaks.
    ///
    /// # Errors
    /// As for [`Change::apply`].
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn preview(
        &self,
        path: impl AsRef<Path>,
        mut look: impl FnMut(Edit<'_>) -> ControlFlow<()> + Send,
    ) -> Result<Report> {
        let path = path.as_ref();
        let mut look = |_: &OsTarget, patch: &OsPatch, _: &Report| {
            each_edit(patch.reader(Direction::Forward), &mut look)
        };
        self.run(|program, options, events| run::dry_run(path, program, options, events, &mut look))
    }

    /// Saves what [`Change::apply`] would do as a patch, which
    /// [`Patch::apply`](crate::Patch::apply) carries out later. There must be
    /// no file at `patch`. The file itself is only read.
    ///
    /// # Errors
    /// As for [`Change::apply`].
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn plan(&self, path: impl AsRef<Path>, patch: impl AsRef<Path>) -> Result<Report> {
        let (path, patch) = (path.as_ref(), patch.as_ref());
        self.run(|program, options, events| {
            // Whoever carries the patch out looks again.
            let conditions = Conditions { privileges: Privileges::Keep, expect: None };
            let options = Options { conditions, ..options.clone() };
            run::plan(path, program, &options, &Entry::resolve(patch)?, events).map(|(report, _)| report)
        })
    }

    /// Writes the result to `out`, which appears, or is replaced, in one step.
    /// The file itself is only read.
    ///
    /// # Errors
    /// As for [`Change::apply`]; [`Kind::Usage`] when there is something else
    /// than a regular file at `out`.
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn write_to(&self, path: impl AsRef<Path>, out: impl AsRef<Path>) -> Result<Report> {
        let (path, out) = (path.as_ref(), out.as_ref());
        self.run(|program, options, events| {
            let entry = Entry::resolve(out)?;
            match OsStorage.stat_entry(&entry) {
                Ok(stat) if stat.file_type != FileType::Regular => {
                    return Err(Error::new(Kind::Usage, format!("{} is no regular file", shown(out))));
                }
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io("look at", out, e)),
                _ => {}
            }
            run::apply_to(path, &Output::File(entry), program, options, events)
        })
    }

    /// On a thread of its own, as a guest needs more stack than the caller's
    /// thread may have.
    fn run<T: Send>(
        &self,
        work: impl FnOnce(&run::Program<'_>, &Options<'_>, &mut dyn FnMut(Event)) -> Result<T> + Send,
    ) -> Result<T> {
        stack::on_own_thread(|| {
            self.settings.with_options(|options, limits| {
                self.program
                    .with(limits, |program| work(program, options, &mut |event| (self.events)(&event)))
            })
        })?
    }
}
