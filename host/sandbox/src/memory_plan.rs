//! How the memory of a run with a plugin is planned.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::{
    Bytes, Costs, Need, Plan, available_bytes, default_bytes, least_bytes, plan, private_limit_bytes,
};

use crate::reply_fuel;

/// Plans the memory of a run with `workers` at most, where the plugin sees
/// about `window_bytes` in one call and an instance may have `instance_bytes`.
/// Several plugins that run in one pass get equal shares: each has a process of
/// its own.
/// Without a total, the run gets half of what the machine has left. `costs` are
/// those of the driver.
///
/// # Errors
/// When the total has no room for one worker, or a limit of the process has no
/// room for the total.
pub fn plan_memory(
    workers: usize,
    (plugins, window_bytes, instance_bytes): (usize, u64, u64),
    total_bytes: Option<u64>,
    costs: Costs,
) -> Result<Plan> {
    let reply_bytes = reply_fuel(usize::try_from(window_bytes).unwrap_or(usize::MAX)) as u64;
    let need = Need { costs, workers, window_bytes, instance_bytes, reply_bytes };
    let shares = plugins.max(1) as u64;
    let plan = match (total_bytes, shares) {
        (Some(total), 1) => plan(&need, total)?,
        (Some(total), _) => plan(&need, total / shares).map_err(|_| too_little(&need, shares, total))?,
        (None, _) => {
            let available = available_bytes().map(|bytes| bytes / shares);
            plan(&need, default_bytes(&need, available))?
        }
    };
    // Messages are about the whole.
    let plan = Plan { total_bytes: plan.total_bytes.saturating_mul(shares), ..plan };
    match private_limit_bytes() {
        Some(limit) if limit < plan.total_bytes => Err(limited(limit, plan.total_bytes)),
        _ => Ok(plan),
    }
}

/// The error for a total that has no room for several plugins.
fn too_little(need: &Need, plugins: u64, total: u64) -> Error {
    let least = Bytes(least_bytes(need).saturating_mul(plugins));
    let (total, window) = (Bytes(total), Bytes(need.window_bytes));
    let what = format!(
        "{total} of memory are not enough for {plugins} plugins with a window of {window}: at least {least} are needed"
    );
    Error::new(Kind::Usage, what).hint(format!(
        "`--memory-total {}M` is enough, as each plugin has a process of its own; with a smaller `--window`, less is needed",
        least.0.div_ceil(1 << 20)
    ))
}

/// The error for a limit of private memory. A process that exceeds it is aborted.
fn limited(limit: u64, total: u64) -> Error {
    let (limit, total) = (Bytes(limit), Bytes(total));
    let what = format!("this run may use {total} of memory, and a limit of this process allows {limit}");
    Error::new(Kind::OutOfMemory, what)
        .hint("raise the limit (`ulimit -d`), or use less with `--memory-total`")
}
