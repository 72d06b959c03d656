//! What earlier runs have left that did not end, looked for before a command
//! touches the first of its files.

use std::error::Error as _;
use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::Patch;
use crate::sidecar::{Names, check_not_reserved, exists, journal_owner};
use crate::storage::{Access, Entry, FileType, Identity, OsFile, OsStorage, Storage, journal_of};

/// Names of further files that a hint lists.
const MOST_LISTED: usize = 20;

/// Refuses to begin where a journal says that an earlier run on one of the
/// files did not end, or is at work; where the file has another name since, or
/// the journal stands beside another name, too; and where a name is one of
/// ours. A file that cannot be looked at is passed over: it fails when its
/// turn comes.
///
/// # Errors
/// As for [`Names::check_clean`]; [`Kind::Refused`] for a name of ours.
pub fn check_none_interrupted<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let (mut interrupted, mut reserved) = (Found::default(), Found::default());
    for path in paths {
        let Ok(entry) = Entry::resolve(path) else { continue };
        let Ok(stat) = OsStorage.stat_entry(&entry) else { continue };
        reserved.add(&entry, check_not_reserved(&entry));
        let names = Names::new(&entry, stat.file_type, None)?;
        let clean = names.check_journal(&OsStorage).and_then(|()| match stat.file_type {
            FileType::Regular => {
                OsStorage.open(&entry, Access::Read).map_or(Ok(()), |file| check_mark(&names, &file))
            }
            _ => Ok(()),
        });
        match clean {
            Err(error) if error.kind() == Kind::RecoveryNeeded => interrupted.add(&entry, Err(error)),
            other => other?,
        }
    }
    // A journal says more than that a name is reserved.
    interrupted.end(|names| format!("so do these files: `runner recover{names}`"))?;
    reserved.end(|names| format!("so it is with these files:{names}"))
}

/// The first error of a kind, and the other files that have the same.
#[derive(Default)]
struct Found {
    first: Option<Error>,
    others: Vec<Entry>,
}

impl Found {
    fn add(&mut self, entry: &Entry, result: Result<()>) {
        let Err(error) = result else { return };
        if self.first.is_none() {
            self.first = Some(error);
        } else {
            self.others.push(entry.clone());
        }
    }

    fn end(self, hint: impl FnOnce(&str) -> String) -> Result<()> {
        let Some(error) = self.first else { return Ok(()) };
        if self.others.is_empty() {
            return Err(error);
        }
        let mut names = String::new();
        for entry in self.others.iter().take(MOST_LISTED) {
            // Writing to a `String` cannot fail.
            let _ = write!(names, " {}", entry.path().word());
        }
        let error = error.hint(hint(&names));
        match self.others.len().saturating_sub(MOST_LISTED) {
            0 => Err(error),
            more => Err(error.hint(format!("and {more} more"))),
        }
    }
}

/// Refuses a file that is being written, or was half written, by another name
/// than this one: the mark on it names a journal that is there, and this name
/// has none.
///
/// # Errors
/// [`Kind::RecoveryNeeded`], with the commands that recover it; any I/O error.
pub(crate) fn check_mark(names: &Names, file: &OsFile) -> Result<()> {
    let Some(path) = journal_of(file) else { return Ok(()) };
    if path == names.journal.path() || exists(&OsStorage, &names.journal)? {
        // It is seen without the mark.
        return Ok(());
    }
    // What cannot be looked at may be there.
    let journal = match Entry::resolve(&path) {
        Ok(entry) => entry,
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    if !exists(&OsStorage, &journal)? {
        return Ok(());
    }
    let target = names.target.path();
    let error = Error::new(
        Kind::RecoveryNeeded,
        format!(
            "an earlier run on {} did not end: by another name it left {}",
            target.shown(),
            journal.path().shown()
        ),
    );
    let this = OsStorage.stat(file).map_err(Error::at("look at", target))?.identity;
    let owner = journal_owner(&journal)
        .filter(|owner| OsStorage.stat_entry(owner).is_ok_and(|found| found.identity.same_inode(&this)));
    Err(error.hint(match owner {
        Some(owner) => {
            format!("`runner recover {}` brings the file to one state and cleans up", owner.path().word())
        }
        None => format!(
            "`{} {} {}`, and then `runner recover {}`, brings the file to one state and cleans up",
            if is_of(&journal, &this) { "mv" } else { "cp -p" },
            journal.path().word(),
            names.journal.path().word(),
            target.word()
        ),
    }))
}

/// Whether a journal was made for this very inode, and not for one of which it
/// is a copy.
fn is_of(journal: &Entry, file: &Identity) -> bool {
    let is_file = OsStorage.stat_entry(journal).is_ok_and(|found| found.file_type == FileType::Regular);
    is_file
        && Patch::load(&OsStorage, journal).is_ok_and(|journal| journal.header().identity.same_inode(file))
}

fn is_missing(error: &Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}
