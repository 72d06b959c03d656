//! The steps of a build: commands with placeholders.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, escape_lines, shown};
use runner_pipeline::storage::read_small;
use runner_sandbox::MAX_TEXT_BYTES;

use super::build::SCRATCH;
use super::language::Step;
use super::project::Project;
use super::tools::{Chosen, choose, search_path};

/// How often a step is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Maximum number of characters of an error in the text format.
const TEXT_ERROR_CHARS: usize = 1000;

/// What placeholders stand for.
pub(super) struct Places {
    folder: PathBuf,
    paths: Vec<(&'static str, String)>,
    chosen: Chosen,
    search_path: OsString,
    /// Whether the steps that are run once need not be run again.
    is_prepared: bool,
}

impl Places {
    /// Finds the tools of a project. `folder` is its folder, and `made` the file
    /// that the steps make.
    ///
    /// # Errors
    /// If a tool is missing.
    pub(super) fn new(project: &Project, folder: PathBuf, made: &Path) -> Result<Self> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let paths = vec![
            ("name", project.name.clone()),
            ("out", text(made)),
            ("build", text(&folder.join(SCRATCH))),
            ("sdk", text(&folder.join("runner"))),
            ("project", text(&folder)),
            ("cargo-home", text(&cargo_home())),
        ];
        let search_path = search_path(&folder);
        let chosen = choose(&project.language.recipe, &folder, &search_path)?;
        Ok(Self { folder, paths, chosen, search_path, is_prepared: false })
    }

    /// Runs all steps, and shows what they say.
    ///
    /// # Errors
    /// If one fails, or the run was stopped.
    pub(super) fn run(&self, cancel: Cancel<'_>) -> Result<()> {
        self.chosen.steps.iter().try_for_each(|step| self.step(step, cancel))
    }

    /// Whether there are steps for an author who watches.
    pub(super) fn has_quick(&self) -> bool {
        !self.chosen.quick.is_empty()
    }

    /// Runs the steps for an author who watches.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub(super) fn run_quick(&mut self, cancel: Cancel<'_>) -> Result<()> {
        let is_first = !std::mem::replace(&mut self.is_prepared, false);
        let mut steps = self.chosen.quick.iter().filter(|step| is_first || !step.once);
        steps.try_for_each(|step| self.step(step, cancel))?;
        self.is_prepared = true;
        Ok(())
    }

    /// Runs a step.
    fn step(&self, step: &Step, cancel: Cancel<'_>) -> Result<()> {
        let mut words = Vec::new();
        for word in &step.run {
            let tool = self.chosen.tools.iter().find(|(name, _)| *word == format!("{{{name}}}"));
            match tool {
                Some((_, command)) => words.extend(command.iter().cloned()),
                None => words.push(self.filled(word)),
            }
        }
        let shown_words = words.iter().map(|word| shown(word).to_string()).collect::<Vec<_>>().join(" ");
        let failed = |why: &str| {
            Error::new(Kind::Io, format!("a step of the build failed: {why}")).because(shown_words.clone())
        };
        let Some((program, arguments)) = words.split_first() else { return Err(failed("it has no program")) };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env("PATH", &self.search_path).stdin(Stdio::null());
        for (name, value) in &step.env {
            command.env(name, self.filled(value));
        }
        // Standard output is for what this program says.
        let output = std::io::stderr().as_fd().try_clone_to_owned();
        command.stdout(output.map_or_else(|_| Stdio::null(), Stdio::from));
        match command.spawn().map(|child| wait(child, cancel)) {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                // It may have got the same signal.
                cancel.check()?;
                Err(failed(&status.to_string()))
            }
            Ok(Err(error)) => Err(error),
            Err(error) => Err(failed(&error.to_string())),
        }
    }

    /// A word with its placeholders filled in.
    fn filled(&self, word: &str) -> String {
        let mut text = word.to_owned();
        for (name, value) in &self.paths {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        for (name, command) in &self.chosen.tools {
            text = text.replace(&format!("{{{name}}}"), &command.join(" "));
        }
        text
    }

    /// Puts the module that the steps have made at `made`, in the binary format.
    ///
    /// # Errors
    /// If there is none, or it is wrong in the text format; any I/O error.
    pub(super) fn take(&self, module: &str, made: &Path) -> Result<()> {
        let module = self.folder.join(self.filled(module));
        if !module.is_file() {
            return Err(Error::new(Kind::Io, format!("the build has not made {}", module.shown()))
                .hint("the steps ended without an error; is the project's source complete?"));
        }
        if module.extension().is_some_and(|extension| extension == OsStr::new("wat")) {
            let text = read_small(&module, MAX_TEXT_BYTES)?;
            let bytes = wat::parse_bytes(&text).map_err(|mut error| {
                error.set_path(&module);
                let what = format!("{} is not valid in the text format of WebAssembly", module.shown());
                Error::new(Kind::Plugin, what).because(escape_lines(&error.to_string(), TEXT_ERROR_CHARS))
            })?;
            return fs::write(made, bytes).map_err(Error::at("write", made));
        }
        if module != made {
            fs::copy(&module, made).map_err(Error::at("write", made))?;
        }
        Ok(())
    }
}

/// Where cargo keeps the sources of other crates.
fn cargo_home() -> PathBuf {
    let own = std::env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty());
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    own.map_or_else(home, PathBuf::from)
}

/// Waits for a program, and ends it when the run is stopped.
fn wait(mut child: Child, cancel: Cancel<'_>) -> Result<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => {
                return Err(Error::new(Kind::Io, "cannot wait for a step of the build").because(error));
            }
        }
        if let Err(stopped) = cancel.check() {
            // Both fail only if it has ended.
            let _ = child.kill();
            let _ = child.wait();
            return Err(stopped);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
