//! Where plugins are fetched from and brought to: registries, layouts, archives, and
//! web servers.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ArgGroup;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{Entry, OsStorage, Storage as _, read_small};
use runner_policy::places::user_folder;
use runner_registry::archive::Archive;
use runner_registry::connection::{Connection, Network};
use runner_registry::credentials::Credentials;
use runner_registry::layout::{Folder, Layout};
use runner_registry::names::{FILE, FILE_BYTES, Names};
use runner_registry::origin::Origin;
use runner_registry::pull::{Pulled, pull};
use runner_registry::reference::{Place, Reference};
use runner_registry::registry::{Registry, web_file};
use runner_registry::repository::{Name, Repository};
use runner_registry::signatures::Found;
use runner_sandbox::MAX_PLUGIN_BYTES;
use runner_store::carrier::Carrier;
use runner_trust::package::Package;

use super::candidate::Candidate;
use crate::args::seconds;
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct NetworkArgs {
    /// Trust the certificates in this file (PEM) for registries and web servers, and no others [default:
    /// those in $SSL_CERT_FILE and $SSL_CERT_DIR, or of the system]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Time limit for all that is fetched from one server, or sent to it
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    network_timeout: Duration,
}

/// All that is needed to reach carriers.
pub(super) struct Carriers {
    network: Network,
    pub(super) names: Names,
    cancel: Cancel<'static>,
}

impl Carriers {
    /// # Errors
    /// If the user's configuration cannot be used.
    pub(super) fn new(args: &NetworkArgs) -> Result<Self> {
        let network = Network { ca_file: args.ca_file.clone(), timeout: args.network_timeout };
        Ok(Self { network, names: names()?, cancel: cancel_on_signals()? })
    }

    /// Connects to a registry, with the user's login for it.
    ///
    /// # Errors
    /// If the login cannot be read, or the process for the network does not start.
    pub(super) fn registry(&self, origin: &Origin, repository: &str) -> Result<Registry<'static>> {
        let credentials = Credentials::of(origin, repository, self.network.timeout)?;
        let realms = self.names.realms(origin);
        let connection = Connection::open(&origin.api(), credentials, realms, &self.network, self.cancel)?;
        Ok(Registry::new(connection, repository))
    }

    /// Fetches a plugin, which must have the content that the reference names.
    ///
    /// # Errors
    /// If it is not there, is none, or has another content.
    pub(super) fn fetch(&self, reference: &Reference) -> Result<Fetched> {
        let mut fetched =
            self.pulled(reference).map_err(|error| error.within(format!("cannot fetch {reference}")))?;
        let digest = blake3::hash(&fetched.pulled.bytes).to_string();
        if let Some(wanted) = reference.blake3.as_ref().filter(|wanted| **wanted != digest) {
            let what = format!("{reference} is not the plugin that is named");
            return Err(Error::new(Kind::Verification, what)
                .because(format!("its digest is {digest}, and {wanted} is named"))
                .hint("do not use it; find out which of the two is right"));
        }
        let package = match fetched.pulled.bytes.starts_with(b"\0asm") {
            true => Package::read(&fetched.pulled.bytes)
                .map_err(|error| error.within(format!("cannot read {reference}")))?,
            false => None,
        };
        fetched.package = package;
        Ok(fetched)
    }

    fn pulled(&self, reference: &Reference) -> Result<Fetched> {
        let address = |digest: String| {
            Reference { tag: None, digest: None, blake3: None, ..reference.clone() }.to_string() + &digest
        };
        let (pulled, from) = match &reference.place {
            Place::Registry { origin, repository } => {
                let name = name(reference).ok_or_else(|| {
                    Error::new(Kind::Usage, "the reference says no version")
                        .hint("append `:TAG`, such as `:1.2.0`")
                })?;
                let pulled = pull(&mut self.registry(origin, repository)?, name, MAX_PLUGIN_BYTES)?;
                let from = Carrier::Registry(address(format!("@{}", pulled.manifest)));
                (pulled, from)
            }
            Place::Layout(path) => {
                (from_layout(Layout::open(Folder(path.clone()))?, reference)?, Carrier::Layout)
            }
            Place::Archive(path) => {
                (from_layout(Layout::open(Archive::open(path)?)?, reference)?, Carrier::Layout)
            }
            Place::Web { origin, path } => {
                let connection = Connection::open(origin, None, Vec::new(), &self.network, self.cancel)?;
                let bytes = web_file(connection, path, MAX_PLUGIN_BYTES)?;
                let from = Carrier::Web(address(format!("#blake3={}", blake3::hash(&bytes))));
                let sha256 = runner_registry::digest::Digest::of(&bytes);
                let found = Found::default();
                (Pulled { manifest: sha256.clone(), sha256, bytes, found }, from)
            }
        };
        Ok(Fetched { pulled, from, package: None })
    }
}

/// A plugin that was fetched.
pub(super) struct Fetched {
    pub(super) pulled: Pulled,
    pub(super) from: Carrier,
    /// What is written in it.
    pub(super) package: Option<Package>,
}

impl Fetched {
    /// The plugin that is to be installed.
    ///
    /// # Errors
    /// [`Kind::Usage`] if nothing is written in it that says which one it is.
    pub(super) fn candidate(self, reference: &Reference) -> Result<Candidate> {
        let Self { pulled, from, package } = self;
        let package = package.ok_or_else(|| not_packed(reference))?;
        let candidate =
            Candidate::fetched(pulled.bytes, package, pulled.found, (from, reference.to_string()));
        Ok(if reference.is_pinned() { candidate.pinned() } else { candidate })
    }
}

/// The error for a plugin in which nothing is written.
pub(super) fn not_packed(reference: &Reference) -> Error {
    let what = format!("nothing is written in the plugin {reference} that says which one it is");
    Error::new(Kind::Usage, what)
        .hint("its author packs it with `runner plugin package`, and pushes it again")
}

fn name(reference: &Reference) -> Option<Name<'_>> {
    let digest = reference.digest.as_ref().map(Name::Digest);
    digest.or(reference.tag.as_deref().map(Name::Tag))
}

fn from_layout<F>(mut layout: Layout<F>, reference: &Reference) -> Result<Pulled>
where
    Layout<F>: Repository,
    F: runner_registry::layout::Files,
{
    match name(reference) {
        Some(name) => pull(&mut layout, name, MAX_PLUGIN_BYTES),
        None => {
            let only = layout.only()?;
            pull(&mut layout, Name::Digest(&only), MAX_PLUGIN_BYTES)
        }
    }
}

/// What the user's configuration says of registries.
fn names() -> Result<Names> {
    let Some(path) = user_folder().map(|folder| folder.join(FILE)) else { return Ok(Names::default()) };
    if std::fs::symlink_metadata(&path).is_err() {
        return Ok(Names::default());
    }
    let entry = Entry::resolve(&path)?;
    let failed = || Error::at("open", &path);
    let owner = OsStorage.stat_entry(&entry).map_err(failed())?.owner;
    if !entry.is_trusted(owner).map_err(failed())? {
        let what = format!("{} belongs to another user, who may have put it there", path.shown());
        return Err(
            Error::new(Kind::Refused, what).hint("it decides where plugins come from: make it your own")
        );
    }
    Names::parse(&read_small(entry.path(), FILE_BYTES)?)
        .map_err(|error| error.within(format!("cannot use {}", path.shown())))
}
