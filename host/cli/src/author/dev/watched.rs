//! What is watched: the sources of a project, or a plugin, and the file that it is
//! run on.
//!
//! Files are looked at again and again, which works on every file system, and sees
//! every way in which editors save.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::Result;
use runner_pipeline::escape::Page;
use runner_sandbox::{Meter, Plugin};

use super::super::bench;
use super::super::build::{Builder, is_plugin};
use super::super::project::{FILE, Project};
use super::super::sources::Snapshot;
use crate::report::Reporter;

/// What is said where quick builds are not for use.
const QUICK: &str =
    "these builds are hardly optimised, and are not kept: `runner plugin build` makes the plugin";
/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// For how long nothing may change before a build begins: some editors save in
/// several steps.
const STILL: Duration = Duration::from_millis(15);

/// What is watched.
pub(super) struct Watched {
    plugin: PathBuf,
    /// There once the tools of the project were found.
    builder: Option<Builder>,
    file: PathBuf,
    /// The files of the last round.
    before: Snapshot,
    /// The time limit for compiling to native code.
    compile: Duration,
}

/// A file that has changed.
pub(super) struct Changed {
    pub(super) path: PathBuf,
    /// When it was saved; `None` if it is gone.
    pub(super) at: Option<SystemTime>,
}

impl Watched {
    /// # Errors
    /// If the folder is no project.
    pub(super) fn new(plugin: &Path, file: &Path, compile: Duration) -> Result<Self> {
        if !is_plugin(plugin) {
            Project::open(plugin)?;
        }
        let (plugin, file) = (plugin.to_owned(), file.to_owned());
        let before = look(&plugin, &file);
        Ok(Self { plugin, builder: None, file, before, compile })
    }

    /// Builds the plugin, if it has sources, and loads it.
    ///
    /// # Errors
    /// If it cannot be built or loaded.
    pub(super) fn load(&mut self, cancel: Cancel<'static>, reporter: &Reporter) -> Result<(Plugin, Meter)> {
        if is_plugin(&self.plugin) {
            return bench::load(&self.plugin, self.compile, cancel, reporter);
        }
        let builder = match self.builder.take() {
            Some(builder) => builder,
            None => {
                let builder = Builder::new(Project::open(&self.plugin)?, self.compile)?;
                if builder.is_quick_to_look() {
                    reporter.note(&Page::of(QUICK))?;
                }
                builder
            }
        };
        self.builder.insert(builder).build_to_look(cancel, reporter)
    }

    /// Waits for a change.
    ///
    /// # Errors
    /// If the user ends it.
    pub(super) fn wait(&mut self, cancel: Cancel<'_>) -> Result<Changed> {
        loop {
            cancel.check()?;
            let now = look(&self.plugin, &self.file);
            let Some(path) = now.changed_since(&self.before).map(Path::to_owned) else {
                std::thread::sleep(LOOK_EVERY);
                continue;
            };
            self.before = still(now, &self.plugin, &self.file);
            if path.ends_with(FILE) {
                // Another language has other tools.
                self.builder = None;
            }
            let at = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
            return Ok(Changed { path, at });
        }
    }
}

fn look(plugin: &Path, file: &Path) -> Snapshot {
    let plugin = match is_plugin(plugin) {
        true => Snapshot::default().and(plugin),
        false => Snapshot::of_project(plugin),
    };
    plugin.and(file)
}

/// Waits until nothing changes.
fn still(mut last: Snapshot, plugin: &Path, file: &Path) -> Snapshot {
    loop {
        std::thread::sleep(STILL);
        let now = look(plugin, file);
        if now == last {
            return now;
        }
        last = now;
    }
}
