//! What a list names: a content, versions of a plugin, or a key.

use std::fmt;

use runner_pipeline::escape::shown;
use runner_store::digest::Digest;
use runner_trust::id::Id;
use runner_trust::signer::Signer;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::pattern::NamePattern;

/// What is revoked: one content, some versions of a plugin, or all that a key signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plugin: Option<NamePattern>,
    /// The first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Version>,
    /// The first version that is none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Signer>,
    /// Why, for people.
    pub why: String,
}

impl Entry {
    /// One content.
    #[must_use]
    pub fn of_digest(digest: Digest, why: &str) -> Self {
        Self { digest: Some(digest), ..Self::empty(why) }
    }

    /// All that a key signs.
    #[must_use]
    pub fn of_key(key: Signer, why: &str) -> Self {
        Self { key: Some(key), ..Self::empty(why) }
    }

    /// The versions of a plugin from one on and below another one.
    #[must_use]
    pub fn of_versions(
        plugin: NamePattern,
        (from, below): (Option<Version>, Option<Version>),
        why: &str,
    ) -> Self {
        Self { plugin: Some(plugin), from, below, ..Self::empty(why) }
    }

    fn empty(why: &str) -> Self {
        Self { digest: None, plugin: None, from: None, below: None, key: None, why: why.to_owned() }
    }

    /// Whether it is about the same plugins as another one, for whatever reason.
    #[must_use]
    pub fn is_about_same(&self, other: &Self) -> bool {
        Self { why: String::new(), ..self.clone() } == Self { why: String::new(), ..other.clone() }
    }

    /// Whether it revokes a key.
    pub(crate) fn is_of_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether it names a plugin, by its content or its version.
    pub(crate) fn is_meant(&self, id: Option<&Id>, digest: Digest) -> bool {
        self.digest == Some(digest) || self.is_in_range(id)
    }

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let has_range = self.from.is_some() || self.below.is_some();
        match (&self.digest, &self.plugin, &self.key) {
            (Some(_), None, None) | (None, None, Some(_)) if !has_range => Ok(()),
            (None, Some(_), None) => Ok(()),
            _ => Err("what is revoked has either `digest`, `key`, or `plugin` with `from` and `below`"),
        }
    }

    /// Whether a plugin of this identity is in the range.
    pub(super) fn is_in_range(&self, id: Option<&Id>) -> bool {
        let (Some(plugin), Some(id)) = (&self.plugin, id) else { return false };
        // By precedence, so that a release candidate of `below` is in the range.
        plugin.covers(Some(id))
            && self.from.as_ref().is_none_or(|from| id.version.cmp_precedence(from).is_ge())
            && self.below.as_ref().is_none_or(|below| id.version.cmp_precedence(below).is_lt())
    }
}

impl fmt::Display for Entry {
    /// What is meant, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(digest) = &self.digest {
            write!(f, "digest {digest}")?;
        }
        if let Some(key) = &self.key {
            write!(f, "key {key}")?;
        }
        if let Some(plugin) = &self.plugin {
            write!(f, "{plugin}")?;
        }
        if let Some(from) = &self.from {
            write!(f, " from {from}")?;
        }
        if let Some(below) = &self.below {
            write!(f, " below {below}")?;
        }
        write!(f, ": {}", shown(&self.why))
    }
}
