//! Whether a plugin may run: a pure function of its facts, of what is trusted and
//! demanded, and of the time.
//!
//! Each demand is looked at alone, and all must be met. So a policy more never allows
//! what was refused.

mod signing;
mod taken_back;
mod vetting;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

pub use self::vetting::Voucher;
use crate::facts::{Facts, Lock, Origin};
use crate::imports::Import;
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
    /// The audits of others.
    pub imports: Vec<Import>,
    /// What the clock says.
    pub now: Timestamp,
}

/// That a plugin may run, and what it may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The most memory for an instance, in bytes.
    pub max_memory: Option<Limit<u64>>,
    /// The most time for a block of a file.
    pub max_timeout: Option<Limit<Duration>>,
    /// What it may not have.
    pub withheld: Vec<Limit<Capability>>,
    /// Nothing may get weaker when it is installed, and who says so.
    pub no_downgrade: Option<String>,
    /// What the user is to be warned of.
    pub warnings: Vec<String>,
    /// Those who have vetted it, and count.
    pub vetted_by: Vec<Voucher>,
}

/// What a policy limits, with a sentence that says which policy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit<T> {
    /// The limit.
    pub most: T,
    /// The policy, its level, and the line of the rule.
    pub by: String,
}

/// Why a demand is not met, and what can be done.
struct Unmet {
    why: String,
    hints: Vec<String>,
}

impl Unmet {
    fn new(why: &str, hint: impl Into<String>) -> Self {
        Self { why: why.to_owned(), hints: vec![hint.into()] }
    }
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
        self.violated(facts)?;
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
                let by = demanded_by(policy, rule);
                self.meets((&rule.demands, policy.level), facts, &by, &mut verdict)
                    .map_err(|unmet| said(facts, &by, unmet))?;
            }
        }
        verdict.warnings.dedup();
        Ok(verdict)
    }

    /// Whether all demands of a rule are met. Narrows the verdict by it.
    fn meets(
        &self,
        (demands, level): (&Demands, Level),
        facts: &Facts,
        by: &str,
        verdict: &mut Verdict,
    ) -> Result<(), Unmet> {
        self.known_lists(demands)?;
        let unmet = |why: &str, hint: String| Err(Unmet::new(why, hint));
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
                if demands.pinned {
                    pinned(facts)?;
                }
                if let Some(vetted) = &demands.vetted {
                    verdict.vetted_by.extend(self.vetted(vetted, level, facts)?);
                }
            }
        }
        narrow(&mut verdict.max_memory, demands.max_memory, by);
        narrow(&mut verdict.max_timeout, demands.max_timeout, by);
        if demands.no_downgrade {
            verdict.no_downgrade.get_or_insert_with(|| by.to_owned());
        }
        if let Some(allowed) = &demands.capabilities {
            let all = [Capability::Table, Capability::Seed];
            let is_new = |one: &Capability| {
                !allowed.contains(one) && !verdict.withheld.iter().any(|other| other.most == *one)
            };
            let new: Vec<_> = all.into_iter().filter(is_new).collect();
            verdict.withheld.extend(new.into_iter().map(|most| Limit { most, by: by.to_owned() }));
        }
        Ok(())
    }

    fn known_lists(&self, demands: &Demands) -> Result<(), Unmet> {
        let accept = |name: &str| {
            format!("get the newest list {name} from who issues it, and `runner trust revoke FILE`")
        };
        if let Some(name) = demands.lists.iter().find(|name| self.lists.get(name).is_none()) {
            let why = format!("the list {} of revoked plugins is not known", shown(name));
            return Err(Unmet::new(&why, accept(&shown(name).to_string())));
        }
        let old = self.lists.all().iter().find(|accepted| accepted.list.expires <= self.time());
        match old {
            Some(old) if demands.stale_lists == Stale::Refuse => {
                let list = &old.list;
                let why =
                    format!("the list {} of revoked plugins has expired at {}", list.name, list.expires);
                Err(Unmet::new(&why, accept(&list.name)))
            }
            _ => Ok(()),
        }
    }
}

/// Lowers a limit.
fn narrow<T: Ord>(limit: &mut Option<Limit<T>>, most: Option<T>, by: &str) {
    let Some(most) = most else { return };
    if limit.as_ref().is_none_or(|known| most < known.most) {
        *limit = Some(Limit { most, by: by.to_owned() });
    }
}

/// Whether a lock file pins a plugin.
fn pinned(facts: &Facts) -> Result<(), Unmet> {
    match facts.lock {
        Lock::Named | Lock::Later => Ok(()),
        Lock::Absent => {
            let hint = format!("`runner plugin lock {}` pins what is installed", package(facts));
            Err(Unmet::new("no runner.lock names it with this digest", hint))
        }
        Lock::Open => Err(Unmet::new(
            "runner.lock names it, and other users may write to that file",
            "look at what it names; then `chmod go-w runner.lock`",
        )),
    }
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

/// Which policy demands something, as a sentence.
fn demanded_by(policy: &Policy, rule: &Rule) -> String {
    use runner_pipeline::escape::Raw as _;
    let place = if rule.line > 0 { format!(", rule in line {}", rule.line) } else { String::new() };
    format!("that is what {} demands, the policy of {}{place}", policy.path.shown(), policy.level)
}

fn said(facts: &Facts, by: &str, unmet: Unmet) -> Error {
    let why = Error::new(Kind::Refused, unmet.why).because(by.to_owned());
    let error = refused(facts).because(why);
    unmet.hints.into_iter().fold(error, Error::hint)
}

#[cfg(test)]
mod tests;
