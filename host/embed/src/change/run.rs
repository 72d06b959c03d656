//! The runs of a change.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;

use runner_contract::Manifest;
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
    /// The plugin's description of itself: its name, its version, and the
    /// parameters that it takes. The plugin is loaded if it is not loaded yet.
    /// No file is changed, and the parameters that were [set](Change::set) are
    /// not checked.
    ///
    /// # Errors
    /// Any error of reading, compiling or asking the plugin; [`Kind::Usage`] for
    /// native code, which has no manifest.
    pub fn manifest(&self) -> Result<Manifest> {
        stack::on_own_thread(|| self.settings.with_options(|_, limits| self.program.manifest(limits)))?
    }

    /// Changes a file. Nothing is written to it until all edits are known and
    /// checked. The written bytes are read back.
    ///
    /// # Errors
    /// The file is untouched, or was restored, unless the kind is
    /// [`Kind::RecoveryNeeded`]. Then it may be partly changed, and
    /// [`recover`](crate::recover()) brings it to one state. A file on which an
    /// earlier run did not finish is refused with this kind, too. An I/O error
    /// is of [`Kind::Io`].
    ///
    /// # Panics
    /// If native code or a callback panics, the panic reaches the caller. The
    /// file is untouched, unless the run had begun to write: then it is in a
    /// state from which [`recover`](crate::recover()) recovers it.
    pub fn apply(&self, path: impl AsRef<Path>) -> Result<Report> {
        let path = path.as_ref();
        self.run(|program, options, events| run::apply(path, program, options, events))
    }

    /// Finds out what [`Change::apply`] would do: counts, both roots, the
    /// strategy and its costs. The run writes at most a temporary file, for
    /// edits that need much memory.
    ///
    /// # Errors
    /// As for [`Change::apply`].
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn dry_run(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.preview(path, |_| ControlFlow::Break(()))
    }

    /// Does the same as [`Change::dry_run`], and then calls `look` with each
    /// edit, in order, until it breaks. A long edit is shown in several parts.
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

    /// Saves the edits that [`Change::apply`] would make as a patch, which
    /// [`Patch::apply`](crate::Patch::apply) applies later. There must be no
    /// file at `patch` yet. The file at `path` is only read.
    ///
    /// # Errors
    /// As for [`Change::apply`].
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn plan(&self, path: impl AsRef<Path>, patch: impl AsRef<Path>) -> Result<Report> {
        let (path, patch) = (path.as_ref(), patch.as_ref());
        self.run(|program, options, events| {
            // Only a patch is written. Privileges are checked when it is
            // applied.
            let conditions = Conditions { privileges: Privileges::Keep, ..options.conditions };
            let options = Options { conditions, ..options.clone() };
            run::plan(path, program, &options, &Entry::resolve(patch)?, events).map(|(report, _)| report)
        })
    }

    /// Writes the result to the file `out`, which is created or replaced in one
    /// step. The file at `path` is only read.
    ///
    /// # Errors
    /// As for [`Change::apply`]; [`Kind::Usage`] if `out` exists and is not a
    /// regular file.
    ///
    /// # Panics
    /// As [`Change::apply`].
    pub fn write_to(&self, path: impl AsRef<Path>, out: impl AsRef<Path>) -> Result<Report> {
        let (path, out) = (path.as_ref(), out.as_ref());
        self.run(|program, options, events| {
            let entry = Entry::resolve(out)?;
            match OsStorage.stat_entry(&entry) {
                Ok(stat) if stat.file_type != FileType::Regular => {
                    let what = format!("{} is not a regular file", shown(out));
                    return Err(Error::new(Kind::Usage, what).hint(
                        "nothing was written; the path must be that of a regular file, or of no file yet",
                    ));
                }
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io("inspect", out, e)),
                _ => {}
            }
            run::apply_to(path, &Output::File(entry), program, options, events)
        })
    }

    /// Runs on a separate thread, because a plugin may need more stack than the
    /// caller's thread has.
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
