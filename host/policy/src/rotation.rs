//! Statements by which the holder of a key names the next one.

use std::path::Path;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::signer::Signer;
use serde::{Deserialize, Serialize};

use crate::kinds::{self, FORM, ROTATION};
use crate::pattern::NamePattern;
use crate::revocation::names;
use crate::text::wrong;
use crate::trust::{Key, Trust};
use crate::when::SKEW;

/// That one key follows another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    kind: String,
    form: u32,
    /// The key that signs the statement.
    pub old: Signer,
    /// The key that follows it.
    pub new: Signer,
    /// For which plugins.
    #[serde(rename = "for")]
    pub plugins: Vec<NamePattern>,
    /// From when on the new key counts, and the old one does not.
    pub issued: Timestamp,
}

impl Statement {
    /// That one key follows another one from now on.
    #[must_use]
    pub fn new((old, new): (Signer, Signer), plugins: Vec<NamePattern>, issued: Timestamp) -> Self {
        Self { kind: ROTATION.to_owned(), form: FORM, old, new, plugins, issued }
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("a table with texts")
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let found: Self = kinds::parse(bytes, path, ROTATION)?;
        if found.plugins.is_empty() || found.old == found.new {
            return Err(wrong(path, None, "`for` names no plugins, or the new key is the old one"));
        }
        Ok(found)
    }

    /// The keys that are to be there instead: the old ones, which expire, and new ones
    /// for the same names and roles, for no more plugins than the old ones were.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the old key has not signed it, is not trusted or has expired,
    /// or was trusted for fewer plugins; then nothing is changed.
    pub fn follow(
        &self,
        trust: &Trust,
        text: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<Vec<[Key; 2]>> {
        let refused = |why: String| Error::new(Kind::Refused, "the new key is not taken").because(why);
        self.old.verify_text(text, signature).map_err(|error| {
            error.within("the new key is not taken: the old key has not signed the statement")
        })?;
        if self.issued > now.checked_add(SKEW).unwrap_or(now) {
            return Err(refused(format!("the statement is of {}, and now it is {now}", self.issued)));
        }
        let old: Vec<_> = trust.keys.iter().filter(|key| key.signer == self.old).collect();
        if old.is_empty() {
            return Err(refused(format!("the old key {} is not trusted", self.old))
                .hint("`runner trust list` shows which are"));
        }
        if trust.keys.iter().any(|key| key.signer == self.new) {
            return Err(refused(format!("the new key {} is trusted already", self.new)));
        }
        let mut both = Vec::new();
        for key in old {
            if key.is_expired(now) {
                return Err(refused(format!("the old key of {} has expired, and names no other", key.name))
                    .hint("get the new key in another way, and add it with `runner trust add`"));
            }
            let is_within = |wanted: &NamePattern| key.plugins.iter().any(|own| wanted.is_within(own));
            if !self.plugins.iter().all(is_within) {
                let (own, wanted) = (names(&key.plugins), names(&self.plugins));
                return Err(refused(format!(
                    "the old key of {} is trusted for {own}, and the new one is to be for {wanted}",
                    key.name
                )));
            }
            let end = key.until.map_or(self.issued, |until| until.min(self.issued));
            let new = Key { signer: self.new.clone(), plugins: self.plugins.clone(), ..key.clone() };
            both.push([Key { until: Some(end), ..key.clone() }, new]);
        }
        Ok(both)
    }
}
