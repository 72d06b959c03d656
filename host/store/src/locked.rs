//! What a lock file says of a plugin, and whether a plugin is what it says.

use runner_pipeline::escape::{count, shown};
use runner_trust::attestation::{Attestation, Subject};
use runner_trust::id::Id;
use runner_trust::package::Wants;
use runner_trust::signer::Signer;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::carrier::Carrier;
use crate::digest::Digest;
use crate::index::Installed;

/// The name of the lock file.
pub const NAME: &str = "runner.lock";
/// Maximum number of characters shown of a text that a lock file has.
const TEXT_CHARS: usize = 120;

/// A plugin that a project uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Which one it is.
    pub id: Id,
    /// Where it is on a network: a reference that names its content. Files and folders
    /// are elsewhere on each machine, so nothing is said of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its content.
    pub blake3: Digest,
    /// The same in SHA-256, by which registries and attestations know it: 64 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The version of the contract.
    pub contract: Version,
    /// Who must have signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The attestations that must be there, each by the BLAKE3 of its line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Digest>,
    /// What it wants beyond the usual, as its section says. Nothing is granted by that.
    #[serde(default, skip_serializing_if = "Wants::is_usual")]
    pub wants: Wants,
}

impl Locked {
    /// What is to be said of an installed plugin with these bytes and attestations.
    #[must_use]
    pub fn new(plugin: &Installed, bytes: &[u8], evidence: &[Attestation]) -> Self {
        let Installed { id, blake3, contract, signer, wants, from, .. } = plugin.clone();
        let source = match from {
            Carrier::Registry(source) | Carrier::Web(source) => Some(source),
            Carrier::File | Carrier::Folder | Carrier::Layout => None,
        };
        let sha256 = Some(Subject::new(&id, bytes).sha256_hex());
        let evidence = digests(evidence);
        Self { id, source, blake3, sha256, bytes: plugin.bytes, contract, signer, evidence, wants }
    }

    /// The first thing that the index says otherwise of a plugin, for people.
    #[must_use]
    pub fn difference(&self, plugin: &Installed) -> Option<String> {
        let differs = |field: &str, found: &dyn std::fmt::Display, demanded: &dyn std::fmt::Display| {
            Some(format!("its {field} is {found}, and {NAME} demands {demanded}"))
        };
        if self.id != plugin.id {
            return differs("identity", &plugin.id, &self.id);
        }
        if self.blake3 != plugin.blake3 {
            return differs("digest", &plugin.blake3, &self.blake3);
        }
        if self.bytes != plugin.bytes {
            return differs("size", &count(plugin.bytes, "byte"), &count(self.bytes, "byte"));
        }
        if self.contract != plugin.contract {
            return differs("contract", &plugin.contract, &self.contract);
        }
        if self.wants != plugin.wants {
            return Some(format!("it wants something else than {NAME} says"));
        }
        match &self.signer {
            Some(signer) if self.signer != plugin.signer => {
                let found = plugin.signer.as_ref().map_or("nobody".to_owned(), Signer::to_string);
                Some(format!("it is signed by {found}, and {NAME} demands {signer}"))
            }
            _ => None,
        }
    }

    /// The first thing that a plugin's bytes and attestations say otherwise, for people.
    /// There may be further attestations.
    #[must_use]
    pub fn content_difference(&self, bytes: &[u8], evidence: &[Attestation]) -> Option<String> {
        let sha256 = Subject::new(&self.id, bytes).sha256_hex();
        if let Some(demanded) = self.sha256.as_ref().filter(|demanded| **demanded != sha256) {
            let demanded = shown(demanded).cut(TEXT_CHARS);
            return Some(format!("its SHA-256 is {sha256}, and {NAME} demands {demanded}"));
        }
        let there = digests(evidence);
        let missing = self.evidence.iter().filter(|digest| !there.contains(digest)).count();
        (missing > 0).then(|| {
            let missing = count(missing as u64, "attestation");
            format!("it lacks {missing} that {NAME} demands")
        })
    }
}

fn digests(evidence: &[Attestation]) -> Vec<Digest> {
    evidence.iter().map(|one| Digest::of(one.line().as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plugin;

    #[test]
    fn whatever_differs_is_named() {
        let there = plugin("a:x@1.0.0", b"content");
        let locked = Locked::new(&there, b"content", &[]);
        assert_eq!((locked.difference(&there), locked.content_difference(b"content", &[])), (None, None));
        let signer = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().ok();
        for (changed, what) in [
            (Locked { id: "a:x@1.0.1".parse().unwrap(), ..locked.clone() }, "its identity is a:x@1.0.0"),
            (Locked { blake3: Digest::of(b"x"), ..locked.clone() }, "its digest is"),
            (Locked { bytes: 8, ..locked.clone() }, "its size is 7 bytes, and runner.lock demands 8"),
            (Locked { contract: Version::new(0, 3, 0), ..locked.clone() }, "its contract is 0.2.0"),
            (
                Locked { wants: Wants { memory_bytes: Some(1), ..Wants::default() }, ..locked.clone() },
                "it wants something else",
            ),
            (Locked { signer, ..locked.clone() }, "it is signed by nobody, and runner.lock demands RW"),
        ] {
            let found = changed.difference(&there).unwrap();
            assert!(found.contains(what), "{found}");
        }
        assert!(locked.content_difference(b"other", &[]).unwrap().starts_with("its SHA-256 is"));
        let attested = Locked { evidence: vec![Digest::of(b"x")], ..locked.clone() };
        assert_eq!(
            attested.content_difference(b"content", &[]).unwrap(),
            "it lacks 1 attestation that runner.lock demands"
        );
        // Who says nothing of a signer or of the SHA-256 demands none.
        let signed = Installed {
            signer: "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().ok(),
            ..there
        };
        let less = Locked { sha256: None, ..locked };
        assert_eq!((less.difference(&signed), less.content_difference(b"content", &[])), (None, None));
    }

    #[test]
    fn a_source_is_one_that_every_machine_can_reach() {
        let source = |from| Locked::new(&Installed { from, ..plugin("a:x@1.0.0", b"x") }, b"x", &[]).source;
        for here in [Carrier::File, Carrier::Folder, Carrier::Layout] {
            assert_eq!(source(here), None);
        }
        for there in [Carrier::Registry, Carrier::Web] {
            assert_eq!(source(there("r.example.com/x".to_owned())).unwrap(), "r.example.com/x");
        }
    }
}
