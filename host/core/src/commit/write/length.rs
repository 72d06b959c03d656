//! How long the file of a journal is, and which part of it others have
//! appended. `docs/design.md` has the argument ("Changing the length").
//!
//! Of the two versions of a file, one may be longer. What stands between the
//! two ends belongs to the longer version, or others have appended it to the
//! shorter one; bytes alone do not tell. So the journal keeps a mark, which is
//! durable before it is needed: where its owner may not write to it, the file
//! is in the other of two states than the one it began in.
//!
//! | state | the file |
//! |---|---|
//! | `Long` | is as long as the longer version, at least |
//! | `Either` | is so too, and has zeros from the shorter end on; or it is short |
//!
//! A change to a longer version begins with `Either`, one to a shorter version
//! with `Long`.

use crate::error::{Error, Result};
use crate::patch::{Direction, Patch, Stats};
use crate::storage::{Access, OpenFile, Resized, Storage};
use crate::target::interference::{cut_short, grown, in_use};

/// Zeros that tell a file that was extended from one that others appended to;
/// fewer, where the versions differ by fewer.
const ZEROS_BYTES: u64 = 4096;

const UNMARKED_MODE: u32 = 0o600;
const MARKED_MODE: u32 = 0o400;

/// What is known of the length for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The file is as long as the longer version, at least.
    Long,
    /// It is so too, with zeros from the shorter end on; or it is short.
    Either,
}

/// Where a file ends, and how much of it others have appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// With the shorter version; so many bytes follow.
    Short(u64),
    /// With the longer version; so many bytes follow.
    Long(u64),
}

impl Standing {
    /// Bytes that others have appended.
    #[must_use]
    pub fn appended_bytes(self) -> u64 {
        match self {
            Self::Short(bytes) | Self::Long(bytes) => bytes,
        }
    }
}

/// The ends of both versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Size of the shorter version.
    pub(crate) short: u64,
    /// Size of the longer version.
    pub(crate) long: u64,
    shrinks: bool,
}

impl Ends {
    pub(crate) fn of(stats: &Stats) -> Self {
        let (pre, post) = (stats.pre_size, stats.post_size());
        Self { short: pre.min(post), long: pre.max(post), shrinks: pre > post }
    }

    /// Whether both versions have one length.
    pub(crate) fn are_one(self) -> bool {
        self.short == self.long
    }

    /// Whether the longer version is the one that a direction leads to.
    pub(crate) fn to_long(self, direction: Direction) -> bool {
        !self.are_one() && self.shrinks == (direction == Direction::Reverse)
    }

    /// Whether the length must change on the way.
    pub(crate) fn resize(self, standing: Standing, direction: Direction) -> bool {
        !self.are_one() && matches!(standing, Standing::Long(_)) != self.to_long(direction)
    }

    /// The zeros that tell.
    pub(crate) fn zeros(self) -> std::ops::Range<u64> {
        self.short..self.long.min(self.short + ZEROS_BYTES)
    }
}

/// Where the file of a journal ends; `None` for one that no run can have left,
/// as it is too short.
///
/// # Errors
/// Any I/O error.
pub fn standing<S: Storage>(target: OpenFile<'_, S>, journal: &Patch<'_, S>) -> Result<Option<Standing>> {
    let ends = Ends::of(&journal.seal().stats);
    let size = target.size()?;
    if ends.are_one() || size < ends.short {
        return Ok(size.checked_sub(ends.short).map(Standing::Short));
    }
    Ok(match state(target.storage, journal, ends)? {
        State::Long => size.checked_sub(ends.long).map(Standing::Long),
        State::Either if size >= ends.long && has_zeros(target, ends)? => {
            Some(Standing::Long(size - ends.long))
        }
        State::Either => Some(Standing::Short(size - ends.short)),
    })
}

fn state<S: Storage>(storage: &S, journal: &Patch<'_, S>, ends: Ends) -> Result<State> {
    let path = journal.path();
    let mode = storage.stat_entry(journal.entry()).map_err(Error::at("look at", path))?.mode;
    let marked = mode & 0o200 == 0;
    Ok(if marked == ends.shrinks { State::Either } else { State::Long })
}

fn has_zeros<S: Storage>(target: OpenFile<'_, S>, ends: Ends) -> Result<bool> {
    let range = ends.zeros();
    let mut bytes = vec![1; usize::try_from(range.end - range.start).expect("a few KiB")];
    target.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.iter().all(|byte| *byte == 0))
}

/// Has a journal that has not its name yet say where its file begins, whatever
/// mode it was created with.
///
/// # Errors
/// Any I/O error.
pub(crate) fn unmark<S: Storage>(storage: &S, journal: &Patch<'_, S>) -> Result<()> {
    let shrinks = Ends::of(&journal.seal().stats).shrinks;
    mark(storage, journal, if shrinks { State::Long } else { State::Either })
}

/// Has the journal say, durably, which state its file is in.
///
/// # Errors
/// Any I/O error.
pub(crate) fn mark<S: Storage>(storage: &S, journal: &Patch<'_, S>, state: State) -> Result<()> {
    let ends = Ends::of(&journal.seal().stats);
    if self::state(storage, journal, ends)? == state {
        return Ok(());
    }
    let mode = if (state == State::Either) == ends.shrinks { MARKED_MODE } else { UNMARKED_MODE };
    let path = journal.path();
    storage
        .open(journal.entry(), Access::Read)
        .and_then(|file| {
            storage.set_mode(&file, mode)?;
            storage.sync_all(&file)
        })
        .map_err(Error::at("mark", path))
}

/// Writes the zeros that tell over what belonged to the longer version. They
/// must be durable before the journal says that the file may be short.
///
/// # Errors
/// Any I/O error.
pub(crate) fn clear<S: Storage>(target: OpenFile<'_, S>, ends: Ends) -> Result<()> {
    let range = ends.zeros();
    let zeros = vec![0; usize::try_from(range.end - range.start).expect("a few KiB")];
    target.write_all_at(&zeros, range.start)
}

/// Sets the length of a file that is `expected` bytes long, and of which
/// `target` is the only descriptor in this process.
///
/// # Errors
/// When others have appended to it, or have it open; any I/O error.
pub(crate) fn set<S: Storage>(target: OpenFile<'_, S>, expected: u64, bytes: u64) -> Result<()> {
    let path = target.path;
    match target.storage.set_len_if(target.file, expected, bytes).map_err(Error::at("resize", path))? {
        Resized::Done => Ok(()),
        Resized::Not(size) if size > expected => Err(grown(path, size - expected)),
        Resized::Not(size) => Err(cut_short(path, size)),
        Resized::InUse => Err(in_use(path)),
    }
}
