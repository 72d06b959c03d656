//! Decides how many workers fit into a budget. Pure.

use super::Bytes;
use crate::error::{Error, Kind, Result};

/// Buffers that a run has once: the batch of the patch that is being written
/// and its encoding, the part of the patch that is kept in memory, and the
/// buffers for copying and reading back.
const RUN_BYTES: u64 = 24 << 20;
/// Memory of a worker in addition to its instance and its reply: the stack, of
/// which a guest may use 1 MiB, a copy of a block, and a group that is being
/// hashed.
const WORKER_BYTES: u64 = 3 << 20;
/// Memory of a small file in flight in addition to its instance: the patch, one
/// of its batches, buffers, and the thread that works on it.
pub(super) const FILE_BYTES: u64 = 8 << 20;
/// Maximum number of small files in flight; more would not be faster.
const MAX_FILES: u64 = 32;
/// Chaining values, before and after, of a block that waits to be collected:
/// two values of 32 bytes and an index per group of 64 KiB, which is less than
/// a 512th of the block.
const BLOCK_SHARE: u64 = 512;
/// All replies in flight may together use this fraction of the budget (one part
/// in `REPLY_SHARE`).
const REPLY_SHARE: u64 = 4;

/// The needs of a run.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// The requested number of workers, at least 1.
    pub workers: usize,
    /// Bytes shown to the plugin in one call.
    pub window_bytes: u64,
    /// The most memory that an instance may use.
    pub instance_bytes: u64,
    /// The largest reply to a window that would be accepted.
    pub reply_bytes: u64,
}

/// The division of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The number of workers, at least 1 and at most the requested number.
    pub workers: usize,
    /// The budget.
    pub total_bytes: u64,
    /// What is left for everything that depends on the plugin and the file.
    pub pool_bytes: u64,
    /// The largest reply that fits into each worker's share.
    pub reply_bytes: u64,
    /// Number of small files that may be in flight, at least 1. If there are
    /// several, each draws `FILE_BYTES` from the pool, which leaves room for
    /// instances of the usual size.
    pub files: usize,
}

/// Fits as many workers as possible. An instance counts with its usual need,
/// not with its maximum. If one needs more, the pool reports that, and the
/// number of workers is reduced.
///
/// # Errors
/// [`Kind::Usage`], with the least memory that is needed, when not even one
/// worker fits.
pub fn plan(need: &Need, total_bytes: u64) -> Result<Plan> {
    (1..=need.workers.max(1)).rev().find_map(|workers| fit(need, workers, total_bytes)).ok_or_else(|| {
        let least = Bytes(least_bytes(need));
        Error::new(
            Kind::Usage,
            format!(
                "{} of memory are not enough for one worker with a window of {}: at least {least} are needed",
                Bytes(total_bytes),
                Bytes(need.window_bytes)
            ),
        )
        .hint(format!("`--memory-total {}M`, or a smaller `--window`", least.0.div_ceil(1 << 20)))
    })
}

/// Number of blocks of a scan that may be taken ahead of the collector. If a
/// file is not cached, the kernel reads up to 8 MiB ahead on the thread that
/// requests the first block; meanwhile the other threads need that much to work
/// on.
#[must_use]
pub fn blocks_ahead(workers: u64) -> u64 {
    2 * workers + 8
}

impl Need {
    /// The memory of a usual instance: the window, the result, and a runtime.
    fn usual_instance_bytes(&self) -> u64 {
        (8_u64 << 20).saturating_add(self.window_bytes.saturating_mul(4)).min(self.instance_bytes)
    }

    /// A smaller reply would be useless: the window and as much again.
    fn least_reply_bytes(&self) -> u64 {
        (1_u64 << 20).saturating_add(self.window_bytes.saturating_mul(2)).min(self.reply_bytes)
    }

    /// The bytes set aside, without replies, and the bytes that usual instances
    /// draw: one instance per worker, and one for blocks that are transformed
    /// again.
    fn without_replies_bytes(&self, workers: u64) -> (u64, u64) {
        let waiting = blocks_ahead(workers).saturating_mul(self.window_bytes.max(1 << 20) / BLOCK_SHARE);
        let aside = RUN_BYTES + workers * WORKER_BYTES;
        (aside.saturating_add(waiting), self.usual_instance_bytes().saturating_mul(workers + 1))
    }
}

