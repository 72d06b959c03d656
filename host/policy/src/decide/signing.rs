//! Whether a plugin is signed as a rule demands.

use runner_pipeline::escape::shown;
use runner_trust::signer::Signer;

use super::{Situation, Unmet};
use crate::facts::Facts;
use crate::level::Level;
use crate::trust::Role;

impl Situation {
    /// Whether one of these keys or groups has signed.
    pub(super) fn signed_by(&self, by: &[String], level: Level, facts: &Facts) -> Result<(), Unmet> {
        let signed: Vec<_> = self
            .keys(Role::Author, facts)
            .filter(|key| key.level <= level && facts.signers.contains(&key.signer))
            .map(|key| key.name.as_str())
            .collect();
        let has_agreed = |wanted: &String| {
            let group = self.trust.groups.iter().find(|group| group.level <= level && group.name == *wanted);
            group.map_or_else(
                || signed.contains(&wanted.as_str()),
                |group| count(&signed, &group.keys) >= group.min,
            )
        };
        if by.iter().any(has_agreed) {
            return Ok(());
        }
        let why = match facts.signers.as_slice() {
            [] if facts.id.is_none() => {
                "nothing in it says which plugin it is, so no signature can be for it".to_owned()
            }
            [] => "no signature over it was verified".to_owned(),
            signers => {
                let keys: Vec<_> = signers.iter().map(|signer| self.called(signer)).collect();
                format!("it is signed by {}", keys.join(" and "))
            }
        };
        let hint = format!(
            "it must be signed by {}, whose key {level} trusts for it and has not expired: \
                            `runner trust list` shows the keys",
            shown(&self.wanted(by, level))
        );
        Err(Unmet::new(&why, hint))
    }

    /// The keys and groups that are demanded, with how many of a group.
    fn wanted(&self, by: &[String], level: Level) -> String {
        let name = |wanted: &String| {
            let group = self.trust.groups.iter().find(|group| group.level <= level && group.name == *wanted);
            match group.filter(|group| group.min > 1) {
                Some(group) => format!("{} of {wanted} ({})", group.min, group.keys.join(", ")),
                None => wanted.clone(),
            }
        };
        by.iter().map(name).collect::<Vec<_>>().join(" or ")
    }

    /// A key with its name, if it has one.
    fn called(&self, signer: &Signer) -> String {
        let key = self.trust.keys.iter().find(|key| key.signer == *signer);
        key.map_or_else(
            || format!("{signer}, which is not trusted"),
            |key| {
                let expired = if key.is_expired(self.time()) { ", which has expired" } else { "" };
                format!("{} ({signer}{expired})", key.name)
            },
        )
    }
}

/// How many of the wanted names are there.
fn count(found: &[&str], wanted: &[String]) -> usize {
    wanted.iter().filter(|name| found.contains(&name.as_str())).count()
}
