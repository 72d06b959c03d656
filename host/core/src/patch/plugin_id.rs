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
    /// What was known of each plugin when it was run, in order. Empty if nothing was
    /// known of any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// Whose a plugin is, and who has vetted it. The keys were checked when it was run; who
/// reads a patch or a history has their word for it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Its identity, such as `acme:redact@1.2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The public key that has signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The public keys that have vetted it, as far as that was demanded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vetted_by: Vec<String>,
}

impl PluginId {
    /// The plugin that says this of itself, and whose bytes have this BLAKE3.
    #[must_use]
    pub fn new(manifest: &Manifest, digest: &blake3::Hash) -> Self {
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: digest.to_hex().to_string(),
            evidence: Vec::new(),
        }
    }

    /// The same, with what is known of the plugin.
    #[must_use]
    pub fn with(self, evidence: Evidence) -> Self {
        let evidence = if evidence == Evidence::default() { Vec::new() } else { vec![evidence] };
        Self { evidence, ..self }
    }

    /// What was known of the plugin with this number, in the order of
    /// [`PluginId::each`].
    #[must_use]
    pub fn evidence_of(&self, number: usize) -> Option<&Evidence> {
        self.evidence.get(number)
    }

    /// Several plugins, in the order in which they change a file.
    #[must_use]
    pub fn several(all: &[Self]) -> Self {
        let joined = |of: fn(&Self) -> &str| all.iter().map(of).collect::<Vec<_>>().join(",");
        Self {
            name: joined(|one| &one.name),
            version: joined(|one| &one.version),
            digest: joined(|one| &one.digest),
            evidence: match all.iter().all(|one| one.evidence.is_empty()) {
                true => Vec::new(),
                false => all.iter().map(|one| one.evidence.first().cloned().unwrap_or_default()).collect(),
            },
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
            evidence: Vec::new(),
        };
        let (one, two) = (id("a"), id("b"));
        let both = PluginId::several(&[one.clone(), two]);
        assert_eq!(both.each(), [("a", "a.1", "ad"), ("b", "b.1", "bd")]);
        assert_eq!(PluginId::several(std::slice::from_ref(&one)), one);
        let odd = PluginId { version: "1,2".into(), ..one };
        assert_eq!(odd.each(), [("a", "1,2", "ad")]);
    }

    #[test]
    fn what_is_known_of_each_keeps_its_place() {
        let id = |name: &str| PluginId {
            name: name.into(),
            version: "1".into(),
            digest: "d".into(),
            evidence: Vec::new(),
        };
        let known = Evidence { signer: Some("key".into()), ..Evidence::default() };
        let both = PluginId::several(&[id("a"), id("b").with(known.clone())]);
        assert_eq!(both.evidence_of(0), Some(&Evidence::default()));
        assert_eq!(both.evidence_of(1), Some(&known));
        assert!(PluginId::several(&[id("a"), id("b").with(Evidence::default())]).evidence.is_empty());
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<PluginId>(&text).unwrap(), both);
        let before = r#"{"name":"a","version":"1","digest":"d"}"#;
        assert_eq!(serde_json::from_str::<PluginId>(before).unwrap(), id("a"));
        assert_eq!(serde_json::to_string(&id("a")).unwrap(), before);
    }
}
