//! Finds the files of interrupted runs before a command changes the first of
//! its targets.

use std::error::Error as _;
use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::Patch;
use crate::sidecar::{Names, check_not_reserved, exists, is_journal, journal_owner};
use crate::storage::{Access, Entry, FileType, Identity, OpenFile, OsStorage, Storage, check_own};

/// Maximum number of further file names in a hint.
const MAX_LISTED: usize = 20;

/// Refuses to start if a journal shows that an earlier run on one of the files
/// was interrupted or is still active, even if the file has been renamed or the
/// journal is next to a different name; and if a name is reserved. A file that
/// cannot be inspected is skipped: it fails when it is processed.
///
/// # Errors
/// As for [`Names::check_clean`]; [`Kind::Refused`] for a reserved name.
pub fn check_none_interrupted<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let (mut interrupted, mut reserved) = (Failures::default(), Failures::default());
    for path in paths {
        let Ok(entry) = Entry::resolve(path) else { continue };
        let Ok(stat) = OsStorage.stat_entry(&entry) else { continue };
        reserved.add(&entry, check_not_reserved(&entry));
        let names = Names::new(&entry, stat.file_type, None)?;
        let no_journal = names.check_journal(&OsStorage);
        if no_journal.is_err() && is_at_work(&names) {
            return Err(at_work(&names));
        }
        let clean = no_journal.and_then(|()| match stat.file_type {
            FileType::Regular => OsStorage
                .open(&entry, Access::Read)
                .map_or(Ok(()), |file| check_mark(&names, OpenFile::new(&OsStorage, &file, entry.path()))),
            _ => Ok(()),
        });
        match clean {
            Err(error) if error.kind() == Kind::RecoveryNeeded => interrupted.add(&entry, Err(error)),
            other => other?,
        }
    }
    // An error for a journal is more specific than one for a reserved name.
    interrupted.end(|names| format!("the same applies to these files: `runner recover{names}`"))?;
    reserved.end(|names| format!("the same applies to these files:{names}"))
}

/// Whether a run is active on a file that has a journal: that run holds a lock
/// on the journal.
fn is_at_work(names: &Names) -> bool {
    OsStorage.stat_entry(&names.journal).is_ok_and(|stat| stat.file_type == FileType::Regular)
        && OsStorage.open(&names.journal, Access::Read).is_ok_and(|journal| OsStorage.is_locked(&journal))
}

fn at_work(names: &Names) -> Error {
    let what = format!("another run is using {}", names.target.path().shown());
    Error::new(Kind::ChangedByOthers, what).hint("run the command again when that run has ended")
}

/// The first error of a kind, and the other files with the same error.
#[derive(Default)]
struct Failures {
    first: Option<Error>,
    others: Vec<Entry>,
}

impl Failures {
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
        for entry in self.others.iter().take(MAX_LISTED) {
            // Writing to a `String` cannot fail.
            let _ = write!(names, " {}", entry.path().word());
        }
        let error = error.hint(hint(&names));
        match self.others.len().saturating_sub(MAX_LISTED) {
            0 => Err(error),
            more => Err(error.hint(format!("and {more} more"))),
        }
    }
}

/// Refuses a file that is being written, or was partly written, under a
/// different name: the mark on the file names an existing journal, and there is
/// no journal for this name. Any user who may write to the file can set the
/// mark, so nothing is read from a named file that does not belong to this
/// user.
///
/// # Errors
/// [`Kind::RecoveryNeeded`], with the commands for recovery; [`Kind::Refused`]
/// for a journal of a different user; any I/O error.
pub(crate) fn check_mark<S: Storage>(names: &Names, file: OpenFile<'_, S>) -> Result<()> {
    let storage = file.storage;
    let Some(path) =
        storage.marked_journal(file.file).filter(|path| path.file_name().is_some_and(is_journal))
    else {
        return Ok(());
    };
    if path == names.journal.path() || exists(storage, &names.journal)? {
        // The journal is found without the mark.
        return Ok(());
    }
    let found = Entry::resolve(&path).and_then(|entry| {
        let stat = storage.stat_entry(&entry).map_err(Error::at("inspect", entry.path()))?;
        Ok((entry, stat))
    });
    let (journal, stat) = match found {
        Ok((_, stat)) if stat.file_type != FileType::Regular => return Ok(()),
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(()),
        // A journal that cannot be inspected may exist.
        Err(error) => return Err(marked(names, &path).because(error).hint(unmark(names))),
    };
    if let Err(why) = check_own(&stat) {
        let what = format!("{} is not trusted: {why}", path.shown());
        return Err(marked(names, &path)
            .of_kind(Kind::Refused)
            .because(Error::new(Kind::Refused, what))
            .hint(format!(
                "if user {0} ran `runner` on this file, run `runner recover` as that user",
                stat.owner
            ))
            .hint(unmark(names)));
    }
    Err(way_out(names, &journal, &file.identity()?))
}

fn marked(names: &Names, journal: &Path) -> Error {
    Error::new(
        Kind::RecoveryNeeded,
        format!(
            "an earlier run on {} did not finish: under a different name, it left {}",
            names.target.path().shown(),
            journal.shown()
        ),
    )
}

fn unmark(names: &Names) -> String {
    let target = names.target.path().word();
    format!(
        "if no run on this file was interrupted, another user set the mark: `setfattr -x user.runner.journal {target}` removes it"
    )
}

/// Hints for recovering a file whose journal belongs to this user, and is next
/// to a different name.
fn way_out(names: &Names, journal: &Entry, this: &Identity) -> Error {
    let (target, own) = (names.target.path(), names.journal.path());
    let error = marked(names, journal.path());
    let owner = journal_owner(journal);
    let is_this =
        |owner: &Entry| OsStorage.stat_entry(owner).is_ok_and(|found| found.identity.same_inode(this));
    if let Some(owner) = owner.as_ref().filter(|owner| is_this(owner)) {
        return error.hint(format!(
            "`runner recover {}` brings the file to a consistent state and cleans up",
            owner.path().word()
        ));
    }
    if is_of(journal, this) {
        return error.hint(format!(
            "`mv -T {} {}`, and then `runner recover {}`, brings the file to a consistent state and cleans up",
            journal.path().word(),
            own.word(),
            target.word()
        ));
    }
    let error = error.hint(
        "that journal was made for a different file: this one is a copy of it in a partly changed state",
    );
    match owner {
        Some(owner) => {
            error.hint(format!("run `runner recover {}`, and copy the file again", owner.path().word()))
        }
        None => error,
    }
    .hint(format!("`setfattr -x user.runner.journal {}` accepts the copy as it is", target.word()))
}

/// Whether a journal was made for this inode, and not for a file of which this
/// one is a copy.
fn is_of(journal: &Entry, file: &Identity) -> bool {
    Patch::load(&OsStorage, journal).is_ok_and(|journal| journal.header().identity.same_inode(file))
}

fn is_missing(error: &Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}
