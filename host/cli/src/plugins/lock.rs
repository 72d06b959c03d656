//! `runner plugin lock`, and `install --locked`: what a project uses is written down, and
//! got again on another machine.

use std::ffi::OsString;
use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, shown};
use runner_pipeline::storage::OsStorage;
use runner_registry::reference::Reference;
use runner_store::folder::{self, Folder};
use runner_store::index::Installed;
use runner_store::lock_file::{LockFile, NAME};
use runner_store::locked::Locked;
use runner_store::resolve::highest;
use runner_store::store::Store;
use runner_trust::attestation::parse_file;
use runner_trust::id::Request;

use super::candidate::Candidate;
use super::carriers::{Carriers, NetworkArgs};
use super::install::requests;
use super::new_file::put;
use super::sources::{Source, held, in_folder, not_packed};
use crate::Outcome;
use crate::installed::read_lock;
use crate::report::Reporter;

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
        page.line(format_args!("{NAME} demands {}, digest {}", plugin.id, plugin.blake3));
        if let Some(store) = &store {
            lock.put(now(store, plugin)?);
        }
    }
    put(Path::new(NAME), lock.to_text().as_bytes())?;
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// What a lock file says of an installed plugin as it is now.
///
/// # Errors
/// If its file or that of its attestations is damaged; any I/O error.
pub(super) fn now(store: &Store<'_, OsStorage>, plugin: &Installed) -> Result<Locked> {
    let evidence = parse_file(&store.evidence(plugin)?)?;
    Ok(Locked::new(plugin, &store.load(plugin)?, &evidence))
}

/// The plugins that the lock file names, from where it says, or from the files and folders
/// that are given; or only those with the given names. None of them was held against the
/// lock file yet, but each is bound to what that says of it.
///
/// # Errors
/// [`Kind::Refused`] if there is no lock file, or it does not name what is given; if
/// something cannot be read or fetched, or is not packed.
pub(super) fn locked_sources(
    arguments: &[OsString],
    network: &NetworkArgs,
    reporter: &Reporter,
) -> Result<Vec<Candidate>> {
    let Some(lock) = read_lock()? else {
        return Err(Error::new(Kind::Refused, format!("there is no {NAME} in the current folder"))
            .hint("run the command in the folder of the project, or without --locked"));
    };
    let mut found = Vec::new();
    for argument in arguments {
        match Source::new(argument)? {
            Source::Path(path) if path.is_dir() => {
                let is_named =
                    |one: &Candidate| lock.plugins().iter().any(|locked| locked.id == one.package.id);
                let named = in_folder(&path, reporter)?.into_iter().filter(is_named);
                found.extend(named.map(|one| bound(one, &lock)).collect::<Result<Vec<_>>>()?);
            }
            Source::Path(path) => {
                let candidate = Candidate::read(&path)?.ok_or_else(|| not_packed(&path))?;
                found.push(bound(candidate, &lock)?);
            }
            Source::Reference(reference) => {
                let candidate = Carriers::new(network)?.fetch(&reference)?.candidate(&reference)?;
                found.push(bound(candidate, &lock)?);
            }
            Source::Name(request) => found.push(recorded(demanded(&request, &lock)?, network)?),
        }
    }
    if arguments.is_empty() {
        let all = lock.plugins().iter().map(|locked| recorded(locked, network));
        found = all.collect::<Result<Vec<_>>>()?;
    }
    if found.is_empty() {
        return Err(Error::new(Kind::Refused, format!("nothing of what {NAME} names is there")));
    }
    Ok(found)
}

/// What the lock file says of the plugin that is asked for.
fn demanded<'l>(request: &Request, lock: &'l LockFile) -> Result<&'l Locked> {
    lock.get(request).filter(|locked| request.is_for(&locked.id)).ok_or_else(|| {
        Error::new(Kind::Refused, format!("{NAME} does not name the plugin {request}"))
            .hint(format!("with --locked, only what {NAME} names is installed"))
    })
}

/// The plugin from where the lock file says that it is.
fn recorded(locked: &Locked, network: &NetworkArgs) -> Result<Candidate> {
    let id = &locked.id;
    let Some(source) = &locked.source else {
        return Err(Error::new(Kind::Usage, format!("{NAME} does not say where {id} comes from"))
            .because("it was installed from a file or a folder when it was locked")
            .hint("get the file from those who keep the project: `runner plugin install --locked FILE`"));
    };
    let reference: Reference = source.parse().map_err(|error: Error| {
        error.within(format!("the source of {id} in {NAME}, {}, is none", shown(source)))
    })?;
    if !reference.is_remote() {
        let what = format!("the source of {id} in {NAME} is {reference}, which is no place on a network");
        return Err(Error::new(Kind::Refused, what)
            .hint(format!("{NAME} was changed by hand: take it from the project again")));
    }
    let candidate = Carriers::new(network)?.fetch(&reference)?.candidate(&reference)?;
    // The digest in the reference is the lock file's word, not the user's.
    held(candidate.unpinned(), locked.clone())
}

/// A plugin with what the lock file says of it.
fn bound(candidate: Candidate, lock: &LockFile) -> Result<Candidate> {
    let request: Request = candidate.package.id.package().parse()?;
    let Some(locked) = lock.get(&request) else {
        let what = format!("{NAME} does not name the plugin {}", candidate.package.id);
        return Err(Error::new(Kind::Refused, what)
            .hint(format!("with --locked, only what {NAME} names is installed")));
    };
    let locked = locked.clone();
    held(candidate, locked)
}
