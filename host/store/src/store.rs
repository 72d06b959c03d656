//! The files of a store: written so that no crash spoils it, and hashed whenever
//! they are read.
//!
//! A plugin gets its name once it is durable and was read back. Then the index is
//! replaced, in one step: that is the point at which something is installed. What
//! is removed leaves the index first, and its file after that. So a file without an
//! entry may be left, and an entry without its file never is.
//!
//! Only one process may change a store at a time: whoever opens it must see to that.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{Access, Entry, Storage};
use runner_trust::attestation;
use runner_trust::id::Id;

use crate::digest::Digest;
use crate::index::{Index, Installed};
use crate::own_file;
use crate::rules::{Change, Outcome, admit};
use crate::text::MAX_BYTES;

/// The name of the index.
pub const INDEX: &str = "installed.toml";
/// The name of a plugin's file ends so.
pub const SUFFIX: &str = ".wasm";
/// The name of a file with attestations ends so.
pub(crate) const EVIDENCE_SUFFIX: &str = attestation::SUFFIX;

/// A plugin that is to be installed.
#[derive(Debug, Clone)]
pub struct New {
    /// What the index is to say.
    pub plugin: Installed,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The content of the file with its attestations; empty if it has none.
    pub evidence: Vec<u8>,
}

impl New {
    /// What the index is to say of it, attestations included.
    fn to_name(&self) -> Installed {
        let evidence = (!self.evidence.is_empty()).then(|| Digest::of(&self.evidence));
        Installed { evidence, ..self.plugin.clone() }
    }
}

/// A store on some filesystem.
#[derive(Debug)]
pub struct Store<'s, S> {
    storage: &'s S,
    /// Where the index is.
    index: Entry,
    /// Any name in the folder of the plugins.
    plugins: Entry,
}

impl<'s, S: Storage> Store<'s, S> {
    /// A store in two folders, given by any name in each.
    #[must_use]
    pub fn new(storage: &'s S, folder: &Entry, plugins: &Entry) -> Self {
        Self { storage, index: folder.sibling(INDEX), plugins: plugins.clone() }
    }

    /// What is installed.
    ///
    /// # Errors
    /// [`Kind::Refused`] if another user may have written it, [`Kind::Verification`]
    /// if it is damaged; any I/O error.
    pub fn index(&self) -> Result<Index> {
        match own_file::read(self.storage, &self.index, MAX_BYTES)? {
            Some(bytes) => Index::parse(&bytes).map_err(|error| {
                let path = self.index.path().shown();
                error.hint(format!("{path} is written by this program alone: restore it, or move it away and install the plugins again"))
            }),
            None => Ok(Index::default()),
        }
    }

    /// Installs plugins: all of them, or none. Returns what became of each.
    ///
    /// # Errors
    /// If one may not be installed (see [`rules`](crate::rules)); any I/O error.
    pub fn install(&self, new: &[New], accepted: &[Change]) -> Result<Vec<Outcome>> {
        let mut index = self.index()?;
        let outcomes = new.iter().map(|new| admit(&mut index, new.to_name(), accepted));
        let outcomes = outcomes.collect::<Result<Vec<_>>>()?;
        // Also those that are there: they may be damaged, or not durable yet.
        new.iter().try_for_each(|new| self.put(&self.file(new.plugin.blake3), &new.bytes))?;
        for new in new.iter().filter(|new| !new.evidence.is_empty()) {
            self.put(&self.evidence_file(Digest::of(&new.evidence)), &new.evidence)?;
        }
        own_file::sync_names(self.storage, &self.plugins)?;
        self.replace_index(&index)?;
        Ok(outcomes)
    }

