//! The names of the files that `runner` creates next to a target, what each
//! file means after a crash, and when it is trusted:
//!
//! - `NAME.runner-scan-TAG`: a patch that was being collected. It has no effect
//!   yet.
//! - `NAME.runner-checkpoint-TAG`: the progress of that scan, for resuming it.
//! - `NAME.runner-new-TAG`: a new version that was being written, or the old
//!   version that it replaced. The target is complete without it.
//! - `NAME.runner-journal`: a sealed patch that may be partly applied. It gets
//!   this name by a rename after it is durable, so it is always complete; the
//!   rename is the commit point of an in-place apply.
//!
//! The tag is derived from the user's key, so no file that was made for a
//! different purpose has such a name. A journal has no tag: the next run must
//! see it, even with a different key.
//!
//! As long as a scan or a checkpoint exists, its run has not written the
//! target: both are removed, durably, before the commit point.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Patch, TRAILER_AUTHENTICATION};
use crate::storage::{Access, Entry, FileType, OsStorage, PrivateDirectory, Stat, Storage, check_own};
use crate::user_state::{self, Key, TAG_DIGITS};

/// Longest file name on the usual filesystems, in bytes (NAME_MAX).
const NAME_MAX_BYTES: usize = 255;
const JOURNAL: &str = ".runner-journal";
const SCAN: &str = ".runner-scan-";
const CHECKPOINT: &str = ".runner-checkpoint-";
const NEW: &str = ".runner-new-";

/// Replaces the tag if there is no key.
const NO_TAG: &str = "0000000000000000";

/// The names that belong to one target.
#[derive(Debug, Clone)]
pub struct Names {
    /// The target itself, symbolic links resolved.
    pub target: Entry,
    /// A patch that is being collected.
    pub scan: Entry,
    /// The progress of that scan.
    pub checkpoint: Entry,
    /// A new version that is being written.
    pub new: Entry,
    /// A sealed patch that is being applied.
    pub journal: Entry,
    /// The key that authenticates the journal and the checkpoint. Without it,
    /// neither is trusted later.
    pub key: Option<Key>,
}

/// Which journals are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only journals of this user, made with this user's key.
    Own,
    /// Any journal: the user has inspected it and confirmed that.
    Any,
}

impl Names {
    /// The names for a target. The files are next to a regular file. For a
    /// block device, whose directory does not survive a reboot, they are in the
    /// user's state directory, under the device's numbers.
    ///
    /// # Errors
    /// When no state directory can be trusted; any I/O error.
    pub fn new(target: &Entry, file_type: FileType, key: Option<Key>) -> Result<Self> {
        let base = if file_type == FileType::Block {
            // All nodes of the device lead to the same journal.
            let (major, minor) = target.device_number().map_err(Error::at("look at", target.path()))?;
            let directory = PrivateDirectory::open_or_create(&user_state::directory()?)?;
            directory.entry(format!("block-{major}-{minor}"))
        } else {
            target.clone()
        };
        let tag = key.as_ref().map_or(NO_TAG.to_owned(), |key| key.tag(base.name()));
        let longest = CHECKPOINT.len() + TAG_DIGITS;
        let base = if base.name().len() + longest > NAME_MAX_BYTES {
            base.sibling(&blake3::hash(base.name().as_bytes()).to_hex()[..32])
        } else {
            base
        };
        let with = |kind: &str| base.with_suffix(format!("{kind}{tag}"));
        Ok(Self {
            target: target.clone(),
            scan: with(SCAN),
            checkpoint: with(CHECKPOINT),
            new: with(NEW),
            journal: base.with_suffix(JOURNAL),
            key,
        })
    }

    /// The temporary name of a file that a run on this target creates
    /// elsewhere.
    #[must_use]
    pub fn temporary(&self, entry: &Entry) -> Entry {
        let mut both = self.target.path().as_os_str().to_owned();
        both.push("\0");
        both.push(entry.name());
        let tag = self.key.as_ref().map_or(NO_TAG.to_owned(), |key| key.tag(&both));
        entry.with_suffix(format!("{NEW}{tag}"))
    }

