//! `runner plugin install`, `update`, `remove` and `lock`.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_store::folder::{self, Folder};
use runner_store::index::{Index, Installed};
use runner_store::lock_file::{Locked, NAME};
use runner_store::resolve::highest;
use runner_trust::id::Request;

use super::admission::{AdmissionArgs, Candidate, admit, say_granted, turn};
use super::new_file::put;
use crate::Outcome;
use crate::capabilities::above_usual;
use crate::installed::read_lock;
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct InstallArgs {
    /// Paths of .wasm files that `plugin package` has written, or of folders with such files
    #[arg(required = true, value_name = "FILE|FOLDER")]
    sources: Vec<PathBuf>,
    #[command(flatten)]
    admission: AdmissionArgs,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct UpdateArgs {
    /// A folder with .wasm files that `plugin package` has written
    folder: PathBuf,
    /// What to update: NAMESPACE:NAME [default: all that is installed]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    admission: AdmissionArgs,
}

/// Installs plugins from files and folders.
///
/// # Errors
/// If there is none, or as for [`admit`].
pub(super) fn install(args: &InstallArgs, reporter: &Reporter) -> Result<Outcome> {
    let mut candidates = Vec::new();
    for source in &args.sources {
        if source.is_dir() {
            candidates.extend(in_folder(source, reporter)?);
        } else {
            candidates.push(Candidate::read(source)?.ok_or_else(|| not_packed(source))?);
        }
    }
    admit(&candidates, &args.admission, reporter)?;
    Ok(Outcome::Done)
}

fn not_packed(path: &Path) -> Error {
    let what = format!("nothing is written in {} that says which plugin it is", path.shown());
    Error::new(Kind::Usage, what).hint(
        "its author packs it with `runner plugin package`; a plugin that is not packed is run by its path: \
         `runner apply ./NAME.wasm`",
    )
}

/// All packed plugins in a folder. Others are named, and left out.
///
/// # Errors
/// If there is none; any I/O error.
fn in_folder(folder: &Path, reporter: &Reporter) -> Result<Vec<Candidate>> {
    let failed = || Error::at("list the folder", folder);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        match Candidate::read(&path)? {
            Some(candidate) => found.push(candidate),
            None => reporter.note(&Page::of(format_args!("{} is not packed, and left out", path.shown())))?,
        }
    }
    if found.is_empty() {
        return Err(Error::new(Kind::Usage, format!("the folder {} has no packed plugin", folder.shown()))
            .hint("its author packs a plugin with `runner plugin package`"));
    }
    Ok(found)
}

/// Installs what is newer in a folder, and writes it into the lock file if that names
/// it.
///
/// # Errors
/// If one of the names is not installed, or as for [`admit`].
pub(super) fn update(args: &UpdateArgs, reporter: &Reporter) -> Result<Outcome> {
    let requests = requests(&args.names)?;
    let index = Folder::open(&folder::path()?)?.map(|folder| folder.store().index()).transpose()?;
    let index = index.unwrap_or_default();
    requests.iter().try_for_each(|request| highest(request, &index).map(|_| ()))?;
    let mut newer: Vec<Candidate> = Vec::new();
    for candidate in in_folder(&args.folder, reporter)? {
        let id = &candidate.package.id;
        let is_asked = requests.is_empty() || requests.iter().any(|request| request.is_for_package(id));
        let above = |version: &semver::Version| id.version.cmp_precedence(version).is_gt();
        let package = id.package();
        let installed: Vec<_> =
            index.plugins().iter().filter(|plugin| plugin.id.package() == package).collect();
        if !is_asked || installed.is_empty() || !installed.iter().all(|plugin| above(&plugin.id.version)) {
            continue;
        }
        match newer.iter_mut().find(|other| other.package.id.package() == package) {
            Some(other) if above(&other.package.id.version) => *other = candidate,
            Some(_) => {}
            None => newer.push(candidate),
        }
    }
    if newer.is_empty() {
        reporter.show(&Page::of(format_args!("{} has nothing newer", args.folder.shown())))?;
        return Ok(Outcome::Done);
    }
    let index = admit(&newer, &args.admission, reporter)?;
    let Some(mut lock) = read_lock()? else { return Ok(Outcome::Done) };
    let before = lock.clone();
    for candidate in &newer {
        let id = &candidate.package.id;
        let is_locked = lock.plugins().iter().any(|locked| locked.id.package() == id.package());
        if let Some(plugin) = index.get(id).filter(|_| is_locked) {
            lock.put(Locked::from(plugin));
        }
    }
    if lock != before {
        put(Path::new(NAME), lock.to_text().as_bytes())?;
        reporter.show(&Page::of(format_args!("{NAME} demands the new versions now")))?;
    }
    Ok(Outcome::Done)
}

