//! The first step: everything that belongs to one thread and goes over to the
//! threads that it starts.

use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use rustix::thread::set_no_new_privs;

use crate::{Error, Layer, Layers, Policy, Result, State, capabilities, descriptors, landlock, limits};

/// Confines the calling thread, as far as is possible before the process has
/// prepared itself. Returns the layers that are in force; all but
/// [`Layer::Seccomp`] can be among them.
///
/// Call it first thing in `main`: before the first thread, or that thread stays
/// free, and before anything is opened, as all descriptors are closed without
/// their owners' knowledge.
///
/// The process is killed when the *thread* that started it ends. So that thread
/// must outlive it.
///
/// # Errors
///
/// Fails if a layer is refused that the kernel has, and if the parent that the
/// policy names is gone. The process should end then.
pub fn before_threads(policy: &Policy) -> Result<Layers> {
    let mut layers = Layers::default();
    let mut lay = |layer, how: fn(&Policy) -> Result<State>| {
        let state = if policy.has(layer) { how(policy)? } else { State::Missing };
        layers.set(layer, state);
        Ok(())
    };
    lay(Layer::DeathSignal, die_with_parent)?;
    lay(Layer::Descriptors, |policy| descriptors::close_others(&policy.keep))?;
    // Landlock needs it, unless the process has a capability, which it is about
    // to lose.
    lay(Layer::NoNewPrivileges, no_new_privileges)?;
    lay(Layer::Capabilities, |_| capabilities::drop_all())?;
    // It opens a descriptor for a moment, so the limits come later.
    lay(Layer::Landlock, landlock::allow_only)?;
    lay(Layer::Limits, limits::before_threads)?;
    Ok(layers)
}

fn die_with_parent(policy: &Policy) -> Result<State> {
    let error = |e| Error::new(Layer::DeathSignal, e);
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(error)?;
    // If it died before the call, there will be no signal.
    let parent = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if parent != policy.parent {
        let gone = std::io::Error::new(std::io::ErrorKind::NotFound, "the parent is gone");
        return Err(Error::new(Layer::DeathSignal, gone));
    }
    Ok(State::Full)
}

fn no_new_privileges(_: &Policy) -> Result<State> {
    set_no_new_privs(true).map_err(|e| Error::new(Layer::NoNewPrivileges, e))?;
    Ok(State::Full)
}
