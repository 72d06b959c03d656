//! From a patch that somebody has saved to one of the file at hand.

use super::collect_patch::seal;
use super::{Event, Options, OsPatch};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash;
use crate::patch::{Direction, Header, Origin, Writer};
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
    patch: &OsPatch,
    direction: Direction,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<OsPatch> {
    let (path, of) = (target.path(), target.size());
    let claims = Claims::new(patch, direction);
    let hashing = hash::file::Options { threads: options.threads, cancel: options.cancel };
    let mapping = target.map()?;
    let mut progress = |bytes| events(Event::Scanned { bytes, of });
    if of != claims.size {
        let root = hash::file::of_mapping(&mapping, path, hashing, &mut progress)?;
        return Err(claims.no_fit(target, root));
    }
    let header = Header {
        target: path.to_string_lossy().into_owned(),
        identity: Origin::from(target.identity()),
        ..patch.header().clone()
    };
    let writer = Writer::new(&OsStorage, target.names.scan.clone(), header)?;
    let rebuilt = profile::time(Stage::Scan, || {
        rebuild(&mapping, path, patch.reader(direction), writer, hashing, &mut progress)
    })?;
    let scanned = match rebuilt {
        Rebuilt::Fits(scanned) if scanned.pre_root == claims.before => scanned,
        Rebuilt::Fits(scanned) => return Err(claims.no_fit(target, scanned.pre_root)),
        Rebuilt::Differs { pre_root, .. } if pre_root != claims.before => {
            return Err(claims.no_fit(target, pre_root));
        }
        Rebuilt::Differs { at, .. } => {
            return Err(untrue(format!(
                "{} holds other bytes at byte {at} than the patch says",
                path.shown()
            )));
        }
    };
    let renewed = seal(*scanned, &mapping, path, options)?;
    let after = renewed.seal().post_root;
    if after != claims.after {
        return Err(untrue(format!(
            "{} would get another root than the patch says: {after}, and not {}",
            path.shown(),
            claims.after
        )));
    }
    Ok(renewed)
}

/// A patch that fits its file, and says what is not so.
fn untrue(what: String) -> Error {
    Error::new(Kind::Verification, what)
        .hint("the file is untouched; `runner` has not made this patch, or somebody has altered it")
}

/// What a patch says of the file before and after, in one direction.
struct Claims {
    size: u64,
    before: blake3::Hash,
    after: blake3::Hash,
}

impl Claims {
    fn new(patch: &OsPatch, direction: Direction) -> Self {
        let seal = patch.seal();
        match direction {
            Direction::Forward => {
                Self { size: seal.stats.pre_size, before: seal.pre_root, after: seal.post_root }
            }
            Direction::Reverse => {
                Self { size: seal.stats.post_size(), before: seal.post_root, after: seal.pre_root }
            }
        }
    }

    fn no_fit(&self, target: &OsTarget, root: blake3::Hash) -> Error {
        let shown = target.path().shown();
        let error = Error::new(Kind::Verification, format!("{shown} is not the file that the patch fits"));
        if root == self.after {
            return error.hint("it is already what that would make of it");
        }
        error.hint(format!("its root is {root}, and the patch wants {}; the file is untouched", self.before))
    }
}
