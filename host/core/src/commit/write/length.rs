//! How long a journal's file is, and which part of it other processes have
//! appended. `docs/design.md` gives the argument ("Changing the length").
//!
//! One of the two versions of a file may be longer. The bytes between the two
//! ends belong to the longer version, or other processes appended them to the
//! shorter one; the bytes alone do not show which. So the journal keeps a mark,
//! which is made durable before it is needed: if the journal's owner has no
//! write permission, the file is not in the state in which it began, but in the
//! other one of these two:
//!
//! | state | the file |
//! |---|---|
//! | `Long` | is at least as long as the longer version |
//! | `Either` | is as in `Long`, with zeros from the shorter end on; or it is short |
//!
//! Growing a file takes more than one step on some filesystems: XFS writes zeros
//! up to the end of the last block, which may leave that size after a crash,
//! before it logs the new size. So a short file in the state `Either` may end
//! with such zeros.
//!
//! A change to a longer version begins with `Either`, a change to a shorter
//! version with `Long`.

use crate::error::{Error, Result};
use crate::patch::{Direction, Patch, Stats};
use crate::storage::{Access, OpenFile, Resized, Storage};
use crate::target::interference::{cut_short, grown, in_use};

/// Zeros that distinguish an extended file from one that other processes
/// appended to. Fewer are used if the versions differ by fewer bytes.
const ZEROS_BYTES: u64 = 4096;

const UNMARKED_MODE: u32 = 0o600;
const MARKED_MODE: u32 = 0o400;

/// The largest block of a filesystem, in bytes (XFS; others have 4 KiB).
const MAX_BLOCK_BYTES: u64 = 64 << 10;
/// The smallest one.
const MIN_BLOCK_BYTES: u64 = 512;

/// What is certain about the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The file is at least as long as the longer version.
    Long,
    /// The file is as in `Long`, with zeros from the shorter end on; or it is
    /// short.
    Either,
}

/// Where a file ends, and how many bytes other processes have appended to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileEnd {
    /// It ends with the shorter version, followed by this many appended bytes.
    Short(u64),
    /// It ends with the longer version, followed by this many appended bytes.
    Long(u64),
    /// It ends with the shorter version and zeros up to this size, because a
    /// crash interrupted its growth.
    Growing(u64),
}

impl FileEnd {
    /// Bytes that other processes have appended.
    #[must_use]
    pub fn appended_bytes(self) -> u64 {
        match self {
            Self::Short(bytes) | Self::Long(bytes) => bytes,
            Self::Growing(_) => 0,
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

    /// Whether both versions have the same length.
    pub(crate) fn are_one(self) -> bool {
        self.short == self.long
    }

    /// Whether a direction leads to the longer version.
    pub(crate) fn to_long(self, direction: Direction) -> bool {
        !self.are_one() && self.shrinks == (direction == Direction::Reverse)
    }

    /// Whether the length must change in this direction.
    pub(crate) fn resize(self, file_end: FileEnd, direction: Direction) -> bool {
        match file_end {
            FileEnd::Growing(_) => true,
            FileEnd::Long(_) => !self.are_one() && !self.to_long(direction),
            FileEnd::Short(_) => self.to_long(direction),
        }
    }

    /// The range of zeros that marks an extended file.
    pub(crate) fn zeros(self) -> std::ops::Range<u64> {
        self.short..self.long.min(self.short + ZEROS_BYTES)
    }
}

/// Where the file of a journal ends. Returns `None` if it is too short to have
/// been left by any run.
///
/// # Errors
/// Any I/O error.
pub fn file_end<S: Storage>(target: OpenFile<'_, S>, journal: &Patch<'_, S>) -> Result<Option<FileEnd>> {
    let ends = Ends::of(&journal.seal().stats);
    let size = target.size()?;
    if ends.are_one() || size < ends.short {
        return Ok(size.checked_sub(ends.short).map(FileEnd::Short));
    }
    Ok(match state(target.storage, journal, ends)? {
        State::Long => size.checked_sub(ends.long).map(FileEnd::Long),
        State::Either if size >= ends.long && has_zeros(target, ends)? => {
            Some(FileEnd::Long(size - ends.long))
        }
        State::Either if is_growing(target, ends, size)? => Some(FileEnd::Growing(size)),
        State::Either => Some(FileEnd::Short(size - ends.short)),
    })
}

/// Whether a file ends where the block of its shorter end does, with zeros from
/// there on.
fn is_growing<S: Storage>(target: OpenFile<'_, S>, ends: Ends, size: u64) -> Result<bool> {
    let rest = size - ends.short;
    let ends_a_block = size.is_multiple_of(MIN_BLOCK_BYTES) && rest < MAX_BLOCK_BYTES;
    if rest == 0 || size >= ends.long || !ends_a_block {
        return Ok(false);
    }
    is_zero(target, ends.short..size)
}

fn state<S: Storage>(storage: &S, journal: &Patch<'_, S>, ends: Ends) -> Result<State> {
    let path = journal.path();
    let mode = storage.stat_entry(journal.entry()).map_err(Error::at("inspect", path))?.mode;
    let marked = mode & 0o200 == 0;
    Ok(if marked == ends.shrinks { State::Either } else { State::Long })
}

fn has_zeros<S: Storage>(target: OpenFile<'_, S>, ends: Ends) -> Result<bool> {
    is_zero(target, ends.zeros())
}

fn is_zero<S: Storage>(target: OpenFile<'_, S>, range: std::ops::Range<u64>) -> Result<bool> {
    let mut bytes = vec![1; usize::try_from(range.end - range.start).expect("a few KiB")];
    target.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.iter().all(|byte| *byte == 0))
}

/// Records in a journal, before it gets its final name, the state in which its
/// file begins, whatever mode the journal was created with.
///
/// # Errors
/// Any I/O error.
pub(crate) fn unmark<S: Storage>(storage: &S, journal: &Patch<'_, S>) -> Result<()> {
    let shrinks = Ends::of(&journal.seal().stats).shrinks;
    mark(storage, journal, if shrinks { State::Long } else { State::Either })
}

/// Records in the journal, durably, which state its file is in.
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

/// Overwrites the start of the longer version's tail with the marking zeros.
/// They must be durable before the journal says that the file may be short.
///
/// # Errors
/// Any I/O error.
pub(crate) fn clear<S: Storage>(target: OpenFile<'_, S>, ends: Ends) -> Result<()> {
    let range = ends.zeros();
    let zeros = vec![0; usize::try_from(range.end - range.start).expect("a few KiB")];
    target.write_all_at(&zeros, range.start)
}

/// Sets the length of a file that is `expected` bytes long. `target` must be
/// the only descriptor of the file in this process.
///
/// # Errors
/// When other processes have appended to the file, or have it open; any I/O
/// error.
pub(crate) fn set<S: Storage>(target: OpenFile<'_, S>, expected: u64, bytes: u64) -> Result<()> {
    let path = target.path;
    match target.storage.set_len_if(target.file, expected, bytes).map_err(Error::at("resize", path))? {
        Resized::Done => Ok(()),
        Resized::Not(size) if size > expected => Err(grown(path, size - expected)),
        Resized::Not(size) => Err(cut_short(path, size)),
        Resized::InUse => Err(in_use(path)),
    }
}
