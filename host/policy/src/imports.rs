//! The audits of others that count here: which list, with which digest, of which plugins,
//! and what its words mean in ours.
//!
//! ```text
//! imports.toml         what was imported, by content, with the words of it
//! audits-BLAKE3.toml   the lists themselves, as they were signed
//! ```
//!
//! A list is imported once its signature was verified, and stays the same until a user
//! imports the next one. It counts for no longer than a year, and only while the keys that
//! have signed it are trusted. What it warns of is refused as long as it is here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_store::digest::Digest;
use runner_trust::id::is_word;
use runner_trust::signer::Signer;
use serde::{Deserialize, Serialize};

use crate::audits::{Audits, COMMON};
use crate::facts::{Claim, Facts};
use crate::level::Level;
use crate::pattern::{NamePattern, any_covers};
use crate::text::{self, wrong};
use crate::trust::is_name;

/// The name of the file.
pub const NAME: &str = "imports.toml";
/// The form of the file.
const FORM: u32 = 1;
/// The greatest number of imports in one file.
const MAX: usize = 100;
/// How the file begins.
const HEAD: &str = "# Whose audits count here. Written by `runner trust import`.\n";

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The name of the list.
    pub name: String,
    /// Its number.
    pub sequence: u64,
    /// Its content.
    pub blake3: Digest,
    /// The names of those who have signed it.
    pub signed_by: Vec<String>,
    /// Their keys.
    pub keys: Vec<Signer>,
    /// Of which plugins they may speak.
    #[serde(rename = "for")]
    pub plugins: Vec<NamePattern>,
    /// From when on it does not count any more.
    pub until: Timestamp,
    /// What the words of the list mean: theirs, and ours.
    #[serde(default)]
    pub criteria: BTreeMap<String, String>,
}

impl Pin {
    /// The name of the file with the list.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("audits-{}.toml", self.blake3)
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_name(&self.name) || self.plugins.is_empty() || self.keys.is_empty() {
            return Err("an import has a name, and names keys and plugins");
        }
        if !self.criteria.iter().all(|(theirs, ours)| is_word(theirs) && is_word(ours)) {
            return Err("criteria are words in lower-case letters, digits and hyphens");
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: u32,
    #[serde(default)]
    import: Vec<Pin>,
}

/// Reads the file.
///
/// # Errors
/// [`Kind::Usage`], with the line.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Pin>> {
    let Written { form, import } = text::parse(bytes, path)?;
    let is_twice = |(at, one): (usize, &Pin)| import[..at].iter().any(|other| other.name == one.name);
    if form != FORM || import.len() > MAX || import.iter().enumerate().any(is_twice) {
        return Err(wrong(path, None, "its form is another one, or a name is there twice"));
    }
    import.iter().try_for_each(|one| one.check().map_err(|why| wrong(path, None, why)))?;
    Ok(import)
}

/// The text of the file.
#[must_use]
pub fn to_text(pins: &[Pin]) -> String {
    let written = Written { form: FORM, import: pins.to_vec() };
    format!("{HEAD}{}", toml::to_string(&written).expect("a list of tables with texts"))
}

/// Audits that were imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What the user has said of it.
    pub pin: Pin,
    /// Who has imported it.
    pub level: Level,
    /// The list.
    pub audits: Audits,
}

impl fmt::Display for Import {
    /// For people, and for the history.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, number {}", self.pin.name, self.audits.sequence)
    }
}

impl Import {
    /// The list of a pin, which must have its content.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it has another one; [`Kind::Usage`] if it is none.
    pub fn new(pin: Pin, list: &[u8], path: &Path, level: Level) -> Result<Self> {
        if Digest::of(list) != pin.blake3 {
            return Err(damaged(&pin, path));
        }
        let audits = Audits::parse(list, path)?;
        Ok(Self { pin, level, audits })
    }

    /// From when on it does not count any more.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.pin.until.min(self.audits.expires)
    }

    /// Words that it says of plugins, and that mean nothing here, each once.
    #[must_use]
    pub fn words_without_meaning(&self) -> Vec<String> {
        let words = self.audits.audit.iter().flat_map(|audit| &audit.criteria);
        let silent: BTreeSet<_> = words.filter(|word| self.ours(word).is_none()).cloned().collect();
        silent.into_iter().collect()
    }

    /// What it says of a plugin, in our words.
    pub(crate) fn claims(&self, key: &Signer, facts: &Facts) -> Vec<Claim> {
        let claim = |(criteria, runner, time)| Claim { key: key.clone(), criteria, runner, time };
        self.of(facts)
            .map(|audit| {
                let words = audit.criteria.iter().filter_map(|word| self.ours(word)).collect();
                claim((words, audit.runner.clone(), audit.time))
            })
            .filter(|claim| !claim.criteria.is_empty())
            .collect()
    }

    /// A word that it says of a plugin, and that means nothing here.
    pub(crate) fn unmapped(&self, facts: &Facts) -> Option<String> {
        self.of(facts).flat_map(|audit| &audit.criteria).find(|word| self.ours(word).is_none()).cloned()
    }

    /// The audits of a plugin.
    fn of<'s>(&'s self, facts: &'s Facts) -> impl Iterator<Item = &'s crate::audits::Audit> {
        let id = facts.id.as_ref();
        let is_for = id.is_some() && any_covers(&self.pin.plugins, id);
        let is_of = move |audit: &&crate::audits::Audit| {
            is_for && Some(&audit.plugin) == id && audit.digest == facts.digest
        };
        self.audits.audit.iter().filter(is_of)
    }

    /// What a word of theirs means. What this program has found out means the same for
    /// all.
    fn ours(&self, word: &str) -> Option<String> {
        if word.starts_with(COMMON) {
            return Some(word.to_owned());
        }
        self.pin.criteria.get(word).cloned()
    }
}

/// The error for a list that is not the one that was imported.
pub(crate) fn damaged(pin: &Pin, path: &Path) -> Error {
    use runner_pipeline::escape::Raw as _;
    let what = format!("{} is not the list of audits that was imported as {}", path.shown(), pin.name);
    Error::new(Kind::Verification, what)
        .because(format!("its digest must be {}", pin.blake3))
        .hint(format!(
            "find out who has changed it; `runner trust import FILE` imports it again, and `runner trust remove --import \
             {}` believes it no more",
            pin.name
        ))
}

#[cfg(test)]
pub(crate) mod tests;