    /// Refuses to continue if an earlier run left files.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`], with the command to run; [`Kind::Refused`] if
    /// a file belongs to a different user.
    pub fn check_clean<S: Storage>(&self, storage: &S) -> Result<()> {
        self.check(storage, &[&self.journal, &self.scan, &self.checkpoint, &self.new])
    }

    /// Whether there is a scan that may be resumed: the run that left it did
    /// not write the target.
    ///
    /// # Errors
    /// As for [`Names::check_clean`], if there are other files.
    pub fn check_resumable<S: Storage>(&self, storage: &S) -> Result<bool> {
        self.check_journal(storage)?;
        if exists(storage, &self.scan)? || exists(storage, &self.checkpoint)? {
            return Ok(true);
        }
        self.check_clean(storage).map(|()| false)
    }

    /// Like [`Names::check_clean`], but only for the journal.
    ///
    /// # Errors
    /// As for [`Names::check_clean`].
    pub fn check_journal<S: Storage>(&self, storage: &S) -> Result<()> {
        self.check(storage, &[&self.journal])
    }

    fn check<S: Storage>(&self, storage: &S, entries: &[&Entry]) -> Result<()> {
        for entry in entries {
            if let Some(stat) = look(storage, entry)? {
                return Err(self.left_behind(entry, &stat));
            }
        }
        Ok(())
    }

    fn left_behind(&self, entry: &Entry, stat: &Stat) -> Error {
        let (target, found) = (self.target.path().shown(), entry.path().shown());
        if entry.name() == self.journal.name()
            && let Err(why) = check_own(stat)
        {
            return self.not_believed(&why, stat);
        }
        let error = Error::new(
            Kind::RecoveryNeeded,
            format!("an earlier run on {target} did not finish: it left {found}"),
        )
        .hint(format!(
            "`runner recover {}` brings the file to a consistent state and cleans up",
            self.target.path().word()
        ));
        if entry.name() == self.scan.name() || entry.name() == self.checkpoint.name() {
            error.hint("`runner apply --resume`, with everything else unchanged, resumes the scan")
        } else {
            error
        }
    }

    /// Opens the journal, if it is trusted.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is not trusted; [`Kind::Verification`] if it is
    /// damaged; any I/O error.
    pub fn open_journal<'s, S: Storage>(&self, storage: &'s S, trust: Trust) -> Result<Patch<'s, S>> {
        let path = self.journal.path();
        let found = storage.stat_entry(&self.journal).map_err(Error::at("look at", path))?;
        if found.file_type != FileType::Regular {
            return Err(self.not_believed("it is not a regular file", &found));
        }
        let file = storage.open(&self.journal, Access::Read).map_err(Error::at("open", path))?;
        let stat = storage.stat(&file).map_err(Error::at("look at", path))?;
        if stat.file_type != FileType::Regular {
            return Err(self.not_believed("it is not a regular file", &stat));
        }
        if trust == Trust::Own {
            // This is checked before anything is read from the file.
            check_own(&stat).map_err(|why| self.not_believed(&why, &stat))?;
        }
        let journal = Patch::read(storage, self.journal.clone(), file)?;
        if trust == Trust::Own {
            self.check_authentic(&journal).map_err(|why| self.not_believed(why, &stat))?;
        }
        Ok(journal)
    }

    fn check_authentic<S: Storage>(&self, journal: &Patch<'_, S>) -> Result<(), &'static str> {
        let found = journal.trailer(TRAILER_AUTHENTICATION).ok_or("it was made without a key")?;
        let key = self.key.as_ref().ok_or("this user has no key to check it with")?;
        let (id, value) = found.split_first_chunk().ok_or("its authentication is malformed")?;
        if *id != key.id() {
            return Err("it was made with a different key: on another machine, or before the key was lost");
        }
        let value =
            <[u8; blake3::OUT_LEN]>::try_from(value).map_err(|_| "its authentication is malformed")?;
        // `Hash` compares in constant time.
        if key.of_journal(&journal.seal_check()) == blake3::Hash::from_bytes(value) {
            Ok(())
        } else {
            Err("it was altered after it was authenticated")
        }
    }

    /// Authenticates a patch that will become the journal, if there is a key.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn authenticate<S: Storage>(&self, journal: &mut Patch<'_, S>) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let mut value = key.id().to_vec();
        value.extend_from_slice(key.of_journal(&journal.seal_check()).as_bytes());
        journal.push_trailer(TRAILER_AUTHENTICATION, &value)
    }

    fn not_believed(&self, why: &str, stat: &Stat) -> Error {
        let (target, journal) = (self.target.path().word(), self.journal.path().shown());
        let error = Error::new(Kind::Refused, format!("{journal} is not trusted: {why}"));
        if stat.file_type != FileType::Regular {
            return error.hint(format!("no run created it; remove {journal}"));
        }
        let me = rustix::process::geteuid().as_raw();
        let error = if stat.owner == me {
            error
        } else {
            error.hint(format!(
                "if user {0} ran `runner` on this file, run `runner recover {target}` as that user (`sudo -u '#{0}' ...`)",
                stat.owner
            ))
        };
        error
            .hint(format!("`runner recover --trust-journal {target}` shows its content and applies it, whoever created it"))
            .hint(format!("if no run on this file was interrupted, another user put it there: remove {journal}"))
    }
}

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
        None if is_journal(entry.name()) => error.hint(
            "it may be the only way to recover the file of an interrupted run: `runner show` says which file",
        ),
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

