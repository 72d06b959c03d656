//! Waiting for one's turn to change the store.

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::Result;
use runner_pipeline::escape::Page;
use runner_store::folder::{Folder, Turn};

use crate::report::Reporter;

/// Waits until no other process changes the store.
///
/// # Errors
/// If the run is stopped; any I/O error.
pub(crate) fn turn(folder: &Folder, cancel: Cancel<'_>, reporter: &Reporter) -> Result<Turn> {
    folder.turn(cancel, || {
        reporter.note(&Page::of("another process changes the installed plugins; this one waits"))
    })
}
