//! What `install` and `update` are given: files, folders, references, and names.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, shown};
use runner_registry::push::tag_of;
use runner_registry::reference::{Place, Reference};
use runner_registry::repository::Repository as _;
use runner_store::lock_file::LockFile;
use runner_store::locked::Locked;
use runner_trust::id::{Id, Request};
use semver::Version;

use super::candidate::Candidate;
use super::carriers::{Carriers, NetworkArgs};
use crate::installed::{is_installed_name, read_lock, read_pins};
use crate::report::Reporter;

/// What an argument names.
pub(super) enum Source {
    Path(PathBuf),
    Reference(Reference),
    Name(Request),
}

impl Source {
    /// A file that is there is that file, whatever its name looks like.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it looks like a reference, and is none.
    pub(super) fn new(argument: &OsStr) -> Result<Self> {
        let path = Path::new(argument);
        let Some(argument) = argument.to_str().filter(|_| std::fs::symlink_metadata(path).is_err()) else {
            return Ok(Self::Path(path.to_owned()));
        };
        if Reference::is_meant(argument) {
            return argument.parse().map(Self::Reference);
        }
        if is_installed_name(argument) {
            return argument.parse().map(Self::Name);
        }
        Ok(Self::Path(path.to_owned()))
    }
}

/// Reads all plugins that are named.
///
/// # Errors
/// If one cannot be read or fetched, or is not packed.
pub(super) fn read(
    arguments: &[OsString],
    network: &NetworkArgs,
    reporter: &Reporter,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for argument in arguments {
        match Source::new(argument)? {
            Source::Path(path) if path.is_dir() => found.extend(in_folder(&path, reporter)?),
            Source::Path(path) => found.push(Candidate::read(&path)?.ok_or_else(|| not_packed(&path))?),
            Source::Reference(reference) => found.push(referred(&reference, network)?),
            Source::Name(request) => {
                let lock = read_lock()?.unwrap_or_default();
                found.push(named(&request, &Carriers::new(network)?, &lock)?);
            }
        }
    }
    Ok(found)
}

/// The plugin of a reference. It is pinned, too, if the lock file here names it with
/// this content.
///
/// # Errors
/// If it cannot be fetched, or is not packed.
pub(super) fn referred(reference: &Reference, network: &NetworkArgs) -> Result<Candidate> {
    if matches!(reference.place, Place::Web { .. }) && reference.blake3.is_none() {
        return Err(Error::new(Kind::Refused, format!("{reference} does not say which plugin it must be"))
            .hint("get the digest from the author, and append it: #blake3=DIGEST"));
    }
    let candidate = Carriers::new(network)?.fetch(reference)?.candidate(reference)?;
    let (lock, digest) = (read_lock()?.unwrap_or_default(), candidate.digest());
    let is_it = |locked: &&Locked| locked.id == candidate.package.id && locked.blake3 == digest;
    match lock.plugins().iter().find(is_it).cloned() {
        Some(locked) => held(candidate, locked),
        None => Ok(candidate),
    }
}

/// The same, held to what the lock file here says of it. That is a pin, too, unless others
/// may write to the file.
///
/// # Errors
/// As for [`Candidate::bound`].
pub(super) fn held(candidate: Candidate, locked: Locked) -> Result<Candidate> {
    let bound = candidate.bound(locked)?;
    Ok(if read_pins()?.is_some() { bound.pinned() } else { bound })
}

/// The plugin with this name in the registry of its namespace: in the version that
/// is asked for, or that the lock file demands, or the highest.
///
/// # Errors
/// If no registry is named for it, it is not there, or it is another plugin.
pub(super) fn named(request: &Request, carriers: &Carriers, lock: &LockFile) -> Result<Candidate> {
    let place = carriers.names.repository(request.namespace(), request.name())?;
    let locked = lock.get(request).map(|locked| &locked.id.version);
    let version = match request.version.as_ref().or(locked) {
        Some(version) => version.clone(),
        None => highest(&place, carriers)?.ok_or_else(|| {
            let what = format!("{place} has no version of {request}");
            Error::new(Kind::Usage, what).hint("versions for trial are named: NAMESPACE:NAME@VERSION")
        })?,
    };
    at_version(request, &version, (carriers, lock))
}

/// The highest version in a repository, without those for trial.
///
/// # Errors
/// If the tags cannot be read.
pub(super) fn highest(place: &Reference, carriers: &Carriers) -> Result<Option<Version>> {
    let Place::Registry { origin, repository } = &place.place else { return Ok(None) };
    let tags = carriers.registry(origin, repository)?.tags();
    let tags = tags.map_err(|error| error.within(format!("cannot list the versions of {place}")))?;
    let versions = tags.iter().filter_map(|tag| Version::parse(&tag.replace('_', "+")).ok());
    Ok(versions.filter(|version| version.pre.is_empty()).max())
}

/// A version of a plugin, which must be this plugin in this version.
///
/// # Errors
/// As for [`named`].
pub(super) fn at_version(
    request: &Request,
    version: &Version,
    (carriers, lock): (&Carriers, &LockFile),
) -> Result<Candidate> {
    let place = carriers.names.repository(request.namespace(), request.name())?;
    let reference = Reference { tag: Some(tag_of(&version.to_string())), ..place };
    let candidate = carriers.fetch(&reference)?.candidate(&reference)?;
    let wanted: Id = format!("{}:{}@{version}", request.namespace(), request.name()).parse()?;
    if candidate.package.id != wanted {
        let what = format!("{reference} is {}, and {wanted} is wanted", candidate.package.id);
        return Err(
            Error::new(Kind::Refused, what).hint("tell those who run the registry; nothing was installed")
        );
    }
    if let Some(locked) = lock.get(request).filter(|locked| locked.id == wanted) {
        return held(candidate, locked.clone());
    }
    Ok(candidate)
}

pub(super) fn not_packed(path: &Path) -> Error {
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
pub(super) fn in_folder(folder: &Path, reporter: &Reporter) -> Result<Vec<Candidate>> {
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
            Some(candidate) => found.push(candidate.of_folder()),
            None => reporter.note(&Page::of(format_args!("{} is not packed, and left out", path.shown())))?,
        }
    }
    if found.is_empty() {
        let what = format!("the folder {} has no packed plugin", shown(folder));
        return Err(
            Error::new(Kind::Usage, what).hint("its author packs a plugin with `runner plugin package`")
        );
    }
    Ok(found)
}
