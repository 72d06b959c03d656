//! The names that are reserved for the files next to a target.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{CHECKPOINT, JOURNAL, NEW, Names, SCAN, exists};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::is_patch;
use crate::storage::{Access, Entry, FileType, OsStorage, Storage};
use crate::user_state::{self, TAG_DIGITS};

/// Whether a name is that of a journal.
#[must_use]
pub fn is_journal(name: &OsStr) -> bool {
    name.as_bytes().ends_with(JOURNAL.as_bytes())
}

/// The file that a journal belongs to, derived from its name. `None` if the
/// file's name was too long for a suffix, or the name is not a journal's.
#[must_use]
pub fn journal_owner(journal: &Entry) -> Option<Entry> {
    let name = journal.name().as_bytes().strip_suffix(JOURNAL.as_bytes())?;
    (!name.is_empty()).then(|| journal.sibling(OsStr::from_bytes(name)))
}

/// For the name of a file that `runner` creates next to a target, except for
/// journals: the part before the suffix.
fn tagged(name: &[u8]) -> Option<&[u8]> {
    // Names with a tag, and the names of earlier releases, which had none.
    let untagged = name.len().checked_sub(TAG_DIGITS).map(|at| name.split_at(at));
    [SCAN, CHECKPOINT, NEW].iter().find_map(|kind| {
        let kind = kind.as_bytes();
        let plain = name.strip_suffix(&kind[..kind.len() - 1]);
        let tag = untagged.filter(|(_, tag)| tag.iter().all(u8::is_ascii_hexdigit));
        plain.or_else(|| tag.and_then(|(head, _)| head.strip_suffix(kind)))
    })
}

/// Whether `runner` uses such names for the files that it creates next to a
/// target.
#[must_use]
pub fn is_reserved(name: &OsStr) -> bool {
    is_journal(name) || tagged(name.as_bytes()).is_some()
}

/// Refuses a name that `runner` uses for the files that it creates next to a
/// target.
///
/// # Errors
/// [`Kind::Refused`], with what to do about a file with that name.
pub fn check_not_reserved(entry: &Entry) -> Result<()> {
    if !is_reserved(entry.name()) {
        return Ok(());
    }
    let shown = entry.path().shown();
    let error =
        Error::new(Kind::Refused, format!("{shown} has a name that is reserved for the files of `runner`"));
    let Ok(file) = OsStorage.open(entry, Access::Read) else {
        return Err(error.hint("choose another name"));
    };
    if OsStorage.is_locked(&file) {
        return Err(error.hint("a run is using it, and will remove it when it ends"));
    }
    Err(match owner(entry) {
        Some(owner) => error.hint("an interrupted run left it").hint(format!(
            "`runner recover {}` brings that file to a consistent state and cleans up",
            owner.path().word()
        )),
        None if is_journal(entry.name()) && is_patch(&OsStorage, &file).unwrap_or(true) => error.hint(
            "it may be the only way to recover the file of an interrupted run: `runner show` says which file",
        ),
        None if is_journal(entry.name()) => {
            error.hint("it is not a journal: under another name, it can be worked on")
        }
        None => {
            let what = if entry.name().as_bytes().windows(NEW.len()).any(|part| part == NEW.as_bytes()) {
                "an interrupted run left it: an incomplete result, or the old content of a file; inspect it, and then"
            } else {
                "an interrupted run left it, and no file depends on it:"
            };
            error.hint(format!("{what} `rm {}`", entry.path().word()))
        }
    })
}

/// The file that a recovery would be run on for a file of this name.
fn owner(entry: &Entry) -> Option<Entry> {
    let owner = match tagged(entry.name().as_bytes()) {
        Some(name) if !name.is_empty() => {
            let owner = entry.sibling(OsStr::from_bytes(name));
            // Temporary files for a different target have a different tag.
            let names = Names::new(&owner, FileType::Regular, user_state::existing_key()).ok()?;
            let own = [&names.scan, &names.checkpoint, &names.new];
            own.iter().any(|own| own.name() == entry.name()).then_some(owner)
        }
        Some(_) => None,
        None => journal_owner(entry),
    }?;
    exists(&OsStorage, &owner).unwrap_or(false).then_some(owner)
}