/// Whether a file or link of this name exists.
///
/// # Errors
/// When that cannot be determined.
pub fn exists<S: Storage>(storage: &S, entry: &Entry) -> Result<bool> {
    look(storage, entry).map(|found| found.is_some())
}

fn look<S: Storage>(storage: &S, entry: &Entry) -> Result<Option<Stat>> {
    match storage.stat_entry(entry) {
        Ok(stat) => Ok(Some(stat)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("look for", entry.path(), e)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(path: &str, key: Option<Key>) -> Names {
        Names::new(&Entry::unpinned(path), FileType::Regular, key).expect("names")
    }

    #[test]
    fn names_stand_beside_the_target() {
        let names = names("/logs/access.log", None);
        assert_eq!(names.journal.path(), Path::new("/logs/access.log.runner-journal"));
        assert_eq!(names.scan.path(), Path::new("/logs/access.log.runner-scan-0000000000000000"));
        assert_eq!(names.new.path(), Path::new("/logs/access.log.runner-new-0000000000000000"));
    }

    #[test]
    fn a_name_that_leaves_no_room_is_hashed() {
        let [long, other] = ["x", "y"].map(|c| names(&format!("/logs/{}", c.repeat(250)), None));
        assert!(long.checkpoint.name().len() <= NAME_MAX_BYTES);
        assert_ne!(long.journal.path(), other.journal.path());
    }

    #[test]
    fn each_name_that_is_given_is_reserved() {
        for key in [None, Some(Key::from_bytes([3; 32]))] {
            for target in ["a", &"long".repeat(60)] {
                let names = names(target, key.clone());
                for entry in [&names.scan, &names.checkpoint, &names.new, &names.journal] {
                    assert!(is_reserved(entry.name()), "{entry:?}");
                }
                assert!(!is_reserved(names.target.name()));
            }
        }
        for name in ["a.runner-new", "a.runner-scan", "a.runner-checkpoint", ".runner-journal"] {
            assert!(is_reserved(OsStr::new(name)), "{name}");
        }
        for name in ["a.runner", "runner-journal.txt", "a.runner-new-x", "a.runner-scan-000000000000000g"] {
            assert!(!is_reserved(OsStr::new(name)), "{name}");
        }
    }

    /// A scan next to a journal is not resumed.
    #[test]
    fn a_journal_is_no_scan() {
        let scratch = tempfile::tempdir().expect("a directory");
        let target = scratch.path().join("file");
        let names = Names::new(&Entry::unpinned(&target), FileType::Regular, None).expect("names");
        assert_eq!(names.check_resumable(&OsStorage).ok(), Some(false));
        for entry in [&names.scan, &names.checkpoint] {
            std::fs::write(entry.path(), "").expect("written");
        }
        assert_eq!(names.check_resumable(&OsStorage).ok(), Some(true));
        std::fs::write(names.journal.path(), "").expect("written");
        assert!(names.check_resumable(&OsStorage).is_err());
    }
}
