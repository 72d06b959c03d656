//! The files in which this user says what is trusted.

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::storage::{Entry, OsStorage};
use runner_policy::level::Level;
use runner_policy::places::Places;
use runner_policy::trust::{self, Trust};
use runner_store::folder::{self, Folder, Turn};
use runner_store::own_file;

use crate::guard::places;
use crate::plugins::turn;
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

/// The file of this user, or of the machine for root, while no other process changes it.
pub(super) struct Ours {
    pub(super) places: Places,
    pub(super) folder: PathBuf,
    pub(super) level: Level,
    pub(super) text: String,
    _turn: (Folder, Turn),
}

impl Ours {
    pub(super) fn open(reporter: &Reporter) -> Result<Self> {
        let places = places();
        let Some(folder) = places.user.clone() else {
            return Err(Error::new(Kind::Usage, "there is no folder for what this user trusts")
                .hint("set HOME, XDG_CONFIG_HOME or RUNNER_CONFIG_DIR to an absolute path"));
        };
        let level = if folder == places.machine { Level::Machine } else { Level::User };
        let store = Folder::open_or_create(&folder::path()?)?;
        let turn = turn(&store, cancel_on_signals()?, reporter)?;
        let bytes = places.read(&folder, trust::NAME, level)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let ours = Self { places, folder, level, text, _turn: (store, turn) };
        ours.parse(&bytes)?;
        Ok(ours)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(trust::NAME)
    }

    pub(super) fn parse(&self, bytes: &[u8]) -> Result<Trust> {
        Trust::parse(bytes, &self.path(), self.level)
    }

    /// Replaces the file, if what is to be there is right.
    pub(super) fn replace(&self, text: &str) -> Result<()> {
        self.parse(text.as_bytes()).map_err(|error| {
            error
                .within("the file would not be right any more, so it was not changed")
                .hint("change it by hand")
        })?;
        self.write(trust::NAME, text)
    }

    /// Replaces a file beside it.
    ///
    /// # Errors
    /// Any I/O error; then the old one is there.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let failed = || Error::at("create the folder", &self.folder);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed())?;
        let path = self.folder.join(name);
        let entry = Entry::resolve(&path)?;
        own_file::replace(&OsStorage, &entry, text.as_bytes())?;
        if self.level == Level::Machine {
            // All users must be able to read it.
            readable(&path).map_err(Error::at("change the mode of", &path))?;
            readable_folder(&self.folder).map_err(Error::at("change the mode of", &self.folder))?;
        }
        self.places.read(&self.folder, name, self.level).map(drop)
    }
}

fn readable(path: &Path) -> std::io::Result<()> {
    let file = File::open(path)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()
}

fn readable_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.set_permissions(Permissions::from_mode(0o755))
}
