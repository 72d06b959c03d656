//! Giving up all capabilities.

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities,
};

use crate::{Error, Layer, Result, State};

/// Empties all five sets of the calling thread.
pub(crate) fn drop_all() -> Result<State> {
    let error = |e| Error::new(Layer::Capabilities, e);
    // First the bounding set, which needs a capability itself.
    for number in 0..u64::BITS {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            // That was the kernel's last one.
            Err(Errno::INVAL) => break,
            // Without the capability, what is in the bounding set could be had
            // by executing a program only, and `no_new_privs` stops that.
            Err(Errno::PERM) => break,
            Err(e) => return Err(error(e)),
        }
    }
    match clear_ambient_capability_set() {
        // Linux before 4.3 has no such set.
        Ok(()) | Err(Errno::INVAL) => {}
        Err(e) => return Err(error(e)),
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(error)?;
    Ok(State::Full)
}
