//! Whether a plugin was vetted as a rule demands: by attestations of trusted keys, and
//! by the audits of others that were imported.

use std::fmt;

use runner_pipeline::escape::shown;
use runner_trust::signer::Signer;

use super::{Situation, Unmet};
use crate::facts::{Claim, Facts, REBUILT, VETTED};
use crate::imports::Import;
use crate::level::Level;
use crate::rules::Vetted;
use crate::trust::{Key, Role};
use crate::when::SKEW;

/// One who has vetted a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Whose key it is.
    pub key: Signer,
    /// The audits that say so, if they were imported.
    pub import: Option<String>,
}

impl fmt::Display for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)?;
        self.import.as_ref().map_or(Ok(()), |import| write!(f, ", in imported audits ({import})"))
    }
}

/// A key that is asked, with what it claims.
struct Asked<'s> {
    key: &'s Key,
    claims: Vec<Claim>,
    import: Option<String>,
}

impl Situation {
    /// Those who have vetted a plugin as it is demanded.
    pub(super) fn vetted(&self, vetted: &Vetted, level: Level, facts: &Facts) -> Result<Vec<Voucher>, Unmet> {
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
        let keys = self.keys(Role::Vet, facts).chain(self.keys(Role::Audit, facts));
        let asked: Vec<_> =
            keys.filter(is_asked).map(|key| self.asked(key, (vetted, level), facts)).collect();
        let agreed: Vec<_> = asked.iter().filter(|asked| asked.has_vetted(vetted)).collect();
        let min = groups.iter().map(|group| group.min).chain([vetted.min]).max().unwrap_or(1);
        let names = parties(&agreed);
        if names.len() >= min {
            let voucher =
                |asked: &&Asked<'_>| Voucher { key: asked.key.signer.clone(), import: asked.import.clone() };
            return Ok(agreed.iter().map(voucher).collect());
        }
        let found = if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") };
        let mut how = String::new();
        if !vetted.criteria.is_empty() {
            how += &format!(", as {}", shown(&vetted.criteria.join(" and ")));
        }
        if let Some(runner) = &vetted.runner {
            how += &format!(", with runner {runner}");
        }
        let by = shown(&vetted.by.join(" and ")).to_string();
        let mut hints = commands(vetted, &asked);
        hints.extend(self.unknown(vetted, level));
        hints.extend(self.of_imports((vetted, level), facts));
        Err(Unmet { why: format!("of {by}, {min} must have vetted it{how}: {found} has"), hints })
    }

    /// What a key claims that counts now.
    fn asked<'s>(&'s self, key: &'s Key, (vetted, level): (&Vetted, Level), facts: &Facts) -> Asked<'s> {
        let now = self.time();
        let mut import = None;
        let mut claims: Vec<_> =
            facts.claims.iter().filter(|claim| claim.key == key.signer).cloned().collect();
        if key.role == Role::Audit {
            // Who signed it together vouches together: all of them must still count.
            let counts = |signer: &Signer| self.keys(Role::Audit, facts).any(|key| key.signer == *signer);
            let of_key = |import: &&Import| {
                let is_there = import.level <= level && import.end() > now;
                is_there && import.pin.keys.contains(&key.signer) && import.pin.keys.iter().all(counts)
            };
            let imports: Vec<_> = self.imports.iter().filter(of_key).collect();
            claims = imports.iter().flat_map(|import| import.claims(&key.signer, facts)).collect();
            import = imports.first().map(|import| import.to_string());
        }
        claims.retain(|claim| {
            claim.time <= now.checked_add(SKEW).unwrap_or(now)
                && vetted.max_age.is_none_or(|age| claim.time.checked_add(age).is_ok_and(|end| end > now))
                && match (&vetted.runner, &claim.runner) {
                    (Some(wanted), Some(version)) => wanted.matches(version),
                    _ => true,
                }
        });
        if self.is_of_author(key, facts) {
            // An author cannot confirm that others get the same bytes from the source.
            claims.iter_mut().for_each(|claim| claim.criteria.retain(|word| word != REBUILT));
            claims.retain(|claim| !claim.criteria.is_empty());
        }
        Asked { key, claims, import }
    }

    /// Whether a key belongs to a party that has signed the plugin, or may. Whether the
    /// signature is there does not matter: it could have been removed on its way.
    fn is_of_author(&self, key: &Key, facts: &Facts) -> bool {
        let is_same = |signer: &Signer| is_same_key(signer, &key.signer);
        let mut authors = self.trust.keys_for(Role::Author, facts.id.as_ref());
        let own = || self.trust.keys.iter().filter(|other| other.name == key.name);
        authors.any(|author| author.name == key.name || is_same(&author.signer))
            || facts
                .signers
                .iter()
                .any(|signer| is_same(signer) || own().any(|other| other.signer == *signer))
    }

