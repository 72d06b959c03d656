//! How the memory of a run with a plugin is planned.

use runner_pipeline::error::Result;
use runner_pipeline::memory::{Costs, Need, Plan, available_bytes, default_bytes, plan};

use crate::reply_fuel;

/// Plans the memory of a run with `workers` at most, where the plugin sees
/// about `window_bytes` in one call and an instance may have `instance_bytes`.
/// Without a total, the run gets half of what the machine has left. `costs` are
/// those of the driver.
///
/// # Errors
/// When the total has no room for one worker.
pub fn plan_memory(
    workers: usize,
    window_bytes: u64,
    instance_bytes: u64,
    total_bytes: Option<u64>,
    costs: Costs,
) -> Result<Plan> {
    let reply_bytes = reply_fuel(usize::try_from(window_bytes).unwrap_or(usize::MAX)) as u64;
    let need = Need { costs, workers, window_bytes, instance_bytes, reply_bytes };
    plan(&need, total_bytes.unwrap_or_else(|| default_bytes(&need, available_bytes())))
}
