//! What all slots of a parent share.

use crate::area::Foreign;
use crate::futex::Life;

/// What all slots and the watcher use.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The notes and the reply of each slot.
    replies: Vec<(Foreign, Foreign)>,
    life: Life,
}

impl Shared {
    pub(crate) fn new(replies: Vec<(Foreign, Foreign)>) -> Self {
        Self { replies, life: Life::default() }
    }

    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    /// The reply of a slot.
    pub(crate) fn reply(&self, slot: usize) -> &Foreign {
        &self.replies[slot].1
    }

    /// The notes of a slot.
    pub(crate) fn notes(&self, slot: usize) -> &Foreign {
        &self.replies[slot].0
    }

    /// Ends all waits, now and in future.
    pub(crate) fn end(&self) {
        self.life.end(self.replies.iter().map(|(_, reply)| &reply.bells().parent));
    }

    #[cfg(test)]
    pub(crate) fn sleep_plainly(&self) {
        self.life.sleep_plainly();
    }
}
