//! What all drafts of lists have in common: a name, a number that is counted up, and that a
//! list in place of another one is not signed yet.

use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_policy::trust::is_name;

use super::signing::signatures_beside;
use crate::plugins::put;

/// The name of a list: as is said, or that of the one before it.
pub(super) fn name(given: Option<&str>, before: Option<&str>) -> Result<String> {
    match (given, before) {
        (Some(given), Some(before)) if given != before => {
            Err(Error::new(Kind::Usage, format!("the list in the file has the name {before}"))
                .hint("leave --name out, or name another file"))
        }
        (Some(name), _) | (None, Some(name)) if is_name(name) => Ok(name.to_owned()),
        (None, None) => Err(Error::new(Kind::Usage, "a new list needs a name")
            .hint("give it with --name: later lists of the same name replace it")),
        _ => Err(Error::new(Kind::Usage, "a name has 1 to 64 letters, digits, `-`, `_`, `.` and `@`")),
    }
}

/// The number of the next list.
pub(super) fn next(sequence: u64) -> Result<u64> {
    // What TOML can hold.
    let next = sequence.checked_add(1).filter(|next| i64::try_from(*next).is_ok());
    next.ok_or_else(|| Error::new(Kind::Usage, "the list has the greatest number already"))
}

/// Replaces a list. Signatures over what was there before go: they are of no use now.
pub(super) fn write(file: &Path, text: &str) -> Result<()> {
    put(file, text.as_bytes())?;
    for old in signatures_beside(file) {
        std::fs::remove_file(&old).map_err(Error::at("remove", &old))?;
    }
    Ok(())
}

/// Says how a draft is signed.
pub(super) fn to_sign(file: &Path, page: &mut Page) {
    page.line(format_args!("`runner trust sign {} --key FILE` signs it", file.word()));
}
