//! The index: what is installed, and what was seen.

use std::collections::BTreeMap;

use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::id::Id;
use runner_trust::package::Wants;
use runner_trust::signer::Signer;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::carrier::Carrier;
use crate::digest::Digest;
use crate::text::{self, MAX_PLUGINS};

/// The form of the file.
const FORM: u32 = 1;

/// All plugins that are installed, and for each name what was installed before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// No two have the same identity.
    plugins: Vec<Installed>,
    /// By `NAMESPACE:NAME`. It outlives what is removed.
    seen: BTreeMap<String, Seen>,
}

/// A plugin in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// Which one it is.
    pub id: Id,
    /// Its content.
    pub blake3: Digest,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The version of the contract.
    pub contract: Version,
    /// What it does, in its own words.
    pub summary: String,
    /// Whose signature was checked when it was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// That signature, as it stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Further signatures that came with it. None of them was checked: each is, against
    /// the keys that are trusted, where it is to count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_signatures: Vec<String>,
    /// What it was installed from, the last time.
    #[serde(default, skip_serializing_if = "Carrier::is_default")]
    pub from: Carrier,
    /// The content of the file with its attestations, if it has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Digest>,
    /// What it wants beyond the usual, as its section says.
    #[serde(default, skip_serializing_if = "Wants::is_usual")]
    pub wants: Wants,
    /// What of it the user has granted to this content.
    #[serde(default, skip_serializing_if = "Wants::is_usual")]
    pub granted: Wants,
    /// The trusted keys that had vetted it when it was installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetted_by: Vec<Signer>,
}

/// What was seen of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The highest version.
    pub version: Version,
    /// The content of that version.
    pub blake3: Digest,
    /// Who signs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// What was granted to the version that was installed last.
    #[serde(default, skip_serializing_if = "Wants::is_usual")]
    pub granted: Wants,
    /// The trusted keys that had vetted the version that was installed last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetted_by: Vec<Signer>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: u32,
    #[serde(default)]
    seen: BTreeMap<String, Seen>,
    #[serde(default)]
    plugin: Vec<Installed>,
}

