//! From a patch that somebody has saved to one of the file at hand.

use super::{Event, Options, OsPatch};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash;
use crate::patch::{Header, Origin, PatchView, Writer};
use crate::profile::{self, Stage};
use crate::scan::{Rebuilt, rebuild};
use crate::storage::OsStorage;
use crate::target::OsTarget;

/// Makes a patch of a target from the edits of another one, or from those that
/// undo them, in one pass over the target (and another one over its tail, if
/// lengths change). What else the other patch says must be so; nothing of it
/// is taken over but the plugin and the parameters, for the record.
///
/// # Errors
/// [`Kind::Verification`] when the target is not the file that the patch fits,
/// or the patch says of it what is not so; any I/O error.
pub(super) fn renew(
    target: &OsTarget,
    view: PatchView<'_, '_, OsStorage>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<OsPatch> {
    let (path, of) = (target.path(), target.size());
    let (before, after) = (view.before(), view.after());
    let context = options.context();
    let mapping = target.map()?;
    let mut progress = |bytes| events(Event::Scanned { bytes, of });
    if of != before.size {
        let root = hash::file::of_mapping(&mapping, context, &mut progress)?;
        return Err(no_fit(target, view, root));
    }
    let header = Header {
        target: path.to_string_lossy().into_owned(),
        identity: Origin::from(target.identity()),
        ..view.patch.header().clone()
    };
    let writer = Writer::new(target.storage, target.names.scan.clone(), header)?;
    let rebuilt =
        profile::time(Stage::Scan, || rebuild(&mapping, view.reader(), writer, context, &mut progress))?;
    let scanned = match rebuilt {
        Rebuilt::Fits(scanned) if scanned.pre_root == before.root => scanned,
        Rebuilt::Fits(scanned) => return Err(no_fit(target, view, scanned.pre_root)),
        Rebuilt::Differs { pre_root, .. } if pre_root != before.root => {
            return Err(no_fit(target, view, pre_root));
        }
        Rebuilt::Differs { at, .. } => {
            return Err(untrue(format!(
                "{} holds other bytes at byte {at} than the patch says",
                path.shown()
            )));
        }
    };
    let renewed = profile::time(Stage::NewRoot, || scanned.seal(&mapping, context))?;
    let root = renewed.seal().post_root;
    if root != after.root {
        return Err(untrue(format!(
            "{} would get another root than the patch says: {root}, and not {}",
            path.shown(),
            after.root
        )));
    }
    Ok(renewed)
}

/// A patch that fits its file, and says what is not so.
fn untrue(what: String) -> Error {
    Error::new(Kind::Verification, what)
        .hint("the file is untouched; `runner` has not made this patch, or somebody has altered it")
}

/// The error for a target with this root, which the patch does not fit.
fn no_fit(target: &OsTarget, view: PatchView<'_, '_, OsStorage>, root: blake3::Hash) -> Error {
    let shown = target.path().shown();
    let error = Error::new(Kind::Verification, format!("{shown} is not the file that the patch fits"));
    if root == view.after().root {
        return error.hint("it is already what that would make of it");
    }
    let before = view.before().root;
    error.hint(format!("its root is {root}, and the patch wants {before}; the file is untouched"))
}
