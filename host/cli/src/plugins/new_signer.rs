//! Plugins whose signer is not the one who signed them before.

use runner_pipeline::error::Result;
use runner_pipeline::escape::Page;
use runner_store::index::Index;
use runner_store::store::New;
use runner_trust::id::Id;
use runner_trust::signer::Signer;

use super::admission::Accepted;
use super::allowed::allowed;
use crate::guard::Guard;
use crate::question::{agrees, has_person};
use crate::report::Reporter;

/// A plugin of one signer that was of another one, or of one that was of another and now is
/// of none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewSigner {
    id: Id,
    before: Signer,
    now: Option<Signer>,
}

/// Those whose signer has changed, and not to the next key of the same party.
pub(super) fn new_signers<'n>(new: &'n [New], index: &Index, guard: &Guard) -> Vec<(&'n New, NewSigner)> {
    let changed = |new: &'n New| {
        let (id, now) = (new.plugin.id.clone(), new.plugin.signer.clone());
        let before = index.seen(&id)?.signer.clone()?;
        let is_same = now.as_ref().is_some_and(|now| *now == before || guard.is_next(&id, &before, now));
        (!is_same).then_some((new, NewSigner { id, before, now }))
    };
    new.iter().filter_map(changed).collect()
}

/// Asks about each plugin with a new signer whether that is right, and returns those of
/// which the user says so. Nothing is asked that a policy refuses in any case, and nothing
/// of a plugin that has no signature any more.
///
/// # Errors
/// [`Kind::Refused`](runner_pipeline::error::Kind::Refused) if a policy refuses it; any I/O
/// error.
pub(super) fn agreed(
    new: &[New],
    index: &Index,
    guard: &Guard,
    reporter: &Reporter,
) -> Result<Vec<NewSigner>> {
    let mut agreed = Vec::new();
    for (new, change) in new_signers(new, index, guard) {
        let Some(now) = change.now.as_ref().filter(|_| has_person(reporter)) else { continue };
        allowed(new, guard, &[Accepted::Signer], reporter)?;
        let mut page =
            Page::of(format_args!("the plugin {} is not signed by the one who signed it before", change.id));
        page.line(format_args!("it was signed by {}", change.before));
        page.line(format_args!("it is signed by  {now}"));
        page.line("ask the author, in another way than the plugin came; is the new signer right? [y/N]");
        if agrees(&page, reporter)? {
            agreed.push(change);
        }
    }
    Ok(agreed)
}
