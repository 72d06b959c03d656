//! What is to happen to a run.

use std::path::PathBuf;

use crate::interference::Interference;

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Reads and writes do half of what they could.
    Short,
    /// `EINTR`.
    Interrupted,
    /// `ENOSPC`.
    Full,
    /// `EIO`; a sync loses some of what it was to write, and the next one
    /// says that all is well.
    Broken,
}

pub const FAULTS: [Fault; 4] = [Fault::Short, Fault::Interrupted, Fault::Full, Fault::Broken];

/// What is to happen during a run.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// The process dies during this operation.
    pub dies_at: Option<u64>,
    /// This operation fails.
    pub fault: Option<(u64, Fault)>,
    /// All writes and syncs after it fail as well.
    pub stays_bad: bool,
    /// This sync, of all, is left out, and says that it was done.
    pub skipped_sync: Option<u64>,
    /// Somebody else does something right before this operation.
    pub interference: Option<(u64, Interference)>,
    /// This write, of all that change the file of this name, gets a bit wrong.
    pub wrong: Option<(PathBuf, u64)>,
    /// It is wrong on the medium alone: what the kernel shows of it is right.
    pub unseen: bool,
    /// There are no direct reads.
    pub no_direct: bool,
    /// Pages stay in memory.
    pub no_evict: bool,
    /// Names cannot be exchanged.
    pub no_exchange: bool,
    pub seed: u64,
}
