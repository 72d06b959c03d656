//! `runner plugin build`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, shown};
use runner_pipeline::storage::wait_for_lock;
use runner_sandbox::{Meter, Plugin};

use super::bench;
use super::project::Project;
use super::shell::Shell;
use super::sources;
use super::steps::Places;
use super::tools::search_path;
use crate::Outcome;
use crate::report::Reporter;

/// The folder of a project for intermediate files.
pub(super) const SCRATCH: &str = ".build";

/// Builds the plugin of the project in a folder. `compile` is the time limit for
/// compiling it to native code.
///
/// # Errors
/// If a tool is missing, a step fails, or what was built is no plugin; any I/O
/// error.
pub(crate) fn build(folder: &Path, compile: Duration, reporter: &Reporter) -> Result<Outcome> {
    let builder = Builder::new(Project::open(folder)?, compile)?;
    let built = builder.build(Cancel::NEVER, reporter)?;
    let again = match builder.project.language.recipe.reproducible {
        true => "the same in any folder",
        false => "not the same each time",
    };
    let manifest = built.plugin.0.manifest();
    let (name, version) = (shown(&manifest.name), shown(&manifest.version));
    let (path, bytes) = (builder.project.plugin(), built.bytes);
    reporter.show(&Page::of(format_args!("{}: {name} {version}, {bytes} bytes, {again}", path.shown())))?;
    Ok(Outcome::Done)
}

/// Tools, each with what it says of its version.
pub(super) type Versions = Vec<(String, String)>;

/// What builds a project, with the tools that it needs.
pub(super) struct Builder {
    pub(super) project: Project,
    scratch: PathBuf,
    made: PathBuf,
    places: Places,
    /// The time limit for compiling to native code.
    compile: Duration,
}

/// A plugin that was built, and has described itself.
pub(super) struct Built {
    pub(super) plugin: (Plugin, Meter),
    pub(super) bytes: u64,
}

impl Builder {
    /// Finds the tools.
    ///
    /// # Errors
    /// If one is missing, or the folder has a name that tools cannot be given.
    pub(super) fn new(project: Project, compile: Duration) -> Result<Self> {
        let search_path = search_path(&real(&project.folder)?);
        Self::with(project, compile, Shell::User { search_path })
    }

    /// The same; a shell of the caller's choice runs the tools.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub(super) fn with(project: Project, compile: Duration, shell: Shell) -> Result<Self> {
        let folder = real(&project.folder)?;
        if folder.to_str().is_none() {
            return Err(Error::new(
                Kind::Usage,
                format!("the name of the folder {} is not UTF-8", folder.shown()),
            )
            .hint("the tools of a build get it as text: move the project, or rename the folder"));
        }
        let scratch = folder.join(SCRATCH);
        let made = scratch.join(format!("{}.wasm", project.name));
        let places = Places::new(&project, folder, &made, shell)?;
        Ok(Self { project, scratch, made, places, compile })
    }

    /// Builds, and puts the plugin in its place once it has described itself.
    ///
    /// # Errors
    /// As for [`build`]; if the run was stopped.
    pub(super) fn build(&self, cancel: Cancel<'static>, reporter: &Reporter) -> Result<Built> {
        let _lock = self.prepare(cancel, reporter)?;
        self.places.run(cancel)?;
        let plugin = self.load(cancel, reporter)?;
        let path = self.project.plugin();
        let bytes = fs::metadata(&self.made).map_err(Error::at("read the metadata of", &self.made))?.len();
        fs::rename(&self.made, &path).map_err(|error| {
            let error = Error::io("rename to", &path, error);
            match path.is_dir() {
                true => error.hint("the built plugin gets that name: rename or remove the folder"),
                false => error,
            }
        })?;
        Ok(Built { plugin, bytes })
    }

    /// Builds, and gives the bytes of the module, which nobody has looked at, and each
    /// tool with its version.
    ///
    /// # Errors
    /// If a step fails, or there is no module; if the run was stopped.
    pub(super) fn module(&self, cancel: Cancel<'_>, reporter: &Reporter) -> Result<(Vec<u8>, Versions)> {
        let versions = self.places.versions();
        let _lock = self.prepare(cancel, reporter)?;
        self.places.run(cancel)?;
        Ok((self.places.bytes(&self.project.language.recipe.module)?, versions))
    }

    /// Whether [`build_to_look`](Self::build_to_look) has quicker steps.
    pub(super) fn is_quick_to_look(&self) -> bool {
        self.places.has_quick()
    }

    /// Builds for an author who watches: more quickly where the language allows it.
    /// Such a plugin may be slow, so it does not take the place of the last build.
    ///
    /// # Errors
    /// As for [`build`](Self::build).
    pub(super) fn build_to_look(
        &mut self,
        cancel: Cancel<'static>,
        reporter: &Reporter,
    ) -> Result<(Plugin, Meter)> {
        if !self.is_quick_to_look() {
            return Ok(self.build(cancel, reporter)?.plugin);
        }
        let _lock = self.prepare(cancel, reporter)?;
        self.places.run_quick(cancel)?;
        self.load(cancel, reporter)
    }

    /// Gets the folder ready, which no other build uses until the lock is dropped.
    fn prepare(&self, cancel: Cancel<'_>, reporter: &Reporter) -> Result<File> {
        sources::check(&self.project.folder)?;
        make_scratch(&self.scratch)?;
        let lock = wait_for_others(&self.scratch, cancel, reporter)?;
        remove(&self.made)?;
        Ok(lock)
    }

    /// Loads what the steps have made.
    fn load(&self, cancel: Cancel<'static>, reporter: &Reporter) -> Result<(Plugin, Meter)> {
        self.places.take(&self.project.language.recipe.module, &self.made)?;
        bench::load(&self.made, self.compile, cancel, reporter)
    }
}

/// A folder without links on its way.
fn real(folder: &Path) -> Result<PathBuf> {
    fs::canonicalize(folder).map_err(Error::at("open the folder", folder))
}

/// Creates the folder for intermediate files, unless it is there. A symbolic link
/// in its place would make a compiler write outside of the project.
fn make_scratch(scratch: &Path) -> Result<()> {
    match fs::create_dir(scratch) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => {
            return made.map_err(|error| {
                let error = Error::io("create the folder", scratch, error);
                error.hint(
                    "a build writes into the folder of its project: copy the project to a folder of yours",
                )
            });
        }
    }
    let found = fs::symlink_metadata(scratch).map_err(Error::at("read the metadata of", scratch))?;
    if found.is_dir() {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("{} is not a folder", scratch.shown()))
        .hint("remove it, and build again"))
}

/// Waits until no other build of the project runs. The lock ends with the file.
fn wait_for_others(scratch: &Path, cancel: Cancel<'_>, reporter: &Reporter) -> Result<File> {
    let folder = File::open(scratch).map_err(Error::at("open the folder", scratch))?;
    wait_for_lock(&folder, scratch, cancel, || {
        reporter.note(&Page::of("another build of this project is running; this one waits"))
    })?;
    Ok(folder)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// Whether a path is that of a plugin, rather than a project's folder.
pub(super) fn is_plugin(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == OsStr::new("wasm") || extension == OsStr::new("wat"))
}
