//! `runner plugin export` and `import`: a folder that carries plugins to another
//! machine.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_pipeline::storage::read_small;
use runner_store::folder::{self, Folder};
use runner_store::lock_file::{LOCK_BYTES, LockFile, NAME};
use runner_store::locked::Locked;
use runner_store::resolve::highest;

use super::admission::{AdmissionArgs, admit};
use super::candidate::Candidate;
use super::install::requests;
use super::lock::now;
use super::new_file::{attestations_beside, put};
use crate::Outcome;
use crate::report::Reporter;
use crate::signature_files::named;

#[derive(Debug, ArgGroup)]
pub(crate) struct ExportArgs {
    /// The folder to write, which must not exist or be empty
    folder: PathBuf,
    /// What to write: NAMESPACE:NAME, the highest version, or NAMESPACE:NAME@VERSION [default: the
    /// highest version of all that is installed]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct ImportArgs {
    /// A folder that `plugin export` has written
    folder: PathBuf,
    #[command(flatten)]
    admission: AdmissionArgs,
}

/// Writes installed plugins into a folder, with their signatures and attestations,
/// and a list of what is there.
///
/// # Errors
/// If one is not installed or damaged, or the folder is not empty; any I/O error.
pub(super) fn export(args: &ExportArgs, reporter: &Reporter) -> Result<Outcome> {
    let into = &args.folder;
    let Some(folder) = Folder::open(&folder::path()?)? else {
        return Err(Error::new(Kind::Usage, "no plugin is installed"));
    };
    let store = folder.store();
    let index = store.index()?;
    let names = match args.names.is_empty() {
        true => index.plugins().iter().map(|plugin| plugin.id.package()).collect(),
        false => args.names.clone(),
    };
    let mut list = LockFile::default();
    let mut chosen = Vec::new();
    for request in requests(&names)? {
        let plugin = highest(&request, &index)?;
        if let Some(other) = list.get(&request).filter(|other| other.id != plugin.id) {
            let what =
                format!("only one version of a plugin can be written, not {} and {}", other.id, plugin.id);
            return Err(Error::new(Kind::Usage, what).hint("write the other one into another folder"));
        }
        if list.get(&request).is_none() {
            chosen.push((plugin, store.load(plugin)?, store.evidence(plugin)?));
        }
        list.put(now(&store, plugin)?);
    }
    if chosen.is_empty() {
        return Err(Error::new(Kind::Usage, "no plugin is installed"));
    }
    std::fs::create_dir_all(into).map_err(Error::at("create the folder", into))?;
    let mut there = std::fs::read_dir(into).map_err(Error::at("list the folder", into))?;
    if there.next().is_some() {
        return Err(Error::new(Kind::Refused, format!("the folder {} is not empty", into.shown()))
            .hint("name one that does not exist"));
    }
    let mut page = Page::default();
    for (plugin, bytes, evidence) in &chosen {
        let path = into.join(plugin.id.file_name());
        put(&path, bytes)?;
        let signatures = plugin.signature.iter().chain(&plugin.more_signatures);
        for (file, text) in named(&path, signatures.map(String::as_str)) {
            put(&file, text.as_bytes())?;
        }
        if !evidence.is_empty() {
            put(&attestations_beside(&path), evidence)?;
        }
        page.line(format_args!("{}: {}", path.shown(), plugin.id));
    }
    // Without this, the folder is not one that can be imported.
    put(&into.join(NAME), list.to_text().as_bytes())?;
    page.line(format_args!(
        "{} written; `runner plugin import` takes the folder",
        count(chosen.len() as u64, "plugin")
    ));
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// Installs all plugins of a folder that `export` has written.
///
/// # Errors
/// If one is missing or is not the one that is listed, or as for [`admit`].
pub(super) fn import(args: &ImportArgs, reporter: &Reporter) -> Result<Outcome> {
    let list = args.folder.join(NAME);
    let bytes = read_small(&list, LOCK_BYTES).map_err(|error| {
        error.hint("`runner plugin export` writes such folders; `runner plugin install FOLDER` takes any")
    })?;
    let list =
        LockFile::parse(&bytes).map_err(|error| error.within(format!("cannot use {}", list.shown())))?;
    let candidates = list.plugins().iter().map(|locked| listed(&args.folder, locked));
    admit(&candidates.collect::<Result<Vec<_>>>()?, &args.admission, reporter)?;
    Ok(Outcome::Done)
}

/// The plugin that a list names.
fn listed(folder: &Path, locked: &Locked) -> Result<Candidate> {
    let path = folder.join(locked.id.file_name());
    let found = Candidate::read(&path)?;
    let found = found.filter(|found| found.package.id == locked.id && found.digest() == locked.blake3);
    found.ok_or_else(|| {
        Error::new(
            Kind::Verification,
            format!("{} is not the plugin {} of the list", path.shown(), locked.id),
        )
        .because(format!("the digest must be {}", locked.blake3))
        .hint("it was damaged or changed on its way: export it again")
    })
}