/// Removes plugins.
///
/// # Errors
/// If one is not installed; any I/O error.
pub(super) fn remove(names: &[String], reporter: &Reporter) -> Result<Outcome> {
    let requests = requests(names)?;
    let Some(folder) = Folder::open(&folder::path()?)? else {
        requests.iter().try_for_each(|request| highest(request, &Index::default()).map(|_| ()))?;
        return Ok(Outcome::Done);
    };
    let turn = turn(&folder, cancel_on_signals()?, reporter)?;
    let store = folder.store();
    let index = store.index()?;
    requests.iter().try_for_each(|request| highest(request, &index).map(|_| ()))?;
    let is_meant = |plugin: &&Installed| requests.iter().any(|request| request.is_for(&plugin.id));
    let gone: Vec<_> = index.plugins().iter().filter(is_meant).cloned().collect();
    let left = store.remove(&gone)?;
    folder.sweep(&left, &turn);
    let mut page = Page::default();
    gone.iter().for_each(|plugin| page.line(format_args!("removed {}", plugin.id)));
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// Grants installed plugins what they want.
///
/// # Errors
/// If one is not installed; any I/O error.
pub(super) fn grant(names: &[String], reporter: &Reporter) -> Result<Outcome> {
    let requests = requests(names)?;
    let folder = Folder::open(&folder::path()?)?;
    let Some(folder) = folder else {
        requests.iter().try_for_each(|request| highest(request, &Index::default()).map(|_| ()))?;
        return Ok(Outcome::Done);
    };
    let _turn = turn(&folder, cancel_on_signals()?, reporter)?;
    let store = folder.store();
    let index = store.index()?;
    let found = requests.iter().map(|request| highest(request, &index).cloned());
    let found = found.collect::<Result<Vec<_>>>()?;
    store.grant(&found)?;
    let mut page = Page::default();
    for plugin in found {
        if above_usual(&plugin.wants).is_usual() {
            page.line(format_args!("{} wants nothing beyond the usual limits", plugin.id));
        }
        say_granted(&Installed { granted: plugin.wants.clone(), ..plugin }, &mut page);
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// Writes installed plugins into the lock file of the current folder.
///
/// # Errors
/// If one is not installed, or its file is damaged; any I/O error.
pub(super) fn lock(names: &[String], reporter: &Reporter) -> Result<Outcome> {
    let requests = requests(names)?;
    let folder = Folder::open(&folder::path()?)?;
    let store = folder.as_ref().map(Folder::store);
    let index = store.as_ref().map(|store| store.index()).transpose()?.unwrap_or_default();
    let mut lock = read_lock()?.unwrap_or_default();
    let mut page = Page::default();
    for request in &requests {
        let plugin = highest(request, &index)?;
        if let Some(store) = &store {
            store.load(plugin)?;
        }
        page.line(format_args!("{NAME} demands {}, digest {}", plugin.id, plugin.blake3));
        lock.put(Locked::from(plugin));
    }
    put(Path::new(NAME), lock.to_text().as_bytes())?;
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

pub(super) fn requests(names: &[String]) -> Result<Vec<Request>> {
    names.iter().map(|name| name.parse()).collect()
}
