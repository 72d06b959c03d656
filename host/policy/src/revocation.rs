//! Lists of plugins that are not to be run any more.
//!
//! Such a list is signed as a whole, numbered, and replaced as a whole. What was accepted
//! stays in force until a later list of the same name replaces it, whatever happens to
//! the keys that signed it: what can be taken away must not be what denies.

mod entry;

use std::path::Path;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_store::digest::Digest;
use runner_trust::id::Id;
use runner_trust::signer::Signer;
use serde::{Deserialize, Serialize};

pub use self::entry::Entry;
use crate::kinds::{self, FORM, REVOCATIONS};
use crate::pattern::{NamePattern, any_covers};
use crate::text::{self, wrong};
use crate::trust::is_name;
use crate::when;

/// The greatest number of lists.
const MAX_LISTS: usize = 100;

/// A list of revoked plugins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    kind: String,
    form: u32,
    /// Its name, under which later ones replace it.
    pub name: String,
    /// Its number, which only grows.
    pub sequence: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// When there must be a later one.
    pub expires: Timestamp,
    /// Contents that no range and no key of this list revokes.
    #[serde(default)]
    pub keep: Vec<Digest>,
    /// What is revoked.
    #[serde(default)]
    pub revoked: Vec<Entry>,
}

impl List {
    /// The first list of a name, with nothing in it.
    #[must_use]
    pub fn new(name: &str, (issued, expires): (Timestamp, Timestamp)) -> Self {
        Self {
            kind: REVOCATIONS.to_owned(),
            form: FORM,
            name: name.to_owned(),
            sequence: 1,
            issued,
            expires,
            keep: vec![],
            revoked: vec![],
        }
    }

    /// The text of the list.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("a list of tables with texts")
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let list: Self = kinds::parse(bytes, path, REVOCATIONS)?;
        list.check().map_err(|why| wrong(path, None, why))?;
        Ok(list)
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_name(&self.name) {
            return Err("a name has 1 to 64 letters, digits, `-`, `_`, `.` and `@`");
        }
        if self.expires <= self.issued {
            return Err("it expires before it was issued");
        }
        self.revoked.iter().try_for_each(Entry::check)
    }
}

/// A list that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The names of those who signed it.
    pub signed_by: Vec<String>,
    /// The plugins of which those may say something.
    #[serde(rename = "for")]
    pub plugins: Vec<NamePattern>,
    /// What it says.
    pub list: List,
}

/// Why a plugin is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked<'l> {
    /// The list.
    pub list: &'l Accepted,
    /// What it says of the plugin.
    pub why: &'l str,
}

/// All lists that were accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists(Vec<Accepted>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: u32,
    #[serde(default)]
    accepted: Vec<Accepted>,
}

