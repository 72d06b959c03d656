//! Applies a journal to its file, in either direction, and reads back what was
//! written. Used by commits and by recovery.

use crate::commit::verify::{self, Level, ReadBack, VerifyChoice};
use crate::commit::write::edits::{self, InPlaceFile};
use crate::error::Result;
use crate::patch::{Direction, Patch, PatchView, Version};
use crate::profile::{self, Stage};
use crate::storage::Storage;
use crate::target::Target;

/// The state after a journal was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// Forward to the new content, or back to the old content.
    pub direction: Direction,
    /// The size in bytes, according to the journal.
    pub size: u64,
    /// Bytes after that size, which other processes appended.
    pub appended_bytes: u64,
    /// BLAKE3 of the first `size` bytes now, according to the journal; `None`
    /// if it knows only the groups that it touches.
    pub root: Option<blake3::Hash>,
    /// How the written bytes were read back.
    pub level: Level,
}

/// What is expected of a file after a journal was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Every group that the journal touches has its value in the journal.
    Groups,
    /// The bytes of every edit are in place: others have changed bytes between.
    Edits,
}

/// Writes all edits of a journal, and reads them back.
///
/// # Errors
/// [`Kind::Verification`](crate::error::Kind::Verification), or any I/O error.
/// Then the journal is still needed.
pub(crate) fn write_and_verify<S: Storage>(
    file: &InPlaceFile<'_, S>,
    view: PatchView<'_, '_, S>,
    wanted: VerifyChoice,
    expected: Expected,
    threads: usize,
) -> Result<State> {
    edits::write(file, view, threads)?;
    let locked = file.locked();
    profile::time(Stage::ReadBack, || {
        let level = if wanted == VerifyChoice::Exactly(Level::None) {
            Level::None
        } else {
            let written = ReadBack::open(locked.storage, locked.file, file.entry(), wanted)?;
            match expected {
                Expected::Groups => verify::touched(&written, view, threads)?,
                Expected::Edits => verify::edits(&written, view)?,
            }
            written.level
        };
        let Version { size, root } = view.after();
        let appended_bytes = locked.size()?.saturating_sub(size);
        Ok(State { direction: view.direction, size, appended_bytes, root, level })
    })
}

/// Undoes a journal after a write to its target has failed. Uses a new
/// descriptor, because the reports of the old one cannot be trusted any more.
///
/// # Errors
/// When the old state could not be restored either. Then the journal stays, and
/// [`recover`](super::recover::recover) is needed.
pub(super) fn roll_back<S: Storage>(
    target: &Target<'_, S>,
    journal: &Patch<'_, S>,
    threads: usize,
) -> Result<()> {
    let (file, view) = (InPlaceFile::distrusted(target), journal.view(Direction::Reverse));
    write_and_verify(&file, view, VerifyChoice::Deepest, Expected::Groups, threads).map(drop)
}
