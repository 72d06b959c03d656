//! The plugin that a statement is about.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::json::wrong;
use crate::id::Id;

/// Maximum number of characters of a name shown.
const NAME_CHARS: usize = 120;

/// A plugin: its identity and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The identity that is written in it.
    pub id: Id,
    /// The SHA-256 of its bytes, which other programs and registries go by.
    pub sha256: [u8; 32],
    /// The BLAKE3 of its bytes, by which this program knows it.
    pub blake3: blake3::Hash,
}

impl Subject {
    /// The plugin with these bytes.
    #[must_use]
    pub fn new(id: &Id, plugin: &[u8]) -> Self {
        Self { id: id.clone(), sha256: Sha256::digest(plugin).into(), blake3: blake3::hash(plugin) }
    }

    /// The SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex(&self.sha256)
    }

    /// The list `subject` of a statement about it.
    pub(super) fn to_json(&self) -> Value {
        let digest = json!({ "sha256": self.sha256_hex(), "blake3": self.blake3.to_string() });
        json!([{ "name": self.id.to_string(), "digest": digest }])
    }

    /// Compares the list `subject` of a statement with this plugin: name, SHA-256 and
    /// BLAKE3 must all be there and be its own. A statement about several files is
    /// not one about a plugin.
    ///
    /// # Errors
    /// [`Kind::Refused`], with the first difference.
    pub(super) fn check(&self, found: &Value) -> Result<()> {
        let [one] = found.as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(wrong("it is not about exactly one subject"));
        };
        let own = &self.to_json()[0];
        let pairs = [
            ("name", &one["name"], &own["name"]),
            ("sha256", &one["digest"]["sha256"], &own["digest"]["sha256"]),
            ("blake3", &one["digest"]["blake3"], &own["digest"]["blake3"]),
        ];
        for (field, found, own) in pairs {
            let found = found.as_str().ok_or_else(|| wrong(&format!("its subject has no `{field}`")))?;
            let own = own.as_str().unwrap_or_default();
            if found != own {
                let why = format!(
                    "its subject has `{field}` {}, and this plugin has {own}",
                    shown(found).cut(NAME_CHARS)
                );
                return Err(Error::new(Kind::Refused, "the attestation is about another plugin").because(why));
            }
        }
        Ok(())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
