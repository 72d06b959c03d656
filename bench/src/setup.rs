//! The folders and programs that all cases use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use xtask::shell;

use crate::corpus::{self, Kind};
use crate::peers;

/// The package with the program that is measured, and the program's name.
const RUNNER_PACKAGE: &str = "runner-wasm";
const RUNNER_BINARY: &str = "runner";
/// The package with the bundled plugins compiled natively, and its program.
const NATIVE: &str = "runner-native";

/// The environment variable with the folder for compiled plugins.
pub(crate) const CACHE_VARIABLE: &str = "RUNNER_CACHE_DIR";

/// A quick run divides the size of large files by this.
const QUICK_DIVISOR: u64 = 64;

/// How large files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Full,
    /// Small files, for a smoke test.
    Quick,
}

/// What all cases share.
#[derive(Debug)]
pub(crate) struct Setup {
    scale: Scale,
    /// The default of `-j`.
    pub(crate) cores: usize,
    /// Whether `runner apply` has the option `--profile`.
    pub(crate) has_profile: bool,
    folder: PathBuf,
    runner: PathBuf,
}

impl Setup {
    /// Builds `runner`, and empties the folder of working files.
    pub(crate) fn new(scale: Scale) -> Result<Self, String> {
        let runner = build(RUNNER_PACKAGE, RUNNER_BINARY)?;
        let help = shell::output(Command::new(&runner).args(["help", "apply"]))?;
        let setup = Self {
            scale,
            cores: thread::available_parallelism().map_or(1, usize::from),
            has_profile: help.contains("--profile"),
            folder: shell::root().join("target/bench"),
            runner,
        };
        setup.clear()?;
        Ok(setup)
    }

    pub(crate) fn runner(&self) -> &Path {
        &self.runner
    }

    /// Builds the program with the bundled plugins compiled natively. If the
    /// package is absent, this is its folder, which cannot be executed.
    pub(crate) fn native(&self) -> Result<PathBuf, String> {
        let package = shell::root().join("bench/native");
        if package.join("Cargo.toml").is_file() { build(NATIVE, NATIVE) } else { Ok(package) }
    }

    /// The path of a working file.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.folder.join("work").join(name)
    }

    /// Removes all working files.
    pub(crate) fn clear(&self) -> Result<(), String> {
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

    pub(crate) fn is_quick(&self) -> bool {
        self.scale == Scale::Quick
    }

    /// The number of bytes to use for a file of `size` bytes.
    pub(crate) fn size(&self, size: u64) -> u64 {
        if self.is_quick() { size / QUICK_DIVISOR } else { size }
    }

    /// A corpus of `size` bytes, or fewer in a quick run.
    pub(crate) fn corpus(&self, kind: Kind, size: u64) -> Result<PathBuf, String> {
        corpus::make(kind, self.size(size))
    }

    /// Compiles a guest from `bench/guests`, with one piece of its text
    /// replaced if `change` is given.
    pub(crate) fn guest(&self, name: &str, change: Option<(&str, &str)>) -> Result<PathBuf, String> {
        let source = shell::root().join("bench/guests").join(format!("{name}.wat"));
        let mut text =
            fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
        let mut output = format!("{name}.wasm");
        if let Some((find, with)) = change {
            if !text.contains(find) {
                return Err(format!("{}: `{find}` not found", source.display()));
            }
            text = text.replace(find, with);
            output = format!("{name}-changed.wasm");
        }
        let wasm = wat::parse_str(&text).map_err(|error| format!("{}: {error}", source.display()))?;
        let path = self.work(&output);
        fs::write(&path, wasm).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Sets a command's working folder and environment: peers on the path, the
    /// C locale, in which they are fastest, and a cache for compiled plugins,
    /// unless the command has one already.
    pub(crate) fn set_environment(&self, command: &mut Command) {
        command.current_dir(self.folder.join("work")).env("PATH", peers::path()).env("LC_ALL", "C");
        if command.get_envs().all(|(name, _)| name != CACHE_VARIABLE) {
            command.env(CACHE_VARIABLE, self.folder.join("cache"));
        }
    }

    /// Removes the folders of this machine from a text.
    pub(crate) fn shorten(&self, text: &str) -> String {
        let root = shell::root();
        let folders = [self.folder.join("work"), root.join("target/corpus"), root.join("target/release")];
        let folders = folders.iter().map(PathBuf::as_path).chain([root]);
        folders.fold(text.to_owned(), |text, folder| text.replace(&format!("{}/", folder.display()), ""))
    }
}

/// Builds a program in release mode, and returns its path.
fn build(package: &str, binary: &str) -> Result<PathBuf, String> {
    shell::run(shell::cargo().args(["build", "--release", "--locked", "--package", package]))?;
    Ok(shell::root().join("target/release").join(binary))
}
