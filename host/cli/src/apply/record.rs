//! What the history gets of a change by `apply`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use runner_history::Action;
use runner_pipeline::commit::output::Output;
use runner_pipeline::patch::PluginId;

use super::ApplyOptions;
use crate::history::{Change, Kept};

/// The change of a file by plugins; `None` if the result went to a stream.
pub(super) fn change<'a>(
    file: &'a Path,
    output: Option<&'a Output>,
    plugin: &PluginId,
    options: &'a ApplyOptions,
) -> Option<Change<'a>> {
    let output = match output {
        None => None,
        Some(Output::File(entry)) => Some(entry.path()),
        Some(_) => return None,
    };
    let backup = options.backup.as_ref().map(|suffix| backup(file, suffix));
    let kept = Kept { output, undo: options.undo.as_deref(), backup, ..Kept::default() };
    Some(Change { action: Action::Apply, file, plugin: Some(plugin.clone()), kept })
}

/// The name of the old file, beside what a symbolic link points to.
fn backup(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(crate::history::absolute(file));
    name.push(suffix);
    name.into()
}