    /// Grants plugins what they want: all of them, or none.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn grant(&self, plugins: &[Installed]) -> Result<()> {
        let mut index = self.index()?;
        plugins.iter().for_each(|plugin| index.grant(plugin));
        self.replace_index(&index)
    }

    /// Removes plugins: all of them, or none. Returns what is left.
    ///
    /// # Errors
    /// Any I/O error. Once the index is written, what cannot be removed is only
    /// left over.
    pub fn remove(&self, plugins: &[Installed]) -> Result<Index> {
        let mut index = self.index()?;
        plugins.iter().for_each(|plugin| index.remove(&plugin.id));
        self.replace_index(&index)?;
        for plugin in plugins.iter().filter(|plugin| !index.names(plugin.blake3)) {
            // Nothing names it any more.
            let _ = self.storage.remove(&self.file(plugin.blake3));
        }
        let evidence = plugins.iter().filter_map(|plugin| plugin.evidence);
        for digest in evidence.filter(|digest| !index.names_evidence(*digest)) {
            let _ = self.storage.remove(&self.evidence_file(digest));
        }
        Ok(index)
    }

    /// The bytes of an installed plugin, which are hashed.
    ///
    /// # Errors
    /// [`Kind::Verification`] if its file is missing or has other bytes,
    /// [`Kind::Refused`] if another user may have written it; any I/O error.
    pub fn load(&self, plugin: &Installed) -> Result<Vec<u8>> {
        self.hashed(&self.file(plugin.blake3), (plugin.blake3, plugin.bytes), &plugin.id)
    }

    /// The content of the file with a plugin's attestations, which is hashed; empty
    /// if it has none. No attestation counts for being here.
    ///
    /// # Errors
    /// As for [`Store::load`].
    pub fn evidence(&self, plugin: &Installed) -> Result<Vec<u8>> {
        let Some(digest) = plugin.evidence else { return Ok(Vec::new()) };
        let limit_bytes = attestation::MAX_FILE_BYTES as u64;
        self.hashed(&self.evidence_file(digest), (digest, limit_bytes), &plugin.id)
    }

    /// The content of a file of a plugin, if it is the right one. It has so many
    /// bytes at most.
    fn hashed(&self, entry: &Entry, (digest, limit_bytes): (Digest, u64), id: &Id) -> Result<Vec<u8>> {
        let spoilt = |why: &str| {
            Error::new(Kind::Verification, format!("the installed plugin {id} is damaged"))
                .because(format!("{} {why}", entry.path().shown()))
                .hint("install it again; if you have not changed it, find out who has")
        };
        let bytes = own_file::read(self.storage, entry, limit_bytes)?.ok_or_else(|| spoilt("is missing"))?;
        if Digest::of(&bytes) == digest { Ok(bytes) } else { Err(spoilt("has other bytes")) }
    }

    /// The file of a plugin.
    fn file(&self, digest: Digest) -> Entry {
        self.plugins.sibling(format!("{digest}{SUFFIX}"))
    }

    /// The file with these attestations.
    fn evidence_file(&self, digest: Digest) -> Entry {
        self.plugins.sibling(format!("{digest}{EVIDENCE_SUFFIX}"))
    }

    /// Makes sure that a file that is named by its content is there, and its content
    /// durable.
    fn put(&self, entry: &Entry, bytes: &[u8]) -> Result<()> {
        let found = own_file::read(self.storage, entry, bytes.len() as u64);
        if found.ok().flatten().as_deref() != Some(bytes) {
            return own_file::write(self.storage, entry, bytes);
        }
        // Whoever wrote it may have been killed before it was durable.
        let failed = || Error::at("sync", entry.path());
        let file = self.storage.open(entry, Access::Read).map_err(failed())?;
        self.storage.sync_all(&file).map_err(failed())
    }

    /// Replaces the index in one step, durably.
    fn replace_index(&self, index: &Index) -> Result<()> {
        let text = index.to_text();
        if text.len() as u64 > MAX_BYTES {
            let what = format!("the index of installed plugins would have more than {MAX_BYTES} bytes");
            return Err(Error::new(Kind::Refused, what).hint("`runner plugin remove` removes some"));
        }
        own_file::replace(self.storage, &self.index, text.as_bytes())
    }
}
