//! A plugin that is to be installed: where it came from, what came with it, and what of
//! that counts.

use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, shown};
use runner_pipeline::storage::Storage;
use runner_registry::signatures::Found;
use runner_sandbox::plugin::Resolved;
use runner_sandbox::{Isolation, contract_version};
use runner_store::carrier::Carrier;
use runner_store::digest::Digest;
use runner_store::index::{Index, Installed};
use runner_store::locked::{Locked, NAME};
use runner_store::store::{New, Store};
use runner_trust::attestation::{Attestation, add, file_text, parse_file};
use runner_trust::package::{Package, Wants};
use runner_trust::signer::Signer;

use super::evidence::read_beside;
use super::inspect::section;
use super::vouching::{Demanded, further};
use crate::guard::Guard;
use crate::loaded_plugin::{limits, load_resolved};
use crate::report::Reporter;

/// Maximum number of characters of a summary.
const SUMMARY_CHARS: usize = 400;
/// The hint for a signature that does not fit.
pub(super) const NEW_KEY: &str =
    "if the author has a new key, give the file of the public key with --key, and `--accept signer`";

/// A plugin that was read. Nothing of it was run yet.
pub(super) struct Candidate {
    pub(super) package: Package,
    /// Where it was, for messages.
    pub(super) place: String,
    pub(super) source: Resolved,
    pub(super) signatures: Signatures,
    /// What is beside it. Nothing of it was checked.
    pub(super) attestations: Vec<Attestation>,
    from: Carrier,
    /// The user has said which content it must have.
    is_pinned: bool,
    /// What the lock file says of it, if that binds it.
    locked: Option<Locked>,
}

/// Where the signatures of a plugin are.
pub(super) enum Signatures {
    /// In files beside this one.
    Beside(PathBuf),
    /// They came with it.
    Given(Found),
}

