//! The authors whose keys are trusted, and what they have signed.

use std::path::Path;

use runner_pipeline::error::Result;
use runner_policy::trust::{Key, Role};
use runner_trust::format::Format;
use runner_trust::id::Id;
use runner_trust::signer::Signer;

use super::Guard;
use crate::signature_files;

impl Guard {
    /// The trusted authors who have signed a plugin, with their signatures.
    pub(super) fn signers(
        &self,
        id: &Id,
        bytes: &[u8],
        signatures: &[(Format, String)],
    ) -> Vec<(Signer, String)> {
        let mut found: Vec<(Signer, String)> = Vec::new();
        for key in self.situation.trust.keys_for(Role::Author, Some(id)) {
            let is_there = found.iter().any(|(signer, _)| *signer == key.signer);
            let of_format = |(format, _): &&(Format, String)| *format == key.signer.format();
            let verified = |(_, text): &&(Format, String)| key.signer.verify(id, bytes, text).is_ok();
            if let Some((_, text)) = signatures.iter().filter(of_format).find(verified).filter(|_| !is_there)
            {
                found.push((key.signer.clone(), text.clone()));
            }
        }
        found
    }

    /// The signatures beside a plugin's file, if there is a trusted author who may have
    /// made one.
    ///
    /// # Errors
    /// If a signature cannot be read.
    pub(crate) fn signatures_beside(&self, id: &Id, path: &Path) -> Result<Vec<(Format, String)>> {
        if self.situation.trust.keys_for(Role::Author, Some(id)).next().is_none() {
            return Ok(vec![]);
        }
        all_beside(path)
    }

    /// A trusted author who has signed a plugin that is to be installed, with the
    /// signature.
    pub(crate) fn trusted(
        &self,
        id: &Id,
        bytes: &[u8],
        signatures: &[(Format, String)],
    ) -> Option<(Signer, String)> {
        let now = self.situation.time();
        let keys = || self.situation.trust.keys_for(Role::Author, Some(id));
        let counts = |signer: &Signer| keys().any(|key| key.signer == *signer && !key.is_expired(now));
        self.signers(id, bytes, signatures).into_iter().find(|(signer, _)| counts(signer))
    }

    /// Whether a key is another one of the party that had the old one: it is trusted now,
    /// under the same name.
    pub(crate) fn is_next(&self, id: &Id, old: &Signer, new: &Signer) -> bool {
        let now = self.situation.time();
        let keys = || self.situation.trust.keys_for(Role::Author, Some(id));
        let is_his = |key: &Key| keys().any(|other| other.signer == *old && other.name == key.name);
        old != new && keys().any(|key| key.signer == *new && !key.is_expired(now) && is_his(key))
    }

    /// Whether a key was trusted for a plugin until it expired. It vouches for nothing new
    /// then, though it may have signed what was installed before.
    pub(crate) fn has_ended(&self, id: &Id, signer: &Signer) -> bool {
        let now = self.situation.time();
        let mut keys =
            self.situation.trust.keys_for(Role::Author, Some(id)).filter(|key| key.signer == *signer);
        let mut all = keys.by_ref().peekable();
        all.peek().is_some() && all.all(|key| key.is_expired(now))
    }

    /// Why none of the trusted authors who have signed a plugin counts.
    pub(crate) fn ended(&self, id: &Id, bytes: &[u8], signatures: &[(Format, String)]) -> Vec<String> {
        let (now, lists) = (self.situation.time(), &self.situation.lists);
        let keys: Vec<_> = self.situation.trust.keys_for(Role::Author, Some(id)).collect();
        let signed = self.signers(id, bytes, signatures).into_iter().map(|(signer, _)| signer);
        let why = |signer: Signer| {
            let key = keys.iter().find(|key| key.signer == signer)?;
            let (name, signer) = (&key.name, &key.signer);
            if lists.revokes_key(Some(id), signer) {
                return Some(format!("it is signed by {name} ({signer}), whose key is revoked"));
            }
            let until = key.until.filter(|until| *until <= now)?;
            Some(format!("it is signed by {name} ({signer}), whose key has expired at {until}"))
        };
        signed.filter_map(why).collect()
    }
}

/// All signatures beside a plugin's file.
///
/// # Errors
/// If one cannot be read.
pub(crate) fn all_beside(path: &Path) -> Result<Vec<(Format, String)>> {
    let files = Format::ALL
        .into_iter()
        .flat_map(|format| signature_files::present(path, format.suffix()).map(move |file| (format, file)));
    files.map(|(format, file)| Ok((format, signature_files::read(&file)?))).collect()
}
