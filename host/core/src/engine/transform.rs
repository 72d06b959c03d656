//! The seam between the pipeline and whatever answers windows: the sandbox in
//! real runs, native fakes in tests.

use std::ops::Range;
use std::time::Duration;

use runner_contract::Job;

use crate::error::Result;

/// A job and an instance that answers for it.
pub type Begun = (Job, Box<dyn Transform>);

/// What is shown in one call.
#[derive(Debug, Clone)]
pub struct Window<'a> {
    /// The file offset of the first byte; of the first record, when records
    /// were left out and the rest packed together.
    pub offset: u64,
    /// The content; less than 4 GiB.
    pub bytes: &'a [u8],
    /// Where edits may start, as a range of `bytes`.
    pub owned: Range<u32>,
    /// Whether `bytes` ends at the end of the file.
    pub last: bool,
}

/// One edit in the window's own coordinates: `bytes[start..end)` is replaced
/// by the next `len` replacement bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte replaced.
    pub start: u32,
    /// One past the last byte replaced.
    pub end: u32,
    /// Replacement bytes.
    pub len: u32,
}

/// What to change in a window. Unchecked: whoever takes it must check spans
/// against the window and the sum of lengths against the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// Some ranges replaced.
    Edits {
        /// The ranges.
        spans: Vec<Span>,
        /// All replacements, one after the other.
        bytes: Vec<u8>,
    },
    /// The whole window (what was consumed of it) replaced.
    Replaced(Vec<u8>),
}

/// The answer to one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Bytes dealt with; only read under a sequential framing.
    pub consumed: u64,
    /// What to change.
    pub change: Change,
}

/// Window in, edits out.
pub trait Transform: Send {
    /// Answers for one window.
    ///
    /// # Errors
    /// Any failure to answer, [`Kind::Plugin`](crate::error::Kind::Plugin)
    /// for the plugin's own. The transform must not be used afterwards.
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply>;

    /// How long the host may work for one window on behalf of this transform:
    /// to find what to show, and to check what was answered.
    fn patience(&self) -> Duration {
        Duration::MAX
    }
}