fn fit(need: &Need, workers: usize, total_bytes: u64) -> Option<Plan> {
    let count = workers as u64;
    let reply_bytes = (total_bytes / REPLY_SHARE / count).min(need.reply_bytes);
    if reply_bytes < need.least_reply_bytes() {
        return None;
    }
    let replies = (total_bytes / REPLY_SHARE).min(need.reply_bytes.saturating_mul(count));
    let (aside, drawn) = need.without_replies_bytes(count);
    let pool_bytes = total_bytes.checked_sub(aside.saturating_add(replies))?;
    let spare_bytes = pool_bytes.checked_sub(drawn)?;
    let files = usize::try_from((spare_bytes / FILE_BYTES).clamp(1, MAX_FILES)).unwrap_or(1);
    Some(Plan { workers, total_bytes, pool_bytes, reply_bytes, files })
}

/// The smallest budget that fits one worker.
pub(super) fn least_bytes(need: &Need) -> u64 {
    let (mut too_little, mut enough) = (0, u64::MAX / 2);
    // More memory never fits less: a reply's share grows by less than the
    // total.
    while enough - too_little > 1 {
        let middle = too_little.midpoint(enough);
        if fit(need, 1, middle).is_some() { enough = middle } else { too_little = middle }
    }
    enough
}

/// The default budget: half of the available memory, and never less than one
/// worker needs. The other half is for pages of files, without which every read
/// and write waits for the medium, and for other processes.
#[must_use]
pub fn default_bytes(need: &Need, available_bytes: Option<u64>) -> u64 {
    available_bytes.map_or(u64::MAX / 4, |bytes| bytes / 2).max(least_bytes(need))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    fn usual(workers: usize) -> Need {
        Need { workers, window_bytes: MIB, instance_bytes: 256 * MIB, reply_bytes: 72 * MIB }
    }

    #[test]
    fn usual_runs_fit() {
        assert_eq!(plan(&usual(2), 128 * MIB).unwrap().workers, 2);
        assert_eq!(plan(&usual(64), 2048 * MIB).unwrap().workers, 64);
        assert_eq!(plan(&usual(64), 128 * MIB).unwrap().workers, 3);
        assert_eq!(plan(&usual(4), 4096 * MIB).unwrap().reply_bytes, 72 * MIB);
        assert_eq!(plan(&usual(2), 4096 * MIB).unwrap().files, 32);
        assert_eq!(plan(&usual(2), 128 * MIB).unwrap().files, 3);
        assert_eq!(default_bytes(&usual(2), Some(8192 * MIB)), 4096 * MIB);
        assert_eq!(default_bytes(&usual(2), Some(1)), least_bytes(&usual(2)));
        assert!(plan(&usual(1024), default_bytes(&usual(1024), None)).is_ok_and(|plan| plan.workers == 1024));
    }

    #[test]
    fn too_little_says_how_much_is_needed() {
        let error = plan(&usual(2), 10 * MIB).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        let least = least_bytes(&usual(2)).div_ceil(MIB);
        assert!(error.to_string().contains(&format!("at least {least} MiB are needed")), "{error}");
        assert!(error.hints()[0].contains(&format!("--memory-total {least}M")));
    }

    fn needs() -> impl Strategy<Value = Need> {
        (1_usize..1025, 1_u64..=1 << 30, 1_u64..=1 << 33).prop_map(
            |(workers, window_bytes, instance_bytes)| Need {
                workers,
                window_bytes,
                instance_bytes,
                reply_bytes: 64 * MIB + 8 * window_bytes,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_planned_adds_up(need in needs(), total in 0_u64..1 << 40) {
            let Ok(plan) = plan(&need, total) else {
                prop_assert!(total < least_bytes(&need));
                return Ok(());
            };
            let workers = plan.workers as u64;
            prop_assert!(plan.workers >= 1 && plan.workers <= need.workers);
            prop_assert!(plan.reply_bytes <= need.reply_bytes);
            let set_aside = RUN_BYTES + workers * (WORKER_BYTES + plan.reply_bytes);
            prop_assert!(plan.pool_bytes + set_aside <= total);
            let instances = (workers + 1) * need.usual_instance_bytes();
            let files = if plan.files == 1 { 0 } else { plan.files as u64 * FILE_BYTES };
            prop_assert!(plan.pool_bytes >= instances + files);
            // One more worker would not fit.
            prop_assert!(plan.workers == need.workers || fit(&need, plan.workers + 1, total).is_none());
        }

        #[test]
        fn the_least_is_enough_and_less_is_not(need in needs()) {
            let least = least_bytes(&need);
            prop_assert_eq!(plan(&need, least).unwrap().workers, 1);
            prop_assert!(plan(&need, least - 1).is_err());
        }

        #[test]
        fn more_memory_never_means_fewer_workers(need in needs(), total in 0_u64..1 << 36, more in 0_u64..1 << 30) {
            let workers = |total| plan(&need, total).map_or(0, |plan| plan.workers);
            prop_assert!(workers(total + more) >= workers(total));
        }
    }
}
