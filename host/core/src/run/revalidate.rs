//! Converts a saved patch to a patch of the current file.

mod touched;

use super::{Event, Options, OsPatch};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash;
use crate::patch::{Header, Origin, PatchView, Roots, Writer};
use crate::profile::{self, Stage};
use crate::scan::{self, Revalidated};
use crate::storage::{OsStorage, Storage};
use crate::target::{OsTarget, Target};

/// Makes a patch of a target from the edits of a saved patch, or from their
/// reverse. This takes one pass over the target (and a second one over its
/// tail, if lengths change). Everything else in the saved patch must be true;
/// only the plugin and the parameters are copied, for the record.
///
/// # Errors
/// [`Kind::Verification`] when the patch does not fit the target, or makes
/// false claims about it; any I/O error.
pub(super) fn revalidate(
    target: &OsTarget,
    view: PatchView<'_, '_, OsStorage>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<OsPatch> {
    if view.patch.roots() == Roots::Touched {
        return touched::revalidate(target, view, options, events);
    }
    let (path, of) = (target.path(), target.size());
    let (before, after) = (view.before(), view.after());
    let context = options.context();
    let mapping = target.map()?;
    let mut progress = |bytes| events(Event::Scanned { bytes, of });
    if of != before.size {
        let root = hash::file::of_mapping(&mapping, context, &mut progress)?;
        return Err(no_fit(target, view, Some(root)));
    }
    let writer = Writer::new(target.storage, target.names.scan.clone(), renewed_header(target, view))?;
    let revalidated = profile::time(Stage::Scan, || {
        scan::revalidate(&mapping, view.reader(), writer, context, &mut progress)
    })?;
    let scanned = match revalidated {
        Revalidated::Fits(scanned) if scanned.pre_root == before.root => scanned,
        Revalidated::Fits(scanned) => return Err(no_fit(target, view, scanned.pre_root)),
        Revalidated::Differs { pre_root, .. } if Some(pre_root) != before.root => {
            return Err(no_fit(target, view, Some(pre_root)));
        }
        Revalidated::Differs { at, .. } => {
            return Err(untrue(format!("{} differs at byte {at} from what the patch says", path.shown())));
        }
    };
    let revalidated = profile::time(Stage::NewRoot, || scanned.seal(&mapping, context))?;
    match (revalidated.seal().post_root, after.root) {
        (Some(root), Some(wanted)) if root != wanted => Err(untrue(format!(
            "{} would get a different root than the patch says: {root} instead of {wanted}",
            path.shown()
        ))),
        _ => Ok(revalidated),
    }
}

/// The header of the new patch.
fn renewed_header<S: Storage, P: Storage>(target: &Target<'_, S>, view: PatchView<'_, '_, P>) -> Header {
    Header {
        target: target.path().to_string_lossy().into_owned(),
        identity: Origin::from(target.identity()),
        ..view.patch.header().clone()
    }
}

/// The error for a patch that fits its file, but makes false claims.
fn untrue(what: String) -> Error {
    Error::new(Kind::Verification, what)
        .hint("the file is untouched; `runner` did not make this patch, or it has been altered")
}

/// The error for a target with this root, which the patch does not fit.
fn no_fit(target: &OsTarget, view: PatchView<'_, '_, OsStorage>, root: Option<blake3::Hash>) -> Error {
    let shown = target.path().shown();
    let error = Error::new(Kind::Verification, format!("the patch does not fit {shown}"));
    if root == view.after().root {
        return error.hint("the file already has the resulting content");
    }
    match (root, view.before().root) {
        (Some(root), Some(before)) => {
            error.hint(format!("its root is {root}, but the patch expects {before}; the file is untouched"))
        }
        _ => error,
    }
}
