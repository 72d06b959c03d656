//! Resource limits, the hard ones: without capabilities they cannot be raised.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Calls, Error, Layer, Policy, Result, State};

/// Sets the limits under which the process prepares itself.
pub(crate) fn before_threads(policy: &Policy) -> Result<State> {
    let limits = &policy.limits;
    let optional = [(Resource::Data, limits.data_bytes), (Resource::As, limits.address_space_bytes)];
    for (resource, bytes) in optional {
        if let Some(bytes) = bytes {
            lower(resource, bytes)?;
        }
    }
    if let Some(number) = limits.processes {
        lower(Resource::Nproc, number)?;
    }
    lower(Resource::Nofile, limits.descriptors)?;
    lower(Resource::Fsize, limits.file_bytes)?;
    for resource in [Resource::Core, Resource::Memlock, Resource::Msgqueue] {
        lower(resource, 0)?;
    }
    Ok(State::Full)
}

/// Sets those that the preparation would not survive.
pub(crate) fn on_all_threads(policy: &Policy) -> Result<()> {
    // What is to be mapped may be known only now.
    if let Some(bytes) = policy.limits.address_space_bytes {
        lower(Resource::As, bytes)?;
    }
    // Open descriptors stay open. Who speaks to servers, or runs programs, needs new
    // ones.
    if !matches!(policy.calls, Calls::Network | Calls::Programs) {
        lower(Resource::Nofile, 0)?;
    }
    if policy.calls == Calls::Run {
        // Threads count as processes, and those that are there stay. The
        // kernel exempts root.
        lower(Resource::Nproc, 0)?;
    }
    Ok(())
}

/// Lowers a limit to this value. One that is lower already stays.
fn lower(resource: Resource, to: u64) -> Result<()> {
    let to = getrlimit(resource).maximum.map_or(to, |maximum| maximum.min(to));
    setrlimit(resource, Rlimit { current: Some(to), maximum: Some(to) })
        .map_err(|e| Error::new(Layer::Limits, e))
}
