//! Lists of audits, by which a company says in public which plugins it has vetted, and
//! which it warns of.
//!
//! Such a list is signed as a whole and numbered, as one of revoked plugins is. It holds
//! what the company's own keys have attested. What the company has imported from others
//! is not in it, and there is no place in it for a link to another list: those who import
//! it believe this company alone.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use runner_pipeline::error::Result;
use runner_store::digest::Digest;
use runner_trust::attestation::MAX_CRITERIA;
use runner_trust::id::{Id, is_word};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::facts::Claim;
use crate::kinds::{self, AUDITS, FORM};
use crate::revocation::Entry;
use crate::text::wrong;
use crate::trust::is_name;

/// What a criterion begins with that means the same everywhere.
pub(crate) const COMMON: &str = "runner:";
/// The longest time for which a list counts: what was vetted longer ago is looked at
/// again.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// The greatest number of audits, and of warnings.
const MAX: usize = 4000;

/// A list of audits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audits {
    kind: String,
    form: u32,
    /// Its name, under which later ones replace it.
    pub name: String,
    /// Its number, which only grows.
    pub sequence: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// When it does not count any more.
    pub expires: Timestamp,
    /// What was vetted.
    #[serde(default)]
    pub audit: Vec<Audit>,
    /// What is warned of.
    #[serde(default)]
    pub violation: Vec<Entry>,
}

/// That a plugin was vetted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Which one it is.
    pub plugin: Id,
    /// Its content.
    pub digest: Digest,
    /// What was found out, in words of this company.
    pub criteria: Vec<String>,
    /// With which version of this program; none if a person has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Version>,
    /// When.
    pub time: Timestamp,
}

impl Audit {
    /// What a key has claimed of a plugin.
    #[must_use]
    pub fn of(plugin: &Id, digest: Digest, claim: &Claim) -> Self {
        let Claim { criteria, runner, time, .. } = claim.clone();
        Self { plugin: plugin.clone(), digest, criteria, runner, time }
    }
}

impl Audits {
    /// The first list of a name, with nothing in it.
    #[must_use]
    pub fn new(name: &str, (issued, expires): (Timestamp, Timestamp)) -> Self {
        Self {
            kind: AUDITS.to_owned(),
            form: FORM,
            name: name.to_owned(),
            sequence: 1,
            issued,
            expires,
            audit: vec![],
            violation: vec![],
        }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`Kind::Usage`](runner_pipeline::error::Kind) if it is none.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let list: Self = kinds::parse(bytes, path, AUDITS)?;
        list.check().map_err(|why| wrong(path, None, why))?;
        Ok(list)
    }

    /// The text of the list.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("a list of tables with texts")
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_name(&self.name) {
            return Err("a name has 1 to 64 letters, digits, `-`, `_`, `.` and `@`");
        }
        if self.expires <= self.issued {
            return Err("it expires before it was issued");
        }
        if self.expires.duration_since(self.issued) > LONGEST {
            return Err("it is for more than a year");
        }
        if self.audit.len() > MAX || self.violation.len() > MAX {
            return Err("it has too many entries");
        }
        let is_criterion = |word: &String| is_word(word.strip_prefix(COMMON).unwrap_or(word));
        let is_right = |audit: &Audit| {
            (1..=MAX_CRITERIA).contains(&audit.criteria.len()) && audit.criteria.iter().all(is_criterion)
        };
        if !self.audit.iter().all(is_right) {
            return Err("an audit has criteria: words in lower-case letters, digits and hyphens");
        }
        if self.violation.iter().any(Entry::is_of_key) {
            return Err("a violation names a `digest` or a `plugin`, and no key");
        }
        self.violation.iter().try_for_each(Entry::check)
    }
}