impl Candidate {
    /// Reads a plugin; `None` if nothing is written in it that says which one it is.
    ///
    /// # Errors
    /// If it cannot be read, or what is written in it is wrong.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let source = Resolved::file(path)?;
        let package = section(&source)?;
        let Some(package) = package else { return Ok(None) };
        let attestations = read_beside(path)?;
        let (place, signatures) = (path.shown().to_string(), Signatures::Beside(path.to_owned()));
        let from = Carrier::File;
        let (is_pinned, locked) = (true, None);
        Ok(Some(Self { package, place, source, signatures, attestations, from, is_pinned, locked }))
    }

    /// A plugin that was fetched. `place` is escaped.
    pub(super) fn fetched(
        bytes: Vec<u8>,
        package: Package,
        found: Found,
        (from, place): (Carrier, String),
    ) -> Self {
        let source = Resolved { name: package.id.to_string(), path: None, bytes: bytes.into() };
        let attestations = found.attestations.clone();
        let signatures = Signatures::Given(found);
        let (is_pinned, locked) = (false, None);
        Self { package, place, source, signatures, attestations, from, is_pinned, locked }
    }

    /// The same, whose content the user has named.
    pub(super) fn pinned(self) -> Self {
        Self { is_pinned: true, ..self }
    }

    /// The same, whose content nobody has named.
    pub(super) fn unpinned(self) -> Self {
        Self { is_pinned: false, ..self }
    }

    /// The same, which must be what the lock file says: nothing else is installed.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is another plugin, or has another content.
    pub(super) fn bound(self, locked: Locked) -> Result<Self> {
        let (found, digest) = (&self.package.id, self.digest());
        let why = if *found != locked.id {
            format!("it is {found}, and {} is demanded", locked.id)
        } else if digest != locked.blake3 {
            format!("its digest is {digest}, and {} is demanded", locked.blake3)
        } else {
            return Ok(Self { locked: Some(locked), ..self });
        };
        Err(Error::new(Kind::Verification, format!("{} is not the plugin that {NAME} demands", self.place))
            .because(why)
            .hint(format!(
                "it was swapped or damaged, or {NAME} was changed by hand: do not use it, and find out which"
            )))
    }

    /// Holds what is to be installed against what the lock file says.
    ///
    /// # Errors
    /// [`Kind::Refused`], with the first difference.
    pub(super) fn as_locked(&self, new: &New) -> Result<()> {
        let Some(locked) = &self.locked else { return Ok(()) };
        let evidence = parse_file(&new.evidence)?;
        let differs = locked.difference(&new.plugin);
        match differs.or_else(|| locked.content_difference(&new.bytes, &evidence)) {
            None => Ok(()),
            Some(why) => {
                let what = format!("{} is not what {NAME} says of {}", self.place, locked.id);
                Err(Error::new(Kind::Refused, what).because(why).hint(format!(
                    "nothing was installed; find out whether {NAME} was changed by hand, or something is missing \
                     on the way: both should be as they were when it was locked"
                )))
            }
        }
    }

    /// Whether a lock file binds it.
    pub(super) fn is_locked(&self) -> bool {
        self.locked.is_some()
    }

    /// What to do about a signature that does not fit.
    pub(super) fn signature_hint(&self) -> String {
        let demanded = self.locked.as_ref().and_then(|locked| locked.signer.as_ref());
        demanded.map_or(NEW_KEY.to_owned(), |signer| format!("{NAME} demands the signature of {signer}"))
    }

    /// The same from a folder.
    pub(super) fn of_folder(self) -> Self {
        Self { from: Carrier::Folder, ..self }
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.source.bytes)
    }

    /// Runs the plugin, and holds what is written in it against what it says.
    pub(super) fn ask(&self, reporter: &Reporter) -> Result<()> {
        let plugin = load_resolved(&self.source, limits()?, Isolation::COMPILE_DEADLINE, reporter)?;
        self.package
            .check(plugin.manifest(), &contract_version())
            .map_err(|error| error.within(format!("{} is not installed", self.place)))
    }

    /// Whose signature it has: that of `key`, or of whoever signed it before, or of a
    /// trusted author. What came over a network must have one, or be pinned.
    pub(super) fn signer(
        &self,
        key: Option<&Signer>,
        index: &Index,
        guard: &Guard,
    ) -> Result<Option<(Signer, String)>> {
        let signed = self.checked(key, index, guard)?;
        let is_there = index.get(&self.package.id).is_some_and(|there| there.blake3 == self.digest());
        if signed.is_none() && self.from.is_remote() && !self.is_pinned && !is_there {
            return Err(self.unvouched(guard)?);
        }
        Ok(signed)
    }

    fn checked(
        &self,
        key: Option<&Signer>,
        index: &Index,
        guard: &Guard,
    ) -> Result<Option<(Signer, String)>> {
        let id = &self.package.id;
        // Whose signature it must be is only for a file to say that is a pin.
        let pin = self.locked.as_ref().filter(|_| self.is_pinned);
        let key = key.or(pin.and_then(|locked| locked.signer.as_ref()));
        let seen = index.seen(id).and_then(|seen| seen.signer.as_ref());
        if key.is_none()
            && let Some(found) = self.trusted(guard)?
            && seen.is_none_or(|seen| guard.is_next(id, seen, &found.0))
        {
            return Ok(Some(found));
        }
        let Some(signer) = key.or(seen) else { return Ok(None) };
        let demanded = if key.is_some() { Demanded::Yes } else { Demanded::No };
        match &self.signatures {
            Signatures::Beside(path) => self.beside_signature(signer, path, demanded),
            Signatures::Given(found) => self.given_signature(signer, found, demanded),
        }
    }

    /// The attestations that are in the store, and those beside the file.
    pub(super) fn evidence<S: Storage>(
        &self,
        store: Option<&Store<'_, S>>,
        index: &Index,
    ) -> Result<Vec<u8>> {
        let is_same = |present: &&Installed| present.blake3 == self.digest();
        let mut all = match store.zip(index.get(&self.package.id).filter(is_same)) {
            // What is damaged is replaced, as a damaged plugin is.
            Some((store, present)) => {
                store.evidence(present).and_then(|text| parse_file(&text)).unwrap_or_default()
            }
            None => Vec::new(),
        };
        self.attestations.iter().try_for_each(|one| add(&mut all, one.clone()))?;
        Ok(file_text(&all).into_bytes())
    }

    /// What is to be put into the store.
    ///
    /// # Errors
    /// If a signature beside its file cannot be read.
    pub(super) fn to_store(
        &self,
        signed: Option<(Signer, String)>,
        evidence: Vec<u8>,
        present: Option<&Installed>,
        (granted, guard): (Wants, &Guard),
    ) -> Result<New> {
        let Package { id, contract, manifest, wants, .. } = &self.package;
        let (signer, signature) = signed.unzip();
        let more_signatures = match &signature {
            Some(own) => further(self.all_signatures()?, own, present),
            None => Vec::new(),
        };
        let vetted_by = guard.attesters(id, &self.source.bytes, &evidence);
        let plugin = Installed {
            id: id.clone(),
            blake3: self.digest(),
            bytes: self.source.bytes.len() as u64,
            contract: contract.clone(),
            summary: shown(&manifest.summary).cut(SUMMARY_CHARS).to_string(),
            signer,
            signature,
            more_signatures,
            from: self.from.clone(),
            evidence: None,
            wants: wants.clone(),
            granted,
            vetted_by,
        };
        Ok(New { plugin, bytes: self.source.bytes.to_vec(), evidence })
    }
}
