//! The plugins that made a patch.

use runner_contract::Manifest;
use serde::{Deserialize, Serialize};

/// The plugin that made a patch. Where several made it in one pass, each field
/// has those of all of them, in order, with commas between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginId {
    /// The manifest's name.
    pub name: String,
    /// The manifest's version.
    pub version: String,
    /// BLAKE3 of the plugin's bytes, in hex.
    pub digest: String,
}

impl PluginId {
    /// The plugin that says this of itself, and whose bytes have this BLAKE3.
    #[must_use]
    pub fn new(manifest: &Manifest, digest: &blake3::Hash) -> Self {
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: digest.to_hex().to_string(),
        }
    }

    /// Several plugins, in the order in which they change a file.
    #[must_use]
    pub fn several(all: &[Self]) -> Self {
        let joined = |of: fn(&Self) -> &str| all.iter().map(of).collect::<Vec<_>>().join(",");
        Self {
            name: joined(|one| &one.name),
            version: joined(|one| &one.version),
            digest: joined(|one| &one.digest),
        }
    }

    /// Name, version and digest of each plugin. A version may have commas of its
    /// own; then this is all of them at once.
    #[must_use]
    pub fn each(&self) -> Vec<(&str, &str, &str)> {
        let [names, versions, digests] =
            [&self.name, &self.version, &self.digest].map(|all| all.split(',').collect::<Vec<_>>());
        if names.len() != versions.len() || names.len() != digests.len() {
            return vec![(&self.name, &self.version, &self.digest)];
        }
        names
            .into_iter()
            .zip(versions)
            .zip(digests)
            .map(|((name, version), digest)| (name, version, digest))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_can_be_told_again() {
        let id = |name: &str| PluginId {
            name: name.into(),
            version: format!("{name}.1"),
            digest: format!("{name}d"),
        };
        let (one, two) = (id("a"), id("b"));
        let both = PluginId::several(&[one.clone(), two]);
        assert_eq!(both.each(), [("a", "a.1", "ad"), ("b", "b.1", "bd")]);
        assert_eq!(PluginId::several(std::slice::from_ref(&one)), one);
        let odd = PluginId { version: "1,2".into(), ..one };
        assert_eq!(odd.each(), [("a", "1,2", "ad")]);
    }
}
