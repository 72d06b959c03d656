//! Runs the tools of a build confined: without a network, without the user's files and
//! environment, with a folder of its own as the only one that can be changed, and with
//! limits. What it runs ends with it.
//!
//! It is for sources of others. A compiler runs code of what it compiles, or reads any
//! file that a source names; `docs/security.md` says which do.

mod inside;
mod output;
mod roots;
mod usage;
mod wire;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use runner_confine::{Layers, State};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, escape};
use rustix::process::{Pid, Signal, kill_process_group};

pub(crate) use self::inside::child_main;
use self::output::Output;
pub(crate) use self::wire::Demand;
use self::wire::{COMMAND, NAMESPACES, NOT_CONFINED, Request, Stage};

/// How often a program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often the size of the folder is looked at.
const MEASURE_EVERY: Duration = Duration::from_millis(100);
/// Where rustup keeps compilers, in the home of a user.
const RUSTUP: &str = ".rustup";

/// What a user says about the confinement of a build.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// How far it must go.
    pub(crate) demand: Demand,
    /// Further folders with tools, which can be read.
    pub(crate) tools: Vec<PathBuf>,
    /// The time that all programs may take together.
    pub(crate) time: Duration,
}

/// A place in which programs are run confined.
#[derive(Debug)]
pub(super) struct Confined {
    demand: Demand,
    /// The folder that can be changed: absolute, without links.
    room: PathBuf,
    executable: Vec<PathBuf>,
    search_path: OsString,
    rustup: Option<PathBuf>,
    end: Instant,
    time: Duration,
}

