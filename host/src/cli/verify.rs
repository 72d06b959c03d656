//! `runner verify`.

use std::sync::atomic::AtomicBool;

use super::Outcome;
use super::args::{VerifyArgs, threads};
use super::report::Reporter;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{Entry, OsStorage};
use crate::patch::Patch;
use crate::root;
use crate::run::root_of;

pub(super) fn run(args: &VerifyArgs, reporter: &Reporter) -> Result<Outcome> {
    let wanted = match (&args.root, &args.patch) {
        (Some(hex), _) => Some(blake3::Hash::from_hex(hex).map_err(|e| {
            Error::new(Kind::Usage, format!("`{hex}` is not a BLAKE3 root"))
                .because(e)
                .hint("it has 64 hex digits")
        })?),
        (None, Some(patch)) => Some(Patch::load(&OsStorage, &Entry::resolve(patch)?)?.seal().post_root),
        (None, None) => None,
    };
    let never = AtomicBool::new(false);
    let hashing = root::Options { threads: threads(args.jobs), cancel: Cancel::new(&never) };
    let root = root_of(&args.file, hashing, &mut |event| reporter.progress(&args.file, event))?;
    reporter.clear();
    if wanted.is_some_and(|wanted| wanted != root) {
        return Err(Error::new(Kind::Verification, format!("{} has another root", args.file.display()))
            .hint(format!("its root is {root}")));
    }
    // As `b3sum` prints it.
    reporter.data(format!("{root}  {}\n", args.file.display()).as_bytes())?;
    Ok(Outcome::Done)
}
