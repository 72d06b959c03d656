//! The faults of a simulated run.

use std::path::PathBuf;

use crate::interference::Interference;

/// A fault of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Reads and writes process half of their bytes.
    Short,
    /// `EINTR`.
    Interrupted,
    /// `ENOSPC`.
    Full,
    /// `EIO`; a sync loses some of its data, and the next one reports success.
    Broken,
}

pub const FAULTS: [Fault; 4] = [Fault::Short, Fault::Interrupted, Fault::Full, Fault::Broken];

/// The faults during a run.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// The process dies during this operation.
    pub dies_at: Option<u64>,
    /// This operation fails.
    pub fault: Option<(u64, Fault)>,
    /// All later writes and syncs fail as well.
    pub stays_bad: bool,
    /// This sync, counting all syncs, is skipped but reports success.
    pub skipped_sync: Option<u64>,
    /// Another process acts right before this operation.
    pub interference: Option<(u64, Interference)>,
    /// This write, counting those that change the file of this name, has a
    /// wrong bit.
    pub wrong: Option<(PathBuf, u64)>,
    /// Only the medium has the wrong bit: the kernel shows the right content.
    pub unseen: bool,
    /// There are no direct reads.
    pub no_direct: bool,
    /// Pages stay in memory.
    pub no_evict: bool,
    /// Names cannot be exchanged.
    pub no_exchange: bool,
    pub seed: u64,
}
