//! The second step: what holds for the whole process, and cannot come before
//! its threads.

use crate::{Layer, Layers, Policy, Result, State, filter, limits};

/// Confines the process for good: all its threads, and those that it starts.
/// Returns the layer [`Layer::Seccomp`] if it is in force.
///
/// Call it once everything is opened, mapped and started, and before the first
/// untrusted instruction. Names of threads are set before, too.
///
/// # Errors
///
/// Fails if a limit is refused, or the filter although the kernel has filters.
/// The process should end then.
pub fn on_all_threads(policy: &Policy) -> Result<Layers> {
    let mut layers = Layers::default();
    if policy.has(Layer::Limits) {
        limits::on_all_threads(policy)?;
    }
    let state = if policy.has(Layer::Seccomp) { filter::install(policy)? } else { State::Missing };
    layers.set(Layer::Seccomp, state);
    Ok(layers)
}
