//! Whether a plugin was vetted as a rule demands.

use runner_pipeline::escape::shown;
use runner_trust::signer::Signer;

use super::{Situation, Unmet};
use crate::facts::{Claim, Facts, REBUILT};
use crate::level::Level;
use crate::rules::Vetted;
use crate::trust::{Key, Role};
use crate::when::SKEW;

impl Situation {
    /// The keys of those who have vetted a plugin as it is demanded.
    pub(super) fn vetted(&self, vetted: &Vetted, level: Level, facts: &Facts) -> Result<Vec<Signer>, Unmet> {
        let groups: Vec<_> = self
            .trust
            .groups
            .iter()
            .filter(|group| group.level <= level && vetted.by.contains(&group.name))
            .collect();
        let is_asked = |key: &&Key| {
            key.level <= level
                && (vetted.by.contains(&key.name)
                    || groups.iter().any(|group| group.keys.contains(&key.name)))
        };
        let keys: Vec<_> = self
            .keys(Role::Vet, facts)
            .filter(is_asked)
            .filter(|key| self.has_vetted(key, facts, vetted))
            .collect();
        let min = groups.iter().map(|group| group.min).chain([vetted.min]).max().unwrap_or(1);
        let mut names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() >= min {
            return Ok(keys.iter().map(|key| key.signer.clone()).collect());
        }
        let found = if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") };
        let mut how = String::new();
        if !vetted.criteria.is_empty() {
            how += &format!(", as {}", shown(&vetted.criteria.join(" and ")));
        }
        if let Some(runner) = &vetted.runner {
            how += &format!(", with runner {runner}");
        }
        Err(Unmet {
            why: format!(
                "of {}, {min} must have vetted it{how}: {found} has",
                shown(&vetted.by.join(" and "))
            ),
            hint: hint(vetted).to_owned(),
        })
    }

    /// Whether a key claims all that is demanded. Where versions of this program are
    /// demanded, what it was used for counts only with those, and one such claim is needed.
    /// The author of a plugin cannot confirm that others get the same bytes from its source.
    fn has_vetted(&self, key: &Key, facts: &Facts, vetted: &Vetted) -> bool {
        let now = self.time();
        let is_of_author = self.is_of_author(key, facts);
        let is_of_now = |claim: &&Claim| {
            claim.key == key.signer
                && claim.time <= now.checked_add(SKEW).unwrap_or(now)
                && vetted.max_age.is_none_or(|age| claim.time.checked_add(age).is_ok_and(|end| end > now))
        };
        let is_with = |claim: &&Claim| match (&vetted.runner, &claim.runner) {
            (Some(wanted), Some(version)) => wanted.matches(version),
            _ => true,
        };
        let is_of_another =
            |claim: &&Claim| !is_of_author || !claim.criteria.iter().any(|one| one == REBUILT);
        let claims: Vec<_> =
            facts.claims.iter().filter(is_of_now).filter(is_with).filter(is_of_another).collect();
        let is_claimed = |criterion: &String| claims.iter().any(|claim| claim.criteria.contains(criterion));
        let has_any = claims.iter().any(|claim| vetted.runner.is_none() || claim.runner.is_some());
        has_any && vetted.criteria.iter().all(is_claimed)
    }

    /// Whether a key belongs to a party that has signed the plugin, or may. Whether the
    /// signature is there does not matter: it could have been removed on its way.
    fn is_of_author(&self, key: &Key, facts: &Facts) -> bool {
        let is_same = |signer: &Signer| {
            *signer == key.signer || signer.ed25519().is_some_and(|bytes| Some(bytes) == key.signer.ed25519())
        };
        let mut authors = self.trust.keys_for(Role::Author, facts.id.as_ref());
        let own = || self.trust.keys.iter().filter(|other| other.name == key.name);
        authors.any(|author| author.name == key.name || is_same(&author.signer))
            || facts
                .signers
                .iter()
                .any(|signer| is_same(signer) || own().any(|other| other.signer == *signer))
    }
}

/// What those can do who are asked.
fn hint(vetted: &Vetted) -> &'static str {
    if vetted.criteria.iter().any(|criterion| criterion == REBUILT) {
        "`runner plugin rebuild` builds a plugin again, and signs with `--key` that it is the same; it counts \
         only from others than the author"
    } else {
        "`runner plugin vet` tries a plugin, and `runner plugin attest` signs the result"
    }
}