impl Index {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is not what this program writes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let what = "the index of installed plugins is damaged";
        let Written { seen, plugin: plugins, .. } = text::parse(bytes, FORM, what)?;
        let is_twice = |(at, one): (usize, &Installed)| plugins[..at].iter().any(|other| other.id == one.id);
        if plugins.len() > MAX_PLUGINS || plugins.iter().enumerate().any(is_twice) {
            return Err(Error::new(Kind::Verification, what)
                .because("a plugin is there twice, or there are too many"));
        }
        Ok(Self { plugins, seen })
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::write(&Written { form: FORM, seen: self.seen.clone(), plugin: self.plugins.clone() })
    }

    /// All plugins, by name and version.
    #[must_use]
    pub fn plugins(&self) -> &[Installed] {
        &self.plugins
    }

    /// The plugin with this identity.
    #[must_use]
    pub fn get(&self, id: &Id) -> Option<&Installed> {
        self.plugins.iter().find(|plugin| plugin.id == *id)
    }

    /// What was seen of a plugin's name.
    #[must_use]
    pub fn seen(&self, id: &Id) -> Option<&Seen> {
        self.seen.get(&id.package())
    }

    /// Whether a plugin has this content.
    #[must_use]
    pub fn names(&self, digest: Digest) -> bool {
        self.plugins.iter().any(|plugin| plugin.blake3 == digest)
    }

    /// Whether the attestations of a plugin have this content.
    #[must_use]
    pub fn names_evidence(&self, digest: Digest) -> bool {
        self.plugins.iter().any(|plugin| plugin.evidence == Some(digest))
    }

    /// Adds a plugin, in place of one with the same identity, and remembers who
    /// signed it and the highest version.
    ///
    /// # Errors
    /// [`Kind::Refused`] if there are too many.
    pub(crate) fn put(&mut self, plugin: Installed) -> Result<()> {
        self.plugins.retain(|other| other.id != plugin.id);
        if self.plugins.len() >= MAX_PLUGINS {
            let what = format!("{MAX_PLUGINS} plugins are installed, and no more are possible");
            return Err(Error::new(Kind::Refused, what).hint("`runner plugin remove` removes some"));
        }
        let fresh = Seen {
            version: plugin.id.version.clone(),
            blake3: plugin.blake3,
            signer: plugin.signer.clone(),
            granted: plugin.granted.clone(),
            vetted_by: plugin.vetted_by.clone(),
        };
        let seen = self.seen.entry(plugin.id.package()).or_insert_with(|| fresh.clone());
        if fresh.version.cmp_precedence(&seen.version).is_ge() {
            *seen = fresh;
        } else {
            (seen.signer, seen.granted, seen.vetted_by) = (fresh.signer, fresh.granted, fresh.vetted_by);
        }
        let after = |other: &Installed| {
            let key = |id: &Id| (id.package(), id.version.clone());
            key(&other.id) > key(&plugin.id)
        };
        let at = self.plugins.iter().position(after).unwrap_or(self.plugins.len());
        self.plugins.insert(at, plugin);
        Ok(())
    }

    /// Grants a plugin what it wants, if it is there with these bytes.
    pub(crate) fn grant(&mut self, plugin: &Installed) {
        let is_meant = |other: &&mut Installed| other.id == plugin.id && other.blake3 == plugin.blake3;
        let Some(found) = self.plugins.iter_mut().find(is_meant) else { return };
        found.granted = found.wants.clone();
        // Another signer's later versions are not meant.
        let seen = self.seen.get_mut(&plugin.id.package());
        if let Some(seen) = seen.filter(|seen| seen.signer == found.signer) {
            seen.granted = found.granted.clone();
        }
    }

    /// Removes a plugin. What was seen of its name stays.
    pub(crate) fn remove(&mut self, id: &Id) {
        self.plugins.retain(|plugin| plugin.id != *id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plugin;

    #[test]
    fn what_is_written_is_read() {
        let mut index = Index::default();
        for id in ["b:x@1.0.0", "a:x@1.10.0", "a:x@1.9.0", "a:y@1.0.0-rc.1"] {
            index.put(plugin(id, id.as_bytes())).unwrap();
        }
        let all = Wants {
            memory_bytes: Some(1 << 30),
            timeout_ms: Some(20_000),
            tables: vec!["a \"".to_owned(), "b".to_owned()],
            seed: true,
        };
        let signed = Installed {
            signer: Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().unwrap()),
            signature: Some("a\n'''b\"\"\"\n".to_owned()),
            more_signatures: vec!["b\n".to_owned()],
            vetted_by: vec!["RWSGOq2NVecA2UPNdBUZykf1CCb147pkmdtYxgb3Ti+JO/wCYvhbAb/U".parse().unwrap()],
            from: Carrier::Registry("r.example.com/z".to_owned()),
            evidence: Some(Digest::of(b"evidence")),
            wants: all.clone(),
            granted: all,
            ..plugin("c:z@1.0.0+5", b"z")
        };
        index.put(signed).unwrap();
        let ids: Vec<_> = index.plugins().iter().map(|plugin| plugin.id.to_string()).collect();
        assert_eq!(ids, ["a:x@1.9.0", "a:x@1.10.0", "a:y@1.0.0-rc.1", "b:x@1.0.0", "c:z@1.0.0+5"]);
        assert_eq!(Index::parse(index.to_text().as_bytes()).unwrap(), index);
        assert_eq!(Index::parse(b"form = 1").unwrap(), Index::default());
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let mut index = Index::default();
        index.put(plugin("a:x@1.0.0", b"x")).unwrap();
        let text = index.to_text();
        let list = &text[text.find("[[plugin]]").unwrap()..];
        for bad in [
            "",
            "form = 2",
            "form = 1\nmore = 1",
            &text.replace("a:x@1.0.0", "a:../x@1.0.0"),
            &text.replace("bytes = 1", "bytes = -1"),
            &text.replacen(&Digest::of(b"x").to_string()[..2], "zz", 1),
            &format!("{text}{list}"),
            &text[..text.len() - 5],
        ] {
            assert_eq!(Index::parse(bad.as_bytes()).unwrap_err().kind(), Kind::Verification, "{bad}");
        }
        assert!(Index::parse(b"form = 1\xff").is_err());
    }
}
