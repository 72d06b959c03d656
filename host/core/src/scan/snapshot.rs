//! The progress of a scan as a serializable value: everything that later blocks
//! must know about earlier ones.

use serde::{Deserialize, Serialize};

use super::{Options, block};
use crate::engine::chain::Traces;
use crate::engine::counts::Counts;
use crate::engine::edits::SavedEdits;
use crate::engine::framing::View;
use crate::hash::{Cv, GROUP_BYTES, Tree};
use crate::patch::Partial;

/// The state of a scan between two blocks. It depends only on the file, the
/// job, the window, and the offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The offset up to which the scan is done.
    pub at: u64,
    /// The patch up to that offset.
    pub partial: Partial,
    /// See [`Cutter`](crate::engine::framing::Cutter).
    pub(super) carry: u64,
    /// The chaining values of the last block's groups, before the edits.
    pub(super) last: Vec<Cv>,
    pub(super) before: Tree,
    pub(super) after: Tree,
    /// For this and the next fields, see the collector.
    pub(super) moved: Option<u64>,
    pub(super) edits: SavedEdits,
    pub(super) written: usize,
    pub(super) reach: u64,
    pub(super) counts: Counts,
    pub(super) traces: Traces,
}

impl State {
    /// Whether this can be a state of a scan of `file` with these options, and
    /// the last block is unchanged.
    ///
    /// # Errors
    /// The reason why it cannot, in words.
    pub fn check(&self, file: &[u8], options: &Options<'_>) -> Result<(), &'static str> {
        let block_bytes = options.block_bytes();
        let size = file.len() as u64;
        if self.at == 0 || self.at > size || self.at != size && !self.at.is_multiple_of(block_bytes) {
            return Err("the checkpoint does not end at the end of a block");
        }
        let groups = self.at.div_ceil(GROUP_BYTES);
        let trees = self.before.is_sound()
            && self.after.is_sound()
            && self.before.groups() == groups
            && self.after.groups() == self.moved.unwrap_or(groups);
        if !trees
            || !self.edits.is_sound(size)
            || self.written > self.edits.edits.len()
            || self.reach > size
            || !self.traces.is_sound(size)
        {
            return Err("the checkpoint is inconsistent");
        }
        let start = (self.at - 1) / block_bytes * block_bytes;
        let whole = View { base: 0, bytes: file, end: true };
        if block::hash_before(&whole, &(start..self.at), size) != self.last {
            return Err("the file has changed");
        }
        Ok(())
    }
}