impl Confined {
    /// A place in a folder that is empty but for what a caller puts there. Tools are
    /// looked for on the search path of this process, but not in `source`. `programs`
    /// are those that will be needed.
    ///
    /// # Errors
    /// If a folder has a name that is not UTF-8; any I/O error.
    pub(super) fn new<'p>(
        room: &Path,
        source: &Path,
        programs: impl Iterator<Item = &'p str>,
        wish: &Wish,
    ) -> Result<Self> {
        let room = fs::canonicalize(room).map_err(Error::at("open the folder", room))?;
        let source = fs::canonicalize(source).map_err(Error::at("open the folder", source))?;
        for folder in ["home", "tmp", "empty"] {
            let folder = room.join(folder);
            fs::create_dir_all(&folder).map_err(Error::at("create the folder", &folder))?;
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let is_of_machine = |folder: &PathBuf| {
            folder.is_absolute() && fs::canonicalize(folder).is_ok_and(|real| !real.starts_with(&source))
        };
        let folders: Vec<_> = env::split_paths(&path).filter(is_of_machine).collect();
        let mut rustup = None;
        let mut executable = Vec::new();
        for program in programs {
            executable.extend(roots::of_program(program, &folders));
            if program == "cargo" {
                rustup = rustup_home();
            }
        }
        for folder in &wish.tools {
            executable.push(fs::canonicalize(folder).map_err(Error::at("open the folder", folder))?);
        }
        executable.extend(rustup.clone());
        executable.sort();
        executable.dedup();
        // What is not UTF-8 is on no path that a tool could be told.
        executable.retain(|folder| folder.to_str().is_some());
        let search_path = env::join_paths(&folders).unwrap_or_default();
        let end = Instant::now() + wish.time;
        Ok(Self { demand: wish.demand, room, executable, search_path, rustup, end, time: wish.time })
    }

    /// The layers that the system lacks, for people.
    ///
    /// # Errors
    /// [`Kind::Refused`] if all are demanded and one is missing; if the processes cannot
    /// be started.
    pub(super) fn lacking(&self) -> Result<Vec<String>> {
        let mut command = self.command(&[], &self.room.join("empty"))?;
        let output = command.stdin(Stdio::null()).output().map_err(cannot_start)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines();
        let namespaces = lines.next().and_then(|line| line.strip_prefix(NAMESPACES));
        let layers = lines.next().and_then(|line| line.parse::<Layers>().ok());
        let Some((namespaces, layers)) = namespaces.zip(layers) else {
            return Err(Error::new(Kind::Io, "the process that runs the tools has failed")
                .because(escape(&String::from_utf8_lossy(&output.stderr), 1000)));
        };
        let mut lacking: Vec<_> = layers
            .lacking()
            .map(|(layer, state)| match state {
                State::Partial => format!("{layer} (in part)"),
                _ => layer.to_string(),
            })
            .collect();
        if namespaces != "full" {
            lacking.insert(0, "namespaces".to_owned());
        }
        if lacking.is_empty() || self.demand == Demand::WhatThereIs {
            return Ok(lacking);
        }
        let what = format!("the build cannot be confined here: {} missing", lacking.join(", "));
        Err(Error::new(Kind::Refused, what)
            .because("the source is built with tools that run its code, or read any file that it names")
            .hint("namespaces may be switched off (kernel.unprivileged_userns_clone, user.max_user_namespaces, AppArmor), and containers often forbid them")
            .hint("--allow-less-confinement builds with the layers that there are: only in a machine that has nothing else"))
    }

    /// Whether a program ends without an error.
    pub(super) fn works(&self, words: &[String]) -> bool {
        self.says(words).is_some()
    }

    /// The first line that a program says, if it ends without an error.
    pub(super) fn says(&self, words: &[String]) -> Option<String> {
        let (status, said) = self.run(words, &[], &self.room.join("empty"), Cancel::NEVER).ok()?;
        status.success().then(|| said.lines().next().unwrap_or_default().to_owned())
    }

    /// Runs a program to its end, with these variables, and gives what it has said.
    ///
    /// # Errors
    /// If it cannot be confined or started, takes too long, or writes too much; if the
    /// run was stopped.
    pub(super) fn run(
        &self,
        words: &[String],
        variables: &[(String, String)],
        folder: &Path,
        cancel: Cancel<'_>,
    ) -> Result<(ExitStatus, String)> {
        let mut command = self.command(words, folder)?;
        for (name, value) in variables {
            command.env(name, value);
        }
        let output = Output::take(&mut command).map_err(cannot_start)?;
        let mut child = command.stdin(Stdio::null()).spawn().map_err(cannot_start)?;
        // It holds the other end of what is read here.
        drop(command);
        let ended = self.wait(&mut child, cancel);
        let text = output.text();
        let status = ended?;
        if status.code() == Some(NOT_CONFINED) {
            return Err(Error::new(Kind::Refused, "a tool was not run").because(text));
        }
        Ok((status, text))
    }

    fn command(&self, words: &[String], folder: &Path) -> Result<Command> {
        let request = Request {
            stage: Stage::Outer { parent: std::process::id() },
            demand: self.demand,
            room: self.room.clone(),
            folder: folder.to_owned(),
            executable: self.executable.clone(),
            words: words.to_vec(),
        };
        let request = serde_json::to_string(&request).map_err(|error| {
            Error::new(Kind::Usage, format!("the name of the folder {} is not UTF-8", self.room.shown()))
                .because(error)
                .hint("set TMPDIR to another folder")
        })?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("runner").args([COMMAND, &request]).process_group(0);
        command.env_clear();
        command.env("PATH", &self.search_path).env("LANG", "C");
        let places = [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_CACHE_HOME", "home/.cache"),
            ("CARGO_HOME", "home/.cargo"),
        ];
        for (name, place) in places {
            command.env(name, self.room.join(place));
        }
        if let Some(rustup) = &self.rustup {
            command.env("RUSTUP_HOME", rustup);
        }
        // There is no network, so that waiting for it is in vain.
        command.env("CARGO_NET_OFFLINE", "true");
        Ok(command)
    }

    fn wait(&self, child: &mut Child, cancel: Cancel<'_>) -> Result<ExitStatus> {
        let mut measured = Instant::now();
        let ended = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Ok(status),
                Ok(None) => {}
                Err(error) => {
                    break Err(Error::new(Kind::Io, "cannot wait for a step of the build").because(error));
                }
            }
            if let Err(stopped) = cancel.check() {
                break Err(stopped);
            }
            if Instant::now() >= self.end {
                break Err(Error::new(
                    Kind::Interrupted,
                    format!("the build took longer than {} s", self.time.as_secs_f64()),
                )
                .hint("give it more time with --timeout"));
            }
            if measured.elapsed() >= MEASURE_EVERY {
                if let Err(error) = self.check_usage() {
                    break Err(error);
                }
                measured = Instant::now();
            }
            std::thread::sleep(LOOK_EVERY);
        };
        if ended.is_err() {
            // The first process of the namespace dies with this one, and all others with
            // it. Where there are no namespaces, what has left the group goes on.
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
            let _ = child.wait();
        }
        let ended = ended?;
        self.check_usage()?;
        Ok(ended)
    }

    fn check_usage(&self) -> Result<()> {
        usage::check(&self.room)
    }
}

fn cannot_start(error: io::Error) -> Error {
    Error::new(Kind::Io, "cannot start the process that runs the tools").because(error)
}

fn rustup_home() -> Option<PathBuf> {
    let own = env::var_os("RUSTUP_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = own.or_else(|| Some(env::home_dir()?.join(RUSTUP)))?;
    fs::canonicalize(folder).ok()
}
