//! The folders with what is trusted and demanded, and what may be believed of a file
//! there.
//!
//! Nobody else may write to such a file or its folder; anybody may read them. A file that
//! is there and cannot be read, or cannot be believed, is an error: it may demand
//! something.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{Entry, OsStorage, Storage as _, read_small};
use runner_pipeline::user_state;
use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use crate::imports::{self, Import, Pin};
use crate::level::Level;
use crate::rules::{self, Policy};
use crate::text::MAX_BYTES;
use crate::trust::{self, Trust};

/// The folder of the machine.
pub const MACHINE: &str = "/etc/runner";
/// Write permission for the group and for others.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Where things are.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of the machine.
    pub machine: PathBuf,
    /// Whose it is.
    pub machine_owner: u32,
    /// The folder of the user, if there is one. For root it is that of the machine.
    pub user: Option<PathBuf>,
    /// The folder of the project.
    pub project: PathBuf,
}

/// This user's folder: `$RUNNER_CONFIG_DIR`; otherwise `runner` in `$XDG_CONFIG_HOME`;
/// otherwise `/etc/runner` for root, and `~/.config/runner` for other users. `None` if
/// none of these is an absolute path.
#[must_use]
pub fn user_folder() -> Option<PathBuf> {
    let home = Path::new(".config/runner");
    user_state::place(["RUNNER_CONFIG_DIR", "XDG_CONFIG_HOME"], Path::new(MACHINE), home)
}

impl Places {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let (machine, project) = (PathBuf::from(MACHINE), PathBuf::from("."));
        Self { machine, machine_owner: 0, user: user_folder(), project }
    }

    /// The folders with the level of each.
    fn folders(&self) -> impl Iterator<Item = (&Path, Level)> {
        let user = self.user.as_deref().filter(|user| *user != self.machine);
        let user = user.map(|user| (user, Level::User));
        [(self.machine.as_path(), Level::Machine)].into_iter().chain(user)
    }

    /// The keys that are trusted.
    ///
    /// # Errors
    /// If a file cannot be read or believed, or is not of its form.
    pub fn trust(&self) -> Result<Trust> {
        let mut trust = Trust::default();
        for (folder, level) in self.folders() {
            if let Some(bytes) = self.read(folder, trust::NAME, level)? {
                trust.add(Trust::parse(&bytes, &folder.join(trust::NAME), level)?);
            }
        }
        Ok(trust)
    }

    /// All policies, that of the machine first.
    ///
    /// # Errors
    /// If a file cannot be read or believed, or is not of its form.
    pub fn policies(&self) -> Result<Vec<Policy>> {
        let mut policies = Vec::new();
        for (folder, level) in self.folders() {
            if let Some(bytes) = self.read(folder, rules::NAME, level)? {
                policies.push(Policy::parse(&bytes, &folder.join(rules::NAME), level)?);
            }
        }
        let path = self.project.join(rules::PROJECT_NAME);
        if let Some(bytes) = of_project(&path)? {
            policies.push(Policy::parse(&bytes, Path::new(rules::PROJECT_NAME), Level::Project)?);
        }
        Ok(policies)
    }

    /// The audits of others that count.
    ///
    /// # Errors
    /// If a file cannot be read or believed, or is not of its form;
    /// [`Kind::Verification`] if a list is not the one that was imported.
    pub fn imports(&self) -> Result<Vec<Import>> {
        let mut found = Vec::new();
        for (folder, level) in self.folders() {
            for pin in self.pins(folder, level)? {
                let (name, path) = (pin.file_name(), folder.join(pin.file_name()));
                let list = self.read(folder, &name, level)?.ok_or_else(|| imports::damaged(&pin, &path))?;
                found.push(Import::new(pin, &list, &path, level)?);
            }
        }
        Ok(found)
    }

    /// What is imported by a folder.
    ///
    /// # Errors
    /// If the file cannot be read or believed, or is not of its form.
    pub fn pins(&self, folder: &Path, level: Level) -> Result<Vec<Pin>> {
        let bytes = self.read(folder, imports::NAME, level)?;
        bytes.map_or(Ok(vec![]), |bytes| imports::parse(&bytes, &folder.join(imports::NAME)))
    }

    /// The content of a file in a folder; `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::Refused`] if others may have written it; any I/O error.
    pub fn read(&self, folder: &Path, name: &str, level: Level) -> Result<Option<Vec<u8>>> {
        let Some(opened) = self.open_folder(folder, level)? else { return Ok(None) };
        let path = folder.join(name);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = match openat(&opened, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(refused(&path, "it is a symbolic link")),
            opened => opened.map_err(|error| hinted("open", &path, error))?.into(),
        };
        let stat = fstat(&file).map_err(|error| Error::io("inspect", &path, error.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(refused(&path, "it is not a regular file"));
        }
        self.check(&stat, level).map_err(|why| refused(&path, &why))?;
        if stat.st_nlink != 1 {
            return Err(refused(&path, "it has several names"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(Error::at("read", &path))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(refused(&path, "it has more than 1 MiB"));
        }
        Ok(Some(bytes))
    }

    /// Opens a folder that nobody else may write to; `None` if there is none.
    fn open_folder(&self, folder: &Path, level: Level) -> Result<Option<OwnedFd>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match openat(CWD, folder, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return Err(refused(folder, "it is not a folder, or a link to one"));
            }
            opened => opened.map_err(|error| hinted("open", folder, error))?,
        };
        let stat = fstat(&opened).map_err(|error| Error::io("inspect", folder, error.into()))?;
        self.check(&stat, level).map_err(|why| refused(folder, &why))?;
        Ok(Some(opened))
    }

    /// Whether nobody else may have written a file.
    fn check(&self, stat: &Stat, level: Level) -> Result<(), String> {
        let me = rustix::process::geteuid().as_raw();
        let is_own = match level {
            Level::Machine => stat.st_uid == 0 || stat.st_uid == self.machine_owner,
            _ => stat.st_uid == 0 || stat.st_uid == me,
        };
        if !is_own {
            return Err(format!("it belongs to user {}", stat.st_uid));
        }
        let mode = stat.st_mode & 0o7777;
        if mode & WRITABLE_BY_OTHERS != 0 {
            return Err(format!("other users may write to it (mode {mode:o})"));
        }
        Ok(())
    }
}

/// The content of the file of a project; `None` if there is none.
fn of_project(path: &Path) -> Result<Option<Vec<u8>>> {
    if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let entry = Entry::resolve(path)?;
    let failed = || Error::at("open", path);
    let owner = OsStorage.stat_entry(&entry).map_err(failed())?.owner;
    if !entry.is_trusted(owner).map_err(failed())? {
        return Err(refused(path, "it belongs to another user, who may have put it there"));
    }
    read_small(entry.path(), MAX_BYTES).map(Some)
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(Kind::Refused, format!("{} cannot be trusted", path.shown())).because(why.to_owned()).hint(
        "it decides which plugins run: find out who has changed that, and mend it; nothing is run until then",
    )
}

fn hinted(verb: &str, path: &Path, error: Errno) -> Error {
    Error::io(verb, path, error.into())
        .hint("it decides which plugins run: nothing is run while it cannot be read")
}
