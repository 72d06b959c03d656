//! Decides how many workers fit into a budget. Pure.

use super::Bytes;
use crate::error::{Error, Kind, Result};

/// Maximum number of small files in flight; more would not be faster.
const MAX_FILES: u64 = 32;
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
    /// The memory of the stages.
    pub costs: Costs,
}

/// The memory that the stages need for any plugin and any file. The driver
/// knows them.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Buffers that a run has once.
    pub run_bytes: u64,
    /// Memory of a worker in addition to its instance and its reply.
    pub worker_bytes: u64,
    /// Memory of a small file in flight in addition to its instance.
    pub file_bytes: u64,
    /// Memory of the blocks that wait to be collected, given the number of
    /// workers and the window in bytes.
    pub waiting_bytes: fn(u64, u64) -> u64,
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
    /// several, each draws `file_bytes` from the pool, which leaves room for
    /// instances of the usual size.
    pub files: usize,
    /// Memory of a small file in flight in addition to its instance.
    pub file_bytes: u64,
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
        .hint(format!(
            "`--memory-total {}M` is enough; with a smaller `--window`, less is needed",
            least.0.div_ceil(1 << 20)
        ))
    })
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
        let Costs { run_bytes, worker_bytes, waiting_bytes, .. } = self.costs;
        let waiting = waiting_bytes(workers, self.window_bytes);
        let aside = run_bytes + workers * worker_bytes;
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
    let files = usize::try_from((spare_bytes / need.costs.file_bytes).clamp(1, MAX_FILES)).unwrap_or(1);
    let file_bytes = need.costs.file_bytes;
    Some(Plan { workers, total_bytes, pool_bytes, reply_bytes, files, file_bytes })
}

/// The smallest budget that fits one worker.
#[must_use]
pub fn least_bytes(need: &Need) -> u64 {
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

    const COSTS: Costs = Costs {
        run_bytes: 24 * MIB,
        worker_bytes: 3 * MIB,
        file_bytes: 8 * MIB,
        waiting_bytes: |workers, window| (2 * workers + 8).saturating_mul(window.max(MIB) / 512),
    };

    fn usual(workers: usize) -> Need {
        let (window_bytes, instance_bytes, reply_bytes) = (MIB, 256 * MIB, 72 * MIB);
        Need { workers, window_bytes, instance_bytes, reply_bytes, costs: COSTS }
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
                costs: COSTS,
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
            let set_aside = COSTS.run_bytes + workers * (COSTS.worker_bytes + plan.reply_bytes);
            prop_assert!(plan.pool_bytes + set_aside <= total);
            let instances = (workers + 1) * need.usual_instance_bytes();
            let files = if plan.files == 1 { 0 } else { plan.files as u64 * COSTS.file_bytes };
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
