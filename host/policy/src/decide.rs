//! Whether a plugin may run: a pure function of its facts, of what is trusted and
//! demanded, and of the time.
//!
//! Each demand is looked at alone, and all must be met. So a policy more never allows
//! what was refused.

mod vetting;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_trust::signer::Signer;

use crate::facts::{Facts, Lock, Origin};
use crate::level::Level;
use crate::pattern::any_covers;
use crate::revocation::Lists;
use crate::rules::{Capability, Demands, Policy, Rule, Stale};
use crate::trust::{Key, Role, Trust};

/// What is trusted and demanded on this machine, now.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The keys.
    pub trust: Trust,
    /// All policies.
    pub policies: Vec<Policy>,
    /// What was revoked.
    pub lists: Lists,
    /// What the clock says.
    pub now: Timestamp,
}

/// That a plugin may run, and what it may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The most memory for an instance, in bytes.
    pub max_memory: Option<u64>,
    /// The most time for a block of a file.
    pub max_timeout: Option<Duration>,
    /// What it may not have.
    pub withheld: Vec<Capability>,
    /// Nothing may get weaker when it is installed.
    pub no_downgrade: bool,
    /// What the user is to be warned of.
    pub warnings: Vec<String>,
    /// The keys of those who have vetted it, and count.
    pub vetted_by: Vec<Signer>,
}

/// Why a demand is not met, and what can be done.
struct Unmet {
    why: String,
    hint: String,
}

impl Situation {
    /// The time that counts: it is never before a time at which something that is known
    /// was made, so a clock that is set back gives nothing back.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.lists.newest().map_or(self.now, |newest| newest.max(self.now))
    }

    /// Whether some rule depends on which files are changed.
    #[must_use]
    pub fn has_paths(&self) -> bool {
        self.policies.iter().any(Policy::has_paths)
    }

    /// The keys of this role that may say something of a plugin, and count: neither
    /// revoked, nor expired, unless the content is known from before that.
    fn keys<'s>(&'s self, role: Role, facts: &'s Facts) -> impl Iterator<Item = &'s Key> {
        let id = facts.id.as_ref();
        let is_kept = facts.lock == Lock::Named || self.lists.keeps(id, facts.digest);
        let keys = self.trust.keys_for(role, id);
        keys.filter(move |key| is_kept || !key.is_expired(self.time()))
            .filter(move |key| !self.lists.revokes_key(id, &key.signer))
    }

    /// Decides whether a plugin may run on these files, which are absolute and without
    /// links.
    ///
    /// # Errors
    /// [`Kind::Refused`], with who refuses what, why, and what can be done.
    pub fn decide(&self, facts: &Facts, files: &[PathBuf]) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        self.revoked(facts)?;
        let now = self.time();
        let old = self.lists.all().iter().map(|accepted| &accepted.list).filter(|list| list.expires <= now);
        verdict.warnings = old
            .map(|list| {
                format!(
                    "the list {} of revoked plugins has expired at {}: get a newer one",
                    list.name, list.expires
                )
            })
            .collect();
        for policy in &self.policies {
            for rule in policy.rules.iter().filter(|rule| applies(&rule.demands, facts, files)) {
                self.meets(&rule.demands, policy.level, facts, &mut verdict)
                    .map_err(|unmet| said(facts, policy, rule, unmet))?;
            }
        }
        verdict.warnings.dedup();
        Ok(verdict)
    }

    fn revoked(&self, facts: &Facts) -> Result<()> {
        let Some(revoked) = self.lists.revoked(facts.id.as_ref(), facts.digest, &facts.signers) else {
            return Ok(());
        };
        let by = revoked.list.signed_by.join(" and ");
        let list = &revoked.list.list;
        let what = format!("the plugin {} is revoked", named(facts));
        Err(Error::new(Kind::Refused, what)
            .because(format!(
                "{} (list {}, number {}, signed by {by})",
                shown(revoked.why),
                list.name,
                list.sequence
            ))
            .hint("install a version that is not revoked")
            .hint(format!(
                "`runner log --plugin {} --undo` shows what it has changed, and how to take that back",
                facts.digest
            )))
    }

    /// Whether all demands of a rule are met. Narrows the verdict by it.
    fn meets(
        &self,
        demands: &Demands,
        level: Level,
        facts: &Facts,
        verdict: &mut Verdict,
    ) -> Result<(), Unmet> {
        self.known_lists(demands)?;
        let unmet = |why: &str, hint: String| Err(Unmet { why: why.to_owned(), hint });
        match facts.origin {
            Origin::Bundled if demands.refuse_bundled => {
                return unmet("bundled plugins are not run there", "name an installed plugin".to_owned());
            }
            Origin::File if demands.refuse_files => {
                let hint = "`runner plugin install FILE` installs a plugin, and it is run by its name then";
                return unmet("plugins that are not installed are not run there", hint.to_owned());
            }
            // They are a part of this program, which is trusted.
            Origin::Bundled => {}
            _ => {
                if let Some(by) = &demands.signed_by {
                    self.signed_by(by, level, facts)?;
                }
                if demands.pinned && facts.lock == Lock::Absent {
                    let hint = format!("`runner plugin lock {}` pins what is installed", package(facts));
                    return unmet("no runner.lock names it with this digest", hint);
                }
                if let Some(vetted) = &demands.vetted {
                    verdict.vetted_by.extend(self.vetted(vetted, level, facts)?);
                }
            }
        }
        verdict.max_memory = verdict.max_memory.into_iter().chain(demands.max_memory).min();
        verdict.max_timeout = verdict.max_timeout.into_iter().chain(demands.max_timeout).min();
        verdict.no_downgrade |= demands.no_downgrade;
        if let Some(allowed) = &demands.capabilities {
            let all = [Capability::Table, Capability::Seed];
            let new = all.into_iter().filter(|one| !allowed.contains(one) && !verdict.withheld.contains(one));
            let new: Vec<_> = new.collect();
            verdict.withheld.extend(new);
        }
        Ok(())
    }

    fn known_lists(&self, demands: &Demands) -> Result<(), Unmet> {
        let accept = |name: &str| {
            format!("get the newest list {name} from who issues it, and `runner trust revoke FILE`")
        };
        if let Some(name) = demands.lists.iter().find(|name| self.lists.get(name).is_none()) {
            return Err(Unmet {
                why: format!("the list {} of revoked plugins is not known", shown(name)),
                hint: accept(&shown(name).to_string()),
            });
        }
        let old = self.lists.all().iter().find(|accepted| accepted.list.expires <= self.time());
        match old {
            Some(old) if demands.stale_lists == Stale::Refuse => Err(Unmet {
                why: format!(
                    "the list {} of revoked plugins has expired at {}",
                    old.list.name, old.list.expires
                ),
                hint: accept(&old.list.name),
            }),
            _ => Ok(()),
        }
    }

    /// Whether one of these keys or groups has signed.
    fn signed_by(&self, by: &[String], level: Level, facts: &Facts) -> Result<(), Unmet> {
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
            shown(&by.join(" or "))
        );
        Err(Unmet { why, hint })
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

