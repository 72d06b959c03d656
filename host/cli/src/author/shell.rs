//! Who runs the commands of a build: this user, or a confined process.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};

use super::confined::Confined;

/// How often a step is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Runs commands.
#[derive(Debug)]
pub(super) enum Shell {
    /// With the rights and the environment of this user.
    User {
        /// Where programs are looked for.
        search_path: OsString,
    },
    /// With hardly any.
    Confined(Confined),
}

/// How a command has ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// What it has said, unless that was shown at once.
    pub(super) said: Option<String>,
}

impl Shell {
    /// Where tools are looked for, for people. `own` are folders of a project.
    pub(super) fn places(&self, own: &[&str]) -> String {
        match self {
            Self::User { .. } => {
                format!("it is looked for on the PATH, and in {} of the project", own.join(", "))
            }
            Self::Confined(_) => {
                "it is looked for on the PATH, but not in the folder of the source; what it reads elsewhere \
                 is opened with --tools"
                    .to_owned()
            }
        }
    }

    /// Whether a command works in a folder. A confined one is run in an empty one.
    pub(super) fn works(&self, words: &[String], folder: &Path) -> bool {
        let search_path = match self {
            Self::Confined(confined) => return confined.works(words),
            Self::User { search_path } => search_path,
        };
        let Some((program, arguments)) = words.split_first() else { return false };
        Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env("PATH", search_path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Runs a command in a folder, with these variables.
    ///
    /// # Errors
    /// If it cannot be started, or the run was stopped.
    pub(super) fn run(
        &self,
        words: &[String],
        variables: &[(String, String)],
        folder: &Path,
        cancel: Cancel<'_>,
    ) -> Result<Ended> {
        let search_path = match self {
            Self::Confined(confined) => {
                let (status, said) = confined.run(words, variables, folder, cancel)?;
                return Ok(Ended { status, said: Some(said) });
            }
            Self::User { search_path } => search_path,
        };
        let failed = |why: String| Error::new(Kind::Io, format!("a step of the build failed: {why}"));
        let Some((program, arguments)) = words.split_first() else {
            return Err(failed("it has no program".to_owned()));
        };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env("PATH", search_path).stdin(Stdio::null());
        for (name, value) in variables {
            command.env(name, value);
        }
        // Standard output is for what this program says.
        let output = std::io::stderr().as_fd().try_clone_to_owned();
        command.stdout(output.map_or_else(|_| Stdio::null(), Stdio::from));
        let child = command.spawn().map_err(|error| failed(error.to_string()))?;
        Ok(Ended { status: wait(child, cancel)?, said: None })
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
