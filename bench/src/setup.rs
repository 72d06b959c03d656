//! Where a benchmark runs, and what its cases are made from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use super::suite::Options;
use super::{measure, peers};
use crate::corpus::{self, Kind};
use xtask::shell;

/// In a quick run, corpora are this many times smaller.
const QUICK: u64 = 64;

/// What all cases share.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) quick: bool,
    /// What `-j` is by default.
    pub(super) cores: usize,
    /// Whether `runner apply` knows `--profile`.
    pub(super) has_profile: bool,
    folder: PathBuf,
    runner: PathBuf,
}

impl Setup {
    /// Builds `runner`, installs peers, and clears the folder for working
    /// files.
    pub(super) fn new(options: &Options) -> Result<Self, String> {
        peers::install();
        shell::run(shell::cargo().args(["build", "--release", "--locked", "--package", "runner"]))?;
        let runner = shell::root().join("target/release/runner");
        let help = shell::output(Command::new(&runner).args(["help", "apply"]))?;
        let setup = Self {
            quick: options.quick,
            cores: thread::available_parallelism().map_or(1, usize::from),
            has_profile: help.contains("--profile"),
            folder: shell::root().join("target/bench"),
            runner,
        };
        setup.clear()?;
        Ok(setup)
    }

    pub(super) fn runner(&self) -> &Path {
        &self.runner
    }

    /// The program with the bundled plugins compiled natively. Where there is
    /// no such package, its folder, which no one can run.
    pub(super) fn native(&self) -> Result<PathBuf, String> {
        let package = shell::root().join("bench/native");
        if !package.join("Cargo.toml").is_file() {
            return Ok(package);
        }
        shell::run(shell::cargo().args(["build", "--release", "--locked", "--package", "runner-native"]))?;
        Ok(shell::root().join("target/release/runner-native"))
    }

    /// A working file.
    pub(super) fn work(&self, name: &str) -> PathBuf {
        self.folder.join("work").join(name)
    }

    /// Removes all working files.
    pub(super) fn clear(&self) -> Result<(), String> {
        let folder = self.folder.join("work");
        let clear = || {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir_all(&folder)
        };
        clear().map_err(|error| format!("{}: {error}", folder.display()))
    }

    /// A size, or what takes its place in a quick run.
    pub(super) fn size(&self, size: u64) -> u64 {
        if self.quick { size / QUICK } else { size }
    }

    /// A corpus of a size, or of what takes its place in a quick run.
    pub(super) fn corpus(&self, kind: Kind, size: u64) -> Result<PathBuf, String> {
        corpus::make(kind, self.size(size))
    }

    /// A guest of `bench/guests`, compiled, with a piece of its text changed.
    pub(super) fn guest(&self, name: &str, change: Option<(&str, &str)>) -> Result<PathBuf, String> {
        let source = shell::root().join("bench/guests").join(format!("{name}.wat"));
        let mut text =
            fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
        let mut built = format!("{name}.wasm");
        if let Some((find, with)) = change {
            if !text.contains(find) {
                return Err(format!("{}: there is no `{find}`", source.display()));
            }
            text = text.replace(find, with);
            built = format!("{name}-changed.wasm");
        }
        let wasm = wat::parse_str(&text).map_err(|error| format!("{}: {error}", source.display()))?;
        let path = self.work(&built);
        fs::write(&path, wasm).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    pub(super) fn environment(&self, command: &mut Command) {
        command.current_dir(self.folder.join("work"));
        measure::set_environment(command, &self.folder.join("cache"));
    }

    /// Text without the folders of this machine.
    pub(super) fn short(&self, text: &str) -> String {
        let root = shell::root();
        let folders = [self.folder.join("work"), root.join("target/corpus"), root.join("target/release")];
        let folders = folders.iter().map(PathBuf::as_path).chain([root]);
        folders.fold(text.to_owned(), |text, folder| text.replace(&format!("{}/", folder.display()), ""))
    }
}
