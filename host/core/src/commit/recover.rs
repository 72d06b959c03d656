//! Brings a target whose run did not end back to one state, old or new, and
//! removes what the run has left beside it. Running it again is harmless.

use std::path::{Path, PathBuf};

use crate::commit::verify::{self, Level, ReadBack, VerifyChoice};
use crate::commit::write::edits::{self, Hand};
use crate::commit::write::length::{self, Ends};
use crate::commit::write::replace_file;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch};
use crate::profile::{self, Stage};
use crate::sidecar::{Names, Trust, exists};
use crate::storage::{Access, Entry, FileType, Storage, check_own};
use crate::target::Target;

/// What there was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the file stands now, if there was a journal.
    pub state: Option<State>,
    /// Whether all of the file is what it was to be. What the journal's edits
    /// touch is; the rest somebody may have changed since the scan.
    pub intact: bool,
    /// Whether the old file was put back, as others had appended to it while it
    /// was replaced.
    pub put_back: bool,
    /// What was removed.
    pub removed: Vec<PathBuf>,
}

/// The state that a journal was brought to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// To the file as it was to become, or back to what it was.
    pub direction: Direction,
    /// Its size in bytes, by the journal.
    pub size: u64,
    /// Bytes that others have appended, and that follow.
    pub appended_bytes: u64,
    /// BLAKE3 of the first `size` bytes now, by the journal.
    pub root: blake3::Hash,
    /// How what was written was read back.
    pub level: Level,
}

/// The journal beside a target, if there is one and it is believed.
///
/// # Errors
/// [`Kind::Refused`] where it is not believed; [`Kind::RecoveryNeeded`] where it
/// is corrupt; any I/O error.
pub fn open_journal<'s, S: Storage>(
    storage: &'s S,
    names: &Names,
    trust: Trust,
) -> Result<Option<Patch<'s, S>>> {
    if !exists(storage, &names.journal)? {
        return Ok(None);
    }
    names.open_journal(storage, trust).map(Some).map_err(|e| match e.kind() {
        Kind::Refused => e,
        _ => {
            let target = names.target.path().shown();
            unusable(names, format!("the journal of {target} cannot be used")).because(e)
        }
    })
}

fn unusable(names: &Names, what: String) -> Error {
    let (shown, journal) = (names.target.path().shown(), names.journal.path().shown());
    Error::new(Kind::RecoveryNeeded, what)
        .hint(format!("nothing was written; {shown} may be half changed, keep it together with {journal}"))
        .hint(format!(
            "`mv {} {}` gives the journal up, and {shown} stays as it is",
            names.journal.path().word(),
            kept(&names.journal).word()
        ))
}

