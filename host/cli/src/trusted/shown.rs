//! `runner trust list`.

use jiff::Timestamp;
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_policy::decide::Situation;
use runner_policy::revocation::names;
use runner_policy::trust::{Key, Role};

use crate::Outcome;
use crate::guard::Guard;
use crate::report::Reporter;

/// A key for people.
pub(super) fn line(key: &Key, now: Timestamp) -> String {
    let may = match key.role {
        Role::Author => "signs",
        Role::Vet => "vets",
        Role::Revoke => "revokes",
        Role::Audit => "audits",
        Role::Receipt => "signs receipts of",
    };
    let until = match key.until {
        Some(until) if key.is_expired(now) => format!(", expired {until}"),
        Some(until) => format!(", until {until}"),
        None => String::new(),
    };
    format!("{} {may} {}{until}  {}", key.name, names(&key.plugins), key.signer)
}

/// A number of entries.
fn entries(number: usize) -> String {
    count(number as u64, "entry").replace("entrys", "entries")
}

/// Shows what counts here.
///
/// # Errors
/// If something cannot be read.
pub(super) fn list(reporter: &Reporter) -> Result<Outcome> {
    let Situation { trust, policies, lists, imports, now } = Guard::load()?.situation;
    let mut page = Page::default();
    for key in &trust.keys {
        let by = lists.revoking(&key.plugins, &key.signer);
        let revoked = by.map(|list| format!(", revoked by the list {list}")).unwrap_or_default();
        page.line(format_args!("key    {}{revoked} ({} trusts it)", line(key, now), key.level));
    }
    for group in &trust.groups {
        let (min, of) = (group.min, group.keys.join(", "));
        page.line(format_args!("group  {}: {min} of {of} ({} says so)", group.name, group.level));
    }
    for policy in &policies {
        page.line(format_args!("policy {} (of {})", policy.path.shown(), policy.level));
    }
    for accepted in lists.all() {
        let list = &accepted.list;
        let revoked = entries(list.revoked.len());
        let old = if list.expires <= now { "expired" } else { "expires" };
        page.line(format_args!(
            "list   {}: number {}, {revoked}, {old} {}, signed by {}, for {}",
            list.name,
            list.sequence,
            list.expires,
            accepted.signed_by.join(" and "),
            names(&accepted.plugins)
        ));
    }
    for import in &imports {
        let audits = count(import.audits.audit.len() as u64, "audit");
        let end = if import.end() <= now { "expired" } else { "until" };
        page.line(format_args!(
            "audits {import}: {audits}, {} of warning, {end} {}, signed by {}, for {} ({} imports them)",
            entries(import.audits.violation.len()),
            import.end(),
            import.pin.signed_by.join(" and "),
            names(&import.pin.plugins),
            import.level
        ));
        for (theirs, ours) in &import.pin.criteria {
            page.line(format_args!("       their {theirs} is {ours} here"));
        }
    }
    if page.as_str().is_empty() {
        page.line("no key is trusted, and there is no policy and no list of revoked plugins");
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}