    /// Names that are demanded, and that stand for no key here.
    fn unknown(&self, vetted: &Vetted, level: Level) -> Option<String> {
        let is_known = |name: &String| {
            let vets = |key: &Key| matches!(key.role, Role::Vet | Role::Audit) && key.level <= level;
            self.trust.keys.iter().any(|key| key.name == *name && vets(key))
                || self.trust.groups.iter().any(|group| group.name == *name && group.level <= level)
        };
        let name = vetted.by.iter().find(|name| !is_known(name))?;
        let name = shown(name);
        Some(format!(
            "{level} trusts no key of the name {name} to vet: `runner trust add {name} KEY.pub --role vet --for \
             PLUGINS` trusts one"
        ))
    }

    /// Why audits that were imported do not count for a plugin, though they are of those
    /// who are asked.
    fn of_imports(&self, (vetted, level): (&Vetted, Level), facts: &Facts) -> Option<String> {
        let now = self.time();
        let keys: Vec<_> =
            self.trust.keys.iter().filter(|key| key.role == Role::Audit && key.level <= level).collect();
        let is_asked = |import: &&Import| {
            let is_his = |key: &&&Key| import.pin.keys.contains(&key.signer) && vetted.by.contains(&key.name);
            import.level <= level && keys.iter().any(|key| is_his(&key))
        };
        self.imports.iter().filter(is_asked).find_map(|import| {
            if import.end() <= now {
                let (name, end) = (&import.pin.name, import.end());
                return Some(format!(
                    "the imported audits of {name} have expired at {end}: `runner trust import FILE` takes newer \
                     ones"
                ));
            }
            let word = import.unmapped(facts)?;
            Some(format!(
                "the imported audits of {0} say `{1}` of it, which stands for no word of yours: `runner trust import \
                 FILE --criteria {1}=WORD` maps it",
                import.pin.name,
                shown(&word)
            ))
        })
    }
}

/// Whether two keys are one, whatever their formats are.
fn is_same_key(one: &Signer, other: &Signer) -> bool {
    one == other || one.ed25519().is_some_and(|bytes| Some(bytes) == other.ed25519())
}

/// The names of those who agree, each once. A key under two names, such as in two roles, is
/// one party.
fn parties<'s>(agreed: &[&Asked<'s>]) -> Vec<&'s str> {
    let mut found: Vec<&Key> = Vec::new();
    for asked in agreed {
        let is_known = |key: &&Key| key.name == asked.key.name || is_same_key(&key.signer, &asked.key.signer);
        if !found.iter().any(is_known) {
            found.push(asked.key);
        }
    }
    let mut names: Vec<_> = found.into_iter().map(|key| key.name.as_str()).collect();
    names.sort_unstable();
    names
}

impl Asked<'_> {
    /// Whether the key claims all that is demanded. Where versions of this program are
    /// demanded, what it was used for counts only with those, and one such claim is needed.
    fn has_vetted(&self, vetted: &Vetted) -> bool {
        let is_claimed = |criterion: &String| self.claims_word(criterion);
        let has_any = self.claims.iter().any(|claim| vetted.runner.is_none() || claim.runner.is_some());
        has_any && vetted.criteria.iter().all(is_claimed)
    }

    fn claims_word(&self, criterion: &String) -> bool {
        self.claims.iter().any(|claim| claim.criteria.contains(criterion))
    }
}

/// The commands that give what is missing: words that none of those who are asked claims, or all
/// of them if more must claim them.
fn commands(vetted: &Vetted, asked: &[Asked<'_>]) -> Vec<String> {
    let is_claimed = |word: &&String| asked.iter().any(|asked| asked.claims_word(word));
    let mut missing: Vec<_> = vetted.criteria.iter().filter(|word| !is_claimed(word)).collect();
    if missing.is_empty() {
        missing = vetted.criteria.iter().collect();
    }
    let words: Vec<_> = missing.iter().filter(|word| !word.contains(':')).map(|word| word.as_str()).collect();
    let has = |word: &str| missing.iter().any(|one| *one == word);
    let mut hints = Vec::new();
    if vetted.criteria.is_empty() || has(VETTED) || vetted.runner.is_some() && !has(REBUILT) {
        hints.push(
            "`runner plugin vet FILE.wasm --json > REPORT` tries a plugin, and `runner plugin attest FILE.wasm --key \
             KEY --vet REPORT` signs the result"
                .to_owned(),
        );
    }
    if !words.is_empty() {
        let words = words.join(",");
        hints.push(format!(
            "`runner plugin attest FILE.wasm --key KEY --approve {}` signs an approval by one of them",
            shown(&words)
        ));
    }
    if has(REBUILT) {
        hints.push(
            "`runner plugin rebuild` builds a plugin again, and signs with `--key` that it is the same; it counts \
             only from others than the author"
                .to_owned(),
        );
    }
    hints
}
