//! `runner plugin install`, `update`, `grant` and `remove`.

use std::ffi::OsString;
use std::path::Path;

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_store::folder::{self, Folder};
use runner_store::index::{Index, Installed};
use runner_store::lock_file::{LockFile, NAME};
use runner_store::resolve::highest;
use runner_trust::id::Request;

use super::admission::{AdmissionArgs, admit};
use super::candidate::Candidate;
use super::carriers::{Carriers, NetworkArgs};
use super::lock::{locked_sources, now};
use super::new_file::put;
use super::sources::{at_version, highest as highest_tag, in_folder, read};
use super::vouching::say_granted;
use crate::Outcome;
use crate::capabilities::above_usual;
use crate::installed::{is_installed_name, read_lock};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;
use crate::turn::turn;

#[derive(Debug, ArgGroup)]
pub(crate) struct InstallArgs {
    /// Paths of .wasm files that `plugin package` has written, or of folders with such files; references
    /// to registries and layouts, as `plugin pull` takes them; or NAMESPACE:NAME[@VERSION], if
    /// registries.toml names a registry for the namespace. What comes over a network must be signed with
    /// a key that was given, or be pinned by a digest or by runner.lock
    #[arg(required_unless_present = "locked", value_name = "SOURCE")]
    sources: Vec<OsString>,
    /// Install what runner.lock of the current folder names, from where it says, or from the sources
    /// that are given, and nothing that differs from it in any way
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    admission: AdmissionArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct UpdateArgs {
    /// A folder with .wasm files that `plugin package` has written; without one, registries are asked.
    /// Then what to update: NAMESPACE:NAME [default: all that is installed and has a registry]
    #[arg(value_name = "FOLDER|NAME")]
    what: Vec<OsString>,
    #[command(flatten)]
    admission: AdmissionArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

/// Installs plugins from files, folders, registries and layouts.
///
/// # Errors
/// If there is none, or as for [`admit`].
pub(super) fn install(args: &InstallArgs, reporter: &Reporter) -> Result<Outcome> {
    let candidates = match args.locked {
        true => locked_sources(&args.sources, &args.network, reporter)?,
        false => read(&args.sources, &args.network, reporter)?,
    };
    admit(&candidates, &args.admission, reporter)?;
    Ok(Outcome::Done)
}

/// Installs what is newer in a folder or in the registries, and writes it into the
/// lock file if that names it.
///
/// # Errors
/// If one of the names is not installed, or as for [`admit`].
pub(super) fn update(args: &UpdateArgs, reporter: &Reporter) -> Result<Outcome> {
    let (folder, names) = match &args.what[..] {
        [first, names @ ..] if !is_installed_name(&first.to_string_lossy()) => {
            (Some(Path::new(first)), names)
        }
        names => (None, names),
    };
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let requests = requests(&names)?;
    let index = Folder::open(&folder::path()?)?.map(|folder| folder.store().index()).transpose()?;
    let index = index.unwrap_or_default();
    requests.iter().try_for_each(|request| highest(request, &index).map(|_| ()))?;
    let newer = match folder {
        Some(folder) => newer_in_folder(folder, &requests, &index, reporter)?,
        None => newer_in_registries(&requests, &index, &args.network)?,
    };
    if newer.is_empty() {
        reporter.show(&Page::of(format_args!(
            "{} nothing newer",
            folder.map_or("the registries have".to_owned(), |folder| format!("{} has", folder.shown()))
        )))?;
        return Ok(Outcome::Done);
    }
    let index = admit(&newer, &args.admission, reporter)?;
    let Some(mut lock) = read_lock()? else { return Ok(Outcome::Done) };
    let before = lock.clone();
    let installed = Folder::open(&folder::path()?)?;
    for candidate in &newer {
        let id = &candidate.package.id;
        let is_locked = lock.plugins().iter().any(|locked| locked.id.package() == id.package());
        if let Some((plugin, folder)) = index.get(id).filter(|_| is_locked).zip(installed.as_ref()) {
            lock.put(now(&folder.store(), plugin)?);
        }
    }
    if lock != before {
        put(Path::new(NAME), lock.to_text().as_bytes())?;
        reporter.show(&Page::of(format_args!("{NAME} demands the new versions now")))?;
    }
    Ok(Outcome::Done)
}

/// The highest version of each plugin in a folder that is above all installed ones.
fn newer_in_folder(
    folder: &Path,
    requests: &[Request],
    index: &Index,
    reporter: &Reporter,
) -> Result<Vec<Candidate>> {
    let mut newer: Vec<Candidate> = Vec::new();
    for candidate in in_folder(folder, reporter)? {
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
    Ok(newer)
}

/// The same from the registries of their namespaces.
fn newer_in_registries(requests: &[Request], index: &Index, network: &NetworkArgs) -> Result<Vec<Candidate>> {
    let carriers = Carriers::new(network)?;
    let mut asked = requests.to_vec();
    if requests.is_empty() {
        let has_registry = |plugin: &&Installed| carriers.names.has(&plugin.id.namespace);
        let named = index.plugins().iter().filter(has_registry).map(|plugin| plugin.id.package().parse());
        asked = named.collect::<Result<Vec<_>>>()?;
        asked.dedup();
        if asked.is_empty() {
            return Err(Error::new(Kind::Usage, "no registry is named for any plugin that is installed")
                .hint("name a folder with newer plugins, or write registries into registries.toml"));
        }
    }
    let mut newer = Vec::new();
    for request in &asked {
        let installed = &highest(request, index)?.id.version;
        let place = carriers.names.repository(request.namespace(), request.name())?;
        if let Some(version) = highest_tag(&place, &carriers)?.filter(|version| version > installed) {
            newer.push(at_version(request, &version, (&carriers, &LockFile::default()))?);
        }
    }
    Ok(newer)
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

pub(super) fn requests(names: &[String]) -> Result<Vec<Request>> {
    names.iter().map(|name| name.parse()).collect()
}
