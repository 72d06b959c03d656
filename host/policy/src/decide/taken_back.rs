//! What is never run, whatever the policies say: what a list revokes, and what imported
//! audits warn of.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use super::{Situation, named};
use crate::facts::{Facts, Origin};
use crate::pattern::any_covers;

impl Situation {
    /// # Errors
    /// [`Kind::Refused`] if a list revokes the plugin.
    pub(super) fn revoked(&self, facts: &Facts) -> Result<()> {
        let Some(revoked) = self.lists.revoked(facts.id.as_ref(), facts.digest, &facts.signers) else {
            return Ok(());
        };
        let by = revoked.list.signed_by.join(" and ");
        let list = &revoked.list.list;
        let what = format!("the plugin {} is revoked", named(facts));
        let why =
            format!("{} (list {}, number {}, signed by {by})", shown(revoked.why), list.name, list.sequence);
        Err(Error::new(Kind::Refused, what).because(why).hint(instead(facts.origin)).hint(look(facts)))
    }

    /// Audits of others count for what they warn of as long as they are here, also when
    /// they have expired, or their key has.
    ///
    /// # Errors
    /// [`Kind::Refused`] if imported audits warn of the plugin.
    pub(super) fn violated(&self, facts: &Facts) -> Result<()> {
        let id = facts.id.as_ref();
        for import in self.imports.iter().filter(|import| any_covers(&import.pin.plugins, id)) {
            let audits = &import.audits;
            let Some(entry) = audits.violation.iter().find(|entry| entry.is_meant(id, facts.digest)) else {
                continue;
            };
            let what = format!("the plugin {} is refused by imported audits", named(facts));
            let why = format!(
                "{} (audits {}, number {}, signed by {}, imported by {})",
                shown(&entry.why),
                import.pin.name,
                audits.sequence,
                import.pin.signed_by.join(" and "),
                import.level
            );
            return Err(Error::new(Kind::Refused, what)
                .because(why)
                .hint(instead(facts.origin))
                .hint(format!(
                    "if they have taken that back, `runner trust import FILE` takes their newest audits; \
                     `runner trust remove --import {}` believes them no more",
                    import.pin.name
                ))
                .hint(look(facts)));
        }
        Ok(())
    }
}

/// What can be run instead.
fn instead(origin: Origin) -> &'static str {
    match origin {
        Origin::Bundled => "it is a part of runner: install a release of runner that is not affected",
        Origin::File => "use a version that is not affected",
        Origin::Installed => "install a version that is not affected: `runner plugin update`",
    }
}

/// How to find what a plugin has done.
fn look(facts: &Facts) -> String {
    format!(
        "`runner log --plugin {} --undo` shows what it has changed, and how to take that back",
        facts.digest
    )
}
