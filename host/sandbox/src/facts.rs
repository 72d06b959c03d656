//! What the host must know about a plugin, besides its native code, to start
//! it. Whoever compiles the plugin counts it: the bytes are hostile, so the
//! process that holds the user's files does not read them.

use crate::census::{CONTEXT_BYTES, Cost};
use crate::limits::MEMORIES;

/// The facts about a plugin. They come from the compiler's process, which the
/// plugin may have taken over, so they are claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Host memory needed to start an instance, apart from its memories and
    /// tables.
    pub(crate) instance_bytes: u64,
    /// Upper bound of the number of linear memories of an instance.
    pub(crate) memories: u64,
}

impl Facts {
    /// Size of the stored form.
    pub(crate) const BYTES: usize = 16;

    /// The facts about a plugin and the component that it is compiled from.
    pub(crate) fn new(plugin: &Cost, component: &Cost) -> Self {
        // An instance with more memories than the limit does not start.
        let memories = component.memories().min(MEMORIES as u64);
        Self { instance_bytes: plugin.instance_bytes(), memories }
    }

    /// The stored form: two numbers, the least significant byte first.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (instance, memories) = bytes.split_at_mut(Self::BYTES / 2);
        instance.copy_from_slice(&self.instance_bytes.to_le_bytes());
        memories.copy_from_slice(&self.memories.to_le_bytes());
        bytes
    }

    /// Reads the stored form. `None` if no plugin with such facts is accepted.
    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let facts = u128::from_le_bytes(bytes);
        let facts = Self { instance_bytes: facts as u64, memories: (facts >> 64) as u64 };
        (facts.instance_bytes <= CONTEXT_BYTES && facts.memories <= MEMORIES as u64).then_some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts { instance_bytes: 70_000, memories: 3 };

    #[test]
    fn the_facts_are_those_that_were_written_and_within_their_limits() {
        assert_eq!(Facts::from_bytes(FACTS.to_bytes()), Some(FACTS));
        for beyond in [
            Facts { instance_bytes: u64::MAX, ..FACTS },
            Facts { instance_bytes: (16 << 20) + 1, ..FACTS },
            Facts { memories: 17, ..FACTS },
        ] {
            assert_eq!(Facts::from_bytes(beyond.to_bytes()), None, "{beyond:?}");
        }
    }
}