/// Whether a rule is for this plugin and one of these files.
fn applies(demands: &Demands, facts: &Facts, files: &[PathBuf]) -> bool {
    let is_for = demands.for_plugins.is_empty() || any_covers(&demands.for_plugins, facts.id.as_ref());
    let is_there = || files.iter().any(|file| demands.for_files.iter().any(|pattern| pattern.covers(file)));
    is_for && (demands.for_files.is_empty() || is_there())
}

/// A plugin for a message.
fn named(facts: &Facts) -> String {
    facts.id.as_ref().map_or_else(|| shown(&facts.name).to_string(), ToString::to_string)
}

/// Its name without a version, for a command.
fn package(facts: &Facts) -> String {
    facts.id.as_ref().map_or_else(|| "NAMESPACE:NAME".to_owned(), runner_trust::id::Id::package)
}

fn refused(facts: &Facts) -> Error {
    Error::new(Kind::Refused, format!("the plugin {}, digest {}, may not be run", named(facts), facts.digest))
}

fn said(facts: &Facts, policy: &Policy, rule: &Rule, unmet: Unmet) -> Error {
    use runner_pipeline::escape::Raw as _;
    let place = if rule.line > 0 { format!(", rule in line {}", rule.line) } else { String::new() };
    refused(facts)
        .because(Error::new(Kind::Refused, unmet.why).because(format!(
            "that is what {} demands, the policy of {}{place}",
            policy.path.shown(),
            policy.level
        )))
        .hint(unmet.hint)
}

#[cfg(test)]
mod tests;
