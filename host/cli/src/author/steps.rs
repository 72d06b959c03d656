//! The steps of a build: commands with placeholders.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, escape_lines, shown};
use runner_pipeline::storage::read_small;
use runner_sandbox::{MAX_PLUGIN_BYTES, MAX_TEXT_BYTES};

use super::build::SCRATCH;
use super::language::Step;
use super::project::Project;
use super::shell::{Ended, Shell};
use super::tools::{Chosen, choose};

/// Maximum number of characters of an error in the text format.
const TEXT_ERROR_CHARS: usize = 1000;

/// What placeholders stand for.
pub(super) struct Places {
    folder: PathBuf,
    paths: Vec<(&'static str, String)>,
    chosen: Chosen,
    shell: Shell,
    /// Whether the steps that are run once need not be run again.
    is_prepared: bool,
}

impl Places {
    /// Finds the tools of a project. `folder` is its folder, and `made` the file
    /// that the steps make; `shell` runs them.
    ///
    /// # Errors
    /// If a tool is missing.
    pub(super) fn new(project: &Project, folder: PathBuf, made: &Path, shell: Shell) -> Result<Self> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let paths = vec![
            ("name", project.name.clone()),
            ("out", text(made)),
            ("build", text(&folder.join(SCRATCH))),
            ("sdk", text(&folder.join("runner"))),
            ("project", text(&folder)),
            ("cargo-home", text(&cargo_home())),
        ];
        let chosen = choose(&project.language.recipe, &folder, &shell)?;
        Ok(Self { folder, paths, chosen, shell, is_prepared: false })
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
        let variables: Vec<_> =
            step.env.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect();
        let ran = self.shell.run(&words, &variables, &self.folder, cancel);
        let Ended { status, said } = ran.map_err(|error| {
            let is_bare = error.kind() == Kind::Io && error.causes().next().is_none();
            if is_bare { error.because(shown_words.clone()) } else { error }
        })?;
        if status.success() {
            return Ok(());
        }
        // It may have got the same signal.
        cancel.check()?;
        let failed = Error::new(Kind::Io, format!("a step of the build failed: {status}"));
        Err(match said {
            Some(said) if !said.is_empty() => failed.because(Error::new(Kind::Io, shown_words).because(said)),
            _ => failed.because(shown_words),
        })
    }

    /// Each tool, with what it says of its version.
    pub(super) fn versions(&self) -> Vec<(String, String)> {
        let Shell::Confined(confined) = &self.shell else { return Vec::new() };
        let version = |command: &[String]| {
            // That is what two of the tools call it.
            let ways = ["--version", "version"].map(|word| [command, &[word.to_owned()]].concat());
            ways.iter().find_map(|words| confined.says(words)).unwrap_or_default()
        };
        self.chosen.tools.iter().map(|(name, command)| (name.clone(), version(command))).collect()
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
        let module = self.made(module)?;
        if is_text(&module) {
            return fs::write(made, translated(&module)?).map_err(Error::at("write", made));
        }
        if module != made {
            fs::copy(&module, made).map_err(Error::at("write", made))?;
        }
        Ok(())
    }

    /// The bytes of the module that the steps have made, in the binary format.
    ///
    /// # Errors
    /// As for [`take`](Self::take); if it is too large.
    pub(super) fn bytes(&self, module: &str) -> Result<Vec<u8>> {
        let module = self.made(module)?;
        if is_text(&module) { translated(&module) } else { read_small(&module, MAX_PLUGIN_BYTES) }
    }

    /// Where the steps have made the module.
    fn made(&self, module: &str) -> Result<PathBuf> {
        let module = self.folder.join(self.filled(module));
        if self.is_inside(&module) {
            return Ok(module);
        }
        Err(Error::new(Kind::Io, format!("the build has not made {}", module.shown()))
            .hint("the steps ended without an error; is the project's source complete?"))
    }

    /// Whether a module is a regular file of the project. The tools of a confined build
    /// may be in league with its source, and a link would lead out of it.
    fn is_inside(&self, module: &Path) -> bool {
        match self.shell {
            Shell::User { .. } => module.is_file(),
            Shell::Confined(_) => {
                let is_own = |real: PathBuf| real.as_path() == module;
                fs::symlink_metadata(module).is_ok_and(|metadata| metadata.is_file())
                    && fs::canonicalize(module).is_ok_and(is_own)
            }
        }
    }
}

fn is_text(module: &Path) -> bool {
    module.extension().is_some_and(|extension| extension == OsStr::new("wat"))
}

/// A module in the text format, in the binary one.
fn translated(module: &Path) -> Result<Vec<u8>> {
    let text = read_small(module, MAX_TEXT_BYTES)?;
    wat::parse_bytes(&text).map(std::borrow::Cow::into_owned).map_err(|mut error| {
        error.set_path(module);
        let what = format!("{} is not valid in the text format of WebAssembly", module.shown());
        Error::new(Kind::Plugin, what).because(escape_lines(&error.to_string(), TEXT_ERROR_CHARS))
    })
}

/// Where cargo keeps the sources of other crates.
fn cargo_home() -> PathBuf {
    let own = std::env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty());
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    own.map_or_else(home, PathBuf::from)
}
