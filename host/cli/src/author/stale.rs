//! Whether a built plugin is older than the sources of its project.

use std::fs;
use std::path::{Path, PathBuf};

use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, Raw as _};

use super::project::{FILE, Project};
use super::sources::{Snapshot, saved_ns};
use crate::report::Reporter;

/// Files that a build reads beside those with the extension of the plugin's source.
const ALSO: [&str; 4] = [FILE, "Cargo.toml", "Cargo.lock", "go.mod"];
/// Extensions of such files.
const HEADERS: [&str; 2] = ["h", "hpp"];

/// Warns if a plugin is that of a project and older than a source of it. Returns
/// that source.
///
/// # Errors
/// If standard error cannot be written to.
pub(super) fn warn(plugin: &Path, reporter: &Reporter) -> Result<Option<PathBuf>> {
    let Some(source) = newer_source(plugin) else { return Ok(None) };
    let name = source.strip_prefix(plugin.parent().unwrap_or(Path::new(""))).unwrap_or(&source).to_owned();
    reporter.note(&Page::of(format_args!(
        "warning: {} is older than {}: `runner plugin build`",
        plugin.shown(),
        name.shown()
    )))?;
    Ok(Some(name))
}

/// A source that was saved after the plugin was built.
fn newer_source(plugin: &Path) -> Option<PathBuf> {
    let folder = match plugin.parent()? {
        here if here.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let project = Project::open(folder).ok()?;
    if project.plugin().file_name() != plugin.file_name() {
        return None;
    }
    let built = saved_ns(&fs::metadata(plugin).ok()?);
    let source = Path::new(&project.language.recipe.source).extension();
    let is_source = |path: &Path| {
        let extension = path.extension();
        ALSO.iter().any(|name| path.file_name().is_some_and(|file| file == *name))
            || extension.is_some_and(|extension| {
                Some(extension) == source || HEADERS.iter().any(|header| extension == *header)
            })
    };
    Snapshot::of_project(folder).saved_after(built, is_source).map(|path| {
        // Without the `./` of the current folder.
        path.strip_prefix(".").unwrap_or(path).to_owned()
    })
}