/// Refuses a journal of somebody else whose old bytes the file does not bear
/// out: each byte that an edit touches is old or new, or was cleared for a
/// change of length. What is shown of such a journal is so, then.
///
/// # Errors
/// [`Kind::RecoveryNeeded`], with the offset; any I/O error.
pub fn check_borne_out<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    journal: &Patch<'_, S>,
) -> Result<()> {
    let path = names.target.path();
    let mut reader = journal.reader(Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            let longest = edit.old.len().max(edit.new.len());
            let mut found = vec![0; longest];
            let count =
                storage.read_full_at(target, &mut found, edit.start).map_err(Error::at("read", path))?;
            let resizes = edit.old.len() != edit.new.len();
            if count < longest && !resizes {
                let end = edit.start + count as u64;
                return Err(unusable(
                    names,
                    format!("{} ends at byte {end}, inside of what the journal replaces", path.shown()),
                ));
            }
            let is = |side: &[u8], at: usize, byte| side.get(at) == Some(&byte);
            let wrong = (0..count).find(|&at| {
                let byte = found[at];
                !(is(edit.old, at, byte) || is(edit.new, at, byte) || resizes && byte == 0)
            });
            // What others have appended stands behind the shorter version.
            if let Some(at) = wrong.filter(|at| !resizes || *at < edit.old.len().min(edit.new.len())) {
                return Err(unusable(
                    names,
                    format!(
                        "byte {} of {} is neither what the journal says that it replaces nor what it puts there",
                        edit.start + at as u64,
                        path.shown()
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// What to do where the file that the journal is of has another name by now.
fn renamed(names: &Names) -> String {
    format!(
        "if that file was renamed to NEW since (as logs are), `mv {} NEW.runner-journal` and `runner recover NEW`",
        names.journal.path().word()
    )
}

/// What a file that is kept aside by hand is called.
fn kept(entry: &Entry) -> PathBuf {
    let mut name = entry.path().as_os_str().to_owned();
    name.push(".kept");
    name.into()
}

/// Recovers the target that `names` and `journal` belong to; the caller holds
/// its lock, and `target` is open for writing.
///
/// # Errors
/// [`Kind::RecoveryNeeded`] when the file is not the one that the journal was
/// made for: then nothing is written or removed. Any I/O error.
pub fn recover<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    journal: Option<&Patch<'_, S>>,
    direction: Direction,
    wanted: VerifyChoice,
    threads: usize,
) -> Result<Recovered> {
    let (state, intact, put_back) = match journal {
        Some(journal) => {
            let (state, intact) = replay(storage, names, target, journal, direction, wanted, threads)?;
            (Some(state), intact, false)
        }
        None => (None, true, put_back(storage, names, direction)?),
    };
    let mut removed = Vec::new();
    for entry in [&names.scan, &names.checkpoint, &names.new, &names.journal] {
        if exists(storage, entry)? {
            remove(storage, names, entry)?;
            removed.push(entry.path().to_owned());
        }
    }
    // Even if nothing was there: it may have been removed, but not durably.
    let journal = &names.journal;
    storage.sync_parent(journal).map_err(Error::at("sync the directory of", journal.path()))?;
    // After its journal, without which it does not count.
    let _ = storage.unmark(target);
    Ok(Recovered { state, intact, put_back, removed })
}

/// Puts an old file back that was replaced and is still there: where others
/// have appended to it before it was removed, or where the old content is asked
/// for. Whether there was one.
fn put_back<S: Storage>(storage: &S, names: &Names, direction: Direction) -> Result<bool> {
    let (path, new) = (names.target.path(), names.new.path());
    if !exists(storage, &names.new)? {
        return Ok(false);
    }
    let look = |entry: &Entry| storage.stat_entry(entry).map_err(Error::at("look at", entry.path()));
    let (found, left) = (look(&names.target)?, look(&names.new)?);
    // Only a file with one name is ever replaced, to which a backup adds one,
    // and the new one gets its owner and its mode: anything else is not the old
    // file.
    if left.file_type != FileType::Regular
        || left.links > 2
        || (left.owner, left.mode) != (found.owner, found.mode)
    {
        return Ok(false);
    }
    let is_new_by_mode = left.mode != NEW_FILE_MODE;
    let (found, left) = (found.identity, left.identity);
    let (Some(begun), Some(born)) = (found.born_ns, left.born_ns) else { return Ok(false) };
    if born >= begun {
        // A new file. It gets its attributes after its bytes, and others write
        // to it only while it has the target's name: when a recovery that went
        // back was killed.
        let written_since = is_new_by_mode && left.modified_ns >= left.changed_ns;
        return if written_since { Err(both_written(names)) } else { Ok(false) };
    }
    // An old file is left as it was scanned, unless others have written to it
    // since.
    if direction == Direction::Forward && left.modified_ns < begun {
        return Ok(false);
    }
    // The new file got its attributes after its bytes.
    if found.modified_ns >= found.changed_ns
        || !storage.exchange(&names.new, &names.target).map_err(Error::at("replace", path))?
    {
        return Err(both_written(names));
    }
    // Whatever others have appended to the new file since that look.
    let to = storage.open(&names.target, Access::Write).map_err(Error::at("open", path))?;
    let from = storage.open(&names.new, Access::Read).map_err(Error::at("open", new))?;
    replace_file::carry_over(storage, (&from, found.size), &to).map_err(Error::at("append to", path))?;
    Ok(true)
}

/// The mode of a file that is not complete.
const NEW_FILE_MODE: u32 = 0o600;

fn both_written(names: &Names) -> Error {
    let (shown, new) = (names.target.path().shown(), names.new.path());
    Error::new(
        Kind::RecoveryNeeded,
        format!("{} is another version of {shown}, and others may have appended to both", new.shown()),
    )
    .hint(format!(
        "`mv {} {}` keeps both; what was appended stands at the end of each",
        new.word(),
        kept(&names.new).word()
    ))
}

/// Removes what a run has left. The file that a rewrite has replaced has the
/// owner and the mode of the target, and a journal was believed before; what
/// else is not this user's own is not ours to remove.
fn remove<S: Storage>(storage: &S, names: &Names, entry: &Entry) -> Result<()> {
    let path = entry.path();
    if [names.scan.name(), names.checkpoint.name()].contains(&entry.name()) {
        let stat = storage.stat_entry(entry).map_err(Error::at("look at", path))?;
        check_own(&stat).map_err(|why| {
            Error::new(Kind::Refused, format!("{} is not removed: {why}", path.shown()))
                .hint("only its owner can say whether it is still needed; if no run of theirs is at work, remove it")
        })?;
    }
    storage.remove(entry).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} is whole, but not everything beside it is gone", names.target.path().shown()),
        )
        .because(Error::io("remove", path, e))
        .hint("its directory must be writable; then run the same command again")
    })
}

/// The state after it, and whether the rest of the file is as it should be.
fn replay<S: Storage>(
    storage: &S,
    names: &Names,
    target: &S::File,
    journal: &Patch<'_, S>,
    direction: Direction,
    wanted: VerifyChoice,
    threads: usize,
) -> Result<(State, bool)> {
    let path = names.target.path();
    let unusable = |what: String| unusable(names, what);
    if !journal.seal().stats.in_place_form {
        return Err(unusable(format!("{} is a patch, but not a journal", names.journal.path().shown())));
    }
    let identity = storage.stat(target).map_err(Error::at("look at", path))?.identity;
    // Another inode may be a copy of the file, made for safety's sake; then
    // every byte of it must bear witness.
    let whole = !journal.header().identity.same_inode(&identity);
    let standing = length::standing(storage, (target, path), journal)?;
    let other = || {
        let error = unusable(format!("{} is not the file that its journal was made for", path.shown()));
        if whole { error.hint(renamed(names)) } else { error }
    };
    let Some(standing) = standing else { return Err(other()) };
    if !verify::fits(storage, path, target, journal, direction, whole)? {
        return Err(other());
    }
    if let appended @ 1.. = standing.appended_bytes()
        && Ends::of(&journal.seal().stats).resize(standing, direction)
    {
        return Err(other_way(path, appended, direction));
    }
    let hand = Hand::Locked(target);
    let state = finish(storage, &names.target, &hand, journal, direction, wanted, threads).map_err(|e| {
        Error::new(
            Kind::RecoveryNeeded,
            format!("{} could not be recovered, and its journal stays", path.shown()),
        )
        .because(e)
        .hint(format!("when that is mended: `{}`", command(path, direction)))
    })?;
    // Only what edits touch was looked at so far.
    let intact = whole || verify::fits(storage, path, target, journal, direction, true)?;
    Ok((state, intact))
}

/// The command that recovers a file.
fn command(path: &Path, direction: Direction) -> String {
    let option = if direction == Direction::Reverse { "--rollback " } else { "" };
    format!("runner recover {option}{}", path.word())
}

/// The error for a direction that would take the place of what others have
/// appended. The other one needs no change of length.
fn other_way(path: &Path, appended: u64, direction: Direction) -> Error {
    let (what, other) = match direction {
        Direction::Forward => ("carried out", Direction::Reverse),
        Direction::Reverse => ("taken back", Direction::Forward),
    };
    let shown = path.shown();
    Error::new(
        Kind::RecoveryNeeded,
        format!("{appended} bytes were appended to {shown}: the change of its length cannot be {what}"),
    )
    .hint(format!("`{}` keeps them; nothing was written yet", command(path, other)))
}

/// Writes all of a journal, and reads it back.
///
/// # Errors
/// [`Kind::Verification`], or any I/O error; the journal is still needed then.
pub fn finish<S: Storage>(
    storage: &S,
    entry: &Entry,
    hand: &Hand<'_, S::File>,
    journal: &Patch<'_, S>,
    direction: Direction,
    wanted: VerifyChoice,
    threads: usize,
) -> Result<State> {
    let path = entry.path();
    edits::write(storage, entry, hand, journal, direction, threads)?;
    let _span = profile::span(Stage::ReadBack);
    let level = if wanted == VerifyChoice::Exactly(Level::None) {
        Level::None
    } else {
        let file = ReadBack::open(storage, hand.locked(), entry, wanted)?;
        verify::touched(path, &file, journal, direction, threads)?;
        file.level
    };
    let seal = journal.seal();
    let (root, size) = match direction {
        Direction::Forward => (seal.post_root, seal.stats.post_size()),
        Direction::Reverse => (seal.pre_root, seal.stats.pre_size),
    };
    let now = storage.stat(hand.locked()).map_err(Error::at("look at", path))?.identity.size;
    Ok(State { direction, size, appended_bytes: now.saturating_sub(size), root, level })
}

/// Undoes a journal after its writing to the file `written` has failed,
/// through a new descriptor: what the old one reports cannot be trusted any
/// more.
///
/// # Errors
/// When the old state could not be brought back either; then the journal
/// stays and [`recover`] is needed.
pub fn roll_back<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>, threads: usize) -> Result<()> {
    let (entry, hand) = (&target.names.target, Hand::Fresh(&target.file, target.identity()));
    finish(target.storage, entry, &hand, journal, Direction::Reverse, VerifyChoice::Deepest, threads)?;
    Ok(())
}
