//! Finds plugins by name: bundled ones, those that the user has installed, and
//! files.

use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::storage::{Entry, OsStorage, Storage as _, read_small};
use runner_sandbox::plugin::{self, Resolved};
use runner_store::folder::{self, Folder};
use runner_store::index::{Index, Installed};
use runner_store::lock_file::{LOCK_BYTES, LockFile, NAME};
use runner_store::resolve::{Locking, not_locked, resolve as choose};
use runner_trust::attestation::parse_file;
use runner_trust::id::Request;
use runner_trust::package::Package;

/// Write permission for the group and for others.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A plugin that was found.
pub(crate) struct Found {
    pub(crate) source: Resolved,
    /// What the store says of it, if it is installed.
    pub(crate) plugin: Option<Installed>,
    /// The lock file names it with this digest.
    pub(crate) is_locked: bool,
    /// Other users may write to that file.
    pub(crate) is_lock_open: bool,
    /// Its attestations, as they are in the store.
    pub(crate) evidence: Vec<u8>,
}

/// Finds a plugin, and its bytes alone. See [`find`].
///
/// # Errors
/// As for [`find`].
pub(crate) fn resolve(name: &str, locking: Locking) -> Result<Resolved> {
    find(name, locking).map(|found| found.source)
}

/// Finds a plugin: `NAMESPACE:NAME` or `NAMESPACE:NAME@VERSION` is one that is
/// installed, and anything else is what [`plugin::resolve`] finds.
///
/// # Errors
/// If there is none; [`Kind::Refused`] if it may not be run.
pub(crate) fn find(name: &str, locking: Locking) -> Result<Found> {
    if !is_installed_name(name) {
        let found = plugin::resolve(name).map_err(|error| suggest(name, error))?;
        if found.path.is_some() && locking == Locking::Strict {
            let what = format!("{} is a file, and with --locked only locked plugins are run", shown(name));
            return Err(Error::new(Kind::Refused, what)
                .hint("`runner plugin install` and `runner plugin lock` install and lock it"));
        }
        let (plugin, evidence) = (None, Vec::new());
        return Ok(Found { source: found, plugin, is_locked: false, is_lock_open: false, evidence });
    }
    let request: Request = name.parse()?;
    let lock = read_lock()?;
    let Some(folder) = Folder::open(&folder::path()?)? else {
        // What is asked for may be wrong in several ways; the answer is the same.
        choose(&request, &Index::default(), lock.as_ref(), locking)?;
        return Err(Error::new(Kind::Internal, "a plugin was found where there is none"));
    };
    let store = folder.store();
    let index = store.index()?;
    let found = choose(&request, &index, lock.as_ref(), locking)?;
    let bytes = store.load(found)?;
    check(found, &bytes)?;
    // Damaged ones count for nothing, as those that are not there.
    let evidence = store.evidence(found).unwrap_or_default();
    let locked = lock.as_ref().and_then(|lock| lock.get(&request));
    if let Some(locked) = locked {
        let attestations = parse_file(&evidence).unwrap_or_default();
        let differs = locked.content_difference(&bytes, &attestations);
        differs.map_or(Ok(()), |why| Err(not_locked(locked, why)))?;
    }
    let (is_locked, is_lock_open) = (locked.is_some(), is_lock_open()?);
    let source = Resolved { name: found.id.to_string(), path: None, bytes: bytes.into() };
    Ok(Found { source, plugin: Some(found.clone()), is_locked, is_lock_open, evidence })
}

/// Holds what the index says of a plugin against its bytes: who it is, and who has signed
/// it.
///
/// # Errors
/// [`Kind::Verification`] if it is something else.
fn check(found: &Installed, bytes: &[u8]) -> Result<()> {
    let wrong = |why: Error| {
        Error::new(Kind::Verification, format!("the index of installed plugins is wrong about {}", found.id))
            .because(why.to_string())
            .hint("`runner plugin remove` removes the plugin; install it again")
    };
    let other = |what: &str| wrong(Error::new(Kind::Verification, format!("the plugin says that it {what}")));
    let package = Package::read(bytes).map_err(wrong)?.filter(|package| package.id == found.id);
    let package = package.ok_or_else(|| other("is another one"))?;
    if package.wants != found.wants {
        return Err(other("wants something else"));
    }
    match &found.signer {
        Some(signer) => {
            let signature = found.signature.as_deref().unwrap_or_default();
            signer.verify(&found.id, bytes, signature).map(drop).map_err(wrong)
        }
        None => Ok(()),
    }
}

/// Whether an argument names an installed plugin. What looks like a path is one.
pub(crate) fn is_installed_name(name: &str) -> bool {
    let is_file = |end: &str| name.ends_with(end);
    name.contains(':') && !name.contains('/') && !is_file(".wasm") && !is_file(".wat")
}

/// Adds the installed plugins whose name is the one that was looked for.
fn suggest(name: &str, error: Error) -> Error {
    let index = folder::path().and_then(|path| Folder::open(&path)).ok().flatten();
    let Some(index) = index.and_then(|folder| folder.store().index().ok()) else { return error };
    let mut found: Vec<_> = index.plugins().iter().filter(|plugin| plugin.id.name == name).collect();
    found.dedup_by_key(|plugin| plugin.id.package());
    let names: Vec<_> = found.iter().map(|plugin| plugin.id.package()).collect();
    if names.is_empty() { error } else { error.hint(format!("installed: {}", names.join(", "))) }
}

/// The lock file of the current folder, if there is one.
///
/// # Errors
/// [`Kind::Refused`] if another user may have put it there, [`Kind::Verification`] if
/// it is not of its form; any I/O error.
pub(crate) fn read_lock() -> Result<Option<LockFile>> {
    let path = Path::new(NAME);
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let entry = Entry::resolve(path)?;
    let failed = || Error::at("open", path);
    let owner = OsStorage.stat_entry(&entry).map_err(failed())?.owner;
    if !entry.is_trusted(owner).map_err(failed())? {
        return Err(Error::new(
            Kind::Refused,
            format!("{NAME} belongs to another user, who may have put it here"),
        )
        .hint("run the command in another folder, or remove the file"));
    }
    let bytes = read_small(entry.path(), LOCK_BYTES)?;
    LockFile::parse(&bytes).map(Some).map_err(|error| {
        error.within(format!("cannot use {NAME}")).hint("take it from the project again, or remove it")
    })
}

/// The lock file of the current folder, if it pins what it names: nobody else may write to
/// it.
///
/// # Errors
/// As for [`read_lock`].
pub(crate) fn read_pins() -> Result<Option<LockFile>> {
    let lock = read_lock()?;
    if is_lock_open()? { Ok(None) } else { Ok(lock) }
}

/// Whether other users may write to the lock file of the current folder.
///
/// # Errors
/// Any I/O error.
fn is_lock_open() -> Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = Path::new(NAME);
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.permissions().mode() & WRITABLE_BY_OTHERS != 0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("inspect", path, error)),
    }
}
