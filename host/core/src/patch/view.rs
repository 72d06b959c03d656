//! A patch seen in one direction: from one version of a file to the other.

use super::{Direction, Patch, Reader, Stats};
use crate::storage::Storage;

/// A sealed patch with a direction.
pub struct PatchView<'p, 's, S: Storage> {
    /// The patch.
    pub patch: &'p Patch<'s, S>,
    /// The direction.
    pub direction: Direction,
}

/// One of the two versions of a file that a patch connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Size in bytes.
    pub size: u64,
    /// The BLAKE3 root; `None` if the patch does not know it
    /// ([`Roots::Touched`](super::Roots)).
    pub root: Option<blake3::Hash>,
}

// A derived implementation would require the same trait of `S`.
impl<S: Storage> Clone for PatchView<'_, '_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Storage> Copy for PatchView<'_, '_, S> {}

impl<'p, 's, S: Storage> PatchView<'p, 's, S> {
    /// The version that the edits apply to.
    #[must_use]
    pub fn before(&self) -> Version {
        self.version(self.direction)
    }

    /// The version that the edits lead to.
    #[must_use]
    pub fn after(&self) -> Version {
        self.version(self.direction.opposite())
    }

    /// Reads the edits.
    #[must_use]
    pub fn reader(&self) -> Reader<'p, 's, S> {
        self.patch.reader(self.direction)
    }

    /// The statistics of the patch in the forward direction.
    #[must_use]
    pub fn stats(&self) -> &'p Stats {
        &self.patch.seal().stats
    }

    /// The version at which a direction begins.
    fn version(&self, from: Direction) -> Version {
        let seal = self.patch.seal();
        match from {
            Direction::Forward => Version { size: seal.stats.pre_size, root: seal.pre_root },
            Direction::Reverse => Version { size: seal.stats.post_size(), root: seal.post_root },
        }
    }
}