impl Lists {
    /// Reads the file of the accepted lists.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is not what this program writes.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let written: Written = text::parse(bytes, path).map_err(|error| error.of_kind(Kind::Verification))?;
        let is_right = |one: &Accepted| one.list.check().is_ok();
        if written.form != FORM || !written.accepted.iter().all(is_right) {
            return Err(wrong(path, None, "it is not what this program writes").of_kind(Kind::Verification));
        }
        Ok(Self(written.accepted))
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let written = Written { form: FORM, accepted: self.0.clone() };
        toml::to_string(&written).expect("a list of tables with texts")
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Accepted] {
        &self.0
    }

    /// The list of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Accepted> {
        self.0.iter().find(|accepted| accepted.list.name == name)
    }

    /// The latest time at which a list is known to have been made: it is not earlier
    /// now, whatever the clock says.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.0.iter().map(|accepted| accepted.list.issued).max()
    }

    /// Takes a list, in place of an earlier one of its name. Returns whether it is new.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is older than the one that is known, or another one with
    /// the same number, or from the future, or its signers may say less than those of
    /// the known one. Then nothing is changed.
    pub fn accept(&mut self, new: Accepted, now: Timestamp) -> Result<bool> {
        let list = &new.list;
        let what = |why: String| {
            let what = format!("the list {} with number {} is not accepted", list.name, list.sequence);
            Err(Error::new(Kind::Refused, what).because(why))
        };
        if list.issued > now.checked_add(when::SKEW).unwrap_or(now) {
            return what(format!("it was issued at {}, and now it is {now}", list.issued))
                .map_err(|error| error.hint("set the clock, or ask who has issued it"));
        }
        let Some(known) = self.0.iter_mut().find(|known| known.list.name == list.name) else {
            if self.0.len() >= MAX_LISTS {
                return what(format!("there are {MAX_LISTS} lists already"));
            }
            self.0.push(new);
            return Ok(true);
        };
        if known.list == *list {
            return Ok(false);
        }
        if list.sequence <= known.list.sequence {
            return what(format!("the one with number {} is known already", known.list.sequence)).map_err(
                |error| {
                    error.hint(
                        "it may have been put in place of a newer one: get the newest from who issues it",
                    )
                },
            );
        }
        let covers = |old: &NamePattern| new.plugins.iter().any(|plugins| old.is_within(plugins));
        if !known.plugins.iter().all(covers) {
            let (before, own) = (names(&known.plugins), names(&new.plugins));
            return what(format!(
                "the known one is for {before}, and those who signed this one may speak for {own}"
            ));
        }
        *known = new;
        Ok(true)
    }

    /// Why a plugin is revoked. `signers` are those whose signatures over it count.
    #[must_use]
    pub fn revoked(&self, id: Option<&Id>, digest: Digest, signers: &[Signer]) -> Option<Revoked<'_>> {
        self.0.iter().filter(|accepted| any_covers(&accepted.plugins, id)).find_map(|accepted| {
            let is_kept = accepted.list.keep.contains(&digest);
            let is_meant = |entry: &&Entry| {
                let is_signed = entry.key.as_ref().is_some_and(|key| signers.contains(key));
                entry.digest == Some(digest) || !is_kept && (is_signed || entry.is_in_range(id))
            };
            let entry = accepted.list.revoked.iter().find(is_meant)?;
            Some(Revoked { list: accepted, why: &entry.why })
        })
    }

    /// Whether a key is revoked for a plugin: it says nothing of it any more.
    #[must_use]
    pub fn revokes_key(&self, id: Option<&Id>, key: &Signer) -> bool {
        let lists = self.0.iter().filter(|accepted| any_covers(&accepted.plugins, id));
        lists.flat_map(|accepted| &accepted.list.revoked).any(|entry| entry.key.as_ref() == Some(key))
    }

    /// Whether a key is revoked for some of these plugins: then it may name no other key,
    /// and sign no list, for any of them.
    #[must_use]
    pub fn revokes_key_for(&self, plugins: &[NamePattern], key: &Signer) -> bool {
        self.revoking(plugins, key).is_some()
    }

    /// The name of a list that revokes a key for some of these plugins.
    #[must_use]
    pub fn revoking(&self, plugins: &[NamePattern], key: &Signer) -> Option<&str> {
        let meets =
            |own: &NamePattern| plugins.iter().any(|other| own.is_within(other) || other.is_within(own));
        let mut lists = self.0.iter().filter(|accepted| accepted.plugins.iter().any(meets));
        let revokes =
            |accepted: &&Accepted| accepted.list.revoked.iter().any(|entry| entry.key.as_ref() == Some(key));
        lists.find(revokes).map(|accepted| accepted.list.name.as_str())
    }

    /// Whether a list keeps a content, though a key may have expired.
    #[must_use]
    pub fn keeps(&self, id: Option<&Id>, digest: Digest) -> bool {
        let lists = self.0.iter().filter(|accepted| any_covers(&accepted.plugins, id));
        lists.into_iter().any(|accepted| accepted.list.keep.contains(&digest))
    }
}

/// Patterns for a message.
#[must_use]
pub fn names(patterns: &[NamePattern]) -> String {
    patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
