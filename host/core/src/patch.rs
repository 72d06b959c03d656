//! Patches: all edits of one file, sorted and disjoint, with both root hashes.
//! Saved plans, journals and undo files share one format; `docs/formats.md`
//! describes it byte by byte.
//!
//! A patch is written once, front to back ([`Writer`]), becomes valid when it
//! is sealed ([`Draft::seal`]), and is read in batches of bounded size
//! ([`Reader`]). Memory never depends on the number of edits.

mod backing;
mod format;
mod frames;
mod header;
mod origin;
mod plugin_id;
mod reader;
mod resume;
mod roots;
mod sealed;
mod segments;
mod spill;
mod tally;
#[cfg(test)]
mod tests;
mod view;
mod writer;

pub use format::{MAX_TRAILER_BYTES, MAX_TRAILERS, TRAILER_AUTHENTICATION, TRAILER_EVIDENCE, TRAILER_SIGNER};
pub(crate) use header::hex;
pub use header::{EDIT_PATCH_BYTES, Header, Seal, Stats};
pub use origin::Origin;
pub use plugin_id::{Evidence, PluginId};
pub use reader::{Batch, Direction, Edits, Reader};
pub use resume::Partial;
pub use roots::Roots;
pub use sealed::{Draft, Patch, is_patch};
pub use segments::{Segment, walk};
pub use view::{PatchView, Version};
pub use writer::Writer;

use crate::hash::Cv;
use crate::storage::OsStorage;

/// A patch on the real filesystem.
pub type OsPatch = Patch<'static, OsStorage>;

/// One edit: the bytes `old` at offset `start` are replaced by `new`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit<'a> {
    /// Offset in the source.
    pub start: u64,
    /// The bytes at that offset before the edit.
    pub old: &'a [u8],
    /// Their replacement.
    pub new: &'a [u8],
}

impl Edit<'_> {
    /// The offset in the source of the first byte after the edit.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.old.len() as u64
    }
}

/// A group that edits touch, with its chaining values before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// The group covers `[index, index + 1) * 64 KiB`.
    pub index: u64,
    /// The chaining value before; `None` if the old file has no such group.
    pub before: Option<Cv>,
    /// The chaining value after; `None` if the new file has no such group, or
    /// if the value is unknown because an earlier edit changed the length.
    pub after: Option<Cv>,
}
