//! The steps of a build: commands with placeholders.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use super::build::SCRATCH;
use super::language::Step;
use super::project::Project;
use super::tools::{find, search_path};

/// How often a step is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What placeholders stand for.
pub(super) struct Places {
    folder: PathBuf,
    paths: Vec<(&'static str, String)>,
    tools: Vec<(String, Vec<String>)>,
    search_path: OsString,
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
        ];
        let search_path = search_path(&folder);
        let find = |tool| find(tool, &search_path).map(|command| (tool.name.clone(), command));
        let tools = project.language.recipe.tools.iter().map(find).collect::<Result<_>>()?;
        Ok(Self { folder, paths, tools, search_path })
    }

    /// Runs a step, and shows what it says.
    ///
    /// # Errors
    /// If it fails, or the run was stopped.
    pub(super) fn run(&self, step: &Step, cancel: Cancel<'_>) -> Result<()> {
        let mut words = Vec::new();
        for word in &step.run {
            let tool = self.tools.iter().find(|(name, _)| *word == format!("{{{name}}}"));
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

    /// A word with its placeholders filled in. A tool is a word of its own.
    fn filled(&self, word: &str) -> String {
        let mut text = word.to_owned();
        for (name, value) in &self.paths {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
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
