//! Whether a plugin may be installed: what the policies say, and what is attested.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::count;
use runner_pipeline::storage::Storage;
use runner_policy::decide::Voucher;
use runner_policy::facts::Lock;
use runner_store::index::{Index, Installed};
use runner_store::lock_file::LockFile;
use runner_store::store::{New, Store};
use runner_trust::id::Id;

use super::admission::Accepted;
use crate::guard::Guard;
use crate::installed::read_pins;
use crate::report::Reporter;

/// Asks the policies whether a plugin may be installed, and returns who has vetted it, if
/// that is demanded. What depends on the files that are
/// changed, or on a lock file, is asked when it is run.
///
/// # Errors
/// [`Kind::Refused`] if it may not, or if the user accepts what must not get weaker.
pub(super) fn allowed(
    new: &New,
    guard: &Guard,
    accepted: &[Accepted],
    reporter: &Reporter,
) -> Result<Vec<Voucher>> {
    let plugin = &new.plugin;
    let lock = if is_locked(plugin)? { Lock::Named } else { Lock::Later };
    let verdict =
        guard.decide(&guard.of_installed(plugin, lock, (&new.bytes, &new.evidence)), &[], reporter)?;
    match verdict.no_downgrade.zip(accepted.first()) {
        Some((by, change)) => {
            let what = format!("a policy demands `no-downgrade`, so `--accept {}` is refused", change.word());
            let why = format!("{} would get weaker than what was installed before", plugin.id);
            Err(Error::new(Kind::Refused, what)
                .because(Error::new(Kind::Refused, why).because(by))
                .hint("install it without that option, or a later version"))
        }
        None => Ok(verdict.vetted_by),
    }
}

/// Whether the lock file names a plugin with its digest.
fn is_locked(plugin: &Installed) -> Result<bool> {
    let is_named = |lock: &LockFile| {
        lock.plugins().iter().any(|locked| locked.id == plugin.id && locked.blake3 == plugin.blake3)
    };
    Ok(read_pins()?.as_ref().is_some_and(is_named))
}

/// Refuses what a key has signed that has expired: it may have been made since. Content
/// that is installed, that the lock file names, or that a list keeps, is known from before.
///
/// # Errors
/// [`Kind::Refused`] if it is refused.
pub(super) fn not_ended(new: &New, guard: &Guard, index: &Index) -> Result<()> {
    let plugin = &new.plugin;
    let Some(signer) = plugin.signer.as_ref().filter(|signer| guard.has_ended(&plugin.id, signer)) else {
        return Ok(());
    };
    let is_there = index.get(&plugin.id).is_some_and(|there| there.blake3 == plugin.blake3);
    let is_kept = guard.situation.lists.keeps(Some(&plugin.id), plugin.blake3);
    if is_there || is_kept || is_locked(plugin)? {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("{} is signed by a key that has expired", plugin.id))
        .because(format!("{signer} was trusted, and is no more: `runner trust list` shows until when"))
        .hint("install a version that is signed by the author's new key"))
}

/// Compares what trusted keys attest with what they attest of the versions that are
/// installed, and of the one that was installed last.
///
/// # Errors
/// [`Kind::Refused`] if fewer keys do.
pub(super) fn not_less<S: Storage>(
    new: &New,
    guard: &Guard,
    store: &Store<'_, S>,
    index: &Index,
) -> Result<()> {
    let (id, now) = (&new.plugin.id, new.plugin.vetted_by.len());
    let is_other = |other: &&Installed| {
        other.id.package() == id.package() && other.blake3 != new.plugin.blake3 && other.evidence.is_some()
    };
    for other in index.plugins().iter().filter(is_other) {
        // What is damaged is no reason.
        let (Ok(bytes), Ok(evidence)) = (store.load(other), store.evidence(other)) else { continue };
        let before = guard.attesters(&other.id, &bytes, &evidence).len();
        if now < before {
            return Err(fewer(id, (now, before), &other.id.to_string()));
        }
    }
    // What was removed is remembered. Keys that are not trusted any more count for nothing.
    let Some(seen) = index.seen(id) else { return Ok(()) };
    let before = seen.vetted_by.iter().filter(|key| guard.vets(id, key)).count();
    if now < before { Err(fewer(id, (now, before), "the version before")) } else { Ok(()) }
}

fn fewer(id: &Id, (now, before): (usize, usize), other: &str) -> Error {
    let (now, before) = (count(now as u64, "trusted key"), count(before as u64, "trusted key"));
    Error::new(Kind::Refused, format!("{id} is attested by fewer than what was installed before"))
        .because(format!("{before} attested {other}, and {now} this one"))
        .hint("get its attestations, as a file beside it that ends in .intoto.jsonl")
        .hint("if that is right, accept it with `--accept evidence`")
}
